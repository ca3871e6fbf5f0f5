"""Services, StatefulSets and Ingresses that lead nowhere: found, mended, and what is right is quiet."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kwake.cluster import Cluster
from kwake.linting.lint import lint_services
from kwake.objects.document import Manifest
from kwake.objects.finding import Finding
from kwake.policy.change import applied
from tests.core.linting.shop import SHOP, service
from tests.core.policy.clusters import cluster, pod


class Mistake(msgspec.Struct, frozen=True):
    """A manifest of a thread, in our own names."""

    manifests: list[Manifest]
    said: str
    """A part of the finding."""
    fixed: bool = True
    """Whether there is one likely meaning, and a patch can say it."""
    thread: str = ""


def workload(kind: str, name: str, own: dict[str, str], labels: dict[str, str], **spec: Any) -> Manifest:
    namespace, _, short = name.partition("/")
    containers = [{"name": "a", "image": "b", "ports": [{"containerPort": 8080}]}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": short, "namespace": namespace, "labels": own},
            "spec": {"selector": {"matchLabels": labels}, "template": template, **spec}}  # fmt: skip


def ingress(**backend: Any) -> Manifest:
    paths = [{"path": "/", "pathType": "Prefix", "backend": {"service": backend}}]
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "front", "namespace": "shop"},
            "spec": {"rules": [{"http": {"paths": paths}}]}}  # fmt: skip


def numbered(manifest: Manifest, index: str) -> Manifest:
    manifest["metadata"]["labels"]["apps.kubernetes.io/pod-index"] = index
    return manifest


def hook(**reference: Any) -> Manifest:
    webhooks = [{"name": "a.shop", "clientConfig": {"service": {"namespace": "shop", **reference}}}]
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "a"}, "webhooks": webhooks}  # fmt: skip


def labelled_service(name: str) -> Manifest:
    made = service(f"shop/{name}", 80, 8080)
    return {**made, "metadata": {**made["metadata"], "labels": {"monitored": "yes"}}}


def monitor(port: str) -> Manifest:
    spec = {"selector": {"matchLabels": {"monitored": "yes"}}, "endpoints": [{"port": port}]}
    return {"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor",
            "metadata": {"name": "a", "namespace": "shop"}, "spec": spec}  # fmt: skip


def on_the_host(policy: str, url: str = "http://front.shop.svc.cluster.local/") -> Manifest:
    made = workload("DaemonSet", "shop/agent", {}, {"app": "agent"})
    container = {"name": "a", "image": "b", "env": [{"name": "URL", "value": url}]}
    made["spec"]["template"]["spec"] = {"hostNetwork": True, "dnsPolicy": policy, "containers": [container]}
    return made


HEADLESS = service("shop/peers", 8080, 8080, clusterIP="None", selector={"app": "db"})
MYSQL = pod("shop/mysql", ip="10.0.1.5", app="web", tier="mysql", ports=[{"containerPort": 3306}])
FRONT = pod("shop/front", ip="10.0.1.6", app="web", tier="front", ports=[{"name": "http", "containerPort": 8080}])

MISTAKES: dict[str, Mistake] = {
    "labels of the workload and not of its pods": Mistake(
        [workload("Deployment", "shop/cart", {"tier": "cart"}, {"app": "cart"}),
         service("shop/cart", 80, 8080, selector={"tier": "cart"})],
        "selects 0 pods: tier=cart; Deployment cart carries that itself, and its pods do not",
        thread="https://github.com/bakdata/streams-bootstrap/pull/180",
    ),
    "another key of the same label": Mistake(
        [service("shop/front", 80, 8080, selector={"name": "web"})],
        "selects 0 pods: name=web",
        thread="https://github.com/kubernetes/kubernetes/issues/47711",
    ),
    "a selector for pods of another namespace": Mistake(
        [service("shop/metrics", 80, 9090, selector={"app": "prometheus"})],
        "there are some in namespace monitoring, and it means pods of shop alone",
        fixed=False,
        thread="https://github.com/projectcalico/calico/issues/1683",
    ),
    "a selector that takes another part of the application": Mistake(
        [MYSQL, FRONT, service("shop/front", 80, 8080)],
        "selects shop/mysql, which declares no TCP 8080, beside shop/front: a part of the connections goes there",
        fixed=False,  # the shop's own web has no label that mysql lacks
        thread="https://github.com/kubernetes/website/issues/17612",
    ),
    "a selector that one more label would narrow": Mistake(
        [pod("shop/shop-db", ip="10.0.1.5", app="shop", tier="db", ports=[{"containerPort": 3306}]),
         pod("shop/shop-front", ip="10.0.1.6", app="shop", tier="front", ports=[{"containerPort": 8080}]),
         service("shop/shop", 80, 8080, selector={"app": "shop"})],
        "selects shop/shop-db, which declares no TCP 8080, beside shop/shop-front",
        thread="https://github.com/GoogleCloudPlatform/flink-on-k8s-operator/issues/474",
    ),
    "a port's name that only some have": Mistake(
        [pod("shop/shop-db", ip="10.0.1.5", app="shop", tier="db", ports=[{"name": "sql", "containerPort": 3306}]),
         pod("shop/shop-front", ip="10.0.1.6", app="shop", tier="front", ports=[{"name": "http", "containerPort": 80}]),
         service("shop/shop", 80, "http", selector={"app": "shop"})],
        "only 1 of the 2 pods it selects has a TCP port named http; there is sql",
    ),
    "a port's name that several have": Mistake(
        [pod("shop/shop-db", ip="10.0.1.5", app="shop", tier="db", ports=[{"name": "sql", "containerPort": 3306}]),
         *(pod(f"shop/shop-{n}", ip=f"10.0.1.{n}", app="shop", tier="front",
               ports=[{"name": "http", "containerPort": 80}]) for n in (6, 7)),
         service("shop/shop", 80, "http", selector={"app": "shop"})],
        "only 2 of the 3 pods it selects have a TCP port named http; there is sql",
    ),
    "a port's name that is misspelt": Mistake(
        [service("shop/front", 80, "htttp")],
        "the one pod it selects has no TCP port named htttp; there is http",
    ),
    "the name of the Service's port for that of the pods": Mistake(
        [service("shop/front", 80, "web")],
        "the one pod it selects has no TCP port named web; there is http",
        thread="https://github.com/haproxytech/kubernetes-ingress/issues/14",
    ),
    "a number that the pods do not declare": Mistake(
        [service("shop/front", 80, 80)],
        "leads to TCP 80, and the one port that its pods declare is TCP 8080",
        thread="https://github.com/canonical/microk8s/pull/262",
    ),
    "the protocol left out": Mistake(
        [pod("shop/dns", ip="10.0.1.4", app="dns", ports=[{"containerPort": 53, "protocol": "UDP"}]),
         service("shop/dns", 53, 53, selector={"app": "dns"})],
        "leads to TCP 53, and the one port that its pods declare is UDP 53",
    ),
    "an external name that is an address": Mistake(
        [service("shop/far", 80, 80, type="ExternalName", externalName="10.0.0.9", clusterIP="")],
        "externalName 10.0.0.9 is an address, and is served as a name that does not exist",
        fixed=False,
    ),
    "the governing Service by another name": Mistake(
        [HEADLESS, workload("StatefulSet", "shop/db", {}, {"app": "db"}, serviceName="db")],
        "its serviceName db does not exist, and its pods are of headless Service peers: db-0.peers is no name",
        thread="https://github.com/kubernetes/kubernetes/issues/74950",
    ),
    "an ingress to the pods' port": Mistake(
        [service("shop/front", 80, 8080), ingress(name="front", port={"number": 8080})],
        "leads to port 8080 of Service front, which has 80 (web): 8080 is the pods' own port behind 80",
        thread="https://github.com/YOURLS/charts/issues/48",
    ),
    "an ingress to the pods' port behind a name": Mistake(
        [service("shop/front", 80, "http"), ingress(name="front", port={"number": 8080})],
        "which has 80 (web): 8080 is the pods' own port behind 80",
    ),
    "an ingress to a port that there is not": Mistake(
        [service("shop/front", 12345, 8080), ingress(name="front", port={"number": 32400})],
        "leads to port 32400 of Service front, which has 12345 (web)",
        thread="https://github.com/plexinc/pms-docker/pull/174",
    ),
    "an ingress to a misspelt Service": Mistake(
        [service("shop/front-end", 80, 8080), ingress(name="frontend", port={"number": 80})],
        "leads to Service frontend, and there is none in shop; there is front-end",
    ),
    "a webhook's port that the Service does not have": Mistake(
        [service("shop/front", 80, 8080), hook(name="front")],
        "the API server is to call port 443 of Service shop/front, which has 80",
        thread="https://github.com/microcumulus/ca-injector/pull/4",
    ),
    "a webhook's port that the Service has no more": Mistake(
        [service("shop/front", 443, 8080), hook(name="front", port=10250)],
        "the API server is to call port 10250 of Service shop/front, which has 443",
        thread="https://github.com/cruise-automation/k-rail/pull/76",
    ),
    "a webhook's Service that is misspelt": Mistake(
        [service("shop/front-hook", 443, 8080), hook(name="fronthook")],
        "the API server is to call Service shop/fronthook; there is front-hook",
    ),
    "a monitor by the number of a port": Mistake(
        [labelled_service("front"), monitor("8080")],
        "asks for port 8080, and Service front has none of that name; there is web",
        thread="https://github.com/prometheus-operator/prometheus-operator/pull/3244",
    ),
    "a monitor by a name that is another's": Mistake(
        [labelled_service("front"), monitor("http")],
        "asks for port http, and Service front has none of that name; there is web",
        thread="https://github.com/prometheus-operator/prometheus-operator/issues/996",
    ),
    "a pod on the host's network that names a Service": Mistake(
        [service("shop/front", 80, 8080), on_the_host("ClusterFirst")],
        "its pods are on the host's network and name front.shop.svc, but dnsPolicy ClusterFirst means the node's DNS",
        thread="https://github.com/crossplane/crossplane/issues/5500",
    ),
    "an ingress to another namespace": Mistake(
        [service("monitoring/grafana", 80, 3000, selector={"app": "prometheus"}),
         ingress(name="grafana", port={"number": 80})],
        "there is one in monitoring, and an Ingress leads to Services of its own namespace alone",
        fixed=False,
    ),
}  # fmt: skip


def found(of: Cluster) -> list[Finding]:
    return list(lint_services(of))


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found(name: str) -> None:
    texts = [finding.text for finding in found(cluster(*SHOP, *MISTAKES[name].manifests))]

    assert sum(MISTAKES[name].said in text for text in texts) == 1, texts


@pytest.mark.parametrize("name", [name for name, mistake in MISTAKES.items() if mistake.fixed])
def test_its_fix_mends_it(name: str) -> None:
    before = cluster(*SHOP, *MISTAKES[name].manifests)
    finding = next(finding for finding in found(before) if MISTAKES[name].said in finding.text)

    after = applied(before, finding.fixes)

    assert found(after) == [other for other in found(before) if other != finding]


@pytest.mark.parametrize("name", [name for name, mistake in MISTAKES.items() if not mistake.fixed])
def test_where_nobody_can_say_what_was_meant_no_fix_is_offered(name: str) -> None:
    findings = found(cluster(*SHOP, *MISTAKES[name].manifests))

    assert [finding.fixes for finding in findings if MISTAKES[name].said in finding.text] == [()]


RIGHT: dict[str, list[Manifest]] = {
    "a Service by name and by number": [service("shop/front", 80, "http"), service("shop/other", 80, 8080)],
    "a port that pods with several ports do not declare": [
        pod("shop/mon", ip="10.0.1.5", app="mon", ports=[{"containerPort": 6789}, {"containerPort": 22}]),
        service("shop/mon", 3300, 3300, selector={"app": "mon"})],
    "a Service of two ports, of which the pods declare one": [
        service("shop/front", 80, 8080, ports=[{"name": "a", "port": 80, "targetPort": 8080},
                                               {"name": "b", "port": 81, "targetPort": 8081}])],
    "pods that declare the port for their metrics alone": [
        pod("shop/op", ip="10.0.1.5", app="op", ports=[{"name": "metrics", "containerPort": 8080}]),
        service("shop/op", 443, 9443, selector={"app": "op"})],
    "an ingress to an external name": [
        service("shop/far", 80, 80, type="ExternalName", externalName="db.example", clusterIP="", ports=[]),
        ingress(name="far", port={"number": 8443})],
    "pods of which some declare nothing": [
        pod("shop/bare-1", ip="10.0.1.5", app="bare"),
        pod("shop/bare-2", ip="10.0.1.6", app="bare", ports=[{"containerPort": 8080}]),
        service("shop/bare", 80, 8080, selector={"app": "bare"})],
    "pods that declare nothing": [pod("shop/bare", ip="10.0.1.5", app="bare"),
                                  service("shop/bare", 80, 8080, selector={"app": "bare"})],
    "the headless Service of a StatefulSet": [
        service("shop/db", 8080, 8080, clusterIP="None", selector={"app": "cache"}),
        workload("StatefulSet", "shop/cache", {}, {"app": "cache"}, serviceName="db")],
    "a StatefulSet that nobody asks for by name": [
        workload("StatefulSet", "shop/controller", {}, {"app": "controller"}, serviceName="controller")],
    "one pod of a StatefulSet": [
        numbered(pod("shop/db-0", ip="10.0.1.5", app="kv"), "0"),
        numbered(pod("shop/db-1", ip="10.0.1.6", app="kv"), "1"),
        service("shop/db-1", 80, 80, selector={"apps.kubernetes.io/pod-index": "1"})],
    "an external name": [service("shop/far", 80, 80, type="ExternalName", externalName="db.example")],
    "an ingress by number, by name, and to what an annotation says": [
        service("shop/front", 80, 8080), ingress(name="front", port={"number": 80}),
        {**ingress(name="front", port={"name": "web"}), "metadata": {"name": "b", "namespace": "shop"}},
        {**ingress(name="front", port={"name": "use-annotation"}), "metadata": {"name": "c", "namespace": "shop"}}],
    "a webhook without a port": [service("shop/front", 443, 8080), hook(name="front")],
    "a webhook that is applied apart": [hook(name="later")],
    "a monitor by a port's name": [labelled_service("front"), monitor("web")],
    "a pod on the host's network that asks the cluster's DNS": [
        service("shop/front", 80, 8080), on_the_host("ClusterFirstWithHostNet")],
    "a pod on the host's network that names nothing of the cluster": [
        service("shop/front", 80, 8080), on_the_host("ClusterFirst", "http://front.shop.svc-b.example/")],
    "an ingress to what is applied apart": [ingress(name="later", port={"number": 80})],
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_what_looks_alike_and_is_right_is_quiet(name: str) -> None:
    assert [finding.text for finding in found(cluster(*SHOP, *RIGHT[name]))] == []


def test_labels_that_the_pods_have_otherwise_are_not_given_to_them() -> None:
    cart = workload("Deployment", "shop/cart", {"tier": "cart"}, {"app": "cart", "tier": "back"})

    (finding,) = found(cluster(*SHOP, cart, service("shop/cart", 80, 8080, selector={"tier": "cart"})))

    assert (finding.text, finding.fixes) == ("selects 0 pods: tier=cart", ())
