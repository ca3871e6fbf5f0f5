"""Policies that select nobody, or nobody that they could act on."""

from __future__ import annotations

from collections.abc import Iterator

from kwake.linting.nobody import nobody
from kwake.linting.scene import Scene
from kwake.objects.document import FieldPath
from kwake.objects.finding import Finding
from kwake.objects.kinds import NetworkPolicy
from kwake.objects.slips import is_misspelt


def selecting_findings(scene: Scene) -> Iterator[Finding]:
    """Policies whose podSelector means no pod of their namespace, only pods on the host's network (NP-15), or that
    nobody enforces (NP-12)."""
    policies = scene.network_policies
    if policies and not scene.policies.enforced:
        text = f"{len(policies)} NetworkPolicies have no effect: {scene.profile.name} enforces none"
        yield Finding("warning", f"profile {scene.profile.name}", text)
    for policy in policies:
        yield from _nobody(scene, policy)


def _nobody(scene: Scene, policy: NetworkPolicy) -> Iterator[Finding]:
    home, selector = policy.metadata.namespace, policy.spec.pod_selector
    path: FieldPath = ("spec", "podSelector")
    chosen = scene.matching(home, selector)
    is_empty = home not in scene.shapes and home in scene.policies.seeing.undescribed
    meant = sorted(name for name in scene.shapes if is_misspelt(home, name)) if is_empty else []
    if meant:
        text = f"is of namespace {home}, where nothing is; there is {meant[0]}"
        yield scene.warning(policy.key, ("metadata", "namespace"), text)
        return
    if not chosen and not (scene.shapes.get(home) or (scene.shapes and not selector.is_empty)):
        return  # nothing runs here so far, so there is nothing that it could have meant
    if not chosen:
        why = nobody(scene, policy.key, (*path, "matchLabels"), selector)
        yield Finding("warning", str(policy.key), why.text, scene.where(policy.key, path), why.fixes)
    elif not selector.is_empty and not any(scene.sees(shape) for shape in chosen):
        basis = scene.profile.setting("host-network-pods").basis.value
        text = f"selects only pods on the host's network: no policy acts on those under {scene.profile.name} ({basis})"
        yield scene.warning(policy.key, path, text)
