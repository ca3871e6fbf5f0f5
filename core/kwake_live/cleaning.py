"""A manifest without what may be secret and what no answer needs: what a capture keeps of an object."""

from __future__ import annotations

from collections import Counter
from typing import Any

import yaml

from kwake.objects.document import Manifest

ANNOTATIONS = (
    "kwake.dev/",
    "deployment.kubernetes.io/revision",
    "batch.kubernetes.io/job-completion-index",
    "kubernetes.io/config.mirror",
    "kubectl.kubernetes.io/restartedAt",
    "service.kubernetes.io/",
    "service.beta.kubernetes.io/load-balancer-source-ranges",
    "service.alpha.kubernetes.io/tolerate-unready-endpoints",
    "endpointslice.kubernetes.io/",
    "endpoints.kubernetes.io/",
    "cni.projectcalico.org/podIP",
    "projectcalico.org/IPv4",
    "projectcalico.org/IPv6",
    "node.alpha.kubernetes.io/ttl",
    "control-plane.alpha.kubernetes.io/leader",
)
"""Annotations that are kept, by how they begin: those that networking reads, which hold no secrets."""

DROPPED = {
    "managedFields": "managed fields",
    "selfLink": "managed fields",
    "command": "commands and arguments",
    "args": "commands and arguments",
    "httpHeaders": "HTTP headers",
    "headers": "HTTP headers",
    "headerMatches": "HTTP headers",
    "volumes": "volumes",
    "volumeMounts": "volumes",
    "volumeDevices": "volumes",
    "volumeClaimTemplates": "volumes",
    "volumesAttached": "volumes",
    "volumesInUse": "volumes",
    "volumeAttributes": "volumes",
    "imagePullSecrets": "names of Secrets",
    "envFrom": "names of Secrets",
    "secrets": "names of Secrets",
    "message": "messages of statuses",
    "caBundle": "certificates",
    "terminatingTLS": "certificates",
    "originatingTLS": "certificates",
    "images": "lists of images of nodes",
}
"""Fields that are left out wherever they stand below `spec`, `status`, `data` and `specs`, and how that is told."""

_KEPT_MAPS = frozenset(
    {"labels", "matchLabels", "selector", "nodeSelector", "podSelector", "namespaceSelector", "annotations",
     "limits", "requests", "capacity", "allocatable"}
)  # fmt: skip
"""Maps whose keys are the user's own words, which are no fields."""

_CONFIG_KEYS = {
    "kube-proxy": ("config.conf", "config"),
    "kube-proxy-config": ("config",),
    "cilium-config": (
        "kube-proxy-replacement", "tunnel", "tunnel-protocol", "routing-mode", "ipam", "enable-policy", "enable-ipv4",
        "enable-ipv6", "cluster-pool-ipv4-cidr", "cluster-pool-ipv4-mask-size", "cluster-pool-ipv6-cidr",
        "enable-host-firewall", "policy-cidr-match-mode", "bpf-lb-sock", "bpf-lb-mode", "bpf-lb-acceleration",
        "enable-bpf-masquerade", "enable-ipv4-masquerade", "ipv4-native-routing-cidr", "enable-k8s-networkpolicy",
        "enable-node-port", "enable-external-ips", "enable-host-port", "enable-session-affinity", "datapath-mode",
    ),
    "calico-config": ("calico_backend", "veth_mtu", "typha_service_name"),
    "canal-config": ("masquerade", "veth_mtu", "typha_service_name"),
    "kube-flannel-cfg": ("net-conf.json",),
    "amazon-vpc-cni": ("enable-network-policy-controller", "enable-windows-ipam"),
}  # fmt: skip
"""What is kept of the data of each ConfigMap."""

_PROXY_FIELDS = (
    "apiVersion", "kind", "mode", "clusterCIDR", "detectLocalMode", "detectLocal", "nodePortAddresses",
    "healthzBindAddress", "bindAddress", "iptables", "ipvs", "nftables", "conntrack", "featureGates", "udpIdleTimeout",
)  # fmt: skip
"""What is kept of KubeProxyConfiguration: how it forwards, not how it logs in."""

LeftOut = Counter[str]
"""How often each kind of thing was left out."""


_NOTES = ("kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision-history")
"""Annotations that only repeat what was written before: without them nothing is missing."""


def holds_secrets(manifest: Manifest) -> bool:
    """Whether a manifest, or a patch, has values that a capture would leave out: written to a cluster without them,
    it would take them away there."""
    metadata = manifest.get("metadata")
    if isinstance(metadata, dict):
        notes = {name: text for name, text in (metadata.get("annotations") or {}).items() if name not in _NOTES}
        metadata = {name: value for name, value in metadata.items() if name not in ("annotations", "managedFields")}
        manifest = {**manifest, "metadata": {**metadata, **({"annotations": notes} if notes else {})}}
    return cleaned(manifest, Counter()) != manifest


def cleaned(manifest: Manifest, left_out: LeftOut) -> Manifest:
    """The manifest with nothing in it that a capture must not hold; what that was is counted."""
    result: Manifest = {}
    for field, value in manifest.items():
        if field == "metadata":
            result[field] = _metadata(value, left_out)
        elif manifest.get("kind") == "Secret" and field in ("data", "stringData"):
            left_out["data of Secrets"] += 1
        elif manifest.get("kind") == "ConfigMap":
            if field not in ("data", "binaryData"):
                result[field] = value
        else:
            result[field] = _value(value, left_out)
    if manifest.get("kind") == "ConfigMap":
        result["data"] = _config(manifest, left_out)
    return result


def _metadata(metadata: Any, left_out: LeftOut) -> Any:
    if not isinstance(metadata, dict):
        return metadata
    result = {name: value for name, value in metadata.items() if name not in ("managedFields", "selfLink")}
    annotations = result.get("annotations")
    if isinstance(annotations, dict):
        kept = {name: text for name, text in annotations.items() if name.startswith(ANNOTATIONS)}
        left_out["annotations, the last applied configuration among them"] += len(annotations) - len(kept)
        result["annotations"] = kept
        if not kept:
            del result["annotations"]
    return result


def _value(value: Any, left_out: LeftOut) -> Any:
    if isinstance(value, list):
        return [_value(item, left_out) for item in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for name, child in value.items():
        if name == "metadata":
            result[name] = _metadata(child, left_out)
        elif name in _KEPT_MAPS and isinstance(child, dict) and not _holds_maps(child):
            result[name] = child
        elif name == "env" and isinstance(child, list):
            result[name] = [_variable(item, left_out) for item in child]
        elif name in DROPPED:
            left_out[DROPPED[name]] += 1
        else:
            result[name] = _value(child, left_out)
    return result


def _holds_maps(value: dict[str, Any]) -> bool:
    return any(isinstance(child, dict | list) for child in value.values())


def _variable(item: Any, left_out: LeftOut) -> Any:
    """An environment variable's name alone."""
    if not isinstance(item, dict):
        return {}
    if "value" in item or "valueFrom" in item:
        left_out["values of environment variables"] += 1
    return {"name": item.get("name", "")}


def _config(manifest: Manifest, left_out: LeftOut) -> dict[str, str]:
    """What a ConfigMap says about forwarding."""
    metadata = manifest.get("metadata") or {}
    data = manifest.get("data")
    if not isinstance(data, dict):
        return {}
    if any(str(name).startswith("kwake.dev/") for name in metadata.get("annotations") or {}):
        return dict(data)  # kwake's own note of what is missing
    wanted = _CONFIG_KEYS.get(str(metadata.get("name")), ())
    kept = {name: text for name, text in data.items() if name in wanted and isinstance(text, str)}
    left_out["data of ConfigMaps"] += len(data) - len(kept)
    return {name: _proxy(text) if name in ("config.conf", "config") else text for name, text in kept.items()}


def _proxy(text: str) -> str:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return ""
    if not isinstance(value, dict):
        return ""
    kept = {name: value[name] for name in _PROXY_FIELDS if name in value}
    return str(yaml.safe_dump(kept, sort_keys=False))
