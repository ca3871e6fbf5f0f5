"""CIDRs as the API server reads them."""

from __future__ import annotations

import pytest

from kwake.objects.cidr import is_strict_cidr, parse_cidr


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("010.000.010.1/24", "10.0.10.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("10.0.0.1/32", "10.0.0.1/32"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("::/0", "::/0"),
        ("10.0.0.0/0008", "10.0.0.0/8"),
        ("10.0.0.0/000", "0.0.0.0/0"),
        ("00001::002/0064", "1::/64"),
        ("::010.02.003.4/128", "::a02:304/128"),
    ],
)
def test_host_bits_are_masked(text: str, network: str) -> None:
    assert str(parse_cidr(text)) == network


@pytest.mark.parametrize(
    "text", ["", "A", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/255.0.0.0", "10.0.0.0/-1", "256.0.0.0/8",
             "::/129", "fe80::1%eth0/64", "10.0.0.0/8/8", " 10.0.0.0/8",
             "10.0.0.0/0033", "10.0.0.0/+8", "0x0a.0.0.0/8", "12345::/64"]
)  # fmt: skip
def test_others_are_invalid(text: str) -> None:
    assert parse_cidr(text) is None


@pytest.mark.parametrize(
    "text", ["10.0.0.0/8", "10.1.2.3/8", "0.0.0.0/0", "2001:DB8::1/32", "0001::/64", "::1.2.3.4/128"]
)
def test_a_custom_resource_may_hold_host_bits(text: str) -> None:
    assert is_strict_cidr(text)


@pytest.mark.parametrize(
    "text", ["", "x", "10.0.0.0", "010.0.0.0/8", "10.0.0.0/08", "10.0.0.0/33", "10.0.0.0/+8", "::ffff:10.0.0.0/104",
             "00001::/64", "::1.02.3.4/128", "fe80::1%eth0/64"]
)  # fmt: skip
def test_a_custom_resource_may_hold_no_leading_zeros(text: str) -> None:
    assert not is_strict_cidr(text)
