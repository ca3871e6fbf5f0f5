"""A large cluster, as an API server holds one: pods of about 4 KB with managed fields, Services, slices, policies."""

from __future__ import annotations

from collections.abc import Iterator

from tests.live.store import Manifest

PER_NAMESPACE = 100
NODES = 200


def large_cluster(pods: int, services: int, policies: int) -> Iterator[Manifest]:
    namespaces = max(1, pods // PER_NAMESPACE)
    for n in range(namespaces):
        labels = {"team": f"team-{n % 20}", "kubernetes.io/metadata.name": f"ns-{n}"}
        yield {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": f"ns-{n}", "labels": labels, "uid": f"n-{n}"},
        }
    for n in range(NODES):
        ip = f"10.0.{n // 250}.{n % 250 + 1}"
        yield {
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{n}", "uid": f"node-{n}"},
            "spec": {"podCIDR": f"10.{64 + n // 250}.{n % 250}.0/24"},
            "status": {"addresses": [{"type": "InternalIP", "address": ip}],
                       "conditions": [{"type": "Ready", "status": "True"}]},
        }  # fmt: skip
    for n in range(pods):
        yield pod(n, namespaces)
    for n in range(services):
        yield from service(n, namespaces, pods)
    for n in range(policies):
        yield policy(n, namespaces)


def pod(n: int, namespaces: int, *, ready: bool = True) -> Manifest:
    name, namespace, app = f"app-{n // 5}-{n % 5:05d}", f"ns-{n % namespaces}", f"app-{n // 5}"
    ip = f"10.{64 + (n // 60000)}.{n // 250 % 250}.{n % 250 + 1}"
    labels = {"app": app, "pod-template-hash": f"{n // 5:08x}", "tier": ("web", "api", "db")[n % 3], "version": "v1"}
    environment = [{"name": f"SETTING_{k}", "value": f"value-{k}-of-{app}"} for k in range(12)]
    container = {
        "name": "main", "image": f"registry.example.com/team/{app}:1.2.{n % 10}", "imagePullPolicy": "IfNotPresent",
        "env": environment, "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 10, "failureThreshold": 3},
        "volumeMounts": [{"name": "token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}],
    }  # fmt: skip
    fields: Manifest = {f"f:field-{k}": {f"f:sub-{m}": {} for m in range(5)} for k in range(8)}
    managed = [{"manager": who, "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}
               for who in ("kube-controller-manager", "kubelet")]  # fmt: skip
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": namespace, "uid": f"00000000-0000-0000-0000-{n:012d}", "labels": labels,
            "creationTimestamp": "2026-01-01T00:00:00Z", "annotations": {"prometheus.io/scrape": "true"},
            "managedFields": managed,
        },
        "spec": {
            "containers": [container], "nodeName": f"node-{n % NODES}", "serviceAccountName": "default",
            "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "terminationGracePeriodSeconds": 30,
            "volumes": [{"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}],
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute",
                             "tolerationSeconds": 300}],
        },
        "status": {
            "phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "hostIP": f"10.0.0.{n % NODES + 1}",
            "conditions": [{"type": kind, "status": "True" if ready else "False",
                            "lastTransitionTime": "2026-01-01T00:00:10Z"}
                           for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")],
            "containerStatuses": [{"name": "main", "ready": ready, "restartCount": 0, "image": container["image"],
                                   "imageID": f"sha256:{n:064x}", "containerID": f"containerd://{n:064x}",
                                   "state": {"running": {"startedAt": "2026-01-01T00:00:05Z"}}}],
        },
    }  # fmt: skip


def service(n: int, namespaces: int, pods: int) -> Iterator[Manifest]:
    app = n % max(1, pods // 5)
    home, ip = f"ns-{app * 5 % namespaces}", f"10.{96 + n // 60000}.{n // 250 % 250}.{n % 250 + 1}"
    yield {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": f"svc-{n}", "namespace": home, "uid": f"svc-{n}"},
        "spec": {"type": "ClusterIP", "clusterIP": ip, "clusterIPs": [ip], "selector": {"app": f"app-{app}"},
                 "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster",
                 "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]},
    }  # fmt: skip
    made = pod(app * 5, namespaces)
    yield {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": f"svc-{n}-abcde", "namespace": home, "uid": f"slice-{n}",
                     "labels": {"kubernetes.io/service-name": f"svc-{n}",
                                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}},
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        "endpoints": [{"addresses": [made["status"]["podIP"]], "conditions": {"ready": True, "serving": True},
                       "nodeName": made["spec"]["nodeName"],
                       "targetRef": {"kind": "Pod", "namespace": made["metadata"]["namespace"],
                                     "name": made["metadata"]["name"], "uid": made["metadata"]["uid"]}}],
    }  # fmt: skip


def policy(n: int, namespaces: int) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": f"policy-{n}", "namespace": f"ns-{n % namespaces}", "uid": f"policy-{n}"},
        "spec": {"podSelector": {"matchLabels": {"tier": "db"}}, "policyTypes": ["Ingress"],
                 "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": f"team-{n % 20}"}}}],
                              "ports": [{"port": 8080, "protocol": "TCP"}]}]},
    }  # fmt: skip
