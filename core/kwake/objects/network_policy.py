"""NetworkPolicy of networking.k8s.io/v1."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

import msgspec

from kwake.objects.base import KubeObject, KubeStruct
from kwake.objects.selector import LabelSelector


class IPBlock(KubeStruct, frozen=True):
    """Addresses in `cidr` and in none of `except_`."""

    cidr: str = ""
    except_: tuple[str, ...] = msgspec.field(default=(), name="except")


class PolicyPeer(KubeStruct, frozen=True):
    """One peer of a rule. None is not the same as an empty selector."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IPBlock | None = None


class PolicyPort(KubeStruct, frozen=True):
    """One port of a rule: a number, a range, a name, or (without `port`) all of a protocol."""

    port: int | str | None = None
    end_port: int | None = None
    protocol: str = "TCP"


class IngressRule(KubeStruct, frozen=True):
    """An ingress rule; an empty `from_` is every peer, empty `ports` every port."""

    from_: tuple[PolicyPeer, ...] = msgspec.field(default=(), name="from")
    ports: tuple[PolicyPort, ...] = ()


class EgressRule(KubeStruct, frozen=True):
    """An egress rule; an empty `to` is every peer, empty `ports` every port."""

    to: tuple[PolicyPeer, ...] = ()
    ports: tuple[PolicyPort, ...] = ()


class PolicySpec(KubeStruct, frozen=True):
    """`spec` of a NetworkPolicy."""

    pod_selector: LabelSelector = LabelSelector()
    policy_types: tuple[str, ...] = ()
    ingress: tuple[IngressRule, ...] = ()
    egress: tuple[EgressRule, ...] = ()


class NetworkPolicy(KubeObject, frozen=True, kw_only=True):
    """A NetworkPolicy of networking.k8s.io/v1."""

    KIND: ClassVar[str] = "NetworkPolicy"
    spec: PolicySpec = PolicySpec()

    @property
    def directions(self) -> frozenset[str]:
        """The effective policyTypes: Ingress always, Egress if there are egress rules, unless it says (NP-4)."""
        return _directions(self.spec.policy_types or (("Ingress", "Egress") if self.spec.egress else ("Ingress",)))


@cache
def _directions(types: tuple[str, ...]) -> frozenset[str]:
    return frozenset(types)
