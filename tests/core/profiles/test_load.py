"""Profiles: what a name and `--set` give, and what they refuse."""

from __future__ import annotations

import pytest

import kwake
from kwake.errors import ProfileError
from kwake.objects.basis import Basis
from kwake.profiles.load import AXES, axis_names, bundle_names, load_profile
from kwake.samples import sample_path


def test_calico_is_the_default_bundle() -> None:
    profile = load_profile()
    assert profile.name == "calico" == bundle_names()[0]
    assert (profile["policy"], profile["policy-on-open"]) == ("calico", "keep")
    assert (profile["proxy"], profile["ipam"], profile["lb"]) == ("iptables", "calico", "cloud-vip")


@pytest.mark.parametrize(
    ("bundle", "on_open"),
    [("calico", "keep"), ("calico-ebpf", "keep"), ("cilium", "cut"), ("antrea", "keep"), ("ovn-kubernetes", "cut"),
     ("kube-router", "keep"), ("kube-network-policies", "cut"), ("kindnet", "keep"), ("aws-vpc-cni", "mixed"),
     ("azure-npm", "keep"), ("weave", "keep"), ("flannel", "none")],
)  # fmt: skip
def test_cx_30_each_bundle_says_what_a_policy_does_to_an_open_connection(bundle: str, on_open: str) -> None:
    assert load_profile(bundle)["policy-on-open"] == on_open


@pytest.mark.parametrize("bundle", bundle_names())
def test_every_field_and_clock_of_a_bundle_has_a_source(bundle: str) -> None:
    profile = load_profile(bundle)
    assert all(setting.source for setting in profile.settings.values())
    assert all(clock.source for clock in profile.clocks.values())


def test_every_bundle_has_the_same_fields() -> None:
    fields = {(tuple(p.settings), tuple(p.clocks)) for p in map(load_profile, bundle_names())}
    assert len(fields) == 1


@pytest.mark.parametrize("axis_file", axis_names())
def test_every_axis_file_sets_only_fields_of_its_own_axis(axis_file: str) -> None:
    from kwake.profiles.load import _axis, _defaults

    axis, _, name = axis_file.partition("/")
    loaded, defaults = _axis(axis, name), _defaults()
    assert loaded.axis == axis in AXES
    assert {defaults.fields[field].axis for field in loaded.fields} <= {axis}
    assert {defaults.clocks[clock].axis for clock in loaded.clocks} <= {axis}
    for field, entry in loaded.fields.items():
        assert entry.value in (defaults.fields[field].choices or (entry.value,))


def test_an_axis_file_replaces_the_bundles_own() -> None:
    profile = load_profile("calico+nftables")
    assert (profile["proxy"], profile["policy"], profile.name) == ("nftables", "calico", "calico+nftables")


def test_an_axis_file_without_a_bundle_stands_on_the_default_one() -> None:
    assert load_profile("nftables")["policy"] == "calico"


def test_a_name_on_two_axes_may_be_written_with_its_axis() -> None:
    profile = load_profile("calico+policy/cilium")
    assert (profile["policy-on-open"], profile["proxy"]) == ("cut", "iptables")


def test_cx_37_only_kube_network_policies_has_a_sourced_policy_delay() -> None:
    sourced = [b for b in bundle_names() if load_profile(b).clock("policy-sync").basis is Basis.SOURCED]
    assert sourced == ["kube-network-policies"]
    knp = load_profile("kube-network-policies")
    assert (knp.clock("policy-sync").ms, knp.clock("policy-sweep").ms) == (1000, 30_000)


def test_pd_26_vpc_cni_keeps_a_freed_address_for_30_seconds() -> None:
    assert load_profile("aws-vpc-cni").clock("ip-cooldown").ms == 30_000
    assert load_profile("calico").clock("ip-cooldown").ms == 0


def test_set_overrides_a_field_and_a_clock_and_says_who_chose_it() -> None:
    profile = load_profile("calico", {"host-network-pods": "selected", "clock.policy-sync": "1.5s"})
    assert profile.setting("host-network-pods").value == "selected"
    assert profile.setting("host-network-pods").basis is Basis.ASSUMED
    assert profile.clock("policy-sync").ms == 1500


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("calicoo", {}, "calicoo: no such profile; did you mean calico?"),
        ("calico+cilium", {}, "calico and cilium both set every axis"),
        ("calico+nftables+ipvs", {}, "nftables and ipvs both set proxy"),
        ("calico", {"prox": "nftables"}, "prox: no such field; did you mean proxy?"),
        ("calico", {"proxy": "nftable"}, "nftable: no such value of proxy; did you mean nftables?"),
        ("calico", {"clock.policy-syn": "1s"}, "policy-syn: no such clock; did you mean policy-sync?"),
        ("calico", {"clock.policy-sync": "fast"}, "clock.policy-sync=fast: not a duration"),
        ("calico", {"service-cidr": "10.0.0.1/8"}, "has host bits set"),
        ("calico", {"node-port-range": "many"}, "write it as 30000-32767"),
        ("", {}, "an empty name: no such profile"),
    ],
)
def test_what_there_is_not_is_refused_with_the_nearest_there_is(
    name: str, overrides: dict[str, str], message: str
) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(name, overrides)
    assert message in str(caught.value)


def test_what_the_user_chose_goes_along_to_another_profile() -> None:
    world = kwake.open(
        sample_path("small"), "calico", overrides={"host-network-pods": "selected", "clock.policy-sync": "1.5s"}
    )

    other = world.with_profile("cilium").profile

    assert other["host-network-pods"] == "selected"
    assert other.clock("policy-sync").ms == 1500
    assert other == load_profile("cilium", world.profile.chosen)
    assert other != load_profile("cilium")
