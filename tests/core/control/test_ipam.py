"""Addresses of pods: the examples of PD-20 to PD-26, and that two live pods never share one."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from kwake.cluster import Cluster, record
from kwake.control.ipam import Addressing, addressing_of, assign, release
from kwake.objects.basis import Basis
from kwake.objects.key import key
from kwake.profiles.load import load_profile
from kwake.profiles.profile import Profile
from tests.core.control.objects import cluster_of, node, pod


@pytest.fixture(scope="module")
def vpc_cni() -> Profile:
    return load_profile("aws-vpc-cni")


def with_last(addressing: Addressing, number: int) -> Addressing:
    """The host-local marker of n1 set to an address of 10.244.1.0/24."""
    pool = addressing.pools["n1"]
    (only,) = pool.ranges
    last = (10 << 24) + (244 << 16) + (1 << 8) + number
    return addressing.with_pool(msgspec.structs.replace(pool, ranges=(msgspec.structs.replace(only, last=last),)))


def filled(*free: int) -> Cluster:
    """Node n1 with a pod on every address of its /24 from .2 to .254 but these."""
    pods = [pod(f"p{n}", f"10.244.1.{n}") for n in range(2, 255) if n not in free]
    return cluster_of(node("n1", "10.244.1.0/24"), *pods)


@pytest.mark.rule("PD-22")
def test_pd_22_a_node_allocates_from_its_pod_cidr(flannel: Profile) -> None:
    cluster = cluster_of(node("n1", "10.244.1.0/24"))
    given_ = assign(addressing_of(cluster, flannel), cluster, "n1", flannel, 0)
    assert given_.ip == "10.244.1.2", "the network and the gateway are never given"


@pytest.mark.rule("PD-23")
def test_pd_23_host_local_goes_on_behind_the_last_and_wraps(flannel: Profile) -> None:
    cluster = filled(5, 18)
    first = assign(with_last(addressing_of(cluster, flannel), 17), cluster, "n1", flannel, 0)
    assert (first.ip, first.rule) == ("10.244.1.18", "PD-23")
    made = record(pod("new", "10.244.1.18"))
    after = cluster.with_changes({made.key: made})
    assert assign(first.addressing, after, "n1", flannel, 0).ip == "10.244.1.5"


@pytest.mark.rule("PD-23")
def test_pd_23_a_freed_address_is_not_given_again_at_once(flannel: Profile) -> None:
    cluster = cluster_of(node("n1", "10.244.1.0/24"), pod("a", "10.244.1.9"))
    addressing = release(addressing_of(cluster, flannel), "n1", "10.244.1.9", flannel, 0)
    gone = cluster.with_changes({key("Pod", "shop", "a"): None})
    assert assign(addressing, gone, "n1", flannel, 0).ip == "10.244.1.10"


@pytest.mark.rule("PD-24")
def test_pd_24_a_full_range_says_so_and_a_freed_address_helps(flannel: Profile) -> None:
    cluster = filled()
    addressing = addressing_of(cluster, flannel)
    refused = assign(addressing, cluster, "n1", flannel, 0)
    assert (refused.ip, refused.rule) == (None, "PD-24")
    assert refused.reason == "no IP addresses available in range set: 10.244.1.1-10.244.1.254"
    freed = cluster.with_changes({key("Pod", "shop", "p77"): None})
    assert assign(refused.addressing, freed, "n1", flannel, 0).ip == "10.244.1.77"


@pytest.mark.rule("PD-14")
@pytest.mark.rule("SU-43")
def test_pd_14_the_address_of_a_finished_pod_is_free(flannel: Profile) -> None:
    done = cluster_of(node("n1", "10.244.1.0/24"), pod("j", "10.244.1.2", phase="Succeeded"))
    assert assign(with_last(addressing_of(done, flannel), 1), done, "n1", flannel, 0).ip == "10.244.1.2"


@pytest.mark.rule("PD-26")
def test_pd_26_calico_takes_the_address_that_is_free_the_longest(calico: Profile) -> None:
    cluster = filled(7, 9)
    addressing = addressing_of(cluster, calico)
    addressing = release(addressing, "n1", "10.244.1.3", calico, 0)
    cluster = cluster.with_changes({key("Pod", "shop", "p3"): None})
    given_: list[str | None] = []
    for name in ("x", "y", "z"):
        answer = assign(addressing, cluster, "n1", calico, 0)
        assert answer.rule == "PD-26"
        given_.append(answer.ip)
        addressing = answer.addressing
        made = record(pod(name, answer.ip or ""))
        cluster = cluster.with_changes({made.key: made})
    assert given_ == ["10.244.1.7", "10.244.1.9", "10.244.1.3"]


@pytest.mark.rule("PD-26")
def test_pd_26_vpc_cni_keeps_an_address_back_for_thirty_seconds(vpc_cni: Profile) -> None:
    cluster = filled(9)
    addressing = release(addressing_of(cluster, vpc_cni), "n1", "10.244.1.9", vpc_cni, 1_000)
    assert assign(addressing, cluster, "n1", vpc_cni, 30_999).ip is None
    assert assign(addressing, cluster, "n1", vpc_cni, 31_000).ip == "10.244.1.9"


@pytest.mark.rule("PD-20")
def test_pd_20_a_pod_gets_an_address_of_each_family(flannel: Profile) -> None:
    both = node("n1", podCIDRs=["10.244.1.0/24", "fd00:1::/64"])
    answer = assign(addressing_of(cluster_of(both), flannel), cluster_of(both), "n1", flannel, 0)
    assert answer.ips == ("10.244.1.2", "fd00:1::2")


def test_a_range_is_inferred_where_pods_live_outside_the_pod_cidr(calico: Profile) -> None:
    cluster = cluster_of(node("n1", "10.36.0.0/24"), pod("a", "10.36.222.70"), pod("b", "10.36.222.65"))
    answer = assign(addressing_of(cluster, calico), cluster, "n1", calico, 0)
    assert answer.ip == "10.36.222.66"
    assert answer.basis is Basis.ASSUMED
    assert "10.36.222.64/26 inferred" in answer.reason


def test_a_node_without_pods_and_range_gets_the_next_free_one(calico: Profile) -> None:
    cluster = cluster_of(node("n1", "10.244.0.0/24"), node("n2"), node("n3"))
    addressing = addressing_of(cluster, calico)
    first = assign(addressing, cluster, "n2", calico, 0)
    other = assign(first.addressing, cluster, "n3", calico, 0)
    assert (first.ip, other.ip) == ("10.244.1.2", "10.244.2.2")
    assert first.basis is Basis.ASSUMED


def test_a_node_without_pods_gets_a_range_beside_the_others_wherever_they_live(calico: Profile) -> None:
    cluster = cluster_of(node("n1"), node("n2"), pod("a", "10.36.0.5"), pod("b", "10.47.0.9", on="n0"))
    assert assign(addressing_of(cluster, calico), cluster, "n2", calico, 0).ip == "10.32.0.2"


def test_vpc_cni_gives_addresses_around_the_nodes_own(vpc_cni: Profile) -> None:
    cluster = cluster_of(node("n1", ip="10.0.119.150"), node("n2", ip="10.0.68.2"), pod("a", "10.0.68.230", on="n2"))
    answer = assign(addressing_of(cluster, vpc_cni), cluster, "n1", vpc_cni, 0)
    assert (answer.ip, answer.basis) == ("10.0.119.2", Basis.ASSUMED)


def test_an_inferred_range_that_is_full_goes_on_elsewhere(calico: Profile) -> None:
    pods = [pod(f"p{n}", f"10.9.0.{n}") for n in range(1, 64)]
    cluster = cluster_of(node("n1"), *pods)
    answer = assign(addressing_of(cluster, calico), cluster, "n1", calico, 0)
    assert answer.ip == "10.9.0.65"


def test_addresses_of_nodes_are_not_given_to_pods(vpc_cni: Profile) -> None:
    cluster = cluster_of(node("n1", ip="10.0.68.2"), pod("a", "10.0.68.3"))
    answer = assign(addressing_of(cluster, vpc_cni), cluster, "n1", vpc_cni, 0)
    assert answer.ip == "10.0.68.4"


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(min_value=0, max_value=5), max_size=30), st.sampled_from(["calico", "flannel", "aws-vpc-cni"])
)
def test_two_live_pods_never_share_an_address(steps: list[int], bundle: str) -> None:
    """0 to 3 make a pod, 4 and 5 kill the oldest."""
    profile = load_profile(bundle)
    cluster = cluster_of(node("n1", "10.244.1.0/28"), node("n2"))
    addressing = addressing_of(cluster, profile)
    alive: list[tuple[str, str, str]] = []
    for number, step in enumerate(steps):
        where = "n1" if step % 2 else "n2"
        if step < 4:
            answer = assign(addressing, cluster, where, profile, number * 1000)
            addressing = answer.addressing
            if answer.ip is None:
                continue
            assert answer.ip not in [ip for _, ip, _ in alive]
            made = record(pod(f"p{number}", answer.ip, on=where))
            cluster = cluster.with_changes({made.key: made})
            alive.append((f"p{number}", answer.ip, where))
        elif alive:
            name, ip, on = alive.pop(0)
            cluster = cluster.with_changes({key("Pod", "shop", name): None})
            addressing = release(addressing, on, ip, profile, number * 1000)
