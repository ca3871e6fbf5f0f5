"""Scalars read as kubectl reads them: every line is what `kubectl label --local -o json` (1.32) answered."""

from __future__ import annotations

import pytest

from kwake.sources.scalars import Scalar, ScalarError, key, plain, tagged

KUBECTL: list[tuple[str, Scalar]] = [
    # YAML 1.1 words are booleans, in three spellings each; y and n too
    ("y", True), ("Y", True), ("yes", True), ("on", True), ("TRUE", True), ("n", False), ("No", False), ("OFF", False),
    ("tRue", "tRue"), ("~", None), ("", None), ("null", None), ("Null", None), ("nULL", "nULL"),
    # no dates, no base 60
    ("12:30:45", "12:30:45"), ("2001-01-01", "2001-01-01"), ("2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z"),
    # octal in both spellings; what is no octal is a decimal
    ("0o14", 12), ("0O14", 12), ("-0o14", -12), ("0777", 511), ("08", 8), ("00", 0), ("0_7", 7), ("0o8", "0o8"),
    ("0b11", 3), ("-0b11", -3), ("+0b11", 3), ("0b12", "0b12"), ("0x1F", 31), ("0X1f", 31), ("-0x1F", -31),
    ("0x", "0x"), ("0x_1F", 31), ("0x1p3", "0x1p3"), ("+1", 1), ("-0", 0),
    ("1_000", 1000), ("1__2", 12), ("1_", 1), ("_1", "_1"), ("1_000.5", 1000.5), ("685_230.15", 685230.15),
    # whole floats come out of JSON as integers
    ("1e3", 1000), ("1E3", 1000), ("1e+3", 1000), ("1.0", 1), ("1.", 1), ("-0.0", 0), (".1e3", 100),
    (".5", 0.5), ("-.5", -0.5), ("+.5", 0.5), (".5_0", 0.5), ("._5", "._5"), (".0x1", ".0x1"), ("0.1e-7", 1e-8),
    ("1.5e300", 1.5e300), ("1e400", "1e400"), ("1e", "1e"), ("1.2.3", "1.2.3"),
    ("123456789012345678", 123456789012345678), ("9223372036854775808", 9223372036854775808.0),
    ("12345678901234567890", 12345678901234567890.0), ("123456789012345678901", 123456789012345678901.0),
    # more digits than any float has: text, as 1e400 is
    ("9" * 400, "9" * 400), ("-" + "9" * 10_000, "-" + "9" * 10_000), ("0x" + "f" * 400, "0x" + "f" * 400),
    ("=", "="), (".Nan", ".Nan"), ("+y", "+y"), ("web", "web"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), KUBECTL)
def test_a_plain_scalar_is_what_kubectl_reads(text: str, value: Scalar) -> None:
    found = plain(text)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("text", [".inf", "-.INF", "+.Inf", ".nan", ".NAN"])
def test_what_json_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(ScalarError, match="JSON cannot hold"):
        plain(text)


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [("str", "yes", "yes"), ("str", "1", "1"), ("int", "3", 3), ("float", "3", 3), ("bool", "yes", True),
     ("null", "", None), ("timestamp", "2001-01-01", "2001-01-01"), ("binary", "aGVsbG8=", "hello")],
)  # fmt: skip
def test_a_tag_decides(tag: str, text: str, value: Scalar) -> None:
    assert tagged(f"tag:yaml.org,2002:{tag}", text) == value


def test_a_local_tag_makes_text() -> None:
    assert tagged("!foo", "3") == "3"


@pytest.mark.parametrize(("tag", "text"), [("int", "x"), ("int", ""), ("bool", "3"), ("binary", "/w==")])
def test_a_tag_that_does_not_fit_is_refused(tag: str, text: str) -> None:
    with pytest.raises(ScalarError):
        tagged(f"tag:yaml.org,2002:{tag}", text)


@pytest.mark.parametrize(
    ("value", "name"),
    [("a", "a"), (True, "true"), (False, "false"), (16, "16"), (1.5, "1.5"), (-0.5, "-0.5"), (0.0001, "0.0001"),
     (0.00001, "1e-05"), (1234567.5, "1.2345675e+06"), (123456.7, "123456.7"), (1e20, "1e+20")],
)  # fmt: skip
def test_keys_become_text_as_in_kubectl(value: object, name: str) -> None:
    assert key(value) == name


@pytest.mark.parametrize("value", [None, [], {}])
def test_other_keys_are_refused(value: object) -> None:
    with pytest.raises(ScalarError, match="no key of a map"):
        key(value)
