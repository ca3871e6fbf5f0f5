"""Policies of kinds that kwake does not read: which pods they may select, so that those become unknown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import msgspec

from kwake.cluster import Cluster, Record
from kwake.objects.document import Manifest
from kwake.objects.key import Key
from kwake.objects.kinds import Pod, Unmodelled
from kwake.objects.selector import Labels, LabelSelector, Requirement
from kwake.objects.unread_kind import UnreadKind
from kwake.policy.ends import EGRESS, INGRESS

CLUSTER_WIDE = frozenset({"CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy", "AdminNetworkPolicy",
                          "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"})  # fmt: skip
"""Kinds of these that belong to no namespace."""


class UnreadPolicy(msgspec.Struct, frozen=True):
    """Whom such a policy may select. What cannot be read widens it, never narrows it."""

    key: Key
    directions: frozenset[str]
    namespace: str = ""
    """Empty for all."""
    pods: LabelSelector = LabelSelector()
    namespaces: LabelSelector = LabelSelector()
    is_missing: bool = False
    """Whether it stands for all policies of its kind, which may not be read where the cluster was."""

    def may_select(self, pod: Pod, namespace_labels: Labels, direction: str) -> bool:
        """Whether it may judge the pod in this direction."""
        return (
            direction in self.directions
            and self.namespace in ("", pod.metadata.namespace)
            and self.namespaces.matches(namespace_labels)
            and self.pods.matches(pod.metadata.labels)
        )


def unread_policies(cluster: Cluster) -> tuple[UnreadPolicy, ...]:
    """Every policy of a kind that kwake knows of and does not read, by key."""
    found: list[UnreadPolicy] = []
    for value in cluster.all(Unmodelled):
        reader = _READERS.get((value.key.group, value.kind))
        if reader is not None:
            found += reader(cluster.record(value.key))
    found += map(_all_of, (kind for kind in cluster.unread if kind.is_policy))
    return tuple(found)


def why_unknown(policies: Iterable[UnreadPolicy]) -> str:
    """Why a verdict is unknown that these policies may change."""
    found = tuple(policies)
    names = ", ".join(str(policy.key) for policy in found if not policy.is_missing)
    kinds = ", ".join(dict.fromkeys(policy.key.kind for policy in found if policy.is_missing))
    words = (f"{names} may select the pod; kwake does not read this kind" if names else "",
             f"objects of kind {kinds} were not read, and one may select the pod" if kinds else "")  # fmt: skip
    return "; ".join(filter(None, words))


def _all_of(kind: UnreadKind) -> UnreadPolicy:
    """Policies that may not be read where the cluster was: any of them may select any pod."""
    elsewhere = Requirement("kubernetes.io/metadata.name", "NotIn", kind.read_in)
    namespaces = LabelSelector(match_expressions=(elsewhere,)) if kind.read_in else LabelSelector()
    key = Key(kind.kind, "", "(not read)", kind.group)
    return UnreadPolicy(key, frozenset({INGRESS, EGRESS}), namespaces=namespaces, is_missing=True)


def _home(record: Record) -> str:
    """The namespace whose pods it judges; empty for all."""
    return "" if record.key.kind in CLUSTER_WIDE else record.key.namespace


def _directions(spec: Manifest, *, default: str = "") -> frozenset[str]:
    """The directions that have rules."""
    named = {direction for direction in (INGRESS, EGRESS) if spec.get(direction.lower())}
    return frozenset(named or ({default} if default else set()))


def _refused(record: Record) -> Iterator[UnreadPolicy]:
    """A NetworkPolicy that the API server would refuse, kept by a lenient reading: it may mean any pod it could."""
    yield UnreadPolicy(record.key, frozenset({INGRESS, EGRESS}), _home(record))


def _cilium(record: Record) -> Iterator[UnreadPolicy]:
    manifest = record.manifest
    for spec in (manifest.get("spec"), *(manifest.get("specs") or ())):
        if not isinstance(spec, dict) or "nodeSelector" in spec:
            continue  # a policy of nodes judges no pod
        directions = frozenset(d for d in (INGRESS, EGRESS) if {d.lower(), d.lower() + "Deny"} & spec.keys())
        yield UnreadPolicy(record.key, directions, _home(record), _cilium_selector(spec.get("endpointSelector")))


def _cilium_selector(found: object) -> LabelSelector:
    """Its requirements on the pod's own labels; those on Cilium's invented ones are left out, which only widens."""
    selector = _selector(found)

    def own(label: str) -> str | None:
        name = re.sub(r"^(k8s|any)[:.]", "", label)
        return None if name.startswith(("io.kubernetes.pod.", "io.cilium.", "reserved")) or ":" in name else name

    labels = {name: value for label, value in selector.match_labels.items() if (name := own(label)) is not None}
    expressions = tuple(
        Requirement(name, e.operator, e.values) for e in selector.match_expressions if (name := own(e.key)) is not None
    )
    return LabelSelector(labels, expressions)


def _calico(record: Record) -> Iterator[UnreadPolicy]:
    spec = record.manifest.get("spec") or {}
    types = spec.get("types")
    directions = frozenset(types) if isinstance(types, list) else _directions(spec, default=INGRESS)
    pods = _calico_selector(spec.get("selector"))
    yield UnreadPolicy(record.key, directions, _home(record), pods, _calico_selector(spec.get("namespaceSelector")))


_CALICO_TERM = re.compile(
    r"""(?P<not>!)?has\((?P<has>[\w./-]+)\)
    |(?P<key>[\w./-]+)\s*==\s*(?P<q>['"])(?P<value>[^'"]*)(?P=q)
    |(?P<in>[\w./-]+)\s+in\s+\{(?P<values>[^}]*)\}""",
    re.VERBOSE,
)


def _calico_selector(text: object) -> LabelSelector:
    """A conjunction of the plainest terms; any other one, and labels that Calico invents, are left out."""
    if not isinstance(text, str) or "||" in text or "(" in text.replace("has(", "").replace("all(", ""):
        return LabelSelector()
    requirements = []
    for term in text.split("&&"):
        match = _CALICO_TERM.fullmatch(term.strip())
        if match is None:
            continue
        label = match["has"] or match["key"] or match["in"]
        if "projectcalico.org" in label:
            continue
        if match["has"]:
            requirements.append(Requirement(label, "DoesNotExist" if match["not"] else "Exists"))
        else:
            values = [match["value"]] if match["key"] else re.findall(r"['\"]([^'\"]*)['\"]", match["values"])
            requirements.append(Requirement(label, "In", tuple(values)))
    return LabelSelector({}, tuple(requirements))


def _admin(record: Record) -> Iterator[UnreadPolicy]:
    """AdminNetworkPolicy and its kin: a subject, and rules only for the directions that they judge (NP-16)."""
    spec = record.manifest.get("spec") or {}
    subject = spec.get("subject") or {}
    pods = subject.get("pods") or {}
    namespaces = subject.get("namespaces") or pods.get("namespaceSelector")
    yield UnreadPolicy(record.key, _directions(spec), "", _selector(pods.get("podSelector")), _selector(namespaces))


def _antrea(record: Record) -> Iterator[UnreadPolicy]:
    spec = record.manifest.get("spec") or {}
    applied: Iterable[Manifest] = spec.get("appliedTo") or ({},)
    for to in applied:
        pods, namespaces = _selector(to.get("podSelector")), _selector(to.get("namespaceSelector"))
        yield UnreadPolicy(record.key, _directions(spec), _home(record), pods, namespaces)


def _namespaced(record: Record) -> Iterator[UnreadPolicy]:
    spec = record.manifest.get("spec") or {}
    directions = _directions(spec) or frozenset((INGRESS, EGRESS))
    yield UnreadPolicy(record.key, directions, _home(record), _selector(spec.get("podSelector")))


def _selector(found: object) -> LabelSelector:
    """A LabelSelector; one that cannot be read selects everything."""
    try:
        return msgspec.convert(found or {}, LabelSelector)
    except msgspec.ValidationError:
        return LabelSelector()


_READERS: dict[tuple[str, str], Callable[[Record], Iterator[UnreadPolicy]]] = {
    ("networking.k8s.io", "NetworkPolicy"): _refused,
    ("cilium.io", "CiliumNetworkPolicy"): _cilium,
    ("cilium.io", "CiliumClusterwideNetworkPolicy"): _cilium,
    ("crd.projectcalico.org", "NetworkPolicy"): _calico,
    ("crd.projectcalico.org", "GlobalNetworkPolicy"): _calico,
    ("projectcalico.org", "NetworkPolicy"): _calico,
    ("projectcalico.org", "GlobalNetworkPolicy"): _calico,
    ("policy.networking.k8s.io", "AdminNetworkPolicy"): _admin,
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"): _admin,
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"): _admin,
    ("networking.k8s.aws", "ClusterNetworkPolicy"): _admin,
    ("networking.k8s.aws", "ApplicationNetworkPolicy"): _namespaced,
    ("crd.antrea.io", "NetworkPolicy"): _antrea,
    ("crd.antrea.io", "ClusterNetworkPolicy"): _antrea,
    ("k8s.ovn.org", "EgressFirewall"): _namespaced,
}
"""By API group and kind. Staged Calico policies enforce nothing, so they are not here."""
