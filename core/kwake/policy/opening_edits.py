"""Edits that may let a denied connection through: candidates, in the order in which a person would try them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.cluster import NAME_LABEL, Cluster
from kwake.objects.document import FieldPath, Manifest
from kwake.objects.json_patch import Change, Fix, New, Operation, add, remove, replace
from kwake.objects.key import Key
from kwake.objects.kinds import Namespace, Pod, PolicyPeer, ReplicationController, Service, Workload
from kwake.objects.selector import LabelSelector
from kwake.objects.slips import respelt, slips
from kwake.policy.change import OF_ONE_POD, identity, peer_of, selecting, single
from kwake.policy.ends import EGRESS, INGRESS, PolicyEnd, RuleRef, Side
from kwake.policy.policy_set import PolicySet
from kwake.policy.rules import CompiledPolicy, Rule
from kwake.policy.workloads import proposed_name, workload_name

MANY = 2
"""Policies that select a pod, beyond which a policy of its own is plainer than a rule in one of them."""


class Edit(msgspec.Struct, frozen=True):
    """One candidate."""

    rank: int
    """The lower the sooner a person would do it: a port that nobody has (below 0), slips of the pen (0), the rules, a
    new policy, labels."""
    words: str
    changes: tuple[Change, ...]


class Closed(msgspec.Struct, frozen=True):
    """One side of a connection that denies it."""

    cluster: Cluster
    policies: PolicySet
    side: Side
    pod: Pod
    """Whose policies deny it."""
    other: PolicyEnd
    protocol: str
    port: int

    @property
    def destination(self) -> Pod | None:
        """Where port names are looked up."""
        return self.pod if self.side.direction == INGRESS else self.policies.seeing.pod(self.other)

    @property
    def home(self) -> str:
        """The namespace of the policies that judge."""
        return self.pod.metadata.namespace

    @property
    def field(self) -> str:
        """Where rules of this direction hold their peers."""
        return "from" if self.side.direction == INGRESS else "to"

    @property
    def peer(self) -> Manifest:
        """The other end, as a rule would name it."""
        return peer_of(self.cluster, self.policies.seeing, self.other, self.home)

    @property
    def entry(self) -> Manifest:
        """The port, as a rule would name it."""
        return {"port": self.port, "protocol": self.protocol}

    @property
    def rule(self) -> Manifest:
        """A rule that admits the connection and those of the same workload."""
        return {self.field: [self.peer], "ports": [self.entry]}

    def named(self) -> str:
        """The other end in words. Of a pod on the host's network policies see the node's address, as of all there."""
        if self.other.pod is None or self.called() != self.other.ip:
            return self.called()
        workload = workload_name(self.cluster, self.other.pod).partition("[")[0]
        return f"{self.other.ip} (the node's address: {workload} is on its network)"

    def called(self) -> str:
        """The other end's name or address."""
        pod = self.policies.seeing.pod(self.other)
        return workload_name(self.cluster, pod).partition("[")[0] if pod is not None else self.other.ip

    @property
    def is_selected_by_many(self) -> bool:
        """Whether so many policies select the pod that none of them is the one for a new rule."""
        return len(self.side.isolated_by) > MANY


def opening_edits(closed: Closed) -> Iterator[Edit]:
    """Candidates for a side that denies; none of them is verified yet."""
    if closed.side.denied_by:
        yield from _before_the_denial(closed, closed.side.denied_by[0])
        if closed.side.denied_by[0].policy.kind != "BaselineAdminNetworkPolicy":
            return
        yield _new_policy(closed)
        return
    for policy in closed.policies.policies:
        if policy.namespace != closed.home or closed.side.direction not in policy.directions:
            continue
        if policy.selector.matches(closed.pod.metadata.labels):
            for rule in policy.rules(closed.side.direction):
                yield from _in_rule(closed, rule)
            if not policy.selector.is_empty:
                yield _new_rule(closed, policy)
        elif any(_admits(closed, rule) for rule in policy.rules(closed.side.direction)):
            yield from _selector(closed, policy.key, ("spec", "podSelector"), policy.selector, closed.pod, "selects")
    yield _new_policy(closed)


def _admits(closed: Closed, rule: Rule) -> bool:
    return closed.policies.seeing.rule_admits(rule, closed.other) is True and _serves(closed, rule)


def _serves(closed: Closed, rule: Rule) -> bool:
    return rule.connections(closed.destination).holds(closed.protocol, closed.port)


def _in_rule(closed: Closed, rule: Rule) -> Iterator[Edit]:
    key, named = rule.ref.policy, f"{rule.ref.policy.name} {rule.ref}"
    if closed.policies.seeing.rule_admits(rule, closed.other):
        for at, entry in enumerate(rule.ports):
            path: FieldPath = (*rule.ref.path, "ports", at, "port")
            if entry.protocol == closed.protocol and _is_service_port(closed, entry.port):
                words = f"in {named} put the pod's own port {closed.port} in place of the Service's {entry.port}"
                yield Edit(-1, words, (Fix(key, (replace(path, closed.port),)),))
            elif isinstance(entry.port, str) and len(rule.ports) == 1 and entry.protocol == closed.protocol:
                words = f"in {named} put port {closed.port} in place of {entry.port}"
                yield Edit(1, words, (Fix(key, (replace(path, closed.port),)),))
        words = f"add {closed.protocol} {closed.port} to {named}"
        yield Edit(2, words, (Fix(key, (add((*rule.ref.path, "ports", "-"), closed.entry),)),))
    elif _serves(closed, rule):
        for at, peer in enumerate(rule.peers):
            yield from _in_peer(closed, rule, at, peer)
        fix = Fix(key, (add((*rule.ref.path, closed.field, "-"), closed.peer),))
        yield Edit(2, f"add {closed.named()} to the peers of {named}", (fix,))


def _is_service_port(closed: Closed, port: int | str | None) -> bool:
    """Whether it is a port of a Service that stands for the one that was dialled (NP-20)."""
    pod = closed.destination
    if pod is None or port == closed.port or not isinstance(port, int):
        return False
    for service in closed.cluster.all(Service, pod.metadata.namespace):
        if not service.spec.selector or not service.spec.selector.items() <= pod.metadata.labels.items():
            continue
        for entry in service.spec.ports:
            target = entry.target_port
            number = pod.named_port(target, entry.protocol) if isinstance(target, str) else target or entry.port
            if (entry.port, entry.protocol, number) == (port, closed.protocol, closed.port):
                return True
    return False


def _in_peer(closed: Closed, rule: Rule, at: int, peer: PolicyPeer) -> Iterator[Edit]:
    """A peer that nearly means the other end: a label of the pod or of its namespace, or the namespace itself."""
    pod = closed.policies.seeing.pod(closed.other)
    if pod is None or peer.ip_block is not None:
        return
    key, named, seeing = rule.ref.policy, f"{rule.ref.policy.name} {rule.ref}", closed.policies.seeing
    path: FieldPath = (*rule.ref.path, closed.field, at)
    chosen = peer.pod_selector or LabelSelector()
    home = pod.metadata.namespace
    fits = chosen.matches(pod.metadata.labels)
    if peer.namespace_selector is None:
        if home == closed.home:
            yield from _selector(closed, key, (*path, "podSelector"), chosen, pod, f"{rule.ref} admits")
        elif fits and not chosen.is_empty:
            fix = Fix(key, (add((*path, "namespaceSelector"), {"matchLabels": {NAME_LABEL: home}}),))
            yield Edit(3, f"let {named} mean pods of namespace {home}", (fix,))
        return
    labels = seeing.labels_of(home)
    if peer.namespace_selector.matches(labels):
        yield from _selector(closed, key, (*path, "podSelector"), chosen, pod, f"{rule.ref} admits")
    elif fits:
        for slip in slips(peer.namespace_selector, [labels]):
            fix = Fix(key, respelt((*path, "namespaceSelector", "matchLabels"), slip))
            yield Edit(0, f"spell the namespace's label in {named} {slip}", (fix,))
        for label, value in peer.namespace_selector.match_labels.items():
            mended = {k: v for k, v in peer.namespace_selector.match_labels.items() if k != label}
            if value == home and label not in labels:
                asked: FieldPath = (*path, "namespaceSelector", "matchLabels")
                operations = remove((*asked, label)), add((*asked, NAME_LABEL), home)
                if LabelSelector(mended, peer.namespace_selector.match_expressions).matches(labels):
                    yield Edit(1, f"let {named} name namespace {home} by {NAME_LABEL}", (Fix(key, operations),))
        yield from _label_namespace(closed, home, peer.namespace_selector)


def _label_namespace(closed: Closed, home: str, wanted: LabelSelector) -> Iterator[Edit]:
    found = closed.cluster.value(Namespace, "", home)
    missing = {k: v for k, v in wanted.match_labels.items() if closed.policies.seeing.labels_of(home).get(k) != v}
    if found is None or not missing or NAME_LABEL in missing:
        return
    operations = _labelled(("metadata", "labels"), found.metadata.labels, missing)
    words = f"label namespace {home} {_spelled(missing)}"
    yield Edit(6, words, (Fix(found.key, operations),))


def _selector(closed: Closed, key: Key, path: FieldPath, chosen: LabelSelector, pod: Pod, what: str) -> Iterator[Edit]:
    """A selector that does not mean a pod: spelt right, or the pod labelled as it asks."""
    for slip in slips(chosen, [pod.metadata.labels]):
        words = f"spell the label that {key.name} {what} {slip}"
        yield Edit(0, words, (Fix(key, respelt((*path, "matchLabels"), slip)),))
    yield from _relabel(closed, pod, chosen)


def _relabel(closed: Closed, pod: Pod, wanted: LabelSelector) -> Iterator[Edit]:
    """Labels for the workload's pods, where its controller does not select by them (its selector cannot change)."""
    missing = {k: v for k, v in wanted.match_labels.items() if pod.metadata.labels.get(k) != v}
    labels = {**pod.metadata.labels, **missing}
    if not missing or not wanted.matches(labels) or any(key in OF_ONE_POD for key in missing):
        return
    if any(key in pod.metadata.labels for key in missing) or _joins_a_service(closed.cluster, pod, labels):
        return  # another value makes it another thing
    owners = [
        owner for owner in closed.cluster.owners(pod) if isinstance(owner.value, Workload | ReplicationController)
    ]
    if not owners and pod.controller is None:
        named = f"{pod.metadata.namespace}/{pod.metadata.name}"
        operations = _labelled(("metadata", "labels"), pod.metadata.labels, missing)
        yield Edit(7, f"label pod {named} {_spelled(missing)}", (Fix(pod.key, operations),))
    elif owners and not missing.keys() & identity(closed.cluster, pod).keys():
        value = owners[-1].value
        if isinstance(value, Workload | ReplicationController):
            own = value.spec.template.metadata.labels
            path: FieldPath = ("spec", "template", "metadata", "labels")
            words = (
                f"label the pods of {value.kind} {value.metadata.namespace}/{value.metadata.name} {_spelled(missing)}"
            )
            yield Edit(7, words, (Fix(value.key, _labelled(path, own, missing)),))


def _joins_a_service(cluster: Cluster, pod: Pod, labels: dict[str, str]) -> bool:
    """Whether a Service would take the pod for one of its own with these labels."""
    selectors = [service.spec.selector for service in cluster.all(Service, pod.metadata.namespace)]
    return any(s and s.items() <= labels.items() and not s.items() <= pod.metadata.labels.items() for s in selectors)


def _labelled(path: FieldPath, own: dict[str, str], wanted: dict[str, str]) -> tuple[Operation, ...]:
    if not own:
        return (add(path, wanted),)
    return tuple(add((*path, key), value) for key, value in wanted.items())


def _spelled(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _new_rule(closed: Closed, policy: CompiledPolicy) -> Edit:
    """A rule of its own in a policy that selects the pod."""
    field = closed.side.direction.lower()
    written = closed.cluster.record(policy.key).manifest.get("spec") or {}
    rules = written.get(field)
    operation = add(("spec", field, "-"), closed.rule) if rules else add(("spec", field), [closed.rule])
    way = "from" if closed.side.direction == INGRESS else "to"
    words = f"add a rule to {policy.key.name}: {field} {way} {closed.named()} on {closed.protocol} {closed.port}"
    # What admits nothing is there to deny: a rule in it would make its name a lie.
    rank = (5 if closed.is_selected_by_many else 3) if policy.ingress or policy.egress else 5
    return Edit(rank, words, (Fix(policy.key, (operation,)),))


def _new_policy(closed: Closed) -> Edit:
    """A policy that admits just this, for the workload that was denied."""
    way = "from" if closed.side.direction == INGRESS else "to"
    other = closed.policies.seeing.pod(closed.other)
    peer = closed.other.ip if other is None else proposed_name(closed.cluster, other)
    own = proposed_name(closed.cluster, closed.pod)
    name = _free_name(closed, f"{own}-{way}-{peer.replace(':', '-').replace('.', '-')}")
    direction = closed.side.direction
    manifest = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": closed.home},
        "spec": {
            "podSelector": selecting(closed.cluster, closed.pod),
            "policyTypes": [direction],
            direction.lower(): [closed.rule],
        },
    }
    words = f"add NetworkPolicy {closed.home}/{name}: {direction.lower()} {way} {closed.named()}"
    return Edit(4, f"{words} on {closed.protocol} {closed.port}", (New(msgspec.json.encode(manifest)),))


def _free_name(closed: Closed, name: str) -> str:
    name = name[:60].rstrip("-.")
    taken = {policy.name for policy in (p.key for p in closed.policies.policies) if policy.namespace == closed.home}
    return next(n for n in (name, *(f"{name}-{i}" for i in range(2, len(taken) + 3))) if n not in taken)


def _before_the_denial(closed: Closed, ref: RuleRef) -> Iterator[Edit]:
    """A rule of the tier that accepts the connection, put before the one that denies it."""
    pod = closed.policies.tier_seeing.pod(closed.other)
    if pod is not None:
        home = {"matchLabels": {NAME_LABEL: pod.metadata.namespace}}
        peer: Manifest = {"pods": {"namespaceSelector": home, "podSelector": selecting(closed.cluster, pod)}}
    elif closed.side.direction == EGRESS:
        peer = {"networks": [single(closed.other.ip)]}
    else:
        return  # nothing in these rules means an address outside as a source
    action = "Accept" if ref.policy.kind == "ClusterNetworkPolicy" else "Allow"
    rule: Manifest = {"action": action, closed.field: [peer]}
    if action == "Accept":
        rule["protocols"] = [{closed.protocol.lower(): {"destinationPort": {"number": closed.port}}}]
    else:
        rule["ports"] = [{"portNumber": {"port": closed.port, "protocol": closed.protocol}}]
    connection = f"{closed.named()} on {closed.protocol} {closed.port}"
    words = f"put a rule before {ref.policy.name} {ref} that {action.lower()}s {connection}"
    yield Edit(3, words, (Fix(ref.policy, (add(ref.path, rule),)),))
