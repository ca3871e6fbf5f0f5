"""How references and places are written in little room, and how a typed target is read."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
from rich.cells import cell_len

from kwake.cluster import Cluster
from kwake.dataplane.ends import DIALLING
from kwake.dataplane.path import Decider, Flow
from kwake.errors import ReferenceNotFound, UsageError
from kwake.objects.kinds import NetworkPolicy, Pod, Service
from kwake.objects.reference import parse_reference
from kwake.policy.tiers import TIER_KINDS, admin_policies
from kwake_tui.lines import middle_cut, wrap

KIND_WORDS: dict[str, str] = {
    "Pod": "po",
    "Deployment": "deploy",
    "ReplicaSet": "rs",
    "StatefulSet": "sts",
    "DaemonSet": "ds",
    "Job": "job",
    "CronJob": "cj",
    "ReplicationController": "rc",
    "Service": "svc",
    "NetworkPolicy": "np",
    "AdminNetworkPolicy": "anp",
    "BaselineAdminNetworkPolicy": "banp",
    "ClusterNetworkPolicy": "cnp",
    "Namespace": "ns",
    "Node": "no",
}
"""kubectl's short names."""


def is_policy(reference: str) -> bool:
    """Whether it names an object whose rules kwake reads as policies."""
    return parts(reference)[0] in {"NetworkPolicy", *(kind.KIND for kind in TIER_KINDS)}


def short(reference: str, beside: str = "") -> str:
    """A reference in few cells: the bare name of a pod or workload, `svc/name` of a Service.

    The namespace is written where `beside`, another reference, is of another one.
    """
    kind, namespace, name = parts(reference)
    if not kind:
        return reference
    if (kind, name) == ("Node", "*"):
        return "any node"
    other = parts(beside)[1]
    place = f"{namespace}/" if other and namespace and namespace != other else ""
    word = "" if kind in ("Pod", "Deployment", "StatefulSet", "DaemonSet") else f"{KIND_WORDS.get(kind, kind)}/"
    return f"{word}{place}{name}"


_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_GENERATED = re.compile(rf"(.+)-[{_LETTERS}]{{4,10}}-([{_LETTERS}]{{5}})")
"""Deployment, pod-template hash and suffix, in the letters of generated names (`k8s:apimachinery/pkg/util/rand`)."""

_IN_WORDS = re.compile(rf"([a-z0-9][a-z0-9.-]*?)-[{_LETTERS}]{{4,10}}-([{_LETTERS}]{{5}})(?![a-z0-9.-]*[a-z0-9])")
"""The same in the midst of a sentence."""


def brief(reference: str, beside: str = "") -> str:
    """As `short`, and the pod of a Deployment without the hash of its ReplicaSet: `web-x2v4k`."""
    return _GENERATED.sub(r"\1-\2", short(reference, beside))


def brief_names(text: str) -> str:
    """A sentence with the pods of Deployments as `brief` names them."""
    return _IN_WORDS.sub(r"\1-\2", text)


def brief_place(decider: Decider | None, folders: int = 0) -> str:
    """`policies.yaml:12` with at most so many of its folders; empty where it stands in no file."""
    return "/".join(decider.place.split("/")[-1 - folders :]) if decider is not None else ""


def parts(reference: str) -> tuple[str, str, str]:
    """Kind, namespace and name of a reference; all empty where it names no object (an address, `internet`)."""
    try:
        parsed = parse_reference(reference)
    except ReferenceNotFound:
        return "", "", ""
    if reference.count("/") < 1 or re.fullmatch(r"[0-9a-fA-F.:]+(/\d+)?", reference):
        return "", "", ""
    index = "" if parsed.index is None else f"#{parsed.index}"
    return parsed.kind or "Pod", parsed.namespace, parsed.name + index


def flow_title(flow: Flow) -> str:
    """`web → svc/checkout:443`, with ` udp` where it is not TCP."""
    port = "" if flow.port is None else f":{flow.port}"
    protocol = "" if flow.protocol == "TCP" else f" {flow.protocol.lower()}"
    return f"{brief(flow.source)} → {brief(flow.target, flow.source)}{port}{protocol}"


class Target(msgspec.Struct, frozen=True):
    """Where a dial goes, as the user typed it."""

    reference: str
    port: int | str | None
    protocol: str

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return self.reference + port + ("" if self.protocol == "TCP" else f"/{self.protocol}")


_TARGET = re.compile(
    r"(?P<ref>\[[0-9a-fA-F:]+\]|[^\s:]+?|[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F:]*)"
    r"(?::(?P<port>[A-Za-z0-9-]+))?(?:/(?P<protocol>tcp|udp|sctp))?",
    re.IGNORECASE,
)


_DIGITS = 9
"""Digits of the longest text that is read as a port number, whether there is such a port or not."""


EXAMPLE = "svc/shop/checkout:443"
"""A target as people write it, where no cluster is at hand."""


def parse_target(
    text: str, port: int | str | None = None, protocol: str | None = None, *, example: str = EXAMPLE
) -> Target:
    """Read `svc/shop/checkout:443`, `10.96.0.7:53/UDP`, `internet`. `port` and `protocol` are what was said beside it,
    and `example` is what to write where it is none.

    Raises UsageError, also where it says another port or protocol than that.
    """
    matched = _TARGET.fullmatch(text.strip())
    if matched is None:
        raise UsageError(f"{text!r} is no target: write {example}, or 10.96.0.10:53/UDP")
    own, spoken = matched["port"], matched["protocol"] and matched["protocol"].upper()
    own = int(own) if own and own.isascii() and own.isdigit() and len(own) <= _DIGITS else own
    for what, here, beside in (("ports", own, port), ("protocols", spoken, protocol)):
        if here is not None and beside is not None and here != beside:
            raise UsageError(f"two {what}: {text} and {beside}")
    return Target(matched["ref"].strip("[]"), port if own is None else own, spoken or protocol or "TCP")


def targets(cluster: Cluster) -> tuple[str, ...]:
    """What can be dialled: every port of every Service, then every declared port of every pod."""
    found: list[str] = []
    for service in cluster.all(Service):
        place = f"svc/{service.metadata.namespace}/{service.metadata.name}"
        found += [str(Target(place, port.port, port.protocol)) for port in service.spec.ports] or [place]
    for pod in cluster.all(Pod):
        place = f"po/{pod.metadata.namespace}/{pod.metadata.name}"
        ports = [port for container in pod.spec.containers for port in container.ports]
        found += [str(Target(place, port.container_port, port.protocol)) for port in ports] or [place]
    return tuple(found)


def example_target(cluster: Cluster, source: str) -> str:
    """A target that is there, in the client's own namespace if one is."""
    namespace = parts(source)[1]
    return min(targets(cluster), key=lambda target: parts(target)[1] != namespace, default=EXAMPLE)


def client_named(cluster: Cluster, word: str) -> str:
    """The one workload, pod or node that a name alone means as a client, in full; other words as they are."""
    if "/" in word or word == "internet":
        return word
    name, number, index = word.partition("#")
    meant = [key for kind in DIALLING for key in cluster.keys_of_kind(kind) if key.name == name]
    return f"{meant[0]}{number}{index}" if len(meant) == 1 else word


def how_many(count: int, misses_some: bool, one: str, many: str) -> str:
    """How many there are; where some may not have been read, at least how many, and `?` where none was."""
    if misses_some:
        return f"{count}+ {many}" if count else f"? {many}"
    return f"{count} {one if count == 1 else many}"


def fitting(names: Sequence[str], cells: int) -> str:
    """Names in this many cells: as many whole ones as fit, then how many more; one is cut where not even that fits."""
    for shown in range(len(names), 0, -1):
        more = len(names) - shown
        text = ", ".join(names[:shown]) + (f" and {more} more" if more else "")
        if cell_len(text) <= cells:
            return text
    others = f" +{len(names) - 1}" if len(names) > 1 else ""
    return middle_cut(names[0], max(cells - len(others), 1)) + others if names else ""


def listed(names: Sequence[str], cells: int, width: int, most: int) -> list[str]:
    """Names in this many cells, those that have no room there in at most `most` rows of `width` cells below; as
    `fitting` where that does not do either. Never none."""
    text = fitting(names, cells)
    if text == ", ".join(names):
        return [text]
    first = next((n for n in range(len(names) - 1, 1, -1) if cell_len(", ".join(names[:n])) < cells), 1)
    below = wrap(", ".join(names[first:]), width) if names[first:] else []
    lead = middle_cut(", ".join(names[:first]), cells - 1) + ","
    return [lead, *below] if 0 < len(below) <= most else [text]


def counts(cluster: Cluster) -> tuple[str, ...]:
    """How much there is: pods that have not ended, Services, policies of every kind."""
    pods = sum(not pod.is_terminal for pod in cluster.all(Pod))
    policies = len(cluster.all(NetworkPolicy)) + len(admin_policies(cluster))
    return (
        how_many(pods, cluster.misses_some(Pod), "pod", "pods"),
        how_many(len(cluster.all(Service)), cluster.misses_some(Service), "service", "services"),
        how_many(policies, any(kind.is_policy for kind in cluster.unread), "policy", "policies"),
    )


def count_actions(count: int) -> str:
    """`1 action`, `3 actions`."""
    return f"{count} action{'' if count == 1 else 's'}"
