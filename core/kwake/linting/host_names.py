"""Pods on the host's network that name Services, and ask the node's name server for them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from kwake.linting.shapes import WORKLOADS, Shapes
from kwake.objects.document import FieldPath
from kwake.objects.field_path import value_at
from kwake.objects.finding import Finding
from kwake.objects.json_patch import add
from kwake.objects.kinds import KubeObject, Pod, PodSpec

POLICY = "ClusterFirstWithHostNet"
"""The dnsPolicy under which a pod on the host's network asks the cluster's DNS."""
_NAMED = re.compile(r"(?<![\w.-])([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.svc(?![\w-])")
"""`web.shop.svc`, with or without what follows."""


def host_name_findings(among: Shapes) -> Iterator[Finding]:
    """dnsPolicy ClusterFirst, the default, means the node's DNS there (DN-13; github.com/docker/for-mac/issues/2646,
    github.com/crossplane/crossplane/issues/5500). Told of pods whose containers name a Service that there is."""
    for value, spec, path in _on_the_host(among):
        if spec.dns_policy != "ClusterFirst":
            continue
        written = among.cluster.record(value.key).manifest
        named = _service_named(among, value_at(written, path))
        if named is not None:
            text = (
                f"its pods are on the host's network and name {named}.svc, but dnsPolicy ClusterFirst means the node's "
                "DNS there, which does not know it"
            )
            yield among.warning(value.key, path, text, add((*path, "dnsPolicy"), POLICY))


def _on_the_host(among: Shapes) -> Iterator[tuple[KubeObject, PodSpec, FieldPath]]:
    """What makes such pods, and those that nothing makes."""
    for kind in WORKLOADS:
        for value in among.cluster.all(kind):
            if value.spec.template.spec.host_network and value.controller is None:
                yield value, value.spec.template.spec, ("spec", "template", "spec")
    for pod in among.cluster.all(Pod):
        if pod.spec.host_network and not pod.metadata.owner_references and not pod.is_terminal:
            yield pod, pod.spec, ("spec",)


def _service_named(among: Shapes, spec: object) -> str | None:
    """The first Service that the containers' commands, arguments or variables name in full."""
    if not isinstance(spec, dict):
        return None
    said = [container.get(field) for container in spec.get("containers") or () for field in ("command", "args", "env")]
    for name, namespace in _NAMED.findall(msgspec.json.encode(said).decode()):
        if among.cluster.service(namespace, name) is not None:
            return f"{name}.{namespace}"
    return None
