"""ServiceMonitors and PodMonitors of Prometheus' operator: the Services and pods that they have scraped."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.linting.shapes import Shapes
from kwake.objects.document import FieldPath
from kwake.objects.finding import Finding
from kwake.objects.json_patch import replace
from kwake.objects.key import Key
from kwake.objects.kinds import Unmodelled
from kwake.objects.selector import LabelSelector
from kwake.objects.slips import is_misspelt

GROUP = "monitoring.coreos.com"


class Spaces(msgspec.Struct, frozen=True, rename="camel"):
    """`namespaceSelector`: names and not labels; nothing means the monitor's own namespace."""

    any: bool = False
    match_names: tuple[str, ...] = ()


class Scraped(msgspec.Struct, frozen=True, rename="camel"):
    """One endpoint: by the name of the Service's port, or of the pods' for a PodMonitor."""

    port: str = ""
    target_port: int | str | None = None


class MonitorSpec(msgspec.Struct, frozen=True, rename="camel"):
    """`spec` of either kind."""

    selector: LabelSelector = LabelSelector()
    namespace_selector: Spaces = Spaces()
    endpoints: tuple[Scraped, ...] = ()
    pod_metrics_endpoints: tuple[Scraped, ...] = ()


class Monitor(msgspec.Struct, frozen=True):
    """A ServiceMonitor or a PodMonitor."""

    spec: MonitorSpec = MonitorSpec()


class Monitored(msgspec.Struct, frozen=True):
    """One endpoint of a monitor, with the field that says so."""

    by: Key
    path: FieldPath
    selector: LabelSelector
    namespaces: tuple[str, ...]
    of_pods: bool
    endpoint: Scraped


def monitored(among: Shapes) -> Iterator[Monitored]:
    """Every endpoint of every monitor."""
    for value in among.cluster.all(Unmodelled):
        of_pods = value.kind == "PodMonitor"
        if value.key.group != GROUP or not (of_pods or value.kind == "ServiceMonitor"):
            continue
        read = among.read(value.key, Monitor)
        if read is None:
            continue
        spec = read.spec
        named = spec.namespace_selector
        spaces = tuple(sorted(among.cluster.namespaces)) if named.any else named.match_names or (value.key.namespace,)
        field = "podMetricsEndpoints" if of_pods else "endpoints"
        for at, endpoint in enumerate(spec.pod_metrics_endpoints if of_pods else spec.endpoints):
            yield Monitored(value.key, ("spec", field, at), spec.selector, spaces, of_pods, endpoint)


def monitor_findings(among: Shapes) -> Iterator[Finding]:
    """Endpoints by the name of a port that none of the Services has (github.com/prometheus-operator/prometheus-operator
    issues 996, 1470 and 2833)."""
    for monitor in monitored(among):
        asked = monitor.endpoint.port
        services = [
            service
            for namespace in monitor.namespaces
            for service in among.services.get(namespace, ())
            if monitor.selector.matches(service.metadata.labels)
        ]
        names = {port.name for service in services for port in service.spec.ports}
        if monitor.of_pods or not asked or not services or asked in names:
            continue
        shown = sorted(names - {""})
        has = f"; there is {', '.join(shown)}" if shown else ": theirs have no names"
        called = ", ".join(service.metadata.name for service in services[:3])
        text = f"asks for port {asked}, and Service {called} has none of that name{has}"
        near = [name for name in shown if is_misspelt(asked, name)] or (shown if len(shown) == 1 else [])
        fix = [replace((*monitor.path, "port"), near[0])] if near else []
        yield among.warning(monitor.by, (*monitor.path, "port"), text, *fix)
