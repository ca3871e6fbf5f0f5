"""What the API server stores when a Service is created, put or patched (SV-1 to SV-15)."""

from __future__ import annotations

import msgspec

from kwake.cluster import Cluster, Record
from kwake.control.service_allocation import (
    Taken,
    allocate_cluster_ips,
    allocate_families,
    allocate_ports,
    node_port_range,
    service_range,
    taken,
)
from kwake.control.service_defaults import fill_defaults, normalise_cluster_ips, patch_allocated
from kwake.control.service_types import Spec, recreated, set_type_patch, wipe_type_dependent
from kwake.control.service_validation import validate, validate_cluster_ips
from kwake.draws import Draws
from kwake.objects.document import Manifest
from kwake.objects.key import key
from kwake.objects.kinds import Service
from kwake.profiles.profile import Profile

__all__ = ["Taken", "admit", "node_port_range", "recreated", "service_range", "set_type_patch", "taken"]


def admit(
    cluster: Cluster,
    manifest: Manifest,
    old: Record | None,
    how: str,
    profile: Profile,
    draws: Draws,
    within: Cluster | None = None,
    held: Taken | None = None,
) -> tuple[Manifest, Draws]:
    """The Service as stored, and the draws after it. Raises Rejected with the API server's reason and field.

    `how` is `create`, `put` or `patch`; for a patch the manifest is already merged with the old one, so the API server
    treats both alike: what differs is what the merged manifest still carries († in SV-10). The order is its own: keep
    allocated values, normalise, allocate, wipe what the type does not have, validate. Numbers in use are read off the
    cluster's Services; nothing is given back before the new object is stored (SV-10). `within` is a snapshot whose
    Services say where its ranges are, beyond what the profile says; `held` the numbers of all other Services, where
    whoever asks keeps them.
    """
    stored: Manifest = msgspec.json.decode(msgspec.json.encode(manifest))
    spec = _without_nulls(stored.get("spec") or {})
    stored["spec"] = spec
    metadata = stored.get("metadata") or {}
    own = key("Service", metadata.get("namespace") or "default", metadata.get("name") or "")
    before: Spec | None = None
    if old is not None and how != "create":
        before = old.manifest.get("spec") or {}
        # Defaults that an older server did not write hold for what it stored, too (`stor` defaultOnRead).
        fill_defaults(before)
        normalise_cluster_ips(before, None)
    fill_defaults(spec)
    if before is not None:
        patch_allocated(spec, before)
    normalise_cluster_ips(spec, before)
    found = service_range(within if within is not None else cluster, profile)
    if _can_allocate(spec):
        validate_cluster_ips(str(own), spec)
        allocate_families(spec, before, found, str(own))
        others = held if held is not None else taken(cluster.all(Service), own)
        draws = allocate_cluster_ips(spec, before, others.addresses, found, own, draws)
        draws = allocate_ports(spec, before, others.ports, node_port_range(profile, within), own, draws)
    if before is not None:
        wipe_type_dependent(spec, before)
        _keep_status(stored, spec, before)
    else:
        stored.pop("status", None)
        stored["status"] = {"loadBalancer": {}}
    validate(str(own), stored, before, is_request=within is None)
    return stored, draws


def _can_allocate(spec: Spec) -> bool:
    """Whether ports are readable; if not, validation says what is wrong with them."""
    ports = spec.get("ports") or []
    return isinstance(ports, list) and all(isinstance(port, dict) for port in ports)


def _keep_status(stored: Manifest, spec: Spec, before: Spec) -> None:
    """A load balancer's address leaves the status in the same write that leaves the type (SV-16)."""
    if before["type"] == "LoadBalancer" and spec["type"] != "LoadBalancer":
        stored["status"] = {**(stored.get("status") or {}), "loadBalancer": {}}


def _without_nulls(spec: Spec) -> Spec:
    """`null` reads as absent."""
    return {name: value for name, value in spec.items() if value is not None}
