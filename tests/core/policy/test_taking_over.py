"""What the policies of one cluster take over from those of the one before."""

from __future__ import annotations

import pytest

from kwake.objects.kinds import Pod
from kwake.policy.ends import PolicyEnd
from kwake.policy.policy_set import PolicySet, compile_policies
from kwake.profiles import load_profile
from tests.core.policy.changing_clusters import anew, changing
from tests.core.policy.random_clusters import OUTSIDE, PORTS


@pytest.mark.parametrize("seed", range(40))
def test_policies_that_follow_a_cluster_say_what_policies_compiled_anew_say(seed: int) -> None:
    # Given a cluster that changes object by object
    profile = load_profile("calico")
    for built in changing(seed, steps=6):
        # When its policies are compiled on those of the cluster before, and from nothing
        followed, fresh = compile_policies(built, profile), PolicySet(anew(built), profile)
        # Then they say the same of every pair
        ends = [PolicyEnd(pod, pod.ip, pod.spec.node_name) for pod in built.all(Pod)]
        ends += [PolicyEnd(None, address) for address in OUTSIDE]
        for source in ends:
            for destination in ends:
                for port in PORTS[:2]:
                    asked = source, destination, "TCP", port
                    assert followed.verdict(*asked) == fresh.verdict(*asked)


def test_a_policy_that_changes_leaves_those_of_other_namespaces_compiled() -> None:
    # Given policies of two namespaces, asked about
    profile = load_profile("calico")
    for built in changing(7, steps=4):
        policies = compile_policies(built, profile)
        before = {policy.key: policy for policy in policies.policies}
    # When a pod changes, then nothing is compiled again
    pod = next(item for item in built if isinstance(item.value, Pod))
    changed = built.with_changes({pod.key: None})
    assert before
    assert all(before[policy.key] is policy for policy in compile_policies(changed, profile).policies)
