"""The variables in which a container finds Services (DN-20 to DN-23)."""

from __future__ import annotations

from kwake.cluster import Cluster
from kwake.dataplane.view import View
from kwake.objects.kinds import Pod, Service


def environment(view: View, pod: Pod, container: str = "") -> dict[str, str]:
    """The Service variables of a container (the first, unless named), as they were made when it started (DN-22)."""
    variables: dict[str, str] = {}
    for service in visible_services(view, pod, container):
        variables |= _variables(service)
    return dict(sorted(variables.items()))


def visible_services(view: View, pod: Pod, container: str = "") -> tuple[Service, ...]:
    """Services with variables: those with a ClusterIP in the pod's namespace, and `kubernetes` (DN-21, DN-23)."""
    known = cluster_at_start(view, pod, container)
    namespace = pod.metadata.namespace
    own = [s for s in known.all(Service, namespace) if s.cluster_ips]
    if not pod.spec.enable_service_links:
        own = []
    kubernetes = known.service("default", "kubernetes")
    if kubernetes is not None and kubernetes.cluster_ips and kubernetes not in own:
        own.insert(0, kubernetes)
    return tuple(own)


def service_in_environment(view: View, pod: Pod, namespace: str, name: str) -> Service | None:
    """The Service as the pod's containers know it, or None if no variable names it."""
    for service in visible_services(view, pod):
        if (service.metadata.namespace, service.metadata.name) == (namespace, name):
            return service
    return None


def cluster_at_start(view: View, pod: Pod, container: str = "") -> Cluster:
    """The cluster that a container of the pod found when it started (DN-22).

    Which container of several dials, nobody says: the first one does, unless named.
    """
    name = container or next((c.name for c in pod.spec.containers), "")
    whole = view.environments.get(pod.metadata.uid, view.cluster)
    return view.environments.get(f"{pod.metadata.uid}/{name}", whole)


def prefix(service_name: str) -> str:
    """`redis-primary` as `REDIS_PRIMARY`."""
    return service_name.upper().replace("-", "_")


def _variables(service: Service) -> dict[str, str]:
    name, ip = prefix(service.metadata.name), service.cluster_ips[0]
    host = f"[{ip}]" if ":" in ip else ip
    found = {f"{name}_SERVICE_HOST": ip}
    for index, port in enumerate(service.spec.ports):
        if index == 0:
            found[f"{name}_SERVICE_PORT"] = str(port.port)
            found[f"{name}_PORT"] = f"{port.protocol.lower()}://{host}:{port.port}"
        if port.name:
            found[f"{name}_SERVICE_PORT_{prefix(port.name)}"] = str(port.port)
        link = f"{name}_PORT_{port.port}_{port.protocol}"
        found |= {
            link: f"{port.protocol.lower()}://{host}:{port.port}",
            f"{link}_PROTO": port.protocol.lower(),
            f"{link}_PORT": str(port.port),
            f"{link}_ADDR": ip,
        }
    return found
