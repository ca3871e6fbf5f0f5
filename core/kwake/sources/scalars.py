"""What a YAML scalar means to kubectl: the rules of `sigs.k8s.io/yaml`, not those of stock PyYAML.

kubectl turns YAML into JSON and reads that, so a whole float (`1e3`) is the integer 1000 and what does not fit
int64 is a float. Source: `kubernetes-sigs/yaml` goyaml.v2/resolve.go and yaml.go; each line of the table in
`tests/core/sources/test_scalars.py` is what kubectl 1.32 answers.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from decimal import Decimal

Scalar = str | int | float | bool | None

TAG = "tag:yaml.org,2002:"

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_NOT_JSON = frozenset(
    sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")
) | {".nan", ".NaN", ".NAN"}  # fmt: skip
_MAY_BE_NUMBER = frozenset("+-.0123456789")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]([0-7]+)|0[bB]([01]+)|0([0-7]+)|(0|[1-9][0-9]*))")
_BASES = (16, 8, 2, 8, 10)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DOT_FLOAT = re.compile(r"\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+)?")
_LONGEST = 309
"""Decimal digits of the largest float."""
_INT64 = range(-(2**63), 2**63)


class ScalarError(ValueError):
    """A scalar that JSON cannot hold, or that is not what its tag says."""


def plain(text: str) -> Scalar:
    """The value of an unquoted scalar without a tag. Raises ScalarError for infinities and not-a-number."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _MAY_BE_NUMBER:
        return text
    if text in _NOT_JSON:
        raise ScalarError(f"{text} is a number that JSON cannot hold")
    if text[0] == ".":
        return _json_number(float(text), text) if _DOT_FLOAT.fullmatch(text) else text
    digits = text.replace("_", "")
    if whole := _INTEGER.fullmatch(digits):
        return _whole(whole[1], whole[whole.lastindex or 6], _BASES[(whole.lastindex or 6) - 2], text)
    return _json_number(float(digits), text) if _FLOAT.fullmatch(digits) else text


def _whole(sign: str, digits: str, base: int, text: str) -> Scalar:
    """An integer; beyond int64 a float, and beyond all floats the text that it is."""
    if len(digits) > _LONGEST and base == 10:  # Python refuses to read thousands of digits
        return text
    number = int(sign + digits, base)
    if number in _INT64:
        return number
    try:
        return float(number)
    except OverflowError:
        return text


def _json_number(number: float, text: str) -> Scalar:
    """A float after its way through JSON: whole ones become integers; one out of range stays text."""
    if number in (float("inf"), float("-inf")):
        return text
    if number.is_integer() and int(number) in _INT64:
        return int(Decimal(repr(number)))
    return number


def tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit tag, quoted or not. Raises ScalarError where they do not fit."""
    kind = tag.removeprefix(TAG)
    if kind == "binary":
        try:
            return base64.b64decode(text, validate=False).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise ScalarError("!!binary holds no text in base64") from None
    if kind not in ("null", "bool", "int", "float"):
        return text
    value = plain(text)
    found = "null" if value is None else type(value).__name__
    if found == kind or (kind == "float" and found == "int"):
        return value
    raise ScalarError(f"cannot read {text!r} as a !!{kind}")


def key(value: object) -> str:
    """A map's key as JSON has it: text. Raises ScalarError for null, maps and lists."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _single_precision(value)
        case None:
            raise ScalarError("null is no key of a map")
        case _:
            raise ScalarError("a list or map is no key of a map")


def _single_precision(number: float) -> str:
    """The shortest decimal that reads back as the same 32-bit float: how kubectl writes keys that are floats."""
    try:
        single = struct.pack("f", number)
    except OverflowError:
        raise ScalarError(f"{number} is no key of a map") from None
    for digits in range(9):
        mantissa, _, exponent = f"{number:.{digits}e}".partition("e")
        if struct.pack("f", float(f"{mantissa}e{exponent}")) == single:
            break
    power = int(exponent)
    if -4 <= power < 6:
        return f"{float(f'{mantissa}e{exponent}'):.{max(digits - power, 0)}f}"
    return f"{mantissa}e{power:+03d}"
