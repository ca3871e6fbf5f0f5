"""The profile that a cluster's own objects tell of, by the names and fields of their upstream manifests."""

from __future__ import annotations

import pytest

import kwake
from kwake.control.told_profile import BUNDLES, profile_of, told_profile
from kwake.objects.basis import Basis
from kwake.objects.document import Manifest
from kwake.profiles import load_profile


def _daemon_set(name: str, namespace: str = "kube-system") -> Manifest:
    labels = {"k8s-app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"hostNetwork": True, "containers": [{"name": "c", "image": "i"}]}}
    return {
        "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": pod},
        "status": {"currentNumberScheduled": 0, "desiredNumberScheduled": 0},
    }  # fmt: skip


def _config_map(name: str, **data: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "kube-system"},
            "data": {field.replace("_", "."): text for field, text in data.items()}}  # fmt: skip


def _kube_proxy(text: str) -> Manifest:
    head = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
    return _config_map("kube-proxy", config_conf=head + text)


def _told(*objects: Manifest) -> tuple[str, dict[str, str]] | None:
    told = told_profile(kwake.open(objects).cluster)
    return None if told is None else (told.name, told.fields)


@pytest.mark.parametrize("name", BUNDLES)
def test_the_daemon_set_of_a_cni_tells_the_bundle(name: str) -> None:
    told = _told(_daemon_set(name))

    assert told is not None
    assert told[0].partition("+")[0] == BUNDLES[name].partition("+")[0]
    load_profile(told[0])


def test_nothing_is_told_without_a_known_cni_or_by_two() -> None:
    assert _told(_daemon_set("node-exporter")) is None
    assert _told(_daemon_set("calico-node"), _daemon_set("aws-node")) is None
    assert _told(_kube_proxy("mode: ipvs\n")) is None


PROXIES = {
    "kubeadm's default": ("mode: ''\nclusterCIDR: 10.42.0.0/16\n", "calico", {"cluster-cidr": "10.42.0.0/16"}),
    "ipvs": ("mode: ipvs\nclusterCIDR: 10.42.0.0/16\nipvs: {masqueradeAll: false}\n", "calico+ipvs",
             {"cluster-cidr": "10.42.0.0/16"}),
    "nftables": ("mode: nftables\nclusterCIDR: 10.42.0.0/16\nnodePortAddresses: [primary]\n", "calico+nftables",
                 {"cluster-cidr": "10.42.0.0/16", "node-port-addresses": "primary"}),
    "addresses of node ports": ("detectLocalMode: NodeCIDR\nnodePortAddresses: [10.0.0.0/8, fd00::/8]\n",
                                "calico", {"node-port-addresses": "10.0.0.0/8,fd00::/8"}),
    "all is masqueraded": ("mode: iptables\ndetectLocalMode: NodeCIDR\niptables: {masqueradeAll: true}\n", "calico",
                           {"masquerade-all": "yes"}),
    "of another mode": ("mode: ipvs\ndetectLocalMode: NodeCIDR\niptables: {masqueradeAll: true}\n", "calico+ipvs", {}),
    "no node ports on localhost": ("detectLocalMode: NodeCIDR\niptables: {localhostNodePorts: false}\n", "calico",
                                   {"localhost-node-ports": "no"}),
    "nothing to tell pods by": ("mode: iptables\nclusterCIDR: ''\n", "calico", {"local-detection": "none"}),
    "a range that is none": ("detectLocalMode: NodeCIDR\nclusterCIDR: pods\n", "calico", {}),
    "Windows": ("mode: kernelspace\n", "calico", {}),
    "no YAML": ("a: [\n", "calico", {}),
}  # fmt: skip
"""KubeProxyConfiguration, and what it comes to (`kubeproxy.config.k8s.io/v1alpha1`)."""


@pytest.mark.parametrize("case", PROXIES)
def test_kube_proxys_configuration_tells_mode_and_fields(case: str) -> None:
    text, name, fields = PROXIES[case]

    assert _told(_daemon_set("calico-node"), _kube_proxy(text)) == (name, fields)


@pytest.mark.parametrize(
    ("said", "name"), [("true", "cilium"), ("strict", "cilium"), ("false", "cilium+ipvs"), ("partial", "cilium+ipvs")]
)
def test_cilium_forwards_services_where_it_replaces_kube_proxy(said: str, name: str) -> None:
    config = _config_map("cilium-config", **{"kube-proxy-replacement": said})
    proxy = _kube_proxy("mode: ipvs\ndetectLocalMode: NodeCIDR\n")

    assert _told(_daemon_set("cilium"), config, proxy) == (name, {})


def test_what_the_cluster_says_is_sourced_by_its_object_and_the_user_goes_before() -> None:
    proxy = _kube_proxy("mode: iptables\nclusterCIDR: 10.42.0.0/16\niptables: {masqueradeAll: true}\n")
    told = told_profile(kwake.open([_daemon_set("calico-node"), proxy]).cluster)
    assert told is not None

    profile = profile_of(told, {"cluster-cidr": "10.9.0.0/16"})

    setting = profile.setting("masquerade-all")
    assert (setting.value, setting.basis) == ("yes", Basis.SOURCED)
    assert "ConfigMap/kube-system/kube-proxy says iptables.masqueradeAll: true" in setting.source
    assert profile["cluster-cidr"] == "10.9.0.0/16"
    assert load_profile(profile.name, profile.chosen).chosen == profile.chosen, "a saved scenario has it again"


def test_check_says_where_the_profile_is_not_the_clusters() -> None:
    objects = [_daemon_set("kindnet"), _kube_proxy("mode: ipvs\nclusterCIDR: 10.244.0.0/16\n")]

    def said(profile: str) -> dict[str, str]:
        findings = kwake.open(objects, profile).findings
        return {finding.subject: finding.text for finding in findings if "answered as" in finding.text}

    assert sorted(said("calico")) == ["ConfigMap/kube-system/kube-proxy", "DaemonSet/kube-system/kindnet"]
    assert "policy is kindnet; answered as calico" in said("calico")["DaemonSet/kube-system/kindnet"]
    assert "--profile kindnet+ipvs" in said("calico")["DaemonSet/kube-system/kindnet"]
    assert said("kindnet+ipvs") == {}
