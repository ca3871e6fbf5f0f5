"""A closed format on plain YAML: every value knows its file and line, and a key that is not known is an error."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NoReturn

import msgspec

from kwake.errors import ScenarioError
from kwake.objects.document import FieldPath, Origin
from kwake.objects.field_path import dotted
from kwake.objects.printable import printable
from kwake.scenario.format import EXCLUDING, Form, keys_of, required_in
from kwake.scenario.scenario import Part
from kwake.sources.location import locate

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h)")
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_PART = re.compile(r"(?P<some>[0-9]{1,6})/(?P<of>[0-9]{1,6})|(?P<percent>[0-9]{1,3}(\.[0-9]{1,6})?)%")
_SHOWN = 60


class Value(msgspec.Struct, frozen=True):
    """A value of the file and where it stands. Reading it as something else than it is raises ScenarioError."""

    raw: Any
    origin: Origin
    path: FieldPath = ()

    @property
    def line(self) -> int:
        """Its line, from 1."""
        return locate(self.origin, self.path)

    def fail(self, message: str, at: str | int | None = None) -> NoReturn:
        """Raise ScenarioError with file, line and the path of this value, or of its child `at`."""
        path = self.path if at is None else (*self.path, at)
        place = f"{self.origin.source.name}:{locate(self.origin, path)}"
        raise ScenarioError(printable(": ".join(filter(None, (place, dotted(path), message)))))

    def _expected(self, what: str) -> NoReturn:
        shown = "nothing" if self.raw is None else repr(self.raw)
        self.fail(f"expected {what}, found {shown[:_SHOWN] + '…' if len(shown) > _SHOWN else shown}")

    def child(self, step: str | int) -> Value:
        """A value inside this one."""
        return Value(self.raw[step], self.origin, (*self.path, step))

    def fields(self, *known: str, required: tuple[str, ...] = ()) -> dict[str, Value]:
        """A map with no keys but these; those that are there, in the order written."""
        if not isinstance(self.raw, dict):
            self._expected(f"a map with {', '.join(known)}")
        for name in self.raw:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
                self.fail(f"there is no such key; {hint}", name)
        for name in required:
            if self.raw.get(name) is None:
                self.fail(f"the key {name} is missing")
        return {name: self.child(name) for name in self.raw}

    def form(self, form: Form) -> dict[str, Value]:
        """A map with the keys of a form, those that must be there among them."""
        found = self.fields(*keys_of(form), required=required_in(form))
        for one, other in EXCLUDING.get(form, ()):
            if one in found and other in found:
                self.fail(f"{one} and {other} exclude each other")
        return found

    def entries(self) -> dict[str, Value]:
        """A map with any keys."""
        if not isinstance(self.raw, dict):
            self._expected("a map")
        return {name: self.child(name) for name in self.raw}

    def items(self) -> Iterator[Value]:
        """A list."""
        if not isinstance(self.raw, list):
            self._expected("a list")
        return (self.child(at) for at in range(len(self.raw)))

    def texts(self) -> tuple[str, ...]:
        """A list of texts, or one text."""
        return (self.raw,) if isinstance(self.raw, str) else tuple(item.text() for item in self.items())

    def text(self) -> str:
        """A text that is not empty."""
        if isinstance(self.raw, bool):
            self._expected("a text, and YAML reads y, n, yes, no, on and off without quotes as true or false")
        if not isinstance(self.raw, str) or not self.raw:
            self._expected("a text")
        return self.raw

    def text_or_empty(self) -> str:
        """A text, such as the value of a label, which may be empty."""
        return "" if self.raw == "" else self.text()

    def one_of(self, *words: str) -> str:
        """One of these words."""
        if self.raw not in words:
            near = difflib.get_close_matches(str(self.raw), words, n=1)
            self._expected(f"one of {', '.join(words)}" + (f" (did you mean {near[0]}?)" if near else ""))
        return str(self.raw)

    def integer(self, least: int = 0) -> int:
        """A whole number from `least` on."""
        if not isinstance(self.raw, int) or isinstance(self.raw, bool) or self.raw < least:
            self._expected(f"a whole number from {least} on")
        return self.raw

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.raw, bool):
            self._expected("true or false")
        return self.raw

    def port(self) -> int | str:
        """A port's number or name."""
        if isinstance(self.raw, str) and self.raw:
            return self.raw
        number = self.integer(1)
        if number > 65535:
            self._expected("a port from 1 to 65535, or a port's name")
        return number

    def fraction(self) -> Fraction:
        """A part of the whole: `1/3`, `99.9%`."""
        found = _part(self.raw) if isinstance(self.raw, str) else None
        if found is None:
            self._expected("a part of the whole, as 1/3 or 99.9%")
        return found

    def part(self) -> Part:
        """A part of the whole, or a bound of it: `1/3`, `>= 50%`."""
        text = self.text()
        relation = next((sign for sign in (">=", "<=") if text.startswith(sign)), "=")
        found = _part(text.removeprefix(relation).lstrip(" ") if relation != "=" else text)
        if found is None:
            self._expected("a part of the whole, as 1/3, 50% or >= 50%")
        return Part(relation, found, text)

    def duration_ms(self) -> int:
        """A duration with its unit, as `500ms`, `1.5s`, `2m`; in milliseconds."""
        match = _DURATION.fullmatch(self.raw) if isinstance(self.raw, str) else None
        if match is None:
            self._expected("a duration with its unit, as 10s, 500ms or 2m")
        return round(float(match[1]) * _UNIT_MS[match[2]])


def _part(text: str) -> Fraction | None:
    """A part from 0 to 1."""
    match = _PART.fullmatch(text)
    if match is None or match["of"] == "0" * len(match["of"] or "x"):
        return None
    part = Fraction(match["percent"]) / 100 if match["percent"] else Fraction(int(match["some"]), int(match["of"]))
    return part if part <= 1 else None
