"""A dial of any node: each is as likely as the others."""

from __future__ import annotations

from fractions import Fraction

import pytest

from kwake.dataplane.path import Flow, Outcome, Path
from kwake.dataplane.trace import trace
from kwake.dataplane.view import View
from kwake.errors import ReferenceNotFound
from kwake.objects.document import Manifest
from kwake.objects.kinds import Node
from tests.core.dataplane.small_cluster import endpoint_slice, node, pod, policy, service, view

PORT = 30080


def wide(*more: Manifest, profile: str = "calico", **fields: str) -> View:
    """A Service with a node port and two endpoints, three clients, and more nodes than they need."""
    ends = [pod("web-1", "10.244.1.2"), pod("web-2", "10.244.2.2", "node-b")]
    clients = [pod("client-1", "10.244.1.9"), pod("client-2", "10.244.20.9", "node-20")]
    others = [node(f"node-{number}", f"192.168.0.{number}") for number in range(20, 32)]
    svc = service("web", type="NodePort", node_port=PORT)
    return view(*ends, *clients, *others, svc, endpoint_slice("web", *ends), *more, profile=profile, **fields)


def admits(*cidrs: str) -> Manifest:
    peers = [{"ipBlock": {"cidr": cidr}} for cidr in cidrs]
    return policy("own", {"app": "web"}, policyTypes=["Ingress"], ingress=[{"from": peers}] if peers else [])


def one_by_one(seen: View, source: str, port: int = PORT) -> dict[Outcome, Fraction]:
    """The same question, asked of every node by name."""
    nodes = seen.cluster.all(Node)
    found: dict[Outcome, Fraction] = {}
    for each in nodes:
        flow = Flow(source, str(each.key), port) if source != "internet" else Flow(source, each.ip, port)
        for outcome, share in trace(seen, flow).shares.items():
            found[outcome] = found.get(outcome, Fraction(0)) + share / len(nodes)
    return found


CASES = {
    "nothing isolated": ((), {}),
    "all ingress denied": ((admits(),), {}),
    "one of the nodes admitted": ((admits("192.168.0.25/32"),), {}),
    "some of the nodes admitted": ((admits("192.168.0.24/29", "192.168.0.1/32"),), {}),
    "clients admitted by their own addresses": ((admits("10.244.0.0/16"),), {}),
    "node ports on one node only": ((), {"node-port-addresses": "192.168.0.30/32"}),
    "egress to some of the nodes": (
        (
            policy(
                "out",
                {"app": "client"},
                policyTypes=["Egress"],
                egress=[{"to": [{"ipBlock": {"cidr": "192.168.0.16/28"}}]}],
            ),
        ),
        {},
    ),
}


@pytest.mark.parametrize("proxy", ["calico", "calico+nftables", "cilium"])
@pytest.mark.parametrize("source", ["internet", "shop/client-1", "shop/client-2", "node/node-21"])
@pytest.mark.parametrize("case", CASES)
def test_any_node_ends_as_every_node_by_name_does(case: str, source: str, proxy: str) -> None:
    manifests, fields = CASES[case]
    seen = wide(*manifests, profile=proxy, **fields)

    assert trace(seen, Flow(source, "node/*", PORT)).shares == one_by_one(seen, source)


def test_a_pod_of_the_hosts_network_answers_on_its_node_alone() -> None:
    seen = wide(pod("agent", "192.168.0.23", "node-23", port=9100, host_network=True))
    path = trace(seen, Flow("shop/client-1", "node/*", 9100))

    assert path.shares[Outcome.DELIVERED] == Fraction(1, len(seen.cluster.all(Node)))
    assert path.shares == one_by_one(seen, "shop/client-1", 9100)


def test_the_zone_of_a_node_tells_it_apart_under_hints() -> None:
    zone = {"topology.kubernetes.io/zone": "b"}
    ends = endpoint_slice("web", pod("web-1", "10.244.1.2"), pod("web-2", "10.244.2.2", "node-b"))
    for end, name in zip(ends["endpoints"], "ab", strict=True):
        end["hints"] = {"forZones": [{"name": name}]}
    seen = wide(node("node-50", "192.168.0.50", **zone), ends, policy("web-2", {"app": "web"}, policyTypes=["Ingress"]))

    assert reached(trace(seen, Flow("internet", "node/*", PORT))) == reached(
        *(trace(seen, Flow("internet", each.ip, PORT)) for each in seen.cluster.all(Node))
    )


def reached(*paths: Path) -> dict[str | None, Fraction]:
    """Which part of all dials comes to which pod."""
    found: dict[str | None, Fraction] = {}
    for path in paths:
        for branch in path.branches:
            found[branch.pod] = found.get(branch.pod, Fraction(0)) + branch.share / len(paths)
    return found


def test_at_names_the_one_node_that_somebody_outside_comes_in_at() -> None:
    seen = wide(admits())
    path = trace(seen, Flow("internet", "node/*", PORT, at="node-b"))

    assert {hop.at for branch in path.branches for hop in branch.hops if hop.kind == "node-port"} == {"node-b"}
    assert path.shares == trace(seen, Flow("internet", "192.168.0.2", PORT)).shares


def test_a_port_must_be_given_and_nodes_must_have_addresses() -> None:
    with pytest.raises(ReferenceNotFound, match="give the port"):
        trace(wide(), Flow("internet", "node/*"))
    bare = [{**node(name, ""), "status": {}} for name in ("node-a", "node-b", "node-c")]
    with pytest.raises(ReferenceNotFound, match="no node has an InternalIP"):
        trace(view(*bare), Flow("internet", "node/*", PORT))


@pytest.mark.parametrize("cidrs", [(), ("192.168.0.20/31",)])
def test_a_branch_names_the_nodes_by_which_one_fares_so(cidrs: tuple[str, ...]) -> None:
    """Each node stands in the branches that its own trace has, and in no others."""
    seen = wide(admits(*cidrs))
    path = trace(seen, Flow("internet", "node/*", PORT))

    assert {name for branch in path.branches for name in branch.entries} == {
        each.metadata.name for each in seen.cluster.all(Node)
    }
    for each in seen.cluster.all(Node):
        alone = trace(seen, Flow("internet", each.ip, PORT))
        here = {(b.pod, b.outcome) for b in path.branches if each.metadata.name in b.entries}
        assert here == {(b.pod, b.outcome) for b in alone.branches}


def test_a_note_says_of_which_of_several_nodes_the_hops_tell() -> None:
    path = trace(wide(), Flow("internet", "node/*", PORT))

    (note,) = path.notes
    assert note == "node-20, node-21, node-22, node-23 and 11 more nodes fare alike; shown for node-20"
    assert "node-20" in {hop.at for hop in path.hops}
    alone = trace(wide(), Flow("internet", "192.168.0.2", PORT))
    assert alone.notes == () and all(branch.entries == () for branch in alone.branches)


@pytest.mark.rule("NP-20")
def test_np_20_a_node_port_is_named_as_what_was_dialled() -> None:
    path = trace(wide(admits()), Flow("internet", "192.168.0.20", PORT))

    assert path.outcome is Outcome.DROPPED
    assert path.notes == (f"{PORT} is the node port, policies see 8080",)
