"""The two ends of a flow: what a reference means as a source, and as a target."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from ipaddress import ip_address

import msgspec

from kwake.dataplane.living import LOST
from kwake.dataplane.view import View
from kwake.errors import ReferenceNotFound
from kwake.objects.kinds import Node, Pod, Service
from kwake.objects.reference import ObjectReference, kind_named, parse_reference

OUTSIDE = "outside"
"""Where a client outside the cluster is."""
INTERNET_IP = "198.51.100.7"
"""The address of `internet`: one that is kept for documentation (RFC 5737), so that no cluster has it."""


class Client(msgspec.Struct, frozen=True):
    """Who dials: a pod, a node, or somebody outside."""

    name: str
    """A reference, `internet`, or an address."""
    ip: str
    node: str
    """Empty outside the cluster."""
    pod: Pod | None = None

    @property
    def at(self) -> str:
        """Where its hops happen."""
        return self.node or OUTSIDE

    @property
    def is_outside(self) -> bool:
        """Whether it is neither a pod nor a node."""
        return self.pod is None and not self.node

    @property
    def is_pod_network(self) -> bool:
        """Whether it has an address of its own, not its node's (NP-15)."""
        return self.pod is not None and not self.pod.spec.host_network


class PodTarget(msgspec.Struct, frozen=True):
    """Pods that are dialled at their own addresses."""

    name: str
    pods: tuple[Pod, ...]


class ServiceTarget(msgspec.Struct, frozen=True):
    """A Service. It may be gone: a name that no longer resolves is an answer, not a mistake."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"Service/{self.namespace}/{self.name}"


class NameTarget(msgspec.Struct, frozen=True):
    """A DNS name, as the client writes it."""

    name: str


class AddressTarget(msgspec.Struct, frozen=True):
    """An IP address."""

    ip: str


class NodeTarget(msgspec.Struct, frozen=True):
    """A node, dialled at its address."""

    node: Node


class AnyNodeTarget(msgspec.Struct, frozen=True):
    """`node/*`: any node that has an address, as a client chooses who dials a node port."""

    nodes: tuple[Node, ...]


ANY_NODE = "Node/*"
"""How `node/*` is written in full."""


Target = PodTarget | ServiceTarget | NameTarget | AddressTarget | NodeTarget | AnyNodeTarget


def is_any_node(text: str) -> bool:
    """Whether this is `node/*`, in any way to write it."""
    kind, slash, name = text.partition("/")
    return bool(slash) and name == "*" and kind_named(kind) == "Node"


def is_address(text: str) -> bool:
    """Whether this is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def resolve_sources(view: View, text: str) -> tuple[Client, ...]:
    """Who a reference means as the client, by name: one for each live pod of a workload.

    Raises ReferenceNotFound if it names nothing that can dial.
    """
    if text == "internet":
        return (Client("internet", INTERNET_IP, ""),)
    if is_address(text):
        return (_client_at(view, text),)
    if text and "/" not in text:
        raise ReferenceNotFound(_bare_source(view, text))
    found = view.cluster.record(view.cluster.resolve(text)).value
    if isinstance(found, Pod):
        if not found.ip or found.is_terminal:
            raise ReferenceNotFound(f"{text}: the pod has no address yet or any more, so it cannot dial")
        if _is_lost(view, found):
            raise ReferenceNotFound(f"{text}: {found.spec.node_name} is lost, so the pod cannot dial")
        return (_pod_client(found),)
    if isinstance(found, Node):
        return (Client(str(found.key), _node_ip(found, text), found.metadata.name),)
    if isinstance(found, Service):
        raise ReferenceNotFound(f"{text}: a Service does not dial; name a pod, a workload, a node or internet")
    pods = dialling_pods(view, view.cluster.pods_of(found.key))
    if not pods:
        raise ReferenceNotFound(f"{text}: {found.key} has no live pod to dial from")
    return tuple(map(_pod_client, pods))


DIALLING = ("Node", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod")
"""Kinds of clients."""


def _bare_source(view: View, text: str) -> str:
    """What is said of a name alone: how clients are named, and which of that name, or near it, there are."""
    known = [key for kind in DIALLING for key in view.cluster.keys_of_kind(kind)]
    names = get_close_matches(text.partition("#")[0], dict.fromkeys(key.name for key in known), n=1)
    meant = [str(key) for key in known if key.name in names][:3]
    hint = f"did you mean {' or '.join(meant)}? " if meant else ""
    return f"{text}: {hint}name who dials as namespace/pod, deploy/namespace/name, node/name, an address or internet"


def resolve_target(view: View, text: str) -> tuple[Target, tuple[str, ...]]:
    """What a reference means as the target, and notes on how it was read.

    `namespace/name` is a pod, else a Service of that name; `node/*` is any node.
    Raises ReferenceNotFound if it names nothing.
    """
    if text == "internet":
        return AddressTarget(INTERNET_IP), ()
    if is_address(text):
        return AddressTarget(text), ()
    if "/" not in text:
        return NameTarget(text), ()
    parsed = parse_reference(text)
    if parsed.kind == "Service":
        return ServiceTarget(parsed.namespace, parsed.name), ()
    if parsed.kind is None and _names_service(view, parsed):
        target = ServiceTarget(parsed.namespace, parsed.name)
        return target, (f"{text} is read as {target}: there is no such pod",)
    if is_any_node(text):
        nodes = tuple(node for node in view.cluster.all(Node) if node.ip)
        if not nodes:
            raise ReferenceNotFound(f"{text}: no node has an InternalIP in this snapshot")
        return AnyNodeTarget(nodes), ()
    found = view.cluster.record(view.cluster.resolve(text)).value
    if isinstance(found, Node):
        _node_ip(found, text)
        return NodeTarget(found), ()
    pods: Sequence[Pod] = (found,) if isinstance(found, Pod) else view.cluster.pods_of(found.key)
    live = tuple(pod for pod in pods if pod.ip and not pod.is_terminal)
    if not live:
        raise ReferenceNotFound(f"{text}: {found.key} has no pod with an address")
    return PodTarget(str(found.key), live), ()


def dialling_pods(view: View, pods: Sequence[Pod]) -> tuple[Pod, ...]:
    """The pods that can dial now: those on their way out only where there are no others."""
    live = tuple(
        pod
        for pod in pods
        if pod.ip and not pod.is_terminal and pod.metadata.uid not in view.stopped and not _is_lost(view, pod)
    )  # fmt: skip
    return tuple(pod for pod in live if not pod.is_terminating) or live


def holder_of(view: View, ip: str) -> Pod | None:
    """The pod that has an address of its own now: not one whose sandbox is gone already (PD-25)."""
    holders = [pod for pod in view.cluster.pods_by_ip.get(ip, ()) if not pod.spec.host_network]
    living = [pod for pod in holders if pod.metadata.uid not in view.exits]
    living.sort(key=lambda pod: (pod.is_terminating, pod.key))
    return living[0] if living else None


def _is_lost(view: View, pod: Pod) -> bool:
    return view.exits.get(pod.metadata.uid) == LOST


def _names_service(view: View, bare: ObjectReference) -> bool:
    """Whether two bare parts name no pod, but a Service that somebody still knows."""
    if bare.index is not None or view.cluster.pod(bare.namespace, bare.name) is not None:
        return False
    return any(c.service(bare.namespace, bare.name) is not None for c in (view.cluster, view.dns, view.proxy))


def _client_at(view: View, ip: str) -> Client:
    """The client that has an address."""
    holder = holder_of(view, ip)
    if holder is not None:
        return _pod_client(holder)
    node = view.cluster.nodes_by_ip.get(ip)
    if node is not None:
        return Client(str(node.key), ip, node.metadata.name)
    for service in view.cluster.services_by_address.get(ip, ()):
        if ip in service.cluster_ips:
            raise ReferenceNotFound(f"{ip}: the address of {service.key}, and a Service does not dial")
    return Client(ip, ip, "")


def _pod_client(pod: Pod) -> Client:
    return Client(str(pod.key), pod.ip, pod.spec.node_name, pod)


def _node_ip(node: Node, text: str) -> str:
    if not node.ip:
        raise ReferenceNotFound(f"{text}: the node has no InternalIP in this snapshot")
    return node.ip
