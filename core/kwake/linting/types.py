"""policyTypes that do not go with the rules, and rules that make others moot."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from kwake.linting.scene import Scene
from kwake.objects.document import FieldPath
from kwake.objects.field_path import value_at
from kwake.objects.finding import Finding
from kwake.objects.json_patch import add
from kwake.objects.kinds import EgressRule, IngressRule, NetworkPolicy
from kwake.policy.ends import EGRESS, INGRESS


def type_findings(scene: Scene) -> Iterator[Finding]:
    """Rules that count for nothing because policyTypes does not list them, directions isolated by accident (NP-4), and
    rules that another one makes moot."""
    for policy in scene.network_policies:
        yield from _ignored(scene, policy)
        yield from _by_accident(scene, policy)
        yield from _moot(scene, policy)
        yield from _parted(scene, policy)


def _ignored(scene: Scene, policy: NetworkPolicy) -> Iterator[Finding]:
    spec, types = policy.spec, policy.spec.policy_types
    for direction, rules in ((INGRESS, spec.ingress), (EGRESS, spec.egress)):
        if rules and types and direction not in types:
            field = direction.lower()
            text = f"its {field} rules count for nothing: policyTypes does not list {direction}"
            yield scene.warning(policy.key, ("spec", field), text, add(("spec", "policyTypes", "-"), direction))
    written = scene.cluster.record(policy.key).manifest.get("spec") or {}
    if not types and written.get("egress") == []:
        text = "an empty egress without policyTypes isolates nothing: only policyTypes with Egress does"
        fix = add(("spec", "policyTypes"), [INGRESS, EGRESS] if "ingress" in written else [EGRESS])
        yield scene.warning(policy.key, ("spec", "egress"), text, fix)


def _by_accident(scene: Scene, policy: NetworkPolicy) -> Iterator[Finding]:
    """Only egress rules and no policyTypes: nobody may reach its pods, unless another policy admits somebody."""
    spec = policy.spec
    written = scene.cluster.record(policy.key).manifest.get("spec") or {}
    if spec.policy_types or "ingress" in written or not spec.egress:
        return
    for shape in scene.matching(policy.metadata.namespace, spec.pod_selector):
        others = scene.policies.selecting(shape.pod, INGRESS)
        if [other.key for other in others] == [policy.key]:
            text = (
                "has egress rules only, but without policyTypes it isolates ingress, too: nobody may reach the pods it "
                "selects"
            )
            yield scene.warning(policy.key, ("spec",), text, add(("spec", "policyTypes"), [EGRESS]))
            return


def _moot(scene: Scene, policy: NetworkPolicy) -> Iterator[Finding]:
    for direction in sorted(policy.directions):
        spec = policy.spec
        rules: tuple[IngressRule | EgressRule, ...] = spec.ingress if direction == INGRESS else spec.egress
        written = (scene.cluster.record(policy.key).manifest.get("spec") or {}).get(direction.lower()) or ()
        misspelt = {at for at, rule in enumerate(written) if rule and not rule.keys() <= {"from", "to", "ports"}}
        open_ = [at for at, rule in enumerate(rules) if not rule.ports and not _peers(rule) and at not in misspelt]
        if open_ and len(rules) > len(open_):
            way = "from" if direction == INGRESS else "to"
            named = f"{direction.lower()} rule {open_[0] + 1}"
            text = f"{named} admits everything {way} everywhere, so its other rules make no difference"
            if written[open_[0]]:  # not `{}`, which nobody writes by a slip
                text += ": was a dash too many before ports?"
            yield scene.warning(policy.key, ("spec", direction.lower(), open_[0]), text)


def _parted(scene: Scene, policy: NetworkPolicy) -> Iterator[Finding]:
    """An egress rule of peers and after it one of ports, which admits everybody on every port that those declare: a
    dash before `ports` makes two rules of one. Of ingress it may be meant so: clients from outside are no peers."""
    rules = policy.spec.egress if EGRESS in policy.directions else ()
    for at, (rule, after) in enumerate(pairwise(rules)):
        if rule.ports or not rule.to or after.to or not after.ports:
            continue
        shapes = [shape for peer in rule.to for shape in scene.meant(peer, policy.metadata.namespace)]
        declared = {port for shape in shapes for port in shape.ports} if all(shape.ports for shape in shapes) else set()
        if not declared or not declared <= {(port.protocol, port.port) for port in after.ports}:
            continue
        ports = ", ".join(f"{protocol} {number}" for protocol, number in sorted(declared))
        text = (
            f"egress rule {at + 2} admits {ports} to everywhere, and the pods of rule {at + 1} declare no other port, "
            f"so rule {at + 1} makes no difference: was a dash too many before ports?"
        )
        path: FieldPath = ("spec", "egress", at + 1)
        written = value_at(scene.cluster.record(policy.key).manifest, (*path, "ports"))
        whole = add(("spec", "egress", at, "ports"), written)
        yield scene.warning(policy.key, path, text, whole, *scene.taken_out(policy.key, path))


def _peers(rule: IngressRule | EgressRule) -> object:
    return rule.from_ if isinstance(rule, IngressRule) else rule.to
