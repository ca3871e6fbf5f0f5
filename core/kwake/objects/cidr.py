"""CIDRs as the API server reads them."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network

_LEADING_ZEROS = re.compile(r"(?<![\d:])0+(?=\d)")


def parse_cidr(text: str) -> Network | None:
    """The network of `10.1.2.3/8`, host bits masked, or None if the API server would call it invalid.

    Octets may begin with zeros and are decimal all the same (`k8s.io/utils/net` ParseCIDRSloppy).
    """
    address, slash, length = text.partition("/")
    if not slash or not re.fullmatch(r"[0-9]{1,3}", length) or "%" in address:
        return None
    if ":" not in address:
        address = _LEADING_ZEROS.sub("", address)
    try:
        return ip_network(f"{address}/{int(length)}", strict=False)
    except ValueError:
        return None
