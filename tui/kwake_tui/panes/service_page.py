"""A Service's page: what it answers to and for whom, its endpoints, and the settings that decide, each by its rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kwake.control.balancer_annotations import balancer_of
from kwake.dataplane.path import Outcome
from kwake.frontends import Frontend, Use, frontends
from kwake.objects.endpoint_slice import SliceEndpoint
from kwake.objects.kinds import EndpointSlice, Service
from kwake.policy.ends import INGRESS
from kwake.world import World
from kwake_tui.glyphs import OUTCOMES, PENDING, READY, STARTING
from kwake_tui.lines import BLANK, Line, Span, middle_cut, section
from kwake_tui.names import parts
from kwake_tui.panes.judged_by import policy_rows
from kwake_tui.sureness import sure_words

LABEL = 14
MOST_NAMED = 4
"""Clients whose names stand in one row."""


def service_lines(world: World, service: Service) -> list[Line]:
    """The rows of a Service, under those that every object has."""
    found = frontends(world, str(service.key))
    return [
        *_settings(service),
        *_balancer(world, service),
        BLANK,
        section("answers to"),
        *_frontends(found),
        *([] if found else [Line((Span("nothing: no port and no name", "muted"),))]),
        BLANK,
        section("endpoints"),
        *_endpoints(world, service),
        *_policies(world, service),
    ]


def _fact(label: str, text: str, rule: str = "", role: str = "text1") -> Line:
    return Line(
        (Span(f"{label:<{LABEL}}", "muted"), Span(text, role)), (Span(rule, "faint"),) if rule else (), shrink=1
    )


def _settings(service: Service) -> Iterator[Line]:
    spec = service.spec
    yield _fact("type", "ClusterIP, headless" if service.is_headless else spec.type, "SV-1")
    for port in spec.ports:
        node_port = f", node port {port.node_port}" if port.node_port else ""
        target = "" if spec.type == "ExternalName" else f" → {port.target_port or port.port}"
        name = f"{port.name}  " if port.name else ""
        yield _fact("port", f"{name}{port.port}/{port.protocol}{target}{node_port}", "SV-2")
    if spec.selector:
        yield _fact("selects", ", ".join(f"{k}={v}" for k, v in sorted(spec.selector.items())), "EP-1")
    elif spec.type != "ExternalName":
        yield _fact("selects", "nothing: its EndpointSlices are made by hand", "EP-15")
    if spec.publish_not_ready_addresses:
        yield _fact("not ready", "published as ready", "EP-5")
    if spec.session_affinity == "ClientIP":
        timeout = spec.session_affinity_config.client_ip.timeout_seconds
        yield _fact(
            "affinity", f"a client keeps its endpoint for {timeout} s after its last dial, per node and port", "SV-48"
        )
    elif spec.type != "ExternalName" and not service.is_headless:
        yield _fact("affinity", "none: each connection is a new draw", "SV-41")
    if spec.internal_traffic_policy == "Local":
        yield _fact("from inside", "Local: only endpoints on the client's node, else dropped", "SV-53")
    if spec.type in ("NodePort", "LoadBalancer"):
        yield _fact("from outside", *_EXTERNAL[spec.external_traffic_policy == "Local"])
    if spec.traffic_distribution:
        yield _fact("distribution", spec.traffic_distribution, "EP-18")
    yield from _load_balancer(service)


_EXTERNAL = {
    True: ("Local: only endpoints on the node that is reached; they see the client's address", "SV-43"),
    False: ("Cluster: any endpoint; it sees the address of the node that is reached", "SV-44"),
}


def _load_balancer(service: Service) -> Iterator[Line]:
    spec = service.spec
    if spec.type != "LoadBalancer":
        return
    if spec.load_balancer_class:
        yield _fact("class", spec.load_balancer_class, "SV-7")
    if spec.load_balancer_source_ranges:
        yield _fact("admits", ", ".join(spec.load_balancer_source_ranges), "SV-47")
    if not spec.allocate_load_balancer_node_ports:
        yield _fact("node ports", "none are allocated: the balancer must reach pods by itself", "SV-13")
    if spec.health_check_node_port:
        yield _fact("health check", f"every node, port {spec.health_check_node_port}", "SV-52")
    if not service.status.load_balancer.ingress:
        yield _fact("address", "none yet", "SV-16", "warn")


_WAYS = {
    "none": "nobody answers for Services of type LoadBalancer",
    "cloud-vip": "to a node, with the balancer's address as destination",
    "cloud-proxy": "to a node port, from an address of the balancer's own",
    "node-ports-kept": "to a node port, with the client's address kept",
    "metallb-l2": "to one node, the leader, with the balancer's address as destination",
    "metallb-bgp": "to a node that a router chooses, with the balancer's address as destination",
    "nlb-ip": "straight to the pods",
}


def _balancer(world: World, service: Service) -> Iterator[Line]:
    """How the balancer brings traffic in, by the profile and by the annotations of its vendor."""
    if service.spec.type != "LoadBalancer":
        return
    found = balancer_of(service, world.profile)
    yield _fact("balancer", f"{_WAYS[found.kind]}{sure_words(found.basis)}", "SV-60")
    if found.is_internal:
        yield _fact("reached from", "its cloud's own network alone: it is internal", "SV-61")
    if found.allowed:
        yield _fact("admits", f"{', '.join(found.allowed)}, by the cloud", "SV-61")
    for note in found.notes:
        yield _fact("", note, "SV-61")
    for name in found.without_effect:
        yield _fact("no effect", f"{name}: kept, without effect in the model", "SV-61")


def _frontends(found: Sequence[Frontend]) -> Iterator[Line]:
    """Each frontend; nodes whose node port behaves alike as one."""
    alike: dict[object, list[Frontend]] = {}
    for frontend in found:
        place = "" if frontend.kind == "node port" else frontend.address
        alike.setdefault((frontend.kind, place, frontend.port, frontend.uses), []).append(frontend)
    for group in alike.values():
        yield from _frontend(group[0], ", ".join(frontend.shown_address for frontend in group))


def _frontend(frontend: Frontend, address: str) -> Iterator[Line]:
    port = frontend.port
    protocol = "" if port is None or port.protocol == "TCP" else f" {port.protocol.lower()}"
    name = f"  {port.name}" if port is not None and port.name else ""
    yield Line(
        (
            Span(f"{frontend.kind:<{LABEL}}", "muted"),
            Span(address + protocol, bold=True),
            Span(name, "muted"),
        ),
        (Span(frontend.rule, "faint"),),
        shrink=1,
    )
    for use in frontend.uses:
        yield from _use(use)


def _use(use: Use) -> Iterator[Line]:
    mark = OUTCOMES[use.outcome]
    among = "" if use.asked == 1 and use.clients == "outside" else _counted(use)
    verdict = Span(mark.glyph if use.outcome is Outcome.MIXED else f"{mark}", mark.role)
    lead = (Span(" " * LABEL), Span(f"from {use.clients:<9}", "muted"), verdict)
    yield Line((*lead, Span(" "), Span(f"{among}{sure_words(use.basis, use.outcome)}".lstrip())), shrink=4)
    if use.through and use.barred:
        yield Line((Span(" " * (LABEL + 2)), Span(_names(use.through), "muted")), shrink=1)
    for group in use.barred:
        mark = OUTCOMES[group.outcome]
        count = f"{len(group.clients)}: " if use.asked > 1 and len(use.barred) + len(use.through) > 1 else ""
        why = f"{count}{group.reason.removeprefix(f'{mark.word}: ')}"
        rule = (Span(group.rule, "faint"),) if group.rule else ()
        yield Line(
            (Span(" " * (LABEL + 2)), Span(f"{mark.glyph} " if count else "", mark.role), Span(why, "muted")),
            rule,
            shrink=2,
        )
        if count:
            yield Line((Span(" " * (LABEL + 4)), Span(_names(group.clients), "muted")), shrink=1)


def _names(clients: Sequence[str]) -> str:
    """Who they are; of many the first, and how many more."""
    shown = [f"{namespace}/{name}" if namespace else name for _, namespace, name in map(parts, clients[:MOST_NAMED])]
    more = len(clients) - len(shown)
    return ", ".join(shown) + (f", {more} more" if more else "")


def _counted(use: Use) -> str:
    what = "workloads" if use.clients == "pods" else use.clients
    if use.outcome is not Outcome.MIXED:
        return f"for all {use.asked} {what}" if use.asked > 1 else f"for {what}"
    if use.partly and not use.delivered:
        return f"{use.partly} of {use.asked} {what} reach some endpoints only"
    partly = f", {use.partly} to some endpoints only" if use.partly else ""
    return f"{use.delivered} of {use.asked} {what} get through{partly}"


def _policies(world: World, service: Service) -> list[Line]:
    """What policies do to those who dial its pods; nothing where it has none."""
    slices = world.cluster.slices_by_service.get(service.key, ())
    names = dict.fromkeys(end.target_ref.name for s in slices for end in s.endpoints if end.target_ref)
    found = (world.cluster.pod(service.metadata.namespace, name) for name in names)
    pods = [pod for pod in found if pod is not None]
    return [BLANK, section("policies of its pods"), *policy_rows(world, pods, (INGRESS,))] if pods else []


def _endpoints(world: World, service: Service) -> Iterator[Line]:
    slices = world.cluster.slices_by_service.get(service.key, ())
    ends = [(item, end) for item in slices for end in item.endpoints]
    if not ends:
        selected = sum(all(pod.metadata.labels.get(k) == v for k, v in service.spec.selector.items())
                       for pod in world.cluster.pods_by_namespace.get(service.metadata.namespace, ()))  # fmt: skip
        words = "none: no pod has the labels" if service.spec.selector and not selected else "none"
        yield Line(
            (Span(words, "warn" if service.spec.type != "ExternalName" else "muted"),), (Span("SV-42", "faint"),)
        )
    for item, end in ends:
        yield _endpoint(item, end)


def _endpoint(item: EndpointSlice, end: SliceEndpoint) -> Line:
    mark = READY if end.ready else STARTING if end.serving or end.terminating else PENDING
    conditions = [word for word, holds in (("ready", end.ready), ("serving", end.serving and not end.ready),
                                           ("terminating", end.terminating)) if holds]  # fmt: skip
    ports = " ".join(f"{p.name}:{p.port}" if p.name else str(p.port or "every port") for p in item.ports)
    hints = [*(f"zone {zone.name}" for zone in end.hints.for_zones), *(f"node {n.name}" for n in end.hints.for_nodes)]
    place = " ".join(filter(None, (end.node_name, end.zone)))
    name = end.target_ref.name if end.target_ref else "no pod"
    return Line(
        (
            Span(f"{mark.glyph} ", mark.role, bold=True),
            Span(f"{', '.join(end.addresses):<16} "),
            Span(f"{' '.join(conditions) or 'not ready':<12} ", mark.role if not end.ready else "muted"),
            Span(f"{middle_cut(name, 30):<31}"),
            Span(f"{ports}  ", "muted"),
            Span(f"hint: {', '.join(hints)}" if hints else "", "muted"),
        ),
        (Span(place, "muted"),),
        shrink=3,
    )
