"""Clients that objects of the cluster promise a way to pods: ingress controllers and Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from kwake.linting.callers import admits_an_address
from kwake.linting.ingresses import backends
from kwake.linting.monitors import Monitored, monitored
from kwake.linting.opening import Opened, peer_for, rule_added
from kwake.linting.scene import Scene
from kwake.linting.shapes import Shape
from kwake.objects.document import FieldPath
from kwake.objects.finding import Finding
from kwake.objects.key import Key
from kwake.objects.kinds import Service
from kwake.objects.selector import LabelSelector
from kwake.policy.change import identity
from kwake.policy.ends import INGRESS, PolicyEnd
from kwake.policy.workloads import proposed_name

NAME = "app.kubernetes.io/name"
CONTROLLERS = frozenset({"ingress-nginx", "nginx-ingress", "traefik", "haproxy-ingress", "kubernetes-ingress"})
"""What the pods of ingress controllers carry as their name, by the charts of their own projects."""
PROMETHEUS = frozenset({"prometheus"})
"""What its operator and its chart call its pods."""
SERVER = "server"
"""Of the parts that Prometheus' chart once labelled alike, the one that scrapes."""
SCRAPE, PORT = "prometheus.io/scrape", "prometheus.io/port"
"""Annotations by which pods and Services ask to be scraped, as in Prometheus' own example configuration."""


class Promise(msgspec.Struct, frozen=True):
    """Pods that a client is sent to."""

    by: Key
    path: FieldPath
    what: str
    """As words: `leads to Service web`."""
    servers: tuple[Shape, ...]
    port: int
    """Of the pods, TCP."""


def client_findings(scene: Scene) -> Iterator[Finding]:
    """Ingresses and scraped pods whose policies let in nobody of those who should come
    (github.com/kubernetes/kubernetes/issues/112467, github.com/codecentric/helm-charts/issues/546)."""
    for names, promises in ((CONTROLLERS, _leads(scene)), (PROMETHEUS, _scraped(scene))):
        clients = _called(scene, names)
        found = (_cut_off(scene, promise, clients) for promise in promises if clients)
        yield from dict.fromkeys(finding for finding in found if finding is not None)


def _called(scene: Scene, names: frozenset[str]) -> tuple[Shape, ...]:
    """The pods that stay and are called so; on the host's network they come with an address, which is told apart."""
    return tuple(
        shape
        for shapes in scene.shapes.values()
        for shape in shapes
        if names & {shape.labels.get(NAME), shape.labels.get("app")}
        and shape.labels.get("component", SERVER) == SERVER
        and shape.serves
        and scene.sees(shape)
    )


def _leads(scene: Scene) -> Iterator[Promise]:
    for key, path, backend in backends(scene):
        service = scene.cluster.service(key.namespace, backend.name)
        if service is not None:
            asked = backend.port.number or backend.port.name
            numbers = _numbers(scene, service, asked)
            for number in numbers:
                yield Promise(key, path, f"leads to Service {backend.name}", scene.behind(service), number)


def _numbers(scene: Scene, service: Service, asked: int | str) -> list[int]:
    """The pods' own ports behind one of a Service, by its number or name."""
    ports = [port for port in service.spec.ports if asked in (port.port, port.name) and port.protocol == "TCP"]
    found = (scene.target(service, port, shape) for port in ports for shape in scene.behind(service))
    return sorted({number for number in found if number is not None})


def _scraped(scene: Scene) -> Iterator[Promise]:
    where: FieldPath = ("metadata", "annotations", PORT)
    for services in scene.services.values():
        for service in services:
            if number := _asked_port(service.metadata.annotations):
                yield Promise(service.key, where, "asks to be scraped", scene.behind(service), number)
    for shapes in scene.shapes.values():
        for shape in shapes:
            number = _asked_port(shape.pod.metadata.annotations)
            if number and scene.sees(shape) and scene.cluster.find(shape.pod.key) is not None:
                yield Promise(shape.pod.key, where, "asks to be scraped", (shape,), number)
    for monitor in monitored(scene):
        yield from _of_monitor(scene, monitor)


def _asked_port(annotations: Mapping[str, str]) -> int:
    """The port of the pods that an annotation gives; 0 without one."""
    port = annotations.get(PORT, "")
    return int(port) if annotations.get(SCRAPE) == "true" and port.isdecimal() else 0


def _of_monitor(scene: Scene, monitor: Monitored) -> Iterator[Promise]:
    asked = monitor.endpoint.port
    for namespace in monitor.namespaces:
        if monitor.of_pods:
            for shape in scene.matching(namespace, monitor.selector):
                number = shape.pod.named_port(asked, "TCP") if scene.sees(shape) else None
                if number is not None:
                    yield Promise(monitor.by, monitor.path, f"has port {asked} scraped", (shape,), number)
            continue
        for service in scene.services.get(namespace, ()):
            if monitor.selector.matches(service.metadata.labels):
                target = monitor.endpoint.target_port
                numbers = [target] if isinstance(target, int) else _numbers(scene, service, asked) if asked else []
                for number in numbers:
                    what = f"has Service {service.metadata.name} scraped"
                    yield Promise(monitor.by, monitor.path, what, scene.behind(service), number)


def _cut_off(scene: Scene, promise: Promise, clients: tuple[Shape, ...]) -> Finding | None:
    """Nothing where any client gets to any of the pods, or nobody can say."""
    if not promise.servers:
        return None
    for server in promise.servers:
        if admits_an_address(scene, server, "TCP", promise.port):
            return None  # whoever comes from outside is meant
        for client in clients:
            to = PolicyEnd.of(server.pod)
            of = PolicyEnd.of(client.pod)
            if scene.policies.verdict(of, to, "TCP", promise.port).ingress.allowed is not False:
                return None
    client, server = clients[0], promise.servers[0]
    stopping = scene.policies.selecting(server.pod, INGRESS)
    if not stopping:
        return None  # a tier denies it, which somebody decided
    names = ", ".join(stop.key.name for stop in stopping)
    text = (
        f"{promise.what}, and no rule lets {scene.called(client)} reach its pods on TCP "
        f"{promise.port} (isolated by {names})"
    )
    home = server.namespace
    rule: dict[str, object] = {
        "from": [peer_for(scene.cluster, client, home)],
        "ports": [{"port": promise.port, "protocol": "TCP"}],
    }
    labels = LabelSelector(match_labels=identity(scene.cluster, server.pod))
    opened = Opened(promise.servers, labels, home, f"{promise.by.name}-{proposed_name(scene.cluster, client.pod)}")
    fix = rule_added(opened, stopping, INGRESS, rule)
    return Finding("warning", str(promise.by), text, scene.where(promise.by, promise.path), (fix,))
