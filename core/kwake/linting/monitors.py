"""ServiceMonitors and PodMonitors of Prometheus' operator: the Services and pods that they have scraped."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.linting.shapes import Shapes
from kwake.objects.document import FieldPath
from kwake.objects.key import Key
from kwake.objects.kinds import Unmodelled
from kwake.objects.selector import LabelSelector

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
        try:
            spec = msgspec.convert(among.cluster.record(value.key).manifest, Monitor, strict=False).spec
        except msgspec.ValidationError:
            continue  # kwake keeps these kinds as they are
        named = spec.namespace_selector
        spaces = tuple(sorted(among.cluster.namespaces)) if named.any else named.match_names or (value.key.namespace,)
        field = "podMetricsEndpoints" if of_pods else "endpoints"
        for at, endpoint in enumerate(spec.pod_metrics_endpoints if of_pods else spec.endpoints):
            yield Monitored(value.key, ("spec", field, at), spec.selector, spaces, of_pods, endpoint)
