"""The cloud's side of a LoadBalancer Service: its address appears after a while, and goes after another (SV-16)."""

from __future__ import annotations

from kwake.cluster import Cluster, Record
from kwake.control.balancer_annotations import balancer_of
from kwake.control.changes import Changes, edited
from kwake.draws import Draws
from kwake.objects.kinds import Service
from kwake.profiles.profile import Profile

CLEANUP_FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
_RANGES = ("203.0.113.",)
"""TEST-NET-3 (RFC 5737), 254 addresses. TEST-NET-2 is where the clients outside are."""
_COUNT = 254
_STREAM = "load-balancer-ip"


def balancer_ready(record: Record, profile: Profile, draws: Draws) -> tuple[Record, Draws]:
    """The Service with an address of its load balancer: `loadBalancerIP` if it asks for one, else one from the ranges
    of documentation (assumed: which address a cloud gives is not knowable).

    Unchanged where the profile says that there is no load balancer. `Proxy` as ipMode where the cloud's does not keep
    the destination (SV-60).
    """
    if profile["lb"] == "none":
        return record, draws
    service = record.value
    assert isinstance(service, Service)
    balancer = balancer_of(service, profile)
    ip = service.spec.load_balancer_ip or balancer.asked_ip
    if not ip:
        first, _ = Draws(draws.seed).integer("load-balancer-range", _COUNT)
        given = draws.count(_STREAM)
        _, draws = draws.integer(_STREAM, _COUNT)
        number = (first + given) % _COUNT
        ip = f"{_RANGES[number // 254]}{number % 254 + 1}"
    mode = "Proxy" if balancer.kind in ("cloud-proxy", "node-ports-kept") else "VIP"
    manifest = record.manifest
    status = dict(manifest.get("status") or {})
    status["loadBalancer"] = {"ingress": [{"ip": ip, "ipMode": mode}]}
    manifest["status"] = status
    finalizers = manifest["metadata"].setdefault("finalizers", [])
    if CLEANUP_FINALIZER not in finalizers:
        finalizers.append(CLEANUP_FINALIZER)  # SV-17
    return edited(record, manifest), draws


def balancer_gone(cluster: Cluster, record: Record) -> Changes:
    """The cloud's load balancer is removed: the finalizer goes, and with it a Service that waited for it (SV-17).

    Of a Service deleted in this way its slices go too (EP-14).
    """
    manifest = record.manifest
    metadata = manifest["metadata"]
    finalizers = [name for name in metadata.get("finalizers") or () if name != CLEANUP_FINALIZER]
    if metadata.get("deletionTimestamp") and not finalizers:
        uid = record.value.metadata.uid
        slices = [
            item.key
            for item in cluster.slices_by_service.get(record.key, ())
            if any(owner.kind == "Service" and owner.uid == uid for owner in item.metadata.owner_references)
        ]
        return {record.key: None, **dict.fromkeys(slices)}
    metadata.pop("finalizers", None)
    if finalizers:
        metadata["finalizers"] = finalizers
    if manifest.get("status"):
        manifest["status"]["loadBalancer"] = {}
    return {record.key: edited(record, manifest)}
