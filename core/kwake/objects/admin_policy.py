"""AdminNetworkPolicy and BaselineAdminNetworkPolicy (v1alpha1), ClusterNetworkPolicy (v1alpha2).

All of policy.networking.k8s.io, cluster-scoped. The types here hold the fields of both versions; a policy is decoded
without those that its own version lacks.
"""

from __future__ import annotations

from typing import ClassVar, Self

import msgspec

from kwake.objects.base import KubeObject, KubeStruct
from kwake.objects.selector import LabelSelector


class NamespacedPods(KubeStruct, frozen=True):
    """Pods by their labels in namespaces by theirs; an empty selector is all of them."""

    namespace_selector: LabelSelector = LabelSelector()
    pod_selector: LabelSelector = LabelSelector()


class AdminSubject(KubeStruct, frozen=True):
    """Whom a policy judges: exactly one field is set. Pods on the host's network never."""

    namespaces: LabelSelector | None = None
    pods: NamespacedPods | None = None


class AdminPeer(KubeStruct, frozen=True):
    """One peer of a rule: exactly one field is set. Only egress rules have the last three.

    One with none of them has a field that kwake does not know: the rule fails closed.
    """

    namespaces: LabelSelector | None = None
    pods: NamespacedPods | None = None
    nodes: LabelSelector | None = None
    networks: tuple[str, ...] | None = None
    domain_names: tuple[str, ...] | None = None


class PortNumber(KubeStruct, frozen=True):
    """One port of a protocol (v1alpha1)."""

    protocol: str = ""
    """Empty for TCP."""
    port: int = 0


class PortRange(KubeStruct, frozen=True):
    """Ports from `start` to `end`, both included; without a protocol where the entry around it has one (v1alpha2)."""

    protocol: str = ""
    start: int = 0
    end: int = 0


class AdminPort(KubeStruct, frozen=True):
    """One port of a v1alpha1 rule: exactly one field is set."""

    port_number: PortNumber | None = None
    port_range: PortRange | None = None
    named_port: str | None = None


class DestinationPort(KubeStruct, frozen=True):
    """A number or a range of a protocol (v1alpha2): exactly one field is set."""

    number: int | None = None
    range: PortRange | None = None


class ProtocolMatch(KubeStruct, frozen=True):
    """`tcp`, `udp` or `sctp` of a v1alpha2 rule; without `destination_port` all of the protocol's ports."""

    destination_port: DestinationPort | None = None


class AdminProtocol(KubeStruct, frozen=True):
    """One entry of `protocols` of a v1alpha2 rule: exactly one field is set."""

    tcp: ProtocolMatch | None = None
    udp: ProtocolMatch | None = None
    sctp: ProtocolMatch | None = None
    destination_named_port: str | None = None


class AdminRule(KubeStruct, frozen=True):
    """A rule. `ports` are v1alpha1's, `protocols` v1alpha2's; without either it means every port."""

    name: str = ""
    action: str = ""
    """`Allow` (v1alpha1) or `Accept` (v1alpha2), `Deny`, `Pass`."""
    from_: tuple[AdminPeer, ...] = msgspec.field(default=(), name="from")
    to: tuple[AdminPeer, ...] = ()
    ports: tuple[AdminPort, ...] = ()
    protocols: tuple[AdminProtocol, ...] = ()


class AdminSpec(KubeStruct, frozen=True):
    """`spec` of all three kinds."""

    subject: AdminSubject = AdminSubject()
    priority: int | None = None
    """0 to 1000, the lowest first; a BaselineAdminNetworkPolicy has none."""
    tier: str = ""
    """`Admin` or `Baseline`, of a ClusterNetworkPolicy."""
    ingress: tuple[AdminRule, ...] = ()
    egress: tuple[AdminRule, ...] = ()


class AdminPolicy(KubeObject, frozen=True, kw_only=True):
    """What the three kinds share. Rules count in their order, the first that matches decides (NP-16)."""

    TIER: ClassVar[str] = ""
    LACKS: ClassVar[str] = "protocols"
    """The field of a rule that its version does not have."""
    spec: AdminSpec = AdminSpec()

    def pruned(self) -> Self:
        """The policy as the API server stores it: what its version lacks is dropped."""
        rules = (*self.spec.ingress, *self.spec.egress)
        if not any(getattr(rule, self.LACKS) for rule in rules):
            return self
        ingress, egress = (
            tuple(msgspec.structs.replace(rule, **{self.LACKS: ()}) for rule in given)
            for given in (self.spec.ingress, self.spec.egress)
        )
        return msgspec.structs.replace(self, spec=msgspec.structs.replace(self.spec, ingress=ingress, egress=egress))

    @property
    def tier(self) -> str:
        """`Admin`, before NetworkPolicies, or `Baseline`, after them."""
        return self.TIER or self.spec.tier

    @property
    def directions(self) -> tuple[str, ...]:
        """Those that it has rules for; in the other it judges nothing."""
        rules = (("Ingress", self.spec.ingress), ("Egress", self.spec.egress))
        return tuple(direction for direction, given in rules if given)

    @property
    def priority(self) -> int:
        """Its place in the tier; lower numbers come first."""
        return self.spec.priority or 0


class AdminNetworkPolicy(AdminPolicy, frozen=True, kw_only=True):
    """An AdminNetworkPolicy of policy.networking.k8s.io/v1alpha1."""

    KIND: ClassVar[str] = "AdminNetworkPolicy"
    TIER: ClassVar[str] = "Admin"


class BaselineAdminNetworkPolicy(AdminPolicy, frozen=True, kw_only=True):
    """The BaselineAdminNetworkPolicy of policy.networking.k8s.io/v1alpha1; there is one, named `default`."""

    KIND: ClassVar[str] = "BaselineAdminNetworkPolicy"
    TIER: ClassVar[str] = "Baseline"


class ClusterNetworkPolicy(AdminPolicy, frozen=True, kw_only=True):
    """A ClusterNetworkPolicy of policy.networking.k8s.io/v1alpha2."""

    KIND: ClassVar[str] = "ClusterNetworkPolicy"
    LACKS: ClassVar[str] = "ports"
