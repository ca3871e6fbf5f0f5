"""Cluster-wide policies that the API server refuses, and those just on this side of each border."""

from __future__ import annotations

from typing import Any

import pytest

from kwake.objects.document import Manifest
from tests.core.control.test_admission import lines
from tests.core.policy.clusters import ask, cluster, pod
from tests.core.policy.tier_objects import anp, banp, cnp

EVERY: dict[str, Any] = {"namespaces": {}}
PODS: dict[str, Any] = {"pods": {"namespaceSelector": {}, "podSelector": {}}}
PEER = "spec.egress[0].to[0]"


def egress(**rule: Any) -> dict[str, Any]:
    return {"egress": [{"action": "Deny", "to": [EVERY], **rule}]}


def peer(**peer: Any) -> dict[str, Any]:
    return egress(to=[peer])


def ingress(**peer: Any) -> dict[str, Any]:
    return {"ingress": [{"action": "Deny", "from": [peer]}]}


def port(**port: Any) -> Manifest:
    return anp("a", 1, **egress(ports=[port]))


def tcp(**port: Any) -> Manifest:
    return cnp("a", 1, **egress(protocols=[{"tcp": {"destinationPort": port}}]))


def spec(manifest: Manifest, **fields: Any) -> Manifest:
    return {**manifest, "spec": {k: v for k, v in {**manifest["spec"], **fields}.items() if v != "gone"}}


def without_spec(manifest: Manifest) -> Manifest:
    return {k: v for k, v in manifest.items() if k != "spec"}


def networks(count: int) -> list[str]:
    return [f"10.{number}.0.0/16" for number in range(count)]


def few(path: str, what: str = "properties") -> str:
    return f"{path}: Invalid value: 0: {path} in body should have at least 1 {what}"


def least(path: str, number: int, border: int) -> str:
    return f"{path}: Invalid value: {number}: {path} in body should be greater than or equal to {border}"


def most(path: str, number: int, border: int) -> str:
    return f"{path}: Invalid value: {number}: {path} in body should be less than or equal to {border}"


NUMBER = "spec.egress[0].ports[0].portNumber.port"
RANGE = "spec.egress[0].ports[0].portRange"
DESTINATION = "spec.egress[0].protocols[0].tcp.destinationPort"
DOMAIN = r"^(\*\.)?([a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?$"
BACKWARDS = "Start port must be less than End port"

REFUSED: list[tuple[Manifest, list[str]]] = [
    (without_spec(anp("a", 1)), ["spec: Required value"]),
    (spec(cnp("a", 1), priority="gone", tier=None, subject="gone"),
     ["spec.priority: Required value", "spec.tier: Required value", "spec.subject: Required value"]),
    (anp("a", -1), [least("spec.priority", -1, 0)]),
    (anp("a", 1001), [most("spec.priority", 1001, 1000)]),
    (cnp("a", 1, "Middle"), ['spec.tier: Unsupported value: "Middle": supported values: "Admin", "Baseline"']),
    (cnp("a", 1, ""), ['spec.tier: Unsupported value: "": supported values: "Admin", "Baseline"']),
    ({**banp(), "metadata": {"name": "other"}},
     ['metadata.name: Invalid value: "other": Only one baseline admin network policy with metadata.name="default" can'
      " be created in the cluster"]),
    (anp("a", 1, subject={}), [few("spec.subject")]),
    (anp("a", 1, subject={"namespaces": None}), [few("spec.subject")]),
    (anp("a", 1, subject={**EVERY, **PODS}), ["spec.subject: Too many: 2: must have at most 1 items"]),
    (anp("a", 1, egress=egress()["egress"] * 101), ["spec.egress: Too many: 101: must have at most 100 items"]),
    (cnp("a", 1, egress=egress()["egress"] * 26), ["spec.egress: Too many: 26: must have at most 25 items"]),
    (anp("a", 1, egress=[{}]), ["spec.egress[0].action: Required value", "spec.egress[0].to: Required value"]),
    (anp("a", 1, ingress=[{"action": "Deny"}]), ["spec.ingress[0].from: Required value"]),
    (anp("a", 1, **egress(action="Accept")),
     ['spec.egress[0].action: Unsupported value: "Accept": supported values: "Allow", "Deny", "Pass"']),
    (banp(**egress(action="Pass")),
     ['spec.egress[0].action: Unsupported value: "Pass": supported values: "Allow", "Deny"']),
    (cnp("a", 1, **egress(action="Allow")),
     ['spec.egress[0].action: Unsupported value: "Allow": supported values: "Accept", "Deny", "Pass"']),
    (anp("a", 1, **egress(name="n" * 101)), ["spec.egress[0].name: Too long: may not be more than 100 characters"]),
    (anp("a", 1, **egress(to=[])), [few("spec.egress[0].to", "items")]),
    (anp("a", 1, **egress(to=[EVERY] * 101)), ["spec.egress[0].to: Too many: 101: must have at most 100 items"]),
    (cnp("a", 1, **egress(to=[EVERY] * 26)), ["spec.egress[0].to: Too many: 26: must have at most 25 items"]),
    (anp("a", 1, **peer()), [few(PEER)]),
    (cnp("a", 1, **peer()), [few(PEER)]),
    (cnp("a", 1, **peer(networks=None)), [few(PEER)]),
    (anp("a", 1, **peer(**EVERY, nodes={})), [f"{PEER}: Too many: 2: must have at most 1 items"]),
    (anp("a", 1, **ingress(networks=["10.0.0.0/8"])), [few("spec.ingress[0].from[0]")]),
    (banp(**peer(domainNames=["example.com"])), [few(PEER)]),
    (anp("a", 1, **peer(networks=[])), [few(f"{PEER}.networks", "items")]),
    (cnp("a", 1, **peer(networks=networks(26))), [f"{PEER}.networks: Too many: 26: must have at most 25 items"]),
    (cnp("a", 1, **peer(networks=["::/0", "10.0.0.0/8", "::/0"])), [f'{PEER}.networks[2]: Duplicate value: "::/0"']),
    (cnp("a", 1, **peer(networks=["10.0.0.0"])),
     [f'{PEER}.networks[0]: Invalid value: "10.0.0.0": Invalid CIDR format provided']),
    (anp("a", 1, **peer(networks=["010.0.0.0/8"])),
     [f'{PEER}.networks[0]: Invalid value: "010.0.0.0/8": Invalid CIDR format provided']),
    (anp("a", 1, **peer(networks=["1111:2222:3333:4444:5555:6666:111.111.111.111/64"])),
     [f"{PEER}.networks[0]: Too long: may not be more than 43 characters"]),
    (cnp("a", 1, **peer(domainNames=[])), [few(f"{PEER}.domainNames", "items")]),
    (cnp("a", 1, **peer(domainNames=["a.b", "a.b"])), [f'{PEER}.domainNames[1]: Duplicate value: "a.b"']),
    *[
        (cnp("a", 1, **peer(domainNames=[name])),
         [f'{PEER}.domainNames[0]: Invalid value: "{name}": {PEER}.domainNames[0] in body should match \'{DOMAIN}\''])
        for name in ("", "com", "*", "*a.b", "a.*.b", "-a.b", "a-.b", "_a.b", "a..b", "a.b\n")
    ],
    (anp("a", 1, **egress(ports=[])), [few("spec.egress[0].ports", "items")]),
    (cnp("a", 1, **egress(protocols=[])), [few("spec.egress[0].protocols", "items")]),
    (cnp("a", 1, **egress(protocols=[{"tcp": {}}] * 26)),
     ["spec.egress[0].protocols: Too many: 26: must have at most 25 items"]),
    (port(), [few("spec.egress[0].ports[0]")]),
    (port(portNumber={"port": 1}, namedPort="a"), ["spec.egress[0].ports[0]: Too many: 2: must have at most 1 items"]),
    (port(portNumber={"protocol": "TCP"}), [f"{NUMBER}: Required value"]),
    (port(portNumber={"port": 0}), [least(NUMBER, 0, 1)]),
    (port(portNumber={"port": 65536}), [most(NUMBER, 65536, 65535)]),
    (port(portRange={}), [f"{RANGE}.end: Required value", f"{RANGE}.start: Required value"]),
    (port(portRange={"start": 2, "end": 1}), [f'{RANGE}: Invalid value: "2-1": {BACKWARDS}']),
    (cnp("a", 1, **egress(protocols=[{"tcp": {}, "udp": {}}])),
     ["spec.egress[0].protocols[0]: Too many: 2: must have at most 1 items"]),
    (tcp(), [few(DESTINATION)]),
    (tcp(number=1, range={"start": 1, "end": 2}), [f"{DESTINATION}: Too many: 2: must have at most 1 items"]),
    (tcp(number=0), [least(f"{DESTINATION}.number", 0, 1)]),
    (tcp(range={"start": 1}), [f"{DESTINATION}.range.end: Required value"]),
    (tcp(range={"start": 1, "end": 65536}), [most(f"{DESTINATION}.range.end", 65536, 65535)]),
    (tcp(range={"start": 1, "end": 1}), [f'{DESTINATION}.range: Invalid value: "1-1": {BACKWARDS}']),
    (anp("a", 1, subject={"namespaces": {"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}}),
     ["spec.subject.namespaces.matchExpressions[0].operator: Invalid value: \"Gt\": not a valid selector operator"]),
]  # fmt: skip


@pytest.mark.parametrize(("manifest", "told"), REFUSED)
def test_the_crd_says_why(manifest: Manifest, told: list[str]) -> None:
    assert lines(manifest) == told


@pytest.mark.parametrize(
    "manifest",
    [
        anp("a", 0),
        anp("a", 1000, subject=PODS),
        banp(),
        cnp("a", 1, "Baseline"),
        anp("a", 1, ingress=[], egress=None),  # type: ignore[arg-type]
        anp("a", 1, egress=egress()["egress"] * 100),
        cnp("a", 1, egress=egress()["egress"] * 25),
        anp("a", 1, **egress(to=[EVERY] * 100)),
        anp("a", 1, **egress(name="\u00e9" * 100)),
        banp(**egress(action="Allow")),
        cnp("a", 1, **egress(action="Accept", to=[PODS] * 25)),
        cnp("a", 1, subject={"pods": {"podSelector": {}}}),
        anp("a", 1, **peer(networks=networks(25))),
        cnp("a", 1, **peer(networks=["10.1.2.3/8", "2001:db8::1/32"])),
        anp("a", 1, **peer(networks=["1111:2222:3333:4444:5555:6666:7777:8888/128"])),
        cnp("a", 1, **peer(domainNames=["a.b", "*.A-b.c", "a_b.c.", "a.b.", "1.2"])),
        anp("a", 1, **peer(nodes={"matchLabels": {"a": "b"}})),
        port(portNumber={"port": 1, "protocol": "ANY"}),
        port(portNumber={"port": 65535}),
        port(portRange={"start": 1, "end": 1}),
        port(namedPort="Not_a_name"),
        tcp(number=65535),
        tcp(range={"start": 1, "end": 2}),
        cnp("a", 1, **egress(protocols=[{"tcp": {}}, {"destinationNamedPort": ""}])),
    ],
)
def test_what_the_crd_takes_is_taken(manifest: Manifest) -> None:
    assert lines(manifest) == []
    assert lines(manifest, "reported") == []


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        (anp("a", 1, subject={"pods": {"namespaceSelector": {}}}), "spec.subject.pods.podSelector: Required value"),
        (anp("a", 1, subject={"pods": {"podSelector": {}}}), "spec.subject.pods.namespaceSelector: Required value"),
        (cnp("a", 1, **peer(pods={"namespaceSelector": {}})), f"{PEER}.pods.podSelector: Required value"),
        (anp("a", 1, **egress(protocols=[{"tcp": {}}])), 'unknown field "spec.egress[0].protocols"'),
        (cnp("a", 1, **egress(ports=[{"portNumber": {"port": 1}}])), 'unknown field "spec.egress[0].ports"'),
        (cnp("a", 1, **egress(**{"from": [EVERY]})), 'unknown field "spec.egress[0].from"'),
        (cnp("a", 1, **peer(service={})), f'unknown field "{PEER}.service"'),
        (
            cnp("a", 1, ingress=[{"action": "Deny", "from": [{"nodes": {}}]}]),
            'unknown field "spec.ingress[0].from[0].nodes"',
        ),
        (spec(anp("a", 1), tier="Admin"), 'unknown field "spec.tier"'),
        (spec(banp(), priority=1), 'unknown field "spec.priority"'),
        (
            anp("a", 1, **egress(to=[{"nodes": {}}], ports=[{"namedPort": "a"}])),
            "spec.egress[0].ports: Invalid value: networks/nodes peer cannot be set with namedPorts since there are no"
            " namedPorts for networks/nodes",
        ),
    ],
)
def test_what_people_write_is_reported(manifest: Manifest, told: str) -> None:
    assert lines(manifest) == []
    (line,) = lines(manifest, "reported")
    assert told in line


@pytest.mark.parametrize(
    "denied",
    [
        cnp("a", 1, **egress(ports=[{"portNumber": {"port": 443}}])),
        anp("a", 1, **egress(protocols=[{"tcp": {"destinationPort": {"number": 443}}}])),
    ],
)
def test_the_ports_of_the_other_version_are_dropped(denied: Manifest) -> None:
    of = cluster(pod("shop/a", ip="10.0.0.1"), pod("shop/b", ip="10.0.0.2"), denied)
    assert ask(of, "shop/a", "shop/b", 80, admin_tiers="both").allowed is False
