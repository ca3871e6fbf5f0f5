"""The real kubectl takes the fake API server for one: what it lists there is what kwake reads there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

import kwake
import kwake_live
from kwake.objects.kinds import Pod, Service
from tests.live.fake_api import FakeApi
from tests.live.sample import assert_same

KUBECTL = shutil.which("kubectl")

pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")


def kubectl(*words: str) -> str:
    done = subprocess.run(
        [KUBECTL or "", "--context", "prod", "--cache-dir", os.environ["KUBECONFIG"] + ".cache", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_kubectl_gets_is_what_kwake_reads(prod: FakeApi) -> None:
    """Given a dump by kubectl and the same cluster read live, then both are one world."""
    kinds = "ns,nodes,pods,svc,endpointslices,netpol,endpoints,deploy,rs,sts,ds,jobs,cronjobs,rc,pdb,ing"
    kinds += ",controllerrevisions"
    listed = json.loads(kubectl("get", kinds, "-A", "-o", "json"))

    live, dump = kwake_live.open("prod"), kwake.open(listed["items"])

    assert_same(live, dump)
    assert len(live.cluster.all(Pod)) > 5


def test_a_pod_that_kubectl_deletes_is_gone_from_the_next_look(prod: FakeApi) -> None:
    pod = kwake_live.open("prod").cluster.all(Pod)[0].metadata

    kubectl("delete", "pod", pod.name, "-n", pod.namespace, "--wait=false")

    assert kwake_live.open("prod").cluster.pod(pod.namespace, pod.name) is None


def test_selectors_select(prod: FakeApi) -> None:
    """The server is honest: kubectl's own selectors work on it."""
    world = kwake_live.open("prod")
    wanted = {p.metadata.name for p in world.cluster.all(Pod) if p.metadata.labels.get("app") == "web"}

    names = kubectl("get", "pods", "-n", "shop", "-l", "app=web", "-o", "name").split()
    one = kubectl("get", "svc", "-n", "shop", "--field-selector", "metadata.name=checkout", "-o", "name").split()

    assert {name.removeprefix("pod/") for name in names} == wanted
    assert one == ["service/checkout"]
    assert len(world.cluster.all(Service)) > 1
