"""A cluster and its policies, as lints ask about them."""

from __future__ import annotations

from functools import cached_property

import msgspec

from kwake.cluster import Cluster
from kwake.linting.shapes import Shape, Shapes
from kwake.objects.key import Key
from kwake.objects.kinds import NetworkPolicy, PolicyPeer, Service
from kwake.objects.selector import LabelSelector
from kwake.policy.policy_set import PolicySet, compile_policies
from kwake.profiles.profile import Profile


class Scene(Shapes):
    """A cluster, as its CNI enforces its policies; `only` of one NetworkPolicy of it."""

    def __init__(self, cluster: Cluster, profile: Profile, only: Key | None = None) -> None:
        super().__init__(cluster)
        self._only = only
        self.profile = profile
        self.policies: PolicySet = compile_policies(cluster, profile)
        self._meant: dict[bytes, list[str]] = {}

    def meant(self, peer: PolicyPeer, home: str) -> tuple[Shape, ...]:
        """The pods that a peer of labels means, in a policy of namespace `home`."""
        if peer.ip_block is not None:
            return ()
        pods = peer.pod_selector or LabelSelector()
        if peer.namespace_selector is None:
            return self.matching(home, pods)
        return tuple(
            s for namespace in self.namespaces(peer.namespace_selector) for s in self.matching(namespace, pods)
        )

    def namespaces(self, selector: LabelSelector) -> list[str]:
        """The namespaces with pods that a selector means, or may mean where their labels are not known."""
        asked = msgspec.json.encode(selector)
        if asked not in self._meant:
            matches = self.policies.seeing.namespace_matches
            self._meant[asked] = [name for name in self.shapes if matches(selector, name) is not False]
        return self._meant[asked]

    @cached_property
    def network_policies(self) -> tuple[NetworkPolicy, ...]:
        """All of them that are asked about."""
        if self._only is None:
            return self.cluster.all(NetworkPolicy)
        policy = self.cluster.find(self._only)
        return (policy.value,) if policy is not None and isinstance(policy.value, NetworkPolicy) else ()

    def sees(self, shape: Shape) -> bool:
        """Whether selectors of policies see these pods: under some CNIs none of those on the host's network (NP-15)."""
        return self.policies.seeing.is_seen(shape.pod)

    def is_held(self, ip: str) -> bool:
        """Whether an ipBlock may admit an address: under some CNIs none admits a node's (NP-15)."""
        return self.policies.seeing.ip_blocks_hold_nodes or ip not in self.cluster.nodes_by_ip

    @property
    def no_nodes(self) -> str:
        """What to say where ipBlocks admit no nodes; empty elsewhere."""
        return "" if self.policies.seeing.ip_blocks_hold_nodes else self._holds_no("node")

    @property
    def no_pods(self) -> str:
        """What to say where ipBlocks admit no pods (NP-22); empty elsewhere."""
        return "" if self.policies.seeing.ip_blocks_hold_pods else self._holds_no("pod")

    def _holds_no(self, what: str) -> str:
        basis = self.profile.setting(f"ipblock-matches-{what}s").basis
        return f"an ipBlock holds no {what} under {self.profile.name} ({basis.value})"

    def behind(self, service: Service) -> tuple[Shape, ...]:
        """The pods that serve it, as policies see them: without those on the host's network, and those of Jobs."""
        chosen = self.matching(service.metadata.namespace, LabelSelector(match_labels=dict(service.spec.selector)))
        return tuple(s for s in chosen if self.sees(s) and s.serves)
