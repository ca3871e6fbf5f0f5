"""Small clusters by chance: all kinds of policies, both IP versions, named ports, pods on the host's network."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.core.policy.clusters import namespace, pod, policy

Object = dict[str, Any]

LABELS: dict[str, tuple[str, ...]] = {"app": ("web", "db"), "track": ("old", "new")}
TEAMS = ("x", "y")
PROTOCOLS = ("TCP", "UDP", "SCTP")
PORTS = (80, 81, 443, 8080)
NAMES = ("main", "side")
OUTSIDE = ("9.9.9.9", "10.200.0.1", "2001:db8:9::9")
BLOCKS = ("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.0.2/31", "9.9.9.9/32", "192.168.0.0/24", "::/0",
          "2001:db8::/32", "fd00:1::/64", "fd00:1::2/127")  # fmt: skip
INSIDE = {"0.0.0.0/0": ("10.0.0.0/8", "9.0.0.0/8"), "10.0.0.0/8": ("10.1.0.0/16", "10.1.0.1/32"),
          "10.1.0.0/16": ("10.1.0.2/32",), "::/0": ("fd00:1::/64",), "fd00:1::/64": ("fd00:1::2/128",)}  # fmt: skip


class Maker:
    """Draws the parts of one cluster."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def cluster(self, *, admin: bool = True) -> list[Object]:
        """Nodes, namespaces, pods and policies; with `admin`, policies of v1alpha1, of v1alpha2, or none."""
        draw = self.random
        nodes = [self.node(number) for number in (1, 2)]
        spaces = [namespace(name, team=draw.choice(TEAMS), **self.labels()) for name in ("a", "b")]
        pods = [self.pod(home, number) for home in ("a", "b") for number in range(draw.randint(1, 3))]
        policies = [self.network_policy(number) for number in range(draw.randint(0, 3))]
        tiers = draw.choice((self.none, self.v1alpha1, self.v1alpha2, self.both_apis))() if admin else []
        return [*nodes, *spaces, *pods, *policies, *tiers]

    def node(self, number: int) -> Object:
        addresses = [f"192.168.0.{number}", f"2001:db8::{number}"]
        status = {"addresses": [{"type": "InternalIP", "address": address} for address in addresses]}
        return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"n{number}", "labels": self.labels()},
                "status": status}  # fmt: skip

    def pod(self, home: str, number: int) -> Object:
        draw = self.random
        on_host, node = draw.random() < 0.15, draw.choice((1, 2))
        six = draw.random() < 0.3
        ip = (f"2001:db8::{node}" if six else f"192.168.0.{node}") if on_host else (
            f"fd00:{ord(home) - 96}::{number + 1}" if six else f"10.{ord(home) - 96}.0.{number + 1}")  # fmt: skip
        declared = [
            {"name": name, "containerPort": port, "protocol": protocol}
            for name, port, protocol in zip(NAMES, draw.sample(PORTS, 2), draw.choices(PROTOCOLS, k=2), strict=True)
        ]
        made = pod(
            f"{home}/p{number}", ip=ip, node=f"n{node}", host_network=on_host, ports=declared[: draw.randint(0, 2)]
        )
        made["metadata"]["labels"] = self.labels()
        return made

    def labels(self) -> dict[str, str]:
        return {key: self.random.choice(values) for key, values in LABELS.items() if self.random.random() < 0.7}

    def selector(self, keys: dict[str, tuple[str, ...]] = LABELS) -> Object:
        draw = self.random
        key = draw.choice(sorted(keys))
        value = draw.choice(keys[key])
        return draw.choice([
            {},
            {"matchLabels": {key: value}},
            {"matchLabels": {key: value}},
            {"matchExpressions": [{"key": key, "operator": draw.choice(("In", "NotIn")), "values": [value]}]},
            {"matchExpressions": [{"key": key, "operator": draw.choice(("Exists", "DoesNotExist"))}]},
            {"matchLabels": {key: value}, "matchExpressions": [{"key": "track", "operator": "DoesNotExist"}]},
        ])  # fmt: skip

    def spaces(self) -> Object:
        chosen = self.selector({"team": TEAMS, **LABELS})
        named: Object = {"matchLabels": {"kubernetes.io/metadata.name": self.random.choice("ab")}}
        return named if self.random.random() < 0.2 else chosen

    # -- NetworkPolicy -------------------------------------------------------------------------------------------

    def network_policy(self, number: int) -> Object:
        draw = self.random
        spec: Object = {"podSelector": self.selector()}
        types = draw.choice((None, ["Ingress"], ["Egress"], ["Ingress", "Egress"]))
        if types:
            spec["policyTypes"] = types
        for field, peers in (("ingress", "from"), ("egress", "to")):
            if draw.random() < 0.7:
                spec[field] = [self.rule(peers) for _ in range(draw.randint(0, 2))]
        return policy(f"{draw.choice('ab')}/np{number}", spec)

    def rule(self, peers: str) -> Object:
        draw = self.random
        made: Object = {}
        if draw.random() < 0.8:
            made[peers] = [self.peer() for _ in range(draw.randint(0, 2))]
        if draw.random() < 0.7:
            made["ports"] = [self.port() for _ in range(draw.randint(0, 2))]
        return made

    def peer(self) -> Object:
        match self.random.randint(0, 4):
            case 0:
                return {"podSelector": self.selector()}
            case 1:
                return {"namespaceSelector": self.spaces()}
            case 2:
                return {"podSelector": self.selector(), "namespaceSelector": self.spaces()}
            case _:
                cidr = self.random.choice(BLOCKS)
                holes = [hole for hole in INSIDE.get(cidr, ()) if self.random.random() < 0.4]
                return {"ipBlock": {"cidr": cidr, **({"except": holes} if holes else {})}}

    def port(self) -> Object:
        draw = self.random
        made: Object = {"protocol": draw.choice(PROTOCOLS)} if draw.random() < 0.6 else {}
        match draw.randint(0, 3):
            case 0:
                return made or {"protocol": "TCP"}
            case 1:
                return {**made, "port": draw.choice(NAMES)}
            case 2:
                low = draw.choice(PORTS)
                return {**made, "port": low, "endPort": low + draw.choice((0, 1, 400))}
            case _:
                return {**made, "port": draw.choice(PORTS)}

    # -- the admin tiers -----------------------------------------------------------------------------------------

    def none(self) -> list[Object]:
        return []

    def priorities(self, count: int) -> list[int]:
        """Mostly different ones."""
        return self.random.choices(range(2), k=count) if self.random.random() < 0.3 else list(range(count))

    def v1alpha1(self) -> list[Object]:
        draw = self.random
        made = [
            self.admin("AdminNetworkPolicy", "v1alpha1", f"anp{number}",
                       {"priority": priority, **self.rules(("Allow", "Deny", "Pass"), self.ports_of_v1alpha1)})
            for number, priority in enumerate(self.priorities(draw.randint(0, 3)))
        ]  # fmt: skip
        if draw.random() < 0.5:
            made.append(self.admin("BaselineAdminNetworkPolicy", "v1alpha1", "default",
                                   self.rules(("Allow", "Deny"), self.ports_of_v1alpha1)))  # fmt: skip
        return made

    def v1alpha2(self) -> list[Object]:
        draw = self.random
        made = []
        for tier in ("Admin", "Baseline"):
            for number, priority in enumerate(self.priorities(draw.randint(0, 3))):
                rules = self.rules(("Accept", "Deny", "Pass"), self.protocols_of_v1alpha2)
                spec = {"tier": tier, "priority": priority, **rules}
                made.append(self.admin("ClusterNetworkPolicy", "v1alpha2", f"{tier.lower()}{number}", spec))
        return made

    def both_apis(self) -> list[Object]:
        return [*self.v1alpha1(), *self.v1alpha2()]

    def admin(self, kind: str, version: str, name: str, spec: Object) -> Object:
        subject = {"namespaces": self.spaces()} if self.random.random() < 0.5 else {"pods": self.both()}
        return {"apiVersion": f"policy.networking.k8s.io/{version}", "kind": kind, "metadata": {"name": name},
                "spec": {"subject": subject, **spec}}  # fmt: skip

    def both(self) -> Object:
        return {"namespaceSelector": self.spaces(), "podSelector": self.selector()}

    def rules(self, actions: tuple[str, ...], entries: Any) -> Object:
        made: Object = {}
        for field, peers in (("ingress", "from"), ("egress", "to")):
            if self.random.random() < 0.8:
                made[field] = [
                    self.admin_rule(peers, self.random.choice(actions), entries)
                    for _ in range(self.random.randint(0, 3))
                ]
        return made

    def admin_rule(self, peers: str, action: str, entries: Any) -> Object:
        named = [self.admin_peer(peers) for _ in range(self.random.randint(1, 2))]
        may_name = all("namespaces" in peer or "pods" in peer for peer in named)
        made: Object = {"action": action, peers: named}
        return {**made, **entries(may_name)} if self.random.random() < 0.7 else made

    def admin_peer(self, peers: str) -> Object:
        match self.random.randint(0, 3 if peers == "to" else 1):
            case 0:
                return {"namespaces": self.spaces()}
            case 1:
                return {"pods": self.both()}
            case 2 if self.random.random() < 0.05:
                return {"peersOfTheFuture": {}}
            case 2:
                return {"networks": self.random.sample(BLOCKS, self.random.randint(1, 2))}
            case _:
                return {"nodes": self.selector()}

    def ports_of_v1alpha1(self, may_name: bool) -> Object:
        draw = self.random

        def entry() -> Object:
            protocol, port = draw.choice(PROTOCOLS), draw.choice(PORTS)
            match draw.randint(0, 2 if may_name else 1):
                case 0:
                    return {"portNumber": {"protocol": protocol, "port": port}}
                case 1:
                    return {"portRange": {"protocol": protocol, "start": port, "end": port + draw.choice((1, 400))}}
                case _:
                    return {"namedPort": draw.choice(NAMES)}

        return {"ports": [entry() for _ in range(draw.randint(1, 2))]}

    def protocols_of_v1alpha2(self, may_name: bool) -> Object:
        draw = self.random

        def entry() -> Object:
            protocol, port = draw.choice(PROTOCOLS).lower(), draw.choice(PORTS)
            match draw.randint(0, 3 if may_name else 2):
                case 0:
                    return {protocol: {"destinationPort": {"number": port}}}
                case 1:
                    span = {"start": port, "end": port + draw.choice((1, 400))}
                    return {protocol: {"destinationPort": {"range": span}}}
                case 2:
                    return {protocol: {}}
                case _:
                    return {"destinationNamedPort": draw.choice(NAMES)}

        return {"protocols": [entry() for _ in range(draw.randint(1, 2))]}
