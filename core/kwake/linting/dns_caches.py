"""The cache of the cluster's DNS that runs on each node, where a snapshot has one."""

from __future__ import annotations

import re

import msgspec

from kwake.linting.scene import Scene
from kwake.objects.kinds import ConfigMap, Container, DaemonSet, Pod, Service

IMAGE = "dns-node-cache"
"""What the image of NodeLocal DNSCache is called, whoever deploys it."""
USUAL = "169.254.20.10"
"""Its address in its own manifest, where a snapshot does not say another (kubernetes.io, NodeLocal DNSCache)."""
_LINK_LOCAL = re.compile(r"\b169\.254\.\d{1,3}\.\d{1,3}\b")


def cache_addresses(scene: Scene) -> tuple[str, ...]:
    """Where the cache answers: a link-local address, and the ClusterIP of the cluster's DNS; nothing where none runs.

    kube-proxy in iptables mode leaves the ClusterIP to it, in ipvs mode the kubelet names the link-local one.
    """
    caches = [daemons for daemons in scene.cluster.all(DaemonSet) if _is_cache(daemons.spec.template.spec.containers)]
    pods = [pod for pod in scene.cluster.all(Pod) if _is_cache(pod.spec.containers)]
    if not caches and not pods:
        return ()
    keys = [value.key for value in caches or pods]
    keys += [config.key for config in scene.cluster.all(ConfigMap) if "local" in config.metadata.name.lower()
             and "dns" in config.metadata.name.lower()]  # fmt: skip
    written = b"".join(msgspec.json.encode(scene.cluster.record(key).manifest) for key in keys)
    local = _LINK_LOCAL.search(written.decode())
    clusters = [ip for service in _dns_services(scene) for ip in service.cluster_ips]
    return (local[0] if local is not None else USUAL, *clusters)


def _dns_services(scene: Scene) -> list[Service]:
    return [s for s in scene.cluster.all(Service) if s.metadata.namespace == "kube-system" and s.spec.selector
            and (s.metadata.labels.get("k8s-app") == "kube-dns" or s.metadata.name == "kube-dns")]  # fmt: skip


def _is_cache(containers: tuple[Container, ...]) -> bool:
    return any(IMAGE in container.image for container in containers)
