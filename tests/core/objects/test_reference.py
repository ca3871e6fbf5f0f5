"""References, and what is told of those that name nothing."""

from __future__ import annotations

import pytest

import kwake
from kwake.errors import ReferenceNotFound
from kwake.samples import sample_path


def test_a_workload_of_another_kind_is_what_a_name_most_likely_means() -> None:
    cluster = kwake.open(sample_path("shop"), seed=7).cluster

    with pytest.raises(ReferenceNotFound, match="did you mean DaemonSet/ops/node-agent"):
        cluster.resolve("deploy/ops/node-agent")
    with pytest.raises(ReferenceNotFound, match="did you mean Service/"):
        cluster.resolve("svc/ops/node-agent")
