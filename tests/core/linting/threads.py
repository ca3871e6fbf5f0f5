"""Mistakes that people asked about in public, each in our own words and names, with what was meant."""

from __future__ import annotations

from typing import Any

import msgspec

from kwake.objects.document import Manifest
from tests.core.linting.shop import ASK_DNS, DNS_SERVICE, egress, in_namespace, ingress, labels, service
from tests.core.policy.clusters import namespace, pod, policy

Asked = tuple[str, str, str, int]
"""A source, a destination, a protocol and a port."""


class Mistake(msgspec.Struct, frozen=True):
    """A manifest of a thread, in our own names."""

    thread: str
    """Where somebody made it."""
    manifests: list[Manifest]
    said: str
    """A part of the finding."""
    opens: tuple[Asked, ...] = ()
    """What was meant and dropped, and passes after the fix."""
    closes: tuple[Asked, ...] = ()
    """What was not meant and passed, and is dropped after the fix."""
    stays: tuple[Asked, ...] = ()
    """What is dropped and was not meant: it is dropped after the fix, too."""
    profile: str = "calico"
    fixed: bool = True
    """Whether there is one likely meaning."""


def in_group(group: str, kind: str, name: str, **fields: Any) -> Manifest:
    return {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": name}, **fields}


def node(name: str, ip: str) -> Manifest:
    addresses = [{"type": "InternalIP", "address": ip}]
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"addresses": addresses}}


def kubernetes(*ips: str) -> list[Manifest]:
    """The Service of the API server, as clusters have it."""
    ports = [{"name": "https", "port": 443, "targetPort": 6443, "protocol": "TCP"}]
    metadata = {"name": "kubernetes", "namespace": "default"}
    return [
        namespace("default"),
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata,
         "spec": {"clusterIP": "10.96.0.1", "ports": ports}},
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
         "metadata": {**metadata, "labels": {"kubernetes.io/service-name": "kubernetes"}}, "addressType": "IPv4",
         "endpoints": [{"addresses": [ip]} for ip in ips],
         "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}]},
    ]  # fmt: skip


def named(name: str) -> dict[str, Any]:
    return in_namespace(**{"kubernetes.io/metadata.name": name})


def block(cidr: str, *holes: str) -> dict[str, Any]:
    return {"ipBlock": {"cidr": cidr, **({"except": list(holes)} if holes else {})}}


WEBHOOK = in_group(
    "admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "orders",
    webhooks=[{"name": "orders.shop", "clientConfig": {"service": {"namespace": "shop", "name": "hook"}}}],
)  # fmt: skip
METRICS_API = in_group(
    "apiregistration.k8s.io", "APIService", "v1beta1.metrics.k8s.io",
    spec={"group": "metrics.k8s.io", "version": "v1beta1", "service": {"namespace": "shop", "name": "hook"}},
)  # fmt: skip
CONVERSION = in_group(
    "apiextensions.k8s.io", "CustomResourceDefinition", "orders.shop",
    spec={"conversion": {"strategy": "Webhook", "webhook": {"clientConfig": {
        "service": {"namespace": "shop", "name": "hook", "port": 443}}}}},
)  # fmt: skip
HOOK = service("shop/hook", 443, 8080)
DENY_ALL = policy("shop/deny", {"podSelector": {}, "policyTypes": ["Ingress"]})
API_CALLS = (("192.168.0.9", "shop/web", "TCP", 8080),)
PROXY = pod("edge/proxy", ip="192.168.0.7", node="a", host_network=True, app="proxy")
EDGE = (namespace("edge"), node("a", "192.168.0.7"), PROXY)
LOCAL_DNS: Manifest = {
    "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "node-local-dns", "namespace": "kube-system"},
    "spec": {"selector": {"matchLabels": {"k8s-app": "node-local-dns"}},
             "template": {"metadata": {"labels": {"k8s-app": "node-local-dns"}},
                          "spec": {"hostNetwork": True, "dnsPolicy": "Default", "containers": [
                              {"name": "cache", "image": "registry.k8s.io/dns/k8s-dns-node-cache:1.23",
                               "args": ["-localip", "169.254.25.10,10.96.0.10"]}]}}},
}  # fmt: skip
TO_DNS_PODS = {"to": [{**named("kube-system"),
                       **labels(**{"k8s-app": "kube-dns"})}],
               "ports": [{"port": 53, "protocol": "UDP"}]}  # fmt: skip
ALL_NAMESPACES: dict[str, Any] = {"namespaceSelector": {}}


NOT_MONITORING = {"matchExpressions": [
    {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["monitoring"]}]}  # fmt: skip


CONTROLLER = pod("edge/nginx", ip="10.0.3.1", app="ingress-nginx")
FRONT: Manifest = {
    "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "front", "namespace": "shop"},
    "spec": {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {
        "service": {"name": "front", "port": {"number": 80}}}}]}}]},
}  # fmt: skip
ANNOTATED = pod("shop/api", ip="10.0.1.4", app="shop-api", ports=[{"containerPort": 8080}, {"containerPort": 9102}])
ANNOTATED["metadata"]["annotations"] = {"prometheus.io/scrape": "true", "prometheus.io/port": "9102"}


SYSLOG = pod("shop/syslog", ip="10.0.1.4", app="syslog", ports=[{"containerPort": 5514, "protocol": "UDP"}])
OVER_UDP: Manifest = {"containerPort": 5514, "protocol": "UDP"}
BOTH = pod("shop/both", ip="10.0.1.4", app="both", ports=[OVER_UDP, {"containerPort": 5514}, {"containerPort": 9600}])


MIGRATE: Manifest = {
    "apiVersion": "batch/v1", "kind": "Job",
    "metadata": {"name": "migrate", "namespace": "shop", "uid": "job", "labels": {"component": "migrate"}},
    "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}}},
}  # fmt: skip
OF_JOB = pod("shop/migrate-x", ip="10.0.1.4")
OF_JOB["metadata"]["ownerReferences"] = [
    {"apiVersion": "batch/v1", "kind": "Job", "name": "migrate", "uid": "job", "controller": True}]  # fmt: skip


def monitor(kind: str, field: str, port: str = "web") -> Manifest:
    return {"apiVersion": "monitoring.coreos.com/v1", "kind": kind, "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"selector": {}, field: [{"port": port}]}}  # fmt: skip


MISTAKES: dict[str, Mistake] = {
    "a webhook behind a policy for pods alone": Mistake(
        "https://github.com/crossplane/crossplane/issues/4092",
        [WEBHOOK, HOOK, ingress({"from": [{"namespaceSelector": {}}]})],
        "the API server calls Service shop/hook for it, and is no pod: no rule admits an address on TCP 8080 "
        "(isolated by p)",
        opens=API_CALLS,
    ),
    "a webhook behind a policy that denies all": Mistake(
        "https://github.com/elastic/cloud-on-k8s/issues/1634",
        [WEBHOOK, HOOK, DENY_ALL],
        "isolated by deny",
        opens=API_CALLS,
    ),
    "an aggregated API behind a policy for pods alone": Mistake(
        "https://github.com/red-hat-storage/ocs-operator/pull/4070",
        [METRICS_API, HOOK, ingress({"from": [labels(app="db")]})],
        "the API server calls Service shop/hook for it",
        opens=API_CALLS,
    ),
    "a conversion webhook behind a policy for pods alone": Mistake(
        "https://github.com/przemekhys/homeassistant-operator/pull/170",
        [CONVERSION, HOOK, ingress({"from": [labels(app="db")]})],
        "the API server calls Service shop/hook for it",
        opens=API_CALLS,
    ),
    "a load balancer to pods that admit pods alone": Mistake(
        "https://github.com/SchwarzIT/node-red-chart/pull/557",
        [service("shop/front", 80, "http", type="LoadBalancer"), DENY_ALL],
        "is of type LoadBalancer, and no rule admits an address on TCP 8080 (isolated by deny)",
        opens=(("203.0.113.9", "shop/web", "TCP", 8080),),
    ),
    "a node port to pods that admit pods alone, for some addresses": Mistake(
        "https://github.com/kubernetes/kubernetes/issues/47486",
        [service("shop/front", 80, 8080, type="LoadBalancer", externalTrafficPolicy="Local",
                 loadBalancerSourceRanges=["203.0.113.0/24"]), ingress({"from": [labels(app="db")]})],
        "is of type LoadBalancer",
        opens=(("203.0.113.9", "shop/web", "TCP", 8080),),
        stays=(("198.51.100.9", "shop/web", "TCP", 8080),),
    ),
    "an ingress controller on the host's network": Mistake(
        "https://github.com/projectcalico/calico/issues/5566",
        [*EDGE, ingress({"from": [{**named("edge"), **labels(app="proxy")}]})],
        "ingress rule 1 names pods on the host's network (edge/proxy), and policies see their node's address",
        opens=(("edge/proxy", "shop/web", "TCP", 8080),),
    ),
    "an ingress controller on the host's network, by its namespace": Mistake(
        "https://github.com/charmed-kubernetes/bundle/issues/765",
        [*EDGE, ingress({"from": [named("edge")]})],
        "it admits none of them under calico (sourced)",
        opens=(("edge/proxy", "shop/web", "TCP", 8080),),
    ),
    "the API server by its namespace": Mistake(
        "https://github.com/kubernetes-sigs/agent-sandbox/pull/1425",
        [*kubernetes("192.168.0.1"), egress({"to": [named("default")],
                                             "ports": [{"port": 443}]}, ASK_DNS)],
        "egress rule 1 seems to mean the API server, which is no pod: connections to Service kubernetes go to "
        "192.168.0.1:6443",
        opens=(("shop/web", "192.168.0.1", "TCP", 6443),),
    ),
    "the API server as a pod of any namespace": Mistake(
        "https://github.com/projectcalico/libcalico-go/issues/1060",
        [*kubernetes("192.168.0.1", "192.168.0.2"),
         egress({"to": [ALL_NAMESPACES], "ports": [{"port": 443}, {"port": 6443}]}, ASK_DNS)],
        "seems to mean the API server",
        opens=(("shop/web", "192.168.0.1", "TCP", 6443), ("shop/web", "192.168.0.2", "TCP", 6443)),
    ),
    "the API server by a label that nothing carries": Mistake(
        "https://github.com/postfinance/kubelet-csr-approver/issues/158",
        [*kubernetes("192.168.0.1"), egress({"to": [{**named("kube-system"),
                                                     **labels(component="kube-apiserver")}]}, ASK_DNS)],
        "seems to mean the API server",
        opens=(("shop/web", "192.168.0.1", "TCP", 6443),),
    ),
    "the API server that calls, by a label that nothing carries": Mistake(
        "https://github.com/kyverno/kyverno/blob/main/config/k8s-resource/networkpolicy.yaml",
        [ingress({"from": [{**named("kube-system"), **labels(component="kube-apiserver")}],
                  "ports": [{"port": 8080}]})],
        "ingress rule 1 seems to mean the API server, which is no pod: it comes from an address",
        opens=(("192.168.0.1", "shop/web", "TCP", 8080),),
    ),
    "the API server by its ClusterIP": Mistake(
        "https://stackoverflow.com/questions/50102943/how-to-allow-access-to-kubernetes-api-using-egress-network-policy",
        [*kubernetes("192.168.0.1"),
         egress({"to": [block("10.96.0.1/32")], "ports": [{"port": 443}]}, ASK_DNS)],
        "the address of Service default/kubernetes: policies see the addresses of its endpoints, 192.168.0.1:6443",
        opens=(("shop/web", "192.168.0.1", "TCP", 6443),),
    ),
    "the address of a load balancer in the cluster": Mistake(
        "https://github.com/projectcalico/calico/issues/10664",
        [{**service("shop/front", 443, 8080, type="LoadBalancer"),
          "status": {"loadBalancer": {"ingress": [{"ip": "10.40.0.13"}]}}},
         egress({"to": [block("10.40.0.13/32")]}, ASK_DNS, app="db")],
        "egress rule 1 admits 10.40.0.13, the address of Service shop/front: policies see the addresses of its pods",
        opens=(("shop/db", "shop/web", "TCP", 8080),),
    ),
    "the range of all Services": Mistake(
        "https://github.com/cloudnativelabs/kube-router/issues/905",
        [service("shop/front", 80, 8080), egress({"to": [block("10.96.0.0/12")]}, ASK_DNS, app="db")],
        "egress rule 1 admits 10.96.0.0/12, addresses of Services only",
        opens=(("shop/db", "shop/web", "TCP", 8080),),
    ),
    "DNS pods where each node has a cache": Mistake(
        "https://github.com/gardener/gardener/issues/2745",
        [DNS_SERVICE, LOCAL_DNS, egress({"to": [labels(app="db")]}, TO_DNS_PODS)],
        "a cache on each node answers here, at 169.254.25.10 and 10.96.0.10, and no rule admits that (inferred)",
        opens=(("shop/web", "169.254.25.10", "UDP", 53), ("shop/web", "10.96.0.10", "UDP", 53)),
    ),
    "an exception that a wider rule admits": Mistake(
        "https://github.com/Wide-Moat/open-computer-use/issues/464",
        [egress({"to": [block("0.0.0.0/0")]}, {"to": [block("0.0.0.0/0", "169.254.169.254/32")]})],
        "egress rule 2 excepts 169.254.169.254/32, and egress rule 1 admits it on the same ports: rules add up",
        closes=(("shop/web", "169.254.169.254", "TCP", 80),),
    ),
    "an exception that a wider policy admits": Mistake(
        "https://github.com/gardener/gardener/pull/297",
        [egress({"to": [block("0.0.0.0/0", "169.254.0.0/16")]}),
         policy("shop/wide", {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [block("0.0.0.0/0")]}]})],
        "egress rule 1 excepts 169.254.0.0/16, and egress rule 1 of wide admits it on the same ports",
        closes=(("shop/web", "169.254.169.254", "TCP", 80),),
    ),
    "a peer beside all namespaces": Mistake(
        "https://github.com/astronomer/helm.astronomer.io/pull/208",
        [ingress({"from": [ALL_NAMESPACES, labels(app="db")]})],
        "ingress rule 1 admits all pods of all namespaces, so its peer 2 (pods with app=db of its namespace) makes no "
        "difference",
        closes=(("monitoring/prometheus", "shop/web", "TCP", 8080),),
    ),
    "an egress rule that the other end's policies do not match": Mistake(
        "https://github.com/kubernetes/kubernetes/issues/97489",
        [egress({"to": [labels(app="db")], "ports": [{"port": 5432}]}, ASK_DNS), DENY_ALL],
        "egress rule 1 lets connections pass to app=db, and no ingress rule there does (deny)",
        opens=(("shop/web", "shop/db", "TCP", 5432),),
    ),
    "an ingress rule from another namespace that may not send": Mistake(
        "https://github.com/kubernetes/website/pull/25965",
        [ingress({"from": [{**named("monitoring"), **labels(app="prometheus")}], "ports": [{"port": "http"}]}),
         policy("monitoring/prometheus", {**labels(app="prometheus"), "policyTypes": ["Egress"],
                                          "egress": [{"to": [named("monitoring")]}, ASK_DNS]})],
        "ingress rule 1 lets connections pass from app=prometheus, and no egress rule there does (prometheus)",
        opens=(("monitoring/prometheus", "shop/web", "TCP", 8080),),
    ),
    "an ingress controller that may not come": Mistake(
        "https://github.com/kubernetes/kubernetes/issues/112467",
        [CONTROLLER, namespace("edge"), service("shop/front", 80, 8080), FRONT,
         policy("shop/own", {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]})],
        "leads to Service front, and no rule lets edge/nginx reach its pods on TCP 8080 (isolated by own)",
        opens=(("edge/nginx", "shop/web", "TCP", 8080),),
        stays=(("edge/nginx", "shop/db", "TCP", 8080),),
    ),
    "a port for metrics that is closed": Mistake(
        "https://github.com/codecentric/helm-charts/issues/546",
        [ANNOTATED, ingress({"from": [named("monitoring")], "ports": [{"port": 8080}]}, app="shop-api")],
        "asks to be scraped, and no rule lets monitoring/prometheus reach its pods on TCP 9102 (isolated by p)",
        opens=(("monitoring/prometheus", "shop/api", "TCP", 9102),),
    ),
    "a ServiceMonitor of pods that admit their own namespace": Mistake(
        "https://github.com/cagriekin/charts/issues/147",
        [monitor("ServiceMonitor", "endpoints"), {**service("shop/front", 80, "http")},
         ingress({"from": [{"podSelector": {}}]})],
        "has Service front scraped, and no rule lets monitoring/prometheus reach its pods on TCP 8080",
        opens=(("monitoring/prometheus", "shop/web", "TCP", 8080),),
    ),
    "a PodMonitor of pods that are closed": Mistake(
        "https://github.com/paperclipinc/openclaw-operator/issues/341",
        [monitor("PodMonitor", "podMetricsEndpoints", port="http"), DENY_ALL],
        "has port http scraped, and no rule lets monitoring/prometheus reach its pods on TCP 8080 (isolated by deny)",
        opens=(("monitoring/prometheus", "shop/web", "TCP", 8080),),
    ),
    "a port over UDP, as TCP": Mistake(
        "https://github.com/open-telemetry/opentelemetry-operator/issues/5611",
        [SYSLOG, ingress({"ports": [{"port": 5514}]}, app="syslog")],
        "ingress rule 1 admits TCP 5514, and its pods have 5514 over UDP: a port without protocol is TCP",
        opens=(("shop/web", "shop/syslog", "UDP", 5514),),
    ),
    "a port over both, as TCP twice": Mistake(
        "https://github.com/bitnami/charts/issues/29129",
        [BOTH, ingress({"ports": [{"port": 9600}, {"port": 5514}, {"port": 5514}]}, app="both")],
        "ingress rule 1 admits TCP 5514 twice, and its pods have 5514 over UDP",
        opens=(("shop/web", "shop/both", "UDP", 5514),),
    ),
    "labels of a Job and not of its pods": Mistake(
        "https://github.com/eftechcombr/glpi/pull/173",
        [MIGRATE, OF_JOB, ingress({"from": [labels(component="migrate")]}, app="db")],
        "ingress rule 1 admits component=migrate in namespace shop, where no pod is so; Job migrate carries",
        opens=(("shop/migrate-x", "shop/db", "TCP", 5432),),
    ),
    "a name without its release": Mistake(
        "https://github.com/FootprintAI/Containarium/issues/1492",
        [pod("shop/acme-piper", ip="10.0.1.4", app="acme-piper"), ingress({"from": [labels(app="piper")]}, app="db")],
        "ingress rule 1 admits app=piper in namespace shop, where no pod is so; nearest label app=acme-piper",
        opens=(("shop/acme-piper", "shop/db", "TCP", 5432),),
    ),
    "labels of pods for those of namespaces": Mistake(
        "https://github.com/akash-network/node/issues/911",
        [namespace("edge"), pod("edge/nginx", ip="10.0.3.1", app="edge-proxy"),
         ingress({"from": [in_namespace(app="edge-proxy")]})],
        "ingress rule 1 admits namespaces with app=edge-proxy, and no namespace is so; pods in edge are",
        opens=(("edge/nginx", "shop/web", "TCP", 8080),),
    ),
    "a label of namespaces for pods": Mistake(
        "https://github.com/opencost/opencost-helm-chart/pull/207",
        [ingress({"from": [labels(**{"kubernetes.io/metadata.name": "monitoring"})]})],
        "ingress rule 1 admits pods with kubernetes.io/metadata.name=monitoring, a label of namespaces",
        opens=(("monitoring/prometheus", "shop/web", "TCP", 8080),),
    ),
    "namespaces that are left out, beside all of them": Mistake(
        "https://mikepietsch.com/tech/kubernetes/14.03-restricting-ingress-from-specific-pods-and-namespaces/",
        [ingress({"from": [{"namespaceSelector": NOT_MONITORING}, ALL_NAMESPACES]})],
        "so its peer 1 (all pods of namespaces with kubernetes.io/metadata.name notin (monitoring)) makes no",
        closes=(("monitoring/prometheus", "shop/web", "TCP", 8080),),
    ),
}  # fmt: skip
