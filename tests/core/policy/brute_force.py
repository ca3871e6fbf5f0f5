"""A second reading of the policies, straight from their text: manifests as dicts, one question at a time.

It shares no line with the engine. Where the API leaves an answer open (two admin policies of one priority that
disagree) it answers None. Sources: kubernetes/api `networking/v1/types.go`, kubernetes.io "Network Policies",
kubernetes-sigs/network-policy-api `apis/v1alpha1` and `apis/v1alpha2`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

Object = dict[str, Any]


class Reading(NamedTuple):
    """How a plugin reads what the API leaves open."""

    host_network_pods: bool = False
    """Whether NetworkPolicies select pods on the host's network."""
    blocks_hold_pods: bool = True
    """Whether an address range means pods, too."""
    blocks_hold_nodes: bool = True
    """Whether it means pods on the host's network, by their node's address."""


class End(NamedTuple):
    """Who sends or is sent to: a pod, or an address."""

    ip: str
    pod: Object | None = None


class Ref(NamedTuple):
    """A rule."""

    kind: str
    namespace: str
    policy: str
    direction: str
    number: int


class Story(NamedTuple):
    """What one end's policies say, and which rules of which of them."""

    allowed: bool
    admitted: tuple[Ref, ...] = ()
    denied: tuple[Ref, ...] = ()
    passed: tuple[Ref, ...] = ()
    isolated: tuple[tuple[str, str], ...] = ()


class World:
    """All objects of a small cluster."""

    def __init__(self, objects: list[Object], reading: Reading = Reading()) -> None:  # noqa: B008  # it is frozen
        self.objects, self.reading = objects, reading
        self.admin = [policy for policy in map(normal, objects) if policy is not None]
        self.namespaces = {
            o["metadata"]["name"]: {**labels(o), "kubernetes.io/metadata.name": o["metadata"]["name"]}
            for o in objects
            if o["kind"] == "Namespace"
        }

    def of_kind(self, kind: str) -> list[Object]:
        return [o for o in self.objects if o["kind"] == kind]

    def ends(self) -> list[End]:
        """Every pod."""
        return [End(o["status"]["podIP"], o) for o in self.of_kind("Pod")]

    def allowed(self, source: End, destination: End, protocol: str, port: int) -> bool | None:
        """May a new connection pass? None: not defined."""
        sides = (
            self.side("Egress", source, destination, destination, protocol, port),
            self.side("Ingress", destination, source, destination, protocol, port),
        )
        return False if False in sides else None if None in sides else True

    def side(self, direction: str, subject: End, other: End, destination: End, protocol: str, port: int) -> bool | None:
        """What the policies of one end say."""
        if subject.pod is None:
            return True
        if on_host(subject.pod) and not self.reading.host_network_pods:
            return True
        if other.pod is not None and name_of(other.pod) == name_of(subject.pod):
            return True
        if direction == "Ingress" and self.is_node_of(other, subject.pod):
            return True
        admin = self.tier(direction, "Admin", subject, other, destination, protocol, port)
        if admin is None:
            return None
        if "Pass" not in admin:
            return decided(admin)
        rest = self.below_admin(direction, subject, other, destination, protocol, port)
        if admin == {"Pass"}:
            return rest
        answers = {rest, *(answer == "Accept" for answer in admin - {"Pass"})}
        return answers.pop() if len(answers) == 1 else None

    def below_admin(
        self, direction: str, subject: End, other: End, destination: End, protocol: str, port: int
    ) -> bool | None:
        """NetworkPolicies, and where none selects the pod, the baseline."""
        assert subject.pod is not None
        isolating = [p for p in self.of_kind("NetworkPolicy") if self.isolates(p, direction, subject.pod)]
        if isolating:
            return any(self.admits(p, direction, other, destination, protocol, port) for p in isolating)
        baseline = self.tier(direction, "Baseline", subject, other, destination, protocol, port)
        assert baseline is not None
        return decided({"Accept" if answer == "Pass" else answer for answer in baseline})

    # -- what decides ---------------------------------------------------------------------------------------------

    def stories(
        self, direction: str, subject: End, other: End, destination: End, protocol: str, port: int
    ) -> set[Story]:
        """All that may be told of one end of a pod that its policies judge; several where the order is not defined."""
        asked = direction, subject, other, destination, protocol, port

        def in_tier(tier: str, below: Callable[[], set[Story]]) -> Iterator[Story]:
            for rule in self.deciding(direction, tier, *asked[1:]):
                if rule is None:
                    yield from below()
                elif rule["action"] == "Pass":
                    yield from (story._replace(passed=(rule["ref"], *story.passed)) for story in below())
                else:
                    is_accepted = rule["action"] == "Accept"
                    yield Story(is_accepted, (rule["ref"],)) if is_accepted else Story(False, denied=(rule["ref"],))

        def networked() -> set[Story]:
            assert subject.pod is not None
            isolating = [p for p in self.of_kind("NetworkPolicy") if self.isolates(p, direction, subject.pod)]
            if not isolating:
                return set(in_tier("Baseline", lambda: {Story(True)}))
            rules = [ref for policy in isolating for ref in self.admitting(policy, direction, *asked[2:])]
            return {Story(bool(rules), tuple(sorted(rules)), isolated=tuple(sorted(map(name_of, isolating))))}

        return set(in_tier("Admin", networked))

    # -- NetworkPolicy -------------------------------------------------------------------------------------------

    def isolates(self, policy: Object, direction: str, pod: Object) -> bool:
        spec = policy["spec"]
        types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
        same = policy["metadata"].get("namespace", "default") == pod["metadata"]["namespace"]
        return same and direction in types and selects(spec.get("podSelector"), labels(pod))

    def admits(self, policy: Object, direction: str, other: End, destination: End, protocol: str, port: int) -> bool:
        return any(self.admitting(policy, direction, other, destination, protocol, port))

    def admitting(
        self, policy: Object, direction: str, other: End, destination: End, protocol: str, port: int
    ) -> Iterator[Ref]:
        """The rules of a policy that admit it."""
        home = policy["metadata"].get("namespace", "default")
        for index, rule in enumerate(policy["spec"].get(direction.lower()) or []):
            peers = rule.get("from" if direction == "Ingress" else "to")
            if peers and not any(self.is_peer(peer, home, other) for peer in peers):
                continue
            entries = rule.get("ports")
            if not entries or any(self.is_port(entry, destination, protocol, port) for entry in entries):
                yield Ref(policy["kind"], home, policy["metadata"]["name"], direction, index)

    def is_peer(self, peer: Object, home: str, other: End) -> bool:
        seen = (
            other.pod if other.pod is not None and (self.reading.host_network_pods or not on_host(other.pod)) else None
        )
        block = peer.get("ipBlock")
        if block is not None:
            if seen is not None and not self.reading.blocks_hold_pods:
                return False
            if other.pod is not None and seen is None and not self.reading.blocks_hold_nodes:
                return False
            return inside(other.ip, block["cidr"]) and not any(inside(other.ip, e) for e in block.get("except") or [])
        if seen is None:
            return False
        namespace = seen["metadata"]["namespace"]
        spaces, pods = peer.get("namespaceSelector"), peer.get("podSelector")
        if spaces is None and namespace != home:
            return False
        if spaces is not None and not selects(spaces, self.namespaces[namespace]):
            return False
        return pods is None or selects(pods, labels(seen))

    def is_port(self, entry: Object, destination: End, protocol: str, port: int) -> bool:
        if entry.get("protocol", "TCP") != protocol:
            return False
        wanted = entry.get("port")
        if wanted is None:
            return True
        if isinstance(wanted, str):
            seen = destination.pod
            if seen is not None and on_host(seen) and not self.reading.host_network_pods:
                seen = None
            return port in [number for name, kind, number in ports(seen) if (name, kind) == (wanted, protocol)][:1]
        last: int = entry.get("endPort") or wanted
        return bool(wanted <= port <= last)

    # -- the admin tiers -----------------------------------------------------------------------------------------

    def tier(
        self, direction: str, tier: str, subject: End, other: End, destination: End, protocol: str, port: int
    ) -> set[str] | None:
        """The actions that a tier may come to: Accept, Deny, or Pass where no rule decides. Several: not defined."""
        deciding = self.deciding(direction, tier, subject, other, destination, protocol, port)
        return {"Pass" if rule is None else rule["action"] for rule in deciding}

    def deciding(
        self, direction: str, tier: str, subject: End, other: End, destination: End, protocol: str, port: int
    ) -> Iterator[Object | None]:
        """The rules of a tier that may be the one that decides, None where none does: one for each order."""
        assert subject.pod is not None
        found = [p for p in self.admin if p["tier"] == tier and self.names_pod(p["subject"], subject.pod)]
        if on_host(subject.pod) or not found:
            yield None
            return
        for order in orders(found):
            rules = [rule for policy in order for rule in policy[direction]]
            asked = direction, other, destination, protocol, port
            yield next((rule for rule in rules if self.admin_rule(rule, *asked)), None)

    def admin_rule(self, rule: Object, direction: str, other: End, destination: End, protocol: str, port: int) -> bool:
        if rule["peers"] == "everybody":
            return True
        if not any(self.is_admin_peer(peer, direction, other) for peer in rule["peers"]):
            return False
        return rule["ports"] is None or any(is_admin_port(e, destination, protocol, port) for e in rule["ports"])

    def is_admin_peer(self, peer: Object, direction: str, other: End) -> bool:
        pod = other.pod if other.pod is not None and not on_host(other.pod) else None
        if "networks" in peer:
            if pod is not None and not self.reading.blocks_hold_pods:
                return False
            return direction == "Egress" and any(inside(other.ip, cidr) for cidr in peer["networks"])
        if "nodes" in peer:
            nodes = [n for n in self.of_kind("Node") if selects(peer["nodes"], labels(n))]
            addresses = [a["address"] for n in nodes for a in n["status"]["addresses"]]
            return direction == "Egress" and other.ip in addresses
        return pod is not None and self.names_pod(peer, pod)

    def names_pod(self, naming: Object, pod: Object) -> bool:
        home = self.namespaces[pod["metadata"]["namespace"]]
        if "namespaces" in naming:
            return selects(naming["namespaces"], home)
        both = naming["pods"]
        return selects(both["namespaceSelector"], home) and selects(both["podSelector"], labels(pod))

    def is_node_of(self, end: End, pod: Object) -> bool:
        """Whether an end is the pod's own node, or shares its network."""
        if end.pod is not None:
            mine: bool = end.pod["spec"].get("nodeName") == pod["spec"].get("nodeName")
            return mine and on_host(end.pod) and not self.reading.host_network_pods
        nodes = [n for n in self.of_kind("Node") if n["metadata"]["name"] == pod["spec"].get("nodeName")]
        return any(a["address"] == end.ip for n in nodes for a in n["status"]["addresses"])


def normal(policy: Object) -> Object | None:
    """An admin policy of any version in one form; None for other kinds."""
    kind = policy["kind"]
    if kind not in ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"):
        return None
    spec = policy["spec"]
    tier = spec["tier"] if kind == "ClusterNetworkPolicy" else "Baseline" if kind.startswith("Base") else "Admin"
    made: Object = {"api": kind == "ClusterNetworkPolicy", "tier": tier, "priority": spec.get("priority", 0),
                    "subject": spec["subject"]}  # fmt: skip
    for direction, peers in (("Ingress", "from"), ("Egress", "to")):
        made[direction] = [
            {
                "action": "Accept" if rule["action"] == "Allow" else rule["action"],
                "peers": rule[peers],
                "ports": rule.get("protocols") or rule.get("ports"),
                "ref": Ref(kind, "", policy["metadata"]["name"], direction, index),
            }
            for index, rule in enumerate(spec.get(direction.lower()) or [])
        ]
        made[direction] = [failed_closed(rule) for rule in made[direction]]
    return made


def failed_closed(rule: Object) -> Object:
    """A rule with a peer of a kind that is not known matches nothing if it accepts, else it denies everything."""
    known = {"namespaces", "pods", "nodes", "networks"}
    if all(known & peer.keys() for peer in rule["peers"]):
        return rule
    return {**rule, "peers": []} if rule["action"] == "Accept" else {**rule, "action": "Deny", "peers": "everybody"}


def orders(policies: list[Object]) -> Iterator[list[Object]]:
    """Every order that these may be looked at in: by priority, ties any way round, and either API first."""
    whole: list[list[list[Object]]] = []
    for api in (False, True):
        mine = sorted((p for p in policies if p["api"] is api), key=lambda p: p["priority"])
        ties = [list(tied) for _, tied in itertools.groupby(mine, key=lambda p: p["priority"])]
        ways = itertools.product(*map(itertools.permutations, ties))
        whole.append([[policy for tied in way for policy in tied] for way in ways])
    for first, second in itertools.product(*whole):
        yield first + second
        yield second + first


def is_admin_port(entry: Object, destination: End, protocol: str, port: int) -> bool:
    """An entry of `ports` (v1alpha1) or of `protocols` (v1alpha2)."""
    name = entry.get("namedPort") or entry.get("destinationNamedPort")
    if name is not None:
        seen = destination.pod if destination.pod is not None and not on_host(destination.pod) else None
        return any((name, protocol, port) == declared for declared in ports(seen))
    if "portNumber" in entry:
        single = entry["portNumber"]
        return single.get("protocol", "TCP") == protocol and bool(single["port"] == port)
    if "portRange" in entry:
        span = entry["portRange"]
        return span.get("protocol", "TCP") == protocol and bool(span["start"] <= port <= span["end"])
    ((kind, what),) = entry.items()
    if kind.upper() != protocol:
        return False
    wanted = (what or {}).get("destinationPort")
    if not wanted:
        return True
    if "number" in wanted:
        return bool(wanted["number"] == port)
    return bool(wanted["range"]["start"] <= port <= wanted["range"]["end"])


def decided(actions: set[str]) -> bool | None:
    """The answer of final actions; None where they disagree."""
    return None if len(actions) > 1 else actions == {"Accept"}


def selects(selector: Object | None, carried: dict[str, str]) -> bool:
    """A label selector: all of it must hold; an absent or empty one selects everything."""
    selector = selector or {}
    if any(carried.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for wanted in selector.get("matchExpressions") or []:
        value, values = carried.get(wanted["key"]), wanted.get("values") or []
        holds = {
            "In": value is not None and value in values,
            "NotIn": value is None or value not in values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }[wanted["operator"]]
        if not holds:
            return False
    return True


def ports(pod: Object | None) -> list[tuple[str, str, int]]:
    """Name, protocol and number of each declared port that has a name."""
    containers = pod["spec"]["containers"] if pod is not None else []
    return [
        (p["name"], p.get("protocol", "TCP"), p["containerPort"])
        for c in containers for p in c.get("ports") or [] if "name" in p
    ]  # fmt: skip


def labels(thing: Object) -> dict[str, str]:
    found: dict[str, str] = thing["metadata"].get("labels") or {}
    return found


def name_of(thing: Object) -> tuple[str, str]:
    return thing["metadata"]["namespace"], thing["metadata"]["name"]


def on_host(pod: Object) -> bool:
    return bool(pod["spec"].get("hostNetwork"))


def inside(ip: str, cidr: str) -> bool:
    network = ip_network(cidr, strict=False)
    address = ip_address(ip)
    return address.version == network.version and address in network
