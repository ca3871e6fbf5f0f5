"""Names, labels and ports as the API server wants them (`k8s:apimachinery/pkg/util/validation/validation.go`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = rf"({_QUALIFIED})?"

NameRule = Callable[[str], Iterable[str]]
"""What is wrong with a name, in the API server's words; nothing if it is good. A cluster says the same names over and
over, so what was found is remembered."""

REMEMBERED = 1 << 14


def _rule(pattern: str, longest: int, words: str, *examples: str) -> NameRule:
    matcher = re.compile(pattern)
    shown = ",  or ".join(f"'{example}'" for example in examples)
    message = f"{words} (e.g. {shown}, regex used for validation is '{pattern}')"

    @lru_cache(maxsize=REMEMBERED)
    def complaints(text: str) -> tuple[str, ...]:
        too_long = (f"must be no more than {longest} characters",) if len(text) > longest else ()
        return too_long if matcher.fullmatch(text) else (*too_long, message)

    return complaints


dns_subdomain = _rule(
    _SUBDOMAIN,
    253,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    " end with an alphanumeric character",
    "example.com",
)
_dns_label = _rule(
    _LABEL,
    63,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with"
    " an alphanumeric character",
    "my-name",
    "123-abc",
)


def dns_label(text: str) -> tuple[str, ...]:
    """A name without dots, of 63 characters at most."""
    complaints = _dns_label(text)
    if "." not in text or dns_subdomain(text):
        return tuple(complaints)
    return (*[words for words in complaints if words.startswith("must be no more")], "must not contain dots")


dns_1035_label = _rule(
    _LABEL_1035,
    63,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character,"
    " and end with an alphanumeric character",
    "my-name",
    "abc-123",
)
label_value = _rule(
    _LABEL_VALUE,
    63,
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and"
    " end with an alphanumeric character",
    "MyValue",
    "my_value",
    "12345",
)
_KEY = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
    f" (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_QUALIFIED}')"
)


@lru_cache(maxsize=REMEMBERED)
def qualified_name(text: str) -> tuple[str, ...]:
    """Keys of labels and annotations: `name` or `example.com/name`."""
    return tuple(_of_qualified_name(text))


def _of_qualified_name(text: str) -> Iterator[str]:
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        yield f"a valid label key {_KEY} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return
    if slash and not prefix:
        yield "prefix part must be non-empty"
    elif slash:
        yield from (f"prefix part {complaint}" for complaint in dns_subdomain(prefix))
    if not name:
        yield "name part must be non-empty"
    elif len(name) > 63:
        yield "name part must be no more than 63 characters"
    if not re.fullmatch(_QUALIFIED, name):
        yield f"name part {_KEY}"


def path_segment(text: str) -> Iterator[str]:
    """What any name may be, those of roles and other objects that are not modelled too."""
    if text in (".", ".."):
        yield f"may not be '{text}'"
    yield from (f"may not contain '{part}'" for part in "/%" if part in text)


def port_number(number: int) -> tuple[str, ...]:
    """1 to 65535."""
    return () if 1 <= number <= 65535 else ("must be between 1 and 65535, inclusive",)


@lru_cache(maxsize=REMEMBERED)
def port_name(text: str) -> tuple[str, ...]:
    """An IANA service name: at most 15 of a-z, 0-9 and single hyphens, one letter at least."""
    return tuple(_of_port_name(text))


def _of_port_name(text: str) -> Iterator[str]:
    if len(text) > 15:
        yield "must be no more than 15 characters"
    if not re.fullmatch(r"[-a-z0-9]+", text):
        yield "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    if not re.search(r"[a-z]", text):
        yield "must contain at least one letter (a-z)"
    if "--" in text:
        yield "must not contain consecutive hyphens"
    if text.startswith("-") or text.endswith("-"):
        yield "must not begin or end with a hyphen"
