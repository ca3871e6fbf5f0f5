"""The cluster's DNS as policies see it, in snapshots that do not hold it, too (NP-27)."""

from __future__ import annotations

from kwake.cluster import NAME_LABEL, Cluster, record
from kwake.objects.kinds import Pod, PolicyPeer
from kwake.policy.ends import EGRESS, PolicyEnd, Side
from kwake.policy.policy_set import PolicySet
from kwake.policy.rules import Rule, Seeing
from kwake.policy.tiers import ACCEPT, ADMIN, TierRule

DNS_PORTS = frozenset({53, 5353, 8053, 1053, 10053})
"""Ports that name servers listen on: CoreDNS of kubeadm, OpenShift, and of charts that run it without root."""
DNS_LABEL = ("k8s-app", "kube-dns")
"""What cluster DNS pods and their Service carry, whatever serves them (`k8s:cluster/addons/dns`)."""
SYSTEM = "kube-system"
"""Where the cluster's DNS runs, where the snapshot does not say."""

_SUPPOSED = record({
    "apiVersion": "v1", "kind": "Pod",
    "metadata": {"name": "kube-dns", "namespace": SYSTEM, "labels": dict((DNS_LABEL,))},
    "status": {"podIP": "192.0.2.53"},  # an address of no cluster (RFC 5737)
})  # fmt: skip
SUPPOSED = PolicyEnd(_SUPPOSED.value if isinstance(_SUPPOSED.value, Pod) else None, "192.0.2.53")
"""A name server where the snapshot holds none."""


def with_supposed_server(cluster: Cluster) -> Cluster:
    """The cluster with that server in it."""
    return cluster.with_changes({_SUPPOSED.key: _SUPPOSED})


def asks(rule: Rule, protocol: str) -> bool:
    """Whether a rule admits queries to somebody; a DNS port's name is taken to be one."""
    return any(rule.fixed.holds(protocol, port) for port in DNS_PORTS) or any(
        named == protocol and name.startswith("dns") for name, named in rule.named
    )


def may_mean_servers(seeing: Seeing, home: str, peer: PolicyPeer) -> bool:
    """Whether a peer of a policy of this namespace may be DNS that the snapshot does not hold: on a node, outside, or
    in kube-system."""
    if peer.ip_block is not None:
        return True
    if peer.namespace_selector is None:
        return home == SYSTEM
    if SYSTEM in seeing.namespaces and SYSTEM not in seeing.undescribed:
        return peer.namespace_selector.matches(seeing.namespaces[SYSTEM])
    return peer.namespace_selector.match_labels.get(NAME_LABEL, SYSTEM) == SYSTEM


def accepts_queries(policies: PolicySet, pod: Pod) -> bool:
    """Whether a rule of the admin tier may let a pod ask somebody over UDP."""
    selected = policies.tiers_for(pod, ADMIN, EGRESS) if policies.tiers else ()
    return any(_accepts(rule) for policy, _ in selected for rule in policy.egress)


def _accepts(rule: TierRule) -> bool:
    return rule.action == ACCEPT and (bool(rule.named) or any(rule.fixed.holds("UDP", port) for port in DNS_PORTS))


def denied_to_all(policies: PolicySet, client: PolicyEnd) -> Side | None:
    """The side that keeps a client from asking any name server, wherever that is; None where it may ask one."""
    side = policies.verdict(client, SUPPOSED, "UDP", 53).egress
    if side.allowed is not False or client.pod is None or accepts_queries(policies, client.pod):
        return None
    for policy in policies.selecting(client.pod, EGRESS):
        for rule in policy.egress:
            means = (may_mean_servers(policies.seeing, policy.namespace, peer) for peer in rule.peers)
            if asks(rule, "UDP") and (not rule.peers or any(means)):
                return None
    return side
