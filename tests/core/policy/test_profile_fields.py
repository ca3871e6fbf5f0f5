"""What the API leaves to plugins: ranges of ports and SCTP, by the profile's fields."""

from __future__ import annotations

import pytest

from kwake.objects.basis import Basis
from kwake.policy.reach import reach
from kwake.profiles import bundle_names, load_profile
from tests.core.policy.clusters import ask, cluster, namespace, pod, policy

PODS = (pod("shop/web", ip="10.0.0.1", app="web"), pod("shop/db", ip="10.0.0.2", app="db"), namespace("shop"))


def into_db(*ports: dict[str, object]) -> dict[str, object]:
    spec = {"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"ports": list(ports)}]}
    return policy("shop/into-db", spec)


RANGE = into_db({"port": 80, "endPort": 90})


@pytest.mark.parametrize(("value", "last"), [("enforced", True), ("first-port", False)])
@pytest.mark.rule("CX-38")
def test_a_plugin_without_end_port_reads_the_first_port_only(value: str, last: bool) -> None:
    of = cluster(*PODS, RANGE)
    assert ask(of, "shop/web", "shop/db", 80, end_port=value).allowed is True
    assert ask(of, "shop/web", "shop/db", 90, end_port=value).allowed is last
    [pair] = [p for p in reach(of, load_profile("calico", {"end-port": value}), "pod").pairs if p.src == "shop/web[Pod]"
              and p.dst == "shop/db[Pod]"]  # fmt: skip
    assert str(pair.connections) == ("TCP 80-90" if last else "TCP 80")


def test_an_answer_that_rests_on_a_range_is_as_sure_as_the_plugins_support_for_it() -> None:
    of = cluster(*PODS, RANGE)
    assert ask(of, "shop/web", "shop/db", 85).basis is Basis.SOURCED
    assert ask(of, "shop/web", "shop/db", 85, profile="kindnet").basis is Basis.ASSUMED
    assert (
        ask(cluster(*PODS, into_db({"port": 85})), "shop/web", "shop/db", 85, profile="kindnet").basis is Basis.SOURCED
    )


def test_sctp_of_pods_that_a_policy_selects_is_unknown_where_the_plugin_may_not_judge_it() -> None:
    of = cluster(*PODS, into_db({"protocol": "SCTP", "port": 80}, {"port": 80}))
    assert ask(of, "shop/web", "shop/db", 80, "SCTP").allowed is True
    assert ask(of, "shop/web", "shop/db", 81, "SCTP").allowed is False
    unsure = ask(of, "shop/web", "shop/db", 81, "SCTP", sctp_policies="unknown")
    assert (unsure.allowed, unsure.ingress.reason) == (None, "whether policies judge SCTP under this CNI is not known")
    assert ask(of, "shop/web", "shop/db", 80, sctp_policies="unknown").allowed is True
    assert ask(of, "shop/db", "shop/web", 80, "SCTP", sctp_policies="unknown").allowed is True
    found = reach(of, load_profile("calico", {"sctp-policies": "unknown"}), "pod")
    assert [(u.src, u.dst) for u in found.unknown if "[" in u.src] == [("shop/web[Pod]", "shop/db[Pod]")]
    assert [str(p.connections) for p in found.pairs if (p.src, p.dst) == ("shop/web[Pod]", "shop/db[Pod]")] == [
        "TCP 80"
    ]


@pytest.mark.parametrize("bundle", bundle_names())
@pytest.mark.parametrize(
    "field",
    [
        "admin-tiers",
        "end-port",
        "sctp-policies",
        "host-network-pods",
        "ipblock-matches-pods",
        "ipblock-matches-nodes",
    ],
)
def test_every_field_that_the_api_leaves_open_has_a_citation(bundle: str, field: str) -> None:
    setting = load_profile(bundle).setting(field)
    assert len(setting.source) >= len("CX-38"), (bundle, field)
