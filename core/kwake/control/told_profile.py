"""How a cluster's own objects say that its network is set up: which CNI runs, and how kube-proxy does."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

import msgspec

from kwake.cluster import Cluster, Record
from kwake.objects.basis import Basis
from kwake.objects.document import Manifest
from kwake.objects.key import key
from kwake.objects.kinds import DaemonSet
from kwake.profiles.load import load_profile
from kwake.profiles.profile import TOLD, Profile
from kwake.sources.yaml_reader import SyntaxProblem, read_yaml

BUNDLES: Mapping[str, str] = {
    "calico-node": "calico",
    "canal": "calico+host-local",  # calico's policies over flannel's network
    "cilium": "cilium",
    "antrea-agent": "antrea",
    "kindnet": "kindnet",
    "aws-node": "aws-vpc-cni",
    "kube-flannel": "flannel",
    "kube-flannel-ds": "flannel",
    "weave-net": "weave",
    "kube-router": "kube-router",
    "ovnkube-node": "ovn-kubernetes",
    "azure-npm": "azure-npm",
    "kube-network-policies": "kube-network-policies",
}
"""The profile by the name that a CNI's own manifests give its DaemonSet."""

_KUBE_PROXY = (("kube-proxy", "config.conf"), ("kube-proxy-config", "config"))
"""ConfigMaps of kube-system that hold kube-proxy's configuration, as kubeadm and EKS name them."""

_OWN_PROXY = frozenset({"antrea", "ovn-kubernetes", "kube-router"})
"""Bundles whose own proxy is told by nothing that kwake reads."""

_REPLACED = frozenset({"true", "strict"})
"""Values of Cilium's `kube-proxy-replacement` under which it forwards Services itself."""


class ToldProfile(msgspec.Struct, frozen=True):
    """The profile that a cluster's objects tell of, and which object says what."""

    name: str
    """A bundle, with a proxy of another mode: `calico+ipvs`."""
    fields: dict[str, str]
    sources: dict[str, str]
    """By field, `policy` and `proxy` among them: the object that says so, and how."""

    @property
    def options(self) -> str:
        """As the command line takes it."""
        return " ".join([f"--profile {self.name}", *(f"--set {field}={value}" for field, value in self.fields.items())])

    @property
    def words(self) -> str:
        """The profile and the objects that tell of it."""
        return f"{self.name}, as {'; '.join(dict.fromkeys(self.sources.values()))}"


def told_profile(cluster: Cluster) -> ToldProfile | None:
    """What the objects of a cluster say; None where they do not say which CNI runs, or name more than one."""
    found = sorted(
        {(BUNDLES[d.metadata.name], str(d.key)) for d in cluster.all(DaemonSet) if d.metadata.name in BUNDLES}
    )
    if len({bundle for bundle, _ in found}) != 1:
        return None
    bundle, subject = found[0]
    fields: dict[str, str] = {}
    sources = {"policy": f"{subject} runs"}
    name = bundle
    if bundle == "cilium":
        said = _replacement(cluster)
        if said is not None:
            sources["proxy"] = f"ConfigMap/kube-system/cilium-config says kube-proxy-replacement: {said}"
        if said is None or said in _REPLACED:
            return ToldProfile(name, fields, sources)
        name = "cilium+iptables"
    if bundle not in _OWN_PROXY:
        for subject, settings in _configurations(cluster):
            mode = str(settings.get("mode") or "iptables")
            if mode not in ("iptables", "ipvs", "nftables"):
                continue
            name = f"{bundle}+{mode}" if mode != "iptables" or bundle == "cilium" else bundle
            sources["proxy"] = f"{subject} says mode: {mode}"
            for field, value, path in _fields(settings, mode):
                fields[field] = value
                sources[field] = f"{subject} says {path}"
            break
    return ToldProfile(name, fields, sources)


def profile_of(told: ToldProfile, overrides: Mapping[str, str]) -> Profile:
    """That profile; what the user sets goes before what the cluster says. Raises ProfileError."""
    profile = load_profile(told.name, {**told.fields, **overrides})
    settings = dict(profile.settings)
    for field in told.fields.keys() - overrides.keys():
        setting = settings[field]
        settings[field] = msgspec.structs.replace(setting, basis=Basis.SOURCED, source=f"{TOLD}{told.sources[field]}")
    return msgspec.structs.replace(profile, settings=settings)


def otherwise(told: ToldProfile, profile: Profile) -> Iterator[tuple[str, str, str]]:
    """What the cluster says otherwise than a profile: the object, what it means, what the profile has."""
    meant = profile_of(told, {})
    for field, source in told.sources.items():
        if meant[field] != profile[field]:
            subject, _, says = source.partition(" ")
            yield subject, f"{says}, so {field} is {meant[field]}", profile[field]


def _replacement(cluster: Cluster) -> str | None:
    config = cluster.find(key("ConfigMap", "kube-system", "cilium-config"))
    data = config.manifest.get("data") if config is not None else None
    said = data.get("kube-proxy-replacement") if isinstance(data, dict) else None
    return None if said is None else str(said).lower()


def _configurations(cluster: Cluster) -> Iterator[tuple[str, Manifest]]:
    """KubeProxyConfiguration, and the ConfigMap that holds it."""
    for name, field in _KUBE_PROXY:
        config = cluster.find(key("ConfigMap", "kube-system", name))
        settings = _parsed(config, field) if config is not None else None
        if settings is not None:
            yield f"ConfigMap/kube-system/{name}", settings


def _parsed(config: Record, field: str) -> Manifest | None:
    data = config.manifest.get("data")
    text = data.get(field) if isinstance(data, dict) else None
    if not isinstance(text, str):
        return None
    try:
        values = [parsed.value for parsed in read_yaml(text.encode())]
    except SyntaxProblem:
        return None
    settings = values[0] if values else None
    is_one = isinstance(settings, dict) and settings.get("kind") == "KubeProxyConfiguration"
    return settings if is_one else None


def _fields(settings: Manifest, mode: str) -> Iterator[tuple[str, str, str]]:
    """The fields of a profile that it sets, and by which of its own."""
    addresses = settings.get("nodePortAddresses")
    if isinstance(addresses, list) and addresses:
        text = ",".join(map(str, addresses))
        if text == "primary" or _is_ranges(text):
            yield "node-port-addresses", text, f"nodePortAddresses: {text}"
    own = settings.get(mode)
    if isinstance(own, dict) and own.get("masqueradeAll") is True:
        yield "masquerade-all", "yes", f"{mode}.masqueradeAll: true"
    if mode == "iptables" and isinstance(own, dict) and own.get("localhostNodePorts") is False:
        yield "localhost-node-ports", "no", "iptables.localhostNodePorts: false"
    ranges = str(settings.get("clusterCIDR") or "")
    if _is_ranges(ranges):
        yield "cluster-cidr", ranges, f"clusterCIDR: {ranges}"
    elif settings.get("detectLocalMode") in (None, "", "ClusterCIDR"):
        yield "local-detection", "none", "no clusterCIDR to tell pods by"


def _is_ranges(text: str) -> bool:
    try:
        return bool([ipaddress.ip_network(part) for part in text.split(",")])
    except ValueError:
        return False
