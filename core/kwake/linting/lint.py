"""What people get wrong in NetworkPolicies and Services: every lint, over one cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kwake.cluster import Cluster
from kwake.linting.additions import addition_findings
from kwake.linting.addresses import address_findings, hidden_client_findings
from kwake.linting.api_server import api_server_findings
from kwake.linting.callers import outside_findings, server_findings
from kwake.linting.clients import client_findings
from kwake.linting.dns import dns_findings
from kwake.linting.enforcement import enforcement_findings
from kwake.linting.halves import half_findings
from kwake.linting.host_names import host_name_findings
from kwake.linting.ingresses import ingress_findings
from kwake.linting.monitors import monitor_findings
from kwake.linting.node_local_dns import node_local_dns_findings
from kwake.linting.passing_labels import passing_label_findings, passing_service_findings
from kwake.linting.peers import peer_findings
from kwake.linting.pod_names import pod_name_findings
from kwake.linting.ports import port_findings
from kwake.linting.scene import Scene
from kwake.linting.selecting import selecting_findings
from kwake.linting.services import service_findings
from kwake.linting.shapes import Shapes
from kwake.linting.tier_peers import tier_peer_findings
from kwake.linting.tiers import tier_findings
from kwake.linting.types import type_findings
from kwake.linting.webhooks import webhook_findings
from kwake.objects.finding import Finding
from kwake.objects.key import Key
from kwake.objects.kinds import (
    AdminNetworkPolicy,
    BaselineAdminNetworkPolicy,
    ClusterNetworkPolicy,
    KubeObject,
    NetworkPolicy,
)
from kwake.profiles.profile import Profile

JUDGED: tuple[type[KubeObject], ...] = (
    NetworkPolicy,
    AdminNetworkPolicy,
    BaselineAdminNetworkPolicy,
    ClusterNetworkPolicy,
)
"""What is looked at."""

LINTS: tuple[Callable[[Scene], Iterator[Finding]], ...] = (
    selecting_findings,
    passing_label_findings,
    type_findings,
    peer_findings,
    port_findings,
    dns_findings,
    address_findings,
    hidden_client_findings,
    server_findings,
    api_server_findings,
    node_local_dns_findings,
    addition_findings,
    half_findings,
    outside_findings,
    client_findings,
    tier_findings,
    tier_peer_findings,
    enforcement_findings,
)


def lint(cluster: Cluster, profile: Profile, only: Key | None = None) -> Iterator[Finding]:
    """What is probably a mistake in the policies, as a profile's CNI enforces them; with `only` at least all that is
    found about that one, and not everything about others."""
    if not any(cluster.all(kind) for kind in JUDGED):
        return
    scene = Scene(cluster, profile, only)
    for findings in LINTS:
        yield from findings(scene)


def lint_services(cluster: Cluster) -> Iterator[Finding]:
    """What is probably a mistake in the Services, whatever the CNI."""
    among = Shapes(cluster)
    yield from service_findings(among)
    yield from passing_service_findings(among)
    yield from pod_name_findings(among)
    yield from ingress_findings(among)
    yield from webhook_findings(among)
    yield from monitor_findings(among)
    yield from host_name_findings(among)
