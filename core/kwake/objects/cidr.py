"""CIDRs as the API server reads them."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

_LEADING_ZEROS = re.compile(r"(?<![0-9a-fA-F])0+(?=[0-9a-fA-F])")


def parse_cidr(text: str) -> Network | None:
    """The network of `10.1.2.3/8`, host bits masked, or None if the API server would call it invalid.

    Its numbers may begin with zeros, and those of IPv4 are decimal all the same (`k8s.io/utils/net` ParseCIDRSloppy).
    """
    address, slash, length = text.partition("/")
    if not slash or not re.fullmatch(r"0*[0-9]{1,3}", length) or "%" in address:
        return None
    try:
        return ip_network(f"{_LEADING_ZEROS.sub('', address)}/{length.lstrip('0') or '0'}", strict=False)
    except ValueError:
        return None


def is_strict_cidr(text: str) -> bool:
    """Whether a custom resource may hold it: no number begins with a zero, and an IPv6 address holds none of IPv4
    (`isCIDR` of CEL, `k8s:apiserver/pkg/cel/library/cidr.go`)."""
    address, _, length = text.partition("/")
    if parse_cidr(text) is None or (length.startswith("0") and length != "0"):
        return False
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return not isinstance(parsed, IPv6Address) or parsed.ipv4_mapped is None
