"""The EndpointSlice controller: the slices of a Service as it would write them (EP-1..EP-19)."""

from __future__ import annotations

from typing import Any

from kwake.cluster import Cluster, Record, record
from kwake.control.changes import Changes, edited
from kwake.control.desired_endpoints import (
    ZONE_LABEL,
    Endpoint,
    PortSet,
    desired_endpoints,
    families_of,
    parsed_address,
    wants_topology_hints,
)
from kwake.control.zone_hints import are_kept, hinted, zone_shares
from kwake.draws import Draws
from kwake.objects.document import Manifest
from kwake.objects.key import Key, key
from kwake.objects.kinds import HEADLESS_LABEL, MANAGED_BY_LABEL, SERVICE_NAME_LABEL, Service

CONTROLLER = "endpointslice-controller.k8s.io"
MIRRORING_CONTROLLER = "endpointslicemirroring-controller.k8s.io"
MAX_ENDPOINTS = 100
"""Endpoints a slice, the controller's default (EP-11)."""
_RESERVED_LABELS = (HEADLESS_LABEL, MANAGED_BY_LABEL, SERVICE_NAME_LABEL)


def is_frozen(service: Service) -> bool:
    """Whether the controller leaves the Service's slices as they are: no selector, or ExternalName (EP-12)."""
    return not service.spec.selector or service.spec.type == "ExternalName"


def service_slices(
    cluster: Cluster, service: Service, draws: Draws, *, prefer_same: bool = True
) -> tuple[Changes, Draws]:
    """What the controller writes for a Service now; empty if all is as it should be.

    Slices that it does not manage stay untouched (EP-15), those owned by an earlier Service of this name go (EP-14).
    Endpoints stay in the slice that lists them; new ones fill a slice that changes anyway, then one with room, then a
    new one. `prefer_same` False is a cluster without the gate PreferSameTrafficDistribution (before 1.34, EP-18).
    """
    if is_frozen(service) or service.metadata.deletion_timestamp is not None:
        return {}, draws
    managed = [
        item
        for item in cluster.slices_by_service.get(service.key, ())
        if item.metadata.labels.get(MANAGED_BY_LABEL) == CONTROLLER
    ]
    families = families_of(service)
    changes: Changes = {item.key: None for item in managed if item.address_type not in families}
    for family in families:
        existing = [cluster.record(item.key) for item in managed if item.address_type == family]
        desired = desired_endpoints(cluster, service, family, prefer_same=prefer_same)
        if wants_topology_hints(service):
            desired = _zone_hinted(cluster, existing, desired)
        written, draws = _reconcile_family(cluster, service, family, existing, desired, draws)
        changes.update(written)
    return changes, draws


def _zone_hinted(
    cluster: Cluster, existing: list[Record], desired: dict[PortSet, list[Endpoint]]
) -> dict[PortSet, list[Endpoint]]:
    """The endpoints with hints by the zones' CPU (EP-19). Those that they have stay while they are within bounds, and
    where the snapshot does not tell the nodes' CPU."""
    had = {_identity(e): e.get("hints") for item in existing for e in item.manifest.get("endpoints") or ()}
    kept = {
        ports: [{**e, "hints": had[_identity(e)]} if had.get(_identity(e)) else e for e in endpoints]
        for ports, endpoints in desired.items()
    }
    shares = zone_shares(cluster)
    every = [endpoint for endpoints in kept.values() for endpoint in endpoints]
    if not shares.is_known or are_kept(every, shares):
        return kept
    fresh = iter(hinted(every, shares)[0])
    return {ports: [next(fresh) for _ in endpoints] for ports, endpoints in desired.items()}


def _reconcile_family(
    cluster: Cluster,
    service: Service,
    family: str,
    existing: list[Record],
    desired: dict[PortSet, list[Endpoint]],
    draws: Draws,
) -> tuple[Changes, Draws]:
    changes: Changes = {}
    by_ports: dict[PortSet, list[Record]] = {}
    for item in existing:
        if _owned(item, service):
            by_ports.setdefault(_ports_of(item.manifest), []).append(item)
        else:
            changes[item.key] = None
    created: list[Manifest] = []
    for ports in sorted(desired):
        written, new = _reconcile_ports(service, family, ports, by_ports.pop(ports, []), desired[ports])
        changes.update(written)
        created += new
    for unwanted in by_ports.values():
        changes.update({item.key: None for item in unwanted})
    gone = [item for item in existing if changes.get(item.key, item) is None]
    if len(gone) == len(existing) and not created:
        placeholder = _new_slice(service, family, ())
        if len(gone) == 1 and _is_placeholder(gone[0], placeholder):
            del changes[gone[0].key]
        else:
            created.append(placeholder)
    for manifest in created:
        made, draws = _named(cluster, service, manifest, draws, f"made for Service {service.metadata.name}")
        changes[made.key] = made
    return changes, draws


def _reconcile_ports(
    service: Service, family: str, ports: PortSet, existing: list[Record], wanted: list[Endpoint]
) -> tuple[Changes, list[Manifest]]:
    """The slices of one set of ports: what is written of those there are, and new ones without a name."""
    left = {_identity(endpoint): endpoint for endpoint in wanted}
    changes: Changes = {}
    touched: dict[Key, Manifest] = {}
    untouched: dict[Key, Manifest] = {}
    records = {item.key: item for item in existing}
    for item in existing:
        manifest = item.manifest
        before: list[Endpoint] = manifest.get("endpoints") or []
        after = [left.pop(_identity(e), None) for e in before]
        kept = [endpoint for endpoint in after if endpoint is not None]
        if not kept:
            changes[item.key] = None
            continue
        relabelled = _own_labels(manifest) != _own_labels({"metadata": {"labels": service.metadata.labels}})
        manifest["endpoints"] = kept
        if relabelled or [_comparable(e) for e in before] != [_comparable(e) for e in kept]:
            touched[item.key] = manifest
        else:
            untouched[item.key] = manifest
    rest = list(left.values())
    for manifest in sorted(touched.values(), key=lambda m: -len(m["endpoints"])):
        room = MAX_ENDPOINTS - len(manifest["endpoints"])
        manifest["endpoints"] += rest[:room]
        rest = rest[room:]
    created: list[Manifest] = []
    while rest:
        chunk, rest = rest[:MAX_ENDPOINTS], rest[MAX_ENDPOINTS:]
        roomy = [(len(m["endpoints"]), k) for k, m in untouched.items() if len(m["endpoints"]) + len(chunk) <= 100]
        if roomy and len(chunk) < MAX_ENDPOINTS:
            chosen = max(roomy)[1]
            touched[chosen] = untouched.pop(chosen)
            touched[chosen]["endpoints"] += chunk
        else:
            manifest = _new_slice(service, family, ports)
            manifest["endpoints"] = chunk
            created.append(manifest)
    for slice_key, manifest in touched.items():
        manifest["metadata"]["labels"] = _labels(service)
        changes[slice_key] = edited(records[slice_key], manifest)
    return changes, created


def _owned(item: Record, service: Service) -> bool:
    """By uid: a Service made again under the same name does not take over the slices of the old one (EP-14)."""
    owners = item.value.metadata.owner_references
    return any(owner.kind == "Service" and owner.uid == service.metadata.uid for owner in owners)


def _identity(endpoint: Endpoint) -> tuple[Any, ...]:
    """What makes an endpoint the same one (`k8s:staging/src/k8s.io/endpointslice/util/endpointset.go`)."""
    target = endpoint.get("targetRef") or {}
    addresses = tuple(sorted(str(parsed_address(a) or a) for a in endpoint.get("addresses") or ()))
    return addresses, endpoint.get("hostname") or "", target.get("namespace"), target.get("name")


def _comparable(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint without what the controller does not compare: versions of the target, addresses' spelling."""
    target = endpoint.get("targetRef") or {}
    conditions = endpoint.get("conditions") or {}
    is_ready = conditions.get("ready", True)
    return {
        "id": _identity(endpoint),
        "conditions": (is_ready, conditions.get("serving", is_ready), conditions.get("terminating", False)),
        "node": endpoint.get("nodeName"),
        "zone": endpoint.get("zone"),
        "uid": target.get("uid"),
        "hints": endpoint.get("hints") or {},
    }


def _ports_of(manifest: Manifest) -> PortSet:
    ports = manifest.get("ports") or ()
    return tuple(
        sorted(
            (p.get("name") or "", p.get("protocol") or "TCP", p.get("port") or 0, p.get("appProtocol") or "")
            for p in ports
        )
    )


def _own_labels(manifest: Manifest) -> dict[str, str]:
    """Labels that are compared; a change of headless-ness alone rewrites nothing (EP-17)."""
    labels = (manifest.get("metadata") or {}).get("labels") or {}
    return {name: value for name, value in labels.items() if name not in _RESERVED_LABELS}


def _labels(service: Service) -> dict[str, str]:
    labels = {name: value for name, value in service.metadata.labels.items() if name not in _RESERVED_LABELS}
    if not service.spec.cluster_ip or service.is_headless:
        labels[HEADLESS_LABEL] = ""  # EP-16
    return {**labels, SERVICE_NAME_LABEL: service.metadata.name, MANAGED_BY_LABEL: CONTROLLER}


def _new_slice(service: Service, family: str, ports: PortSet, controller: str = CONTROLLER) -> Manifest:
    """An empty slice without a name."""
    owner = {
        "apiVersion": "v1",
        "kind": "Service",
        "name": service.metadata.name,
        "uid": service.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{service.metadata.name}-",
            "namespace": service.metadata.namespace,
            "labels": {**_labels(service), MANAGED_BY_LABEL: controller},
            "ownerReferences": [owner],
        },
        "addressType": family,
        "endpoints": [],
        "ports": [
            {"name": name, "port": number, "protocol": protocol} | ({"appProtocol": app} if app else {})
            for name, protocol, number, app in ports
        ],
    }


def _is_placeholder(item: Record, placeholder: Manifest) -> bool:
    manifest = item.manifest
    return (
        not manifest.get("endpoints")
        and not manifest.get("ports")
        and (manifest["metadata"].get("labels") or {}) == placeholder["metadata"]["labels"]
    )


def _named(cluster: Cluster, service: Service, manifest: Manifest, draws: Draws, made: str) -> tuple[Record, Draws]:
    """The slice with a name that no other has, and a uid."""
    metadata = manifest["metadata"]
    stream = f"slice/{service.metadata.namespace}/{service.metadata.name}"
    while True:
        suffix, draws = draws.word(stream, 5)
        name = metadata["generateName"] + suffix
        if key("EndpointSlice", service.metadata.namespace, name) not in cluster:
            break
    uid, draws = draws.uid(stream)
    manifest["metadata"] = {"name": name, **metadata, "uid": uid}
    return record(manifest, made=made), draws


def missing_slices(cluster: Cluster, draws: Draws) -> tuple[Changes, Draws]:
    """At open: slices for each Service that has none, from its legacy Endpoints if there are, else from its pods.

    EP-12 does not hold back here: these slices stand for those that the snapshot does not show.
    """
    changes: Changes = {}
    for service in cluster.all(Service):
        if cluster.slices_by_service.get(service.key):
            continue
        namespace, name = service.metadata.namespace, service.metadata.name
        legacy = cluster.find(key("Endpoints", namespace, name))
        if legacy is not None:
            written, draws = _from_endpoints(cluster, service, legacy, draws)
            note = "inferred from Endpoints: the snapshot has no EndpointSlice for this Service"
        else:
            written, draws = service_slices(cluster, service, draws)
            note = "inferred: the snapshot has no EndpointSlice for this Service"
        changes.update({k: r and Record(r.document, r.value, note) for k, r in written.items()})
    return changes, draws


def _from_endpoints(cluster: Cluster, service: Service, legacy: Record, draws: Draws) -> tuple[Changes, Draws]:
    """Slices that say what a legacy Endpoints object says: one a subset and family, as the mirroring controller cuts
    them (`k8s:pkg/controller/endpointslicemirroring/reconciler.go`)."""
    controller = MIRRORING_CONTROLLER if is_frozen(service) else CONTROLLER
    changes: Changes = {}
    for subset in legacy.manifest.get("subsets") or ():
        ports: PortSet = tuple(
            sorted(
                (p.get("name") or "", p.get("protocol") or "TCP", p["port"], p.get("appProtocol") or "")
                for p in subset.get("ports") or ()
            )
        )
        listed = [(address, True) for address in subset.get("addresses") or ()]
        listed += [(address, False) for address in subset.get("notReadyAddresses") or ()]
        for family, version in (("IPv4", 4), ("IPv6", 6)):
            endpoints = [
                _mirrored(cluster, address, is_ready)
                for address, is_ready in listed
                if (parsed := parsed_address(str(address.get("ip")))) is not None and parsed.version == version
            ]
            for start in range(0, len(endpoints), MAX_ENDPOINTS):
                manifest = _new_slice(service, family, ports, controller)
                manifest["endpoints"] = endpoints[start : start + MAX_ENDPOINTS]
                made, draws = _named(cluster, service, manifest, draws, "")
                changes[made.key] = made
    return changes, draws


def _mirrored(cluster: Cluster, address: dict[str, Any], is_ready: bool) -> Endpoint:
    """One address of an Endpoints object. It does not say whether a pod is terminating; its zone is the node's."""
    endpoint: Endpoint = {
        "addresses": [address["ip"]],
        "conditions": {"ready": is_ready, "serving": is_ready, "terminating": False},
    }
    for field in ("targetRef", "nodeName", "hostname"):
        if address.get(field):
            endpoint[field] = address[field]
    node = cluster.node(address.get("nodeName") or "")
    if node is not None and ZONE_LABEL in node.metadata.labels:
        endpoint["zone"] = node.metadata.labels[ZONE_LABEL]
    return endpoint
