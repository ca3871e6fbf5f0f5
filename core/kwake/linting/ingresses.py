"""Ingresses whose backends are no port of a Service in their namespace."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.linting.shapes import Shapes
from kwake.objects.document import FieldPath
from kwake.objects.finding import Finding
from kwake.objects.json_patch import Operation, replace
from kwake.objects.key import Key
from kwake.objects.kinds import Service, ServicePort, Unmodelled
from kwake.objects.selector import LabelSelector
from kwake.objects.slips import is_misspelt

ANNOTATED = "use-annotation"
"""What backends of AWS' load balancer controller name as their port where an annotation says what to do."""


class BackendPort(msgspec.Struct, frozen=True):
    """`service.port`: one of both."""

    name: str = ""
    number: int = 0


class BackendService(msgspec.Struct, frozen=True):
    """`service` of a backend."""

    name: str = ""
    port: BackendPort = BackendPort()


class Backend(msgspec.Struct, frozen=True):
    """A backend; without `service` it is a resource."""

    service: BackendService | None = None


class Path(msgspec.Struct, frozen=True):
    """One path of a rule."""

    backend: Backend = Backend()


class Http(msgspec.Struct, frozen=True):
    """`http` of a rule."""

    paths: tuple[Path, ...] = ()


class Rule(msgspec.Struct, frozen=True):
    """One host's rule."""

    http: Http | None = None


class Spec(msgspec.Struct, frozen=True, rename="camel"):
    """`spec` of an Ingress of networking.k8s.io/v1."""

    default_backend: Backend | None = None
    rules: tuple[Rule, ...] = ()


class Ingress(msgspec.Struct, frozen=True):
    """An Ingress of networking.k8s.io/v1."""

    spec: Spec = Spec()


def ingress_findings(among: Shapes) -> Iterator[Finding]:
    """Backends that no controller can find: an Ingress names a Service of its own namespace, and a port of the Service,
    not of its pods (github.com/YOURLS/charts/issues/48, github.com/plexinc/pms-docker/pull/174)."""
    for key, path, backend in backends(among):
        yield from _judged(among, key, path, backend)


def backends(among: Shapes) -> Iterator[tuple[Key, FieldPath, BackendService]]:
    """Every Service that an Ingress leads to, each once, with the field that says so."""
    for value in among.cluster.all(Unmodelled):
        if value.kind != "Ingress" or value.api_version != "networking.k8s.io/v1":
            continue
        read = among.read(value.key, Ingress)
        told: set[BackendService] = set()
        for path, backend in _backends(read.spec) if read is not None else ():
            if backend.name and backend not in told and backend.port.name != ANNOTATED:
                told.add(backend)
                yield value.key, path, backend


def _backends(spec: Spec) -> Iterator[tuple[FieldPath, BackendService]]:
    if spec.default_backend is not None and spec.default_backend.service is not None:
        yield ("spec", "defaultBackend", "service"), spec.default_backend.service
    for at, rule in enumerate(spec.rules):
        for index, path in enumerate(rule.http.paths if rule.http is not None else ()):
            if path.backend.service is not None:
                yield ("spec", "rules", at, "http", "paths", index, "backend", "service"), path.backend.service


def _judged(among: Shapes, key: Key, path: FieldPath, backend: BackendService) -> Iterator[Finding]:
    service = among.cluster.service(key.namespace, backend.name)
    if service is None:
        yield from _absent(among, key, path, backend)
        return
    port = backend.port
    if service.spec.type == "ExternalName":
        return  # controllers dial the port that the Ingress names
    if any(p.port == port.number if port.number else p.name == port.name for p in service.spec.ports):
        return
    asked = str(port.number or port.name)
    there = ", ".join(f"{p.port} ({p.name})" if p.name else str(p.port) for p in service.spec.ports)
    behind = next((p for p in service.spec.ports if _is_behind(among, service, p, port)), None)
    text = f"leads to port {asked} of Service {service.metadata.name}, which has {there or 'none'}"
    if behind is not None:
        text += f": {asked} is the pods' own port behind {behind.port}"
    yield among.warning(key, (*path, "port"), text, *_port(path, service, backend, behind.port if behind else 0))


def _is_behind(among: Shapes, service: Service, port: ServicePort, asked: BackendPort) -> bool:
    """Whether a port of the pods is asked for, by number or name, where the Service's own port leads to it."""
    if port.target_port is not None and port.target_port in (asked.number or None, asked.name or None):
        return True
    selector = LabelSelector(match_labels=dict(service.spec.selector))
    shapes = among.matching(service.metadata.namespace, selector) if service.spec.selector else ()
    return bool(asked.number) and any(among.target(service, port, shape) == asked.number for shape in shapes)


def _port(path: FieldPath, service: Service, backend: BackendService, behind: int) -> Iterator[Operation]:
    asked = backend.port.name
    near = next((port.name for port in service.spec.ports if asked and is_misspelt(asked, port.name)), "")
    if behind:
        yield replace((*path, "port"), {"number": behind})
    elif near:
        yield replace((*path, "port"), {"name": near})
    elif len(service.spec.ports) == 1:
        yield replace((*path, "port"), {"number": service.spec.ports[0].port})


def _absent(among: Shapes, key: Key, path: FieldPath, backend: BackendService) -> Iterator[Finding]:
    """A Service that is nearly there, or in another namespace; others may be applied apart."""
    named = [s.metadata for s in among.cluster.all(Service)]
    near = sorted(m.name for m in named if m.namespace == key.namespace and is_misspelt(backend.name, m.name))
    elsewhere = sorted(m.namespace for m in named if m.name == backend.name)
    text = f"leads to Service {backend.name}, and there is none in {key.namespace}"
    if near:
        yield among.warning(key, (*path, "name"), f"{text}; there is {near[0]}", replace((*path, "name"), near[0]))
    elif elsewhere:
        text += f"; there is one in {elsewhere[0]}, and an Ingress leads to Services of its own namespace alone"
        yield among.warning(key, (*path, "name"), text)
