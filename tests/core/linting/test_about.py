"""What is found about one object alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kwake
from kwake.actions import Patch
from kwake.cluster import Cluster
from kwake.findings import about, check
from kwake.linting.lint import JUDGED, lint
from kwake.profiles.profile import Profile
from kwake.samples import sample_path

FOLDERS = ("argo-cd", "bookinfo", "network-policy-recipes", "online-boutique")


def _same_as_among_all(cluster: Cluster, profile: Profile) -> int:
    found, of_policies = set(check(cluster, profile)), list(lint(cluster, profile))
    count = 0
    for item in cluster:
        told = about(cluster, profile, item.key)
        assert set(told) <= found
        if isinstance(item.value, JUDGED):
            assert set(told) == {finding for finding in of_policies if finding.subject == str(item.key)}
        count += len(told)
    return count


@pytest.mark.parametrize("folder", FOLDERS)
def test_it_is_what_is_found_about_it_among_all(folder: str, truth: Path) -> None:
    world = kwake.open(truth / "real-manifests" / folder, lenient=True)

    _same_as_among_all(world.cluster, world.profile)


def test_a_policy_and_a_service_that_were_edited_say_what_is_wrong_with_them() -> None:
    world = kwake.open(sample_path("shop"), seed=7)
    assert _same_as_among_all(world.cluster, world.profile) == 0
    patches: dict[str, dict[str, Any]] = {
        "netpol/shop/allow-web": {"spec": {"podSelector": {"matchLabels": {"app": "check-out"}}}},
        "netpol/shop/sessions-from-backends": {"spec": {"policyTypes": ["Egress"]}},
        "svc/shop/cart": {"spec": {"selector": {"app": "carts"}}},
    }
    for name, patch in patches.items():
        world = world.do(Patch(name, patch)).settle()
        key = world.cluster.get(name).key
        assert about(world.cluster, world.profile, key), f"{name} is quiet"

    assert _same_as_among_all(world.cluster, world.profile) >= 3
