"""CIDRs as the API server reads them."""

from __future__ import annotations

import pytest

from kwake.objects.cidr import parse_cidr


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("010.000.010.1/24", "10.0.10.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("10.0.0.1/32", "10.0.0.1/32"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("::/0", "::/0"),
    ],
)
def test_host_bits_are_masked(text: str, network: str) -> None:
    assert str(parse_cidr(text)) == network


@pytest.mark.parametrize(
    "text", ["", "A", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/255.0.0.0", "10.0.0.0/-1", "256.0.0.0/8",
             "::/129", "fe80::1%eth0/64", "10.0.0.0/8/8", " 10.0.0.0/8"]
)  # fmt: skip
def test_others_are_invalid(text: str) -> None:
    assert parse_cidr(text) is None
