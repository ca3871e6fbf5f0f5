"""Services that lead nowhere, or to pods that were not meant."""

from __future__ import annotations

from collections.abc import Iterator

from kwake.linting.nobody import nobody
from kwake.linting.shapes import Shape, Shapes
from kwake.objects.cidr import parse_cidr
from kwake.objects.document import FieldPath
from kwake.objects.finding import Finding
from kwake.objects.json_patch import Operation, add, replace
from kwake.objects.kinds import Service, ServicePort
from kwake.objects.selector import LabelSelector
from kwake.objects.slips import is_misspelt
from kwake.policy.change import OF_ONE_POD

TELLING = ("app.kubernetes.io/component", "component", "app.kubernetes.io/name", "app", "tier", "role", "name")
"""Labels that tell the parts of an application apart, in the order in which a selector had best ask for them."""

ASIDE = ("metric", "prom", "health", "prob", "live", "ready", "admin", "debug")
"""In names of ports that pods declare beside the one that they are there for, which they may not declare."""


def service_findings(among: Shapes) -> Iterator[Finding]:
    """Services that select nobody, whose ports no pod has, or that select pods of something else, too."""
    for services in among.services.values():
        for service in services:
            selector = LabelSelector(match_labels=dict(service.spec.selector))
            chosen = among.matching(service.metadata.namespace, selector)
            if not chosen:
                why = nobody(among, service.key, ("spec", "selector"), selector)
                where = among.where(service.key, ("spec", "selector"))
                yield Finding("warning", str(service.key), why.text, where, why.fixes)
            for index, port in enumerate(service.spec.ports):
                if isinstance(port.target_port, str):
                    yield from _name(among, service, index, port, chosen)
                elif not service.is_headless:
                    yield from _number(among, service, index, port, chosen)
    yield from _external_names(among)


def _name(
    among: Shapes, service: Service, index: int, port: ServicePort, chosen: tuple[Shape, ...]
) -> Iterator[Finding]:
    """A named targetPort that selected pods lack: they get no traffic, silently (EP-10)."""
    name = str(port.target_port)
    if all(shape.pod.named_port(name, port.protocol) is not None for shape in chosen):
        return
    selected = LabelSelector(match_labels=dict(service.spec.selector))
    home = among.cluster.pods_by_namespace.get(service.metadata.namespace, ())
    pods = [pod for pod in home if not pod.is_terminal and selected.matches(pod.metadata.labels)]
    without = [pod for pod in pods if pod.named_port(name, port.protocol) is None]
    if not without:
        return  # a workload without pods, so far
    there = {p.name for pod in without for c in pod.port_containers for p in c.ports if p.name}
    has = f"; there is {', '.join(sorted(there))}" if there else ""
    having, wanted = len(pods) - len(without), f"{port.protocol} port named {name}{has}"
    if len(pods) == 1:
        text = f"the one pod it selects has no {wanted}"
    else:
        which = f"only {having}" if having else "none"
        text = f"{which} of the {len(pods)} pods it selects {'have' if having > 1 else 'has'} a {wanted}"
    path: FieldPath = ("spec", "ports", index, "targetPort")
    right = tuple(shape for shape in chosen if shape.pod.named_port(name, port.protocol) is not None)
    fix = _narrowed(right, chosen) if right else _renamed(path, name, port.protocol, chosen)
    yield among.warning(service.key, path, text, *fix)


def _renamed(path: FieldPath, name: str, protocol: str, chosen: tuple[Shape, ...]) -> Iterator[Operation]:
    """The name of the pods' port, where one is nearly right, or where they have no other."""
    shared = set.intersection(*({n for n, p in shape.names if p == protocol} for shape in chosen))
    near = sorted(other for other in shared if is_misspelt(name, other))
    only = {number for shape in chosen for number in shape.ports}
    if near or (len(shared) == 1 and len(only) == 1):
        yield replace(path, near[0] if near else min(shared))


def _number(
    among: Shapes, service: Service, index: int, port: ServicePort, chosen: tuple[Shape, ...]
) -> Iterator[Finding]:
    """A number that some of the pods declare and others, which declare ports, do not: those are of something else
    (github.com/kubernetes/website/issues/17612); or that pods with one port do not (SU-21)."""
    asked = port.protocol, port.target_port if isinstance(port.target_port, int) and port.target_port else port.port
    staying = [shape for shape in chosen if shape.serves]
    wrong = [shape for shape in staying if shape.ports and asked not in shape.ports]
    right = tuple(shape for shape in staying if asked in shape.ports)
    path: FieldPath = ("spec", "ports", index, "targetPort" if port.target_port else "port")
    number = f"{asked[0]} {asked[1]}"
    if wrong and right:
        theirs, ours = among.called(wrong[0]), among.called(right[0])
        text = f"selects {theirs}, which declares no {number}, beside {ours}: a part of the connections goes there"
        yield among.warning(service.key, ("spec", "selector"), text, *_narrowed(right, chosen))
    elif wrong and not right and len(wrong) == len(staying) and len(service.spec.ports) == 1:
        declared = {pair for shape in staying for pair in shape.ports}
        names = {name for shape in staying for name, _ in shape.names}
        if len(declared) == 1 and not any(word in name for name in names for word in ASIDE):
            protocol, only = next(iter(declared))
            text = f"leads to {number}, and the one port that its pods declare is {protocol} {only}"
            fix = [add(("spec", "ports", index, "targetPort"), only)] if only != asked[1] else []
            fix += [add(("spec", "ports", index, "protocol"), protocol)] if protocol != port.protocol else []
            yield among.warning(service.key, path, text, *fix)


def _narrowed(right: tuple[Shape, ...], chosen: tuple[Shape, ...]) -> Iterator[Operation]:
    """A label for the selector that all the right pods carry, and none of the others."""
    others = [shape for shape in chosen if shape not in right]
    shared = set.intersection(*(set(shape.labels.items()) for shape in right))
    telling = [
        (key, value)
        for key, value in sorted(shared, key=lambda label: (_rank(label[0]), label))
        if key not in OF_ONE_POD and all(shape.labels.get(key) != value for shape in others)
    ]
    for key, value in telling[:1]:
        yield add(("spec", "selector", key), value)


def _rank(key: str) -> int:
    return TELLING.index(key) if key in TELLING else len(TELLING)


def _external_names(among: Shapes) -> Iterator[Finding]:
    """An ExternalName that is an address: no name server answers with it (DN-9, SV-5)."""
    for service in among.cluster.all(Service):
        name = service.spec.external_name.rstrip(".")
        if service.spec.type == "ExternalName" and name and parse_cidr(f"{name}/32") is not None:
            text = (
                f"externalName {name} is an address, and is served as a name that does not exist: a Service without a "
                "selector and an EndpointSlice lead to an address"
            )
            yield among.warning(service.key, ("spec", "externalName"), text)
