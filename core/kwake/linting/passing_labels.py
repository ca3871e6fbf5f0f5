"""Selectors by labels that go away with the next rollout."""

from __future__ import annotations

from collections.abc import Iterator

from kwake.linting.scene import Scene
from kwake.linting.shapes import Shapes
from kwake.linting.written import written_peers
from kwake.objects.document import FieldPath
from kwake.objects.finding import Finding
from kwake.objects.json_patch import remove
from kwake.objects.key import Key
from kwake.objects.selector import LabelSelector

PASSING = ("pod-template-hash", "controller-revision-hash", "pod-template-generation")
"""Labels of one revision of a workload (`k8s:pkg/apis/apps/v1/types.go`): the pods of the next one have others."""


def passing_label_findings(scene: Scene) -> Iterator[Finding]:
    """Policies and peers that a selector copied from a running pod ties to one revision
    (github.com/kubescape/node-agent/issues/942 ties them to one replica)."""
    for policy in scene.network_policies:
        yield from _tied(scene, policy.key, ("spec", "podSelector", "matchLabels"), policy.spec.pod_selector)
    for (policy, path, _), peer, _ in written_peers(scene.network_policies):
        if peer.pod_selector is not None:
            yield from _tied(scene, policy.key, (*path, "podSelector", "matchLabels"), peer.pod_selector)


def passing_service_findings(among: Shapes) -> Iterator[Finding]:
    """The same of Services."""
    for services in among.services.values():
        for service in services:
            selector = LabelSelector(match_labels=dict(service.spec.selector))
            yield from _tied(among, service.key, ("spec", "selector"), selector)


def _tied(among: Shapes, key: Key, path: FieldPath, selector: LabelSelector) -> Iterator[Finding]:
    for label in PASSING:
        if label in selector.match_labels and len(selector.match_labels) > 1:
            text = f"selects by {label}, which changes with the next rollout: its pods are nobody's then"
            yield among.warning(key, (*path, label), text, remove((*path, label)))
