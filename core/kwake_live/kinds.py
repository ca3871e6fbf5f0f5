"""What is read from an API server, and nothing else: the table that lists, `kwake rbac` and the guard's tests share."""

from __future__ import annotations

import msgspec


class Readable(msgspec.Struct, frozen=True):
    """A kind that is read."""

    kind: str
    group: str
    resource: str
    """Its plural, as in the URL."""
    versions: tuple[str, ...]
    """Versions that kwake reads, best first."""
    namespaced: bool = True
    decides: str = ""
    """What hangs on it: unknown or only inferred where it may not be read."""
    is_policy: bool = False
    """Whether it judges traffic: unread, it makes every verdict unknown that it could change."""
    is_core: bool = False
    """Whether every API server has it: one that does not is not taken to be without."""

    @property
    def name(self) -> str:
        """As kubectl writes it in full: `networkpolicies.networking.k8s.io`."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


def _core(kind: str, group: str, resource: str, versions: tuple[str, ...], decides: str, **more: bool) -> Readable:
    return Readable(kind, group, resource, versions, decides=decides, is_core=True, **more)


def _policy(kind: str, group: str, resource: str, *versions: str, namespaced: bool = True) -> Readable:
    decides = "what policies of this kind decide"
    return Readable(kind, group, resource, versions, namespaced, decides, is_policy=True)


READABLE: tuple[Readable, ...] = (
    _core("Namespace", "", "namespaces", ("v1",), "labels of namespaces, by which policies select", namespaced=False),
    _core("Node", "", "nodes", ("v1",), "addresses, ranges and zones of nodes, and who takes packets from outside",
          namespaced=False),
    _core("Service", "", "services", ("v1",), "names and virtual addresses: whether a name exists is unknown"),
    _core("Pod", "", "pods", ("v1",), "who is there at all, and who has an address"),
    _core("EndpointSlice", "discovery.k8s.io", "endpointslices", ("v1", "v1beta1"),
          "endpoints of Services"),
    _core("NetworkPolicy", "networking.k8s.io", "networkpolicies", ("v1",), "whether a dial is admitted",
          is_policy=True),
    _core("Endpoints", "", "endpoints", ("v1",), "endpoints that a person wrote, without slices"),
    _core("Deployment", "apps", "deployments", ("v1",), "what replaces a pod that goes"),
    _core("ReplicaSet", "apps", "replicasets", ("v1",), "what replaces a pod that goes"),
    _core("StatefulSet", "apps", "statefulsets", ("v1",), "what replaces a pod that goes"),
    _core("DaemonSet", "apps", "daemonsets", ("v1",), "what replaces a pod that goes"),
    _core("ControllerRevision", "apps", "controllerrevisions", ("v1",), "the templates of a rollout half done"),
    _core("Job", "batch", "jobs", ("v1",), "what replaces a pod that goes"),
    _core("CronJob", "batch", "cronjobs", ("v1", "v1beta1"), "what makes Jobs"),
    _core("ReplicationController", "", "replicationcontrollers", ("v1",), "what replaces a pod that goes"),
    _core("PodDisruptionBudget", "policy", "poddisruptionbudgets", ("v1", "v1beta1"), "whether an eviction is granted"),
    _core("Ingress", "networking.k8s.io", "ingresses", ("v1", "v1beta1"), "nothing that kwake answers"),
    Readable("ServiceCIDR", "networking.k8s.io", "servicecidrs", ("v1", "v1beta1"), namespaced=False,
             decides="the range that ClusterIPs come from"),
    _policy("CiliumNetworkPolicy", "cilium.io", "ciliumnetworkpolicies", "v2"),
    _policy("CiliumClusterwideNetworkPolicy", "cilium.io", "ciliumclusterwidenetworkpolicies", "v2", namespaced=False),
    _policy("NetworkPolicy", "crd.projectcalico.org", "networkpolicies", "v1"),
    _policy("GlobalNetworkPolicy", "crd.projectcalico.org", "globalnetworkpolicies", "v1", namespaced=False),
    _policy("NetworkPolicy", "projectcalico.org", "networkpolicies", "v3"),
    _policy("GlobalNetworkPolicy", "projectcalico.org", "globalnetworkpolicies", "v3", namespaced=False),
    _policy("AdminNetworkPolicy", "policy.networking.k8s.io", "adminnetworkpolicies", "v1alpha1", namespaced=False),
    _policy("BaselineAdminNetworkPolicy", "policy.networking.k8s.io", "baselineadminnetworkpolicies", "v1alpha1",
            namespaced=False),
    _policy("ClusterNetworkPolicy", "policy.networking.k8s.io", "clusternetworkpolicies", "v1alpha2", namespaced=False),
    _policy("ClusterNetworkPolicy", "networking.k8s.aws", "clusternetworkpolicies", "v1alpha1", namespaced=False),
    _policy("ApplicationNetworkPolicy", "networking.k8s.aws", "applicationnetworkpolicies", "v1alpha1"),
    _policy("NetworkPolicy", "crd.antrea.io", "networkpolicies", "v1beta1", "v1alpha1"),
    _policy("ClusterNetworkPolicy", "crd.antrea.io", "clusternetworkpolicies", "v1beta1", "v1alpha1",
            namespaced=False),
    _policy("EgressFirewall", "k8s.ovn.org", "egressfirewalls", "v1"),
    Readable("AuthorizationPolicy", "security.istio.io", "authorizationpolicies", ("v1", "v1beta1"),
             decides="requests inside a connection"),
)  # fmt: skip
"""In the order in which they are read; what the first screen shows comes first."""

CONFIG_MAPS: tuple[tuple[str, str], ...] = (
    ("kube-system", "kube-proxy"),
    ("kube-system", "kube-proxy-config"),
    ("kube-system", "cilium-config"),
    ("kube-system", "calico-config"),
    ("kube-system", "canal-config"),
    ("kube-system", "kube-flannel-cfg"),
    ("kube-flannel", "kube-flannel-cfg"),
    ("kube-system", "antrea-config"),
    ("kube-system", "kube-router-cfg"),
    ("kube-system", "amazon-vpc-cni"),
    ("kube-system", "weave-net"),
)
"""The only ConfigMaps that are read, one by one: how kube-proxy and the CNI are set up, by the names of their
manifests."""
