"""Addresses and ranges that the API server refuses in Nodes and EndpointSlices.

All are `reported`: a dump may hide them, and stays readable.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from kwake.control.violation import Violation, invalid, unsupported
from kwake.objects.cidr import parse_cidr
from kwake.objects.kinds import EndpointSlice, Node

_LOCAL_MULTICAST = {4: ip_network("224.0.0.0/24"), 6: ip_network("ff02::/16")}
ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")


def node_violations(node: Node) -> Iterator[Violation]:
    """Ranges of pods that are none (`k8s:pkg/apis/core/validation/validation.go` ValidateNode)."""
    for at, cidr in enumerate(node.spec.pod_cidrs):
        if parse_cidr(cidr) is None:
            yield invalid(("spec", "podCIDRs", at), cidr, "must be a valid CIDR value", "reported")
    if node.spec.pod_cidr and parse_cidr(node.spec.pod_cidr) is None:
        yield invalid(("spec", "podCIDR"), node.spec.pod_cidr, "must be a valid CIDR value", "reported")


def slice_violations(item: EndpointSlice) -> Iterator[Violation]:
    """Endpoints whose addresses are not of the slice's type (`k8s:pkg/apis/discovery/validation/validation.go`)."""
    if item.address_type not in ADDRESS_TYPES:
        yield unsupported(("addressType",), item.address_type, ADDRESS_TYPES)
        return
    version = {"IPv4": 4, "IPv6": 6}.get(item.address_type)
    if version is None:
        return
    for at, endpoint in enumerate(item.endpoints):
        for number, address in enumerate(endpoint.addresses):
            where = ("endpoints", at, "addresses", number)
            if _version(address) != version:
                yield invalid(where, address, f"must be a valid IPv{version} address", "reported")
            else:
                yield from (invalid(where, address, words, "reported") for words in special_address(address))


def special_address(address: str) -> Iterator[str]:
    """Why an address is no endpoint's (EP-15; `k8s:pkg/apis/core/validation/validation.go` ValidateNonSpecialIP)."""
    parsed = ip_address(address)
    if parsed.is_unspecified:
        yield f"may not be unspecified ({parsed})"
    if parsed.is_loopback:
        yield "may not be in the loopback range (127.0.0.0/8, ::1/128)"
    if parsed.is_link_local:
        yield "may not be in the link-local range (169.254.0.0/16, fe80::/10)"
    if parsed in _LOCAL_MULTICAST[parsed.version]:
        yield "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"


def _version(address: str) -> int:
    try:
        return ip_address(address).version
    except ValueError:
        return 0
