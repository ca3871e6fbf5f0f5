"""StatefulSets whose pods' names do not resolve: another Service than the one that they name selects them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.linting.shapes import Shapes
from kwake.objects.finding import Finding
from kwake.objects.json_patch import New
from kwake.objects.kinds import Service, StatefulSet


def pod_name_findings(among: Shapes) -> Iterator[Finding]:
    """`serviceName` without its Service, beside a headless one for the same pods: `web-0.SERVICE` is of the subdomain
    that the pods have (PD-6, DN-6; github.com/kubernetes/kubernetes/issues/74950).

    Without a headless Service of other name nobody may want such names: many controllers are StatefulSets.
    """
    for value in among.cluster.all(StatefulSet):
        home, named = value.metadata.namespace, value.spec.service_name
        labels = value.spec.template.metadata.labels
        beside = [s for s in among.services.get(home, ()) if s.spec.selector.items() <= labels.items()]
        headless = [service for service in beside if service.is_headless]
        if not named or not headless or any(service.metadata.name == named for service in beside):
            continue
        first = headless[0]
        there = among.cluster.service(home, named)
        has = "does not exist" if there is None else "does not select its pods"
        pod, other = f"{value.metadata.name}-0", first.metadata.name
        text = (
            f"its serviceName {named} {has}, and its pods are of headless Service {other}: {pod}.{other} is no name, "
            f"and {pod}.{named} is not served"
        )
        where = among.where(value.key, ("spec", "serviceName"))
        fixes = (_governing(among, first, named),) if there is None else ()
        yield Finding("warning", str(value.key), text, where, fixes)


def _governing(among: Shapes, like: Service, name: str) -> New:
    """The Service that is missing: serviceName itself cannot be changed (`k8s:pkg/apis/apps/validation`)."""
    written = among.cluster.record(like.key).manifest["spec"]
    kept = {key: written[key] for key in ("selector", "ports", "publishNotReadyAddresses") if key in written}
    metadata = {"name": name, "namespace": like.metadata.namespace}
    spec = {"clusterIP": "None", **kept}
    return New(msgspec.json.encode({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}))
