"""A packet's way so far: what is known of it before it has arrived or ended."""

from __future__ import annotations

from fractions import Fraction

import msgspec

from kwake.dataplane.ends import Client
from kwake.dataplane.path import Branch, Decider, Hop, Judgement, Outcome, Translation
from kwake.dataplane.view import View
from kwake.objects.basis import Basis, weakest
from kwake.objects.key import Key
from kwake.objects.kinds import Node, Pod
from kwake.policy.ends import PolicyEnd

ZONE_LABEL = "topology.kubernetes.io/zone"


class Way(msgspec.Struct, frozen=True, eq=False):
    """Who dials which address and port, and the hops until now."""

    view: View
    client: Client
    dst: str
    port: int
    protocol: str
    hops: tuple[Hop, ...] = ()
    share: Fraction = Fraction(1)
    frontend: str = "pod-ip"
    service: str | None = None
    """The Service that was dialled, `Service/ns/name`."""
    src: str | None = None
    """What a node or load balancer made of the source address; empty if the snapshot does not say, None: nothing."""
    src_node: str = ""
    """The node whose address `src` is; empty where it is a load balancer's."""
    came_as: PolicyEnd | None = None
    """Who came to that node, as policies see it; None where no node replaced the address."""
    nat_node: str | None = None
    entry: str = ""
    """The one node at which a packet from outside comes in, where the question says so."""
    has_left: bool = False
    """Whether the client's own policies have judged it: where the packet left for another node or a load balancer."""
    meant: Key | None = None
    """The pod on its node's network that was dialled by name: its node's address alone would not tell."""
    egress: Judgement | None = None
    ingress: Judgement | None = None

    @property
    def source(self) -> str:
        """The source address that the next hop sees."""
        return self.client.ip if self.src is None else self.src

    @property
    def is_masqueraded(self) -> bool:
        """Whether somebody replaced the client's address."""
        return self.source != self.client.ip

    def met(self, *hops: Hop) -> Way:
        """The way after these hops."""
        return msgspec.structs.replace(self, hops=(*self.hops, *hops))

    def end(
        self,
        hop: Hop,
        outcome: Outcome,
        decided_by: tuple[Decider, ...] = (),
        *,
        pod: Pod | None = None,
        ip: str | None = None,
        port: int | None = None,
        node: str | None = None,
        reason: str = "",
    ) -> Branch:
        """The branch that ends with this hop. A delivered one was decided by the rules that admitted it, if any."""
        if outcome is Outcome.DELIVERED and not decided_by and hop.decider is None:
            decided_by = tuple(dict.fromkeys(met.decider for met in self.hops if met.decider is not None))
            last = msgspec.structs.replace(hop, outcome=outcome)
        else:
            first = hop.decider or (decided_by[0] if decided_by else None)
            last = msgspec.structs.replace(hop, outcome=outcome, decider=first)
        hops = (*self.hops, last)
        return Branch(
            self.client.name,
            str(pod.key) if pod is not None else None,
            ip,
            port,
            self.share,
            outcome,
            Basis.UNKNOWN if outcome is Outcome.UNKNOWN else weakest(h.basis for h in hops),
            decided_by or ((hop.decider,) if hop.decider else ()),
            hops,
            node or None,
            reason or hop.text,
            Translation(self.dst, self.port, self.source, self.frontend, self.service, self.nat_node)
            if self.dst
            else None,
            self.egress,
            self.ingress,
        )


def node_of(view: View, name: str) -> Node | None:
    """A node that is there."""
    return view.cluster.node(name)


def node_address(view: View, name: str) -> str:
    """A node's own address, or empty if the snapshot does not say: its InternalIP, else what its pods report."""
    node = node_of(view, name)
    if node is not None and node.ip:
        return node.ip
    return next((p.status.host_ip for p in view.cluster.all(Pod) if p.spec.node_name == name and p.status.host_ip), "")
