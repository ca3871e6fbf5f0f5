"""What traffic meets at a moment: the pods that really are, and what each component has taken in so far."""

from __future__ import annotations

import msgspec

from kwake.cluster import Cluster
from kwake.profiles.profile import Profile


class View(msgspec.Struct, frozen=True, eq=False):
    """Everything that a trace reads. When the world has settled the clusters are one and the same object."""

    cluster: Cluster
    """The API's truth, and with it the pods and nodes that there really are."""
    proxy: Cluster
    """What the Service proxies of all nodes work from (Services, EndpointSlices)."""
    policy: Cluster
    """What the policy agents of all nodes work from (NetworkPolicies, labels, pod addresses)."""
    dns: Cluster
    """What the cluster's DNS answers from."""
    balancer: Cluster
    """What the cloud's load balancers are set up from."""
    profile: Profile
    now_ms: int = 0
    stopped: frozenset[str] = frozenset()
    """UIDs of pods whose containers are down at this moment: the address is there, nobody listens."""
    exits: dict[str, str] = {}
    """How the processes of pods that are gone ended, by pod UID: `graceful`, `killed` or `lost`."""
    environments: dict[str, Cluster] = {}
    """By pod UID: the cluster whose Services its containers found in their environment (DN-22); by `UID/container` for
    one that started again since. Absent: `cluster`."""
    lost: frozenset[str] = frozenset()
    """Nodes whose machine is off: they answer nobody and pass nothing on."""


def settled_view(cluster: Cluster, profile: Profile) -> View:
    """The view when every component has taken in the cluster as it is."""
    return View(cluster, cluster, cluster, cluster, cluster, profile)
