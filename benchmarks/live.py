"""A large live cluster, read by kwake and by the official client's typed lists, side by side: seconds and memory.

    python benchmarks/live.py [PODS SERVICES POLICIES]

Each reads the same cluster from the same server (in a process of its own, over TLS) in a process of its own, three
times; the best time and the least memory count.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

TIMES = 3


def serve(folder: Path, pods: int, services: int, policies: int) -> None:
    """Serve the cluster until the end of standard input."""
    from tests.live.certificates import kubeconfig, make_certificates
    from tests.live.fake_api import FakeApi
    from tests.live.large import large_cluster

    certificates = make_certificates(folder)
    api = FakeApi(certificates.server_context())
    for manifest in large_cluster(pods, services, policies):
        api.store.put(manifest)
    for resource_ in api.store.resources:
        for item in api.store.all(resource_):
            api.store.rendered(resource_, item)
    api.start()
    kubeconfig(folder / "config", api.url, certificates.ca, {"token": "let-me-in"})
    print("ready", flush=True)
    sys.stdin.read()


def read_by_kwake() -> int:
    """All kinds to documents and typed values."""
    from kwake_live.opening import connect, read_cluster

    loaded = read_cluster(connect("prod"), "", lambda words: None)
    return len(loaded.entries)


def read_by_client() -> int:
    """Pods, Services and policies as the client's models, in pages of the same size."""
    from kubernetes import client, config

    config.load_kube_config(context="prod")
    core, networking = client.CoreV1Api(), client.NetworkingV1Api()
    lists = (
        core.list_pod_for_all_namespaces,
        core.list_service_for_all_namespaces,
        networking.list_network_policy_for_all_namespaces,
    )
    kept = []
    for one in lists:
        token = None
        while True:
            page = one(limit=500, _continue=token) if token else one(limit=500)
            kept += page.items
            token = page.metadata._continue
            if not token:
                break
    return len(kept)


READERS = {"kwake": read_by_kwake, "client": read_by_client}


def measure(who: str) -> None:
    """Read once and print what it took; the import of the client is not counted for either."""
    import kubernetes.client
    import kubernetes.config

    import kwake_live.opening

    assert kubernetes.client and kubernetes.config and kwake_live.opening
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    count = READERS[who]()
    took = time.perf_counter() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(json.dumps({"objects": count, "seconds": took, "MiB": grown}))


def compare(pods: int, services: int, policies: int) -> dict[str, dict[str, float]]:
    """The best of several runs of each reader."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, __file__, "serve", folder, str(pods), str(services), str(policies)]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            best: dict[str, dict[str, float]] = {}
            for _ in range(TIMES):
                for who in READERS:
                    words = [sys.executable, __file__, "measure", who]
                    environment = {**os.environ, "KUBECONFIG": f"{folder}/config"}
                    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
                    found = json.loads(done.stdout)
                    best[who] = {name: min(value, best.get(who, found)[name]) for name, value in found.items()}
            return best


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", folder, pods, services, policies]:
            serve(Path(folder), int(pods), int(services), int(policies))
        case ["measure", who]:
            measure(who)
        case sizes:
            found = compare(*(int(size) for size in sizes or ("10000", "2000", "500")))
            for who, numbers in found.items():
                took = f"{numbers['seconds']:>8.2f} s {numbers['MiB']:>8.0f} MiB"
                print(f"{who:<8}{numbers['objects']:>8.0f} objects {took}")
            print(f"{found['client']['seconds'] / found['kwake']['seconds']:.1f} times faster, "
                  f"{found['kwake']['MiB'] / found['client']['MiB']:.2f} of the memory")  # fmt: skip
