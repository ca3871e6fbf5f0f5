"""What the API server would refuse about one object, whatever else is in the cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from kwake.cluster import Record
from kwake.control.admission_addresses import node_violations, slice_violations
from kwake.control.admission_fields import unknown_policy_fields, unknown_service_fields
from kwake.control.admission_names import (
    NameRule,
    dns_1035_label,
    dns_label,
    dns_subdomain,
    label_value,
    path_segment,
    qualified_name,
)
from kwake.control.admission_pods import pod_violations, strategy_violations, workload_violations
from kwake.control.admission_policies import policy_violations
from kwake.control.admission_services import service_violations
from kwake.control.admission_tiers import tier_violations
from kwake.control.violation import Violation, invalid
from kwake.objects.document import Manifest
from kwake.objects.key import GROUP_OF_KIND
from kwake.objects.kinds import (
    MODELLED,
    AdminPolicy,
    EndpointSlice,
    KubeObject,
    Namespace,
    NetworkPolicy,
    Node,
    OwnerReference,
    Pod,
    ReplicationController,
    Service,
    Unmodelled,
    Workload,
)

__all__ = ["Violation", "record_violations", "violations"]

MOST_ANNOTATED = 256 * 1024
"""Bytes of all keys and values of an object's annotations."""

_NAME_RULES: dict[type[KubeObject], NameRule] = {
    Service: dns_1035_label,
    Namespace: dns_label,
    Unmodelled: path_segment,
}
"""By kind; all others are DNS subdomains."""

_VERSIONS: dict[str, tuple[str, ...]] = {
    "NetworkPolicy": ("networking.k8s.io/v1", "extensions/v1beta1"),
    "AdminNetworkPolicy": ("policy.networking.k8s.io/v1alpha1",),
    "BaselineAdminNetworkPolicy": ("policy.networking.k8s.io/v1alpha1",),
    "ClusterNetworkPolicy": ("policy.networking.k8s.io/v1alpha2",),
    "Pod": ("v1",),
    "Service": ("v1",),
    "Namespace": ("v1",),
    "Node": ("v1",),
}
"""The versions that any Kubernetes ever served; an object of another one would be left out in silence."""

_POLICY_GROUPS: dict[str, frozenset[str]] = {
    "networking.k8s.io": frozenset(
        {"NetworkPolicy", "Ingress", "IngressClass", "ClusterCIDR", "IPAddress", "ServiceCIDR"}
    ),
    "policy.networking.k8s.io": frozenset(
        {"AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy", "ExternalNetworkSet"}
    ),
}
"""All kinds that the groups of policies ever had: another one there may be a policy whose kind is misspelt."""
_KINDS = {kind.lower(): kind for kind in GROUP_OF_KIND}


def violations(value: KubeObject, manifest: Manifest) -> tuple[Violation, ...]:
    """Every rule that an object breaks, in the order of its fields; empty if the API server would take it.

    `reported` ones are found in real dumps: a snapshot is taken in with them, an Apply is not.
    """
    return (*_version(value), *_metadata(value), *_spec(value, manifest))


def record_violations(item: Record) -> tuple[Violation, ...]:
    """The same of a record. The manifests of the kinds that come in thousands are not read again: what is asked of
    them their typed values answer."""
    manifest = {} if isinstance(item.value, Pod | EndpointSlice) else item.manifest
    return violations(item.value, manifest)


def _spec(value: KubeObject, manifest: Manifest) -> Iterator[Violation]:
    match value:
        case NetworkPolicy():
            yield from policy_violations(value)
            yield from unknown_policy_fields(manifest)
        case AdminPolicy():
            yield from tier_violations(value, manifest)
            yield from unknown_policy_fields(manifest)
        case Service():
            yield from service_violations(value)
            yield from unknown_service_fields(manifest)
        case Pod():
            yield from pod_violations(value)
        case Node():
            yield from node_violations(value)
        case EndpointSlice():
            yield from slice_violations(value)
        case Workload() | ReplicationController():
            yield from workload_violations(value)
            yield from strategy_violations(manifest)


def _version(value: KubeObject) -> Iterator[Violation]:
    """A kind of Kubernetes' own in a group or version that never had it."""
    group = value.api_version.rpartition("/")[0]
    own_group = "." not in group or group.endswith(".k8s.io")
    versions = _VERSIONS.get(value.kind)
    known = value.api_version in versions if versions else value.kind not in MODELLED or type(value) is not Unmodelled
    if value.kind in GROUP_OF_KIND and own_group and not known:
        words = f'no matches for kind "{value.kind}" in version "{value.api_version}"'
        yield Violation(("apiVersion",), words)
    elif type(value) is Unmodelled and value.kind not in GROUP_OF_KIND and _is_misspelt(value.kind, group):
        yield Violation(("kind",), f'no matches for kind "{value.kind}" in version "{value.api_version}"')


def _is_misspelt(kind: str, group: str) -> bool:
    """Whether a group of Kubernetes' own never had a kind of this name: `networkpolicy`, `NetworkPolcy`, `pod`."""
    meant = _KINDS.get(kind.lower())
    return kind not in _POLICY_GROUPS.get(group, {kind}) or (meant is not None and GROUP_OF_KIND[meant] == group)


def _metadata(value: KubeObject) -> Iterator[Violation]:
    metadata = value.metadata
    rule = _NAME_RULES.get(type(value), dns_subdomain)
    path = ("metadata", "name")
    for words in rule(metadata.name):
        yield invalid(path, metadata.name, words, "reported")
    if metadata.generate_name:
        for words in _of_prefix(rule, metadata.generate_name):
            yield invalid(("metadata", "generateName"), metadata.generate_name, words, "reported")
    if metadata.namespace:
        path = ("metadata", "namespace")
        for words in dns_label(metadata.namespace):
            yield invalid(path, metadata.namespace, words, "reported")
    for key, text in metadata.labels.items():
        for words in qualified_name(key):
            yield invalid(("metadata", "labels", key), key, words)
        for words in label_value(text):
            yield invalid(("metadata", "labels", key), text, words)
    yield from _annotations(metadata.annotations)
    yield from _owners(metadata.owner_references)
    for at, finalizer in enumerate(metadata.finalizers):
        for words in qualified_name(finalizer):
            yield invalid(("metadata", "finalizers", at), finalizer, words, "reported")


@lru_cache(maxsize=1 << 12)
def _of_prefix(rule: NameRule, prefix: str) -> tuple[str, ...]:
    """What is wrong with a `generateName`, which pods share: what follows its hyphen is still to come."""
    return tuple(rule(re.sub(r".?-$", "a", prefix)))


def _annotations(annotations: dict[str, str]) -> Iterator[Violation]:
    size = 0
    for key, text in annotations.items():
        size += len(key) + len(text)
        for words in qualified_name(key.lower()):
            yield invalid(("metadata", "annotations", key), key, words, "reported")
    if size > MOST_ANNOTATED // 4:  # of the characters that UTF-8 has, none is longer than four bytes
        size = sum(len(key.encode()) + len(text.encode()) for key, text in annotations.items())
    if size > MOST_ANNOTATED:
        words = f"Too long: may not be more than {MOST_ANNOTATED} bytes"
        yield Violation(("metadata", "annotations"), words, "reported")


def _owners(owners: tuple[OwnerReference, ...]) -> Iterator[Violation]:
    for at, owner in enumerate(owners):
        where = ("metadata", "ownerReferences", at)
        if not owner.api_version or owner.api_version.endswith("/"):
            yield invalid((*where, "apiVersion"), owner.api_version, "version must not be empty", "reported")
        for field, text in (("kind", owner.kind), ("name", owner.name), ("uid", owner.uid)):
            if not text:
                yield invalid((*where, field), "", "must not be empty", "reported")
        if owner.kind == "Event" and owner.api_version == "v1":
            yield Violation(where, "Invalid value: /v1, Kind=Event is disallowed from being an owner", "reported")
    controllers = [f"{owner.kind}/{owner.name}" for owner in owners if owner.controller]
    if len(controllers) > 1:
        words = (
            f'Only one reference can have Controller set to true. Found "true" in references for {controllers[0]}'
            f" and {controllers[1]}"
        )
        yield Violation(("metadata", "ownerReferences"), words, "reported")
