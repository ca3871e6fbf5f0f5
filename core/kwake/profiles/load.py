"""From the name of a profile to its fields and clocks. The data are the YAML files beside this one."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import TypeVar

import msgspec
import yaml

from kwake.errors import ProfileError
from kwake.objects.basis import Basis
from kwake.objects.event import Clock
from kwake.profiles.profile import CHOSEN, Profile, Setting

AXES = ("policy", "proxy", "ipam", "dns", "lb", "clocks")
DEFAULT_BUNDLE = "calico"

_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)")
_MS_OF_UNIT = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}

T = TypeVar("T")


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field or clock in an axis file."""

    value: str
    basis: Basis
    source: str


class _Default(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A field or clock in `defaults.yaml`: what holds unless an axis file says otherwise."""

    axis: str
    value: str
    basis: Basis
    source: str
    means: str = ""
    choices: tuple[str, ...] = ()
    pattern: str = ""


class _Defaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fields: dict[str, _Default]
    clocks: dict[str, _Default]


class _Axis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An axis file: what it sets on its axis."""

    axis: str
    fields: dict[str, _Entry] = {}
    clocks: dict[str, _Entry] = {}


def bundle_names() -> tuple[str, ...]:
    """The bundles there are, the default first, the others by name."""
    names = _names_in("bundles")
    return (DEFAULT_BUNDLE, *(name for name in names if name != DEFAULT_BUNDLE))


def axis_names() -> tuple[str, ...]:
    """The axis files there are, as `axis/name`, in the order of the axes."""
    return tuple(f"{axis}/{name}" for axis in AXES for name in _names_in(axis))


def load_profile(name: str = DEFAULT_BUNDLE, overrides: Mapping[str, str] | None = None) -> Profile:
    """The profile of a bundle, with axis files (`calico+nftables`) and single fields (`--set`) in place of its own.

    An axis file may be written `axis/name` where its name alone means several. Without a bundle the default one
    counts. `overrides` are fields (`host-network-pods`) or clocks (`clock.policy-sync`, a duration such as `3s`).
    Raises ProfileError, naming the nearest known one.
    """
    defaults = _defaults()
    settings = {field: Setting(d.value, d.basis, d.source) for field, d in defaults.fields.items()}
    clocks = {clock: Clock(clock, _milliseconds(d.value), d.basis, d.source) for clock, d in defaults.clocks.items()}
    for axis, file in _files_of(name).items():
        loaded = _axis(axis, file)
        settings |= {field: Setting(e.value, e.basis, e.source) for field, e in loaded.fields.items()}
        clocks |= {clock: Clock(clock, _milliseconds(e.value), e.basis, e.source) for clock, e in loaded.clocks.items()}
    for field, value in (overrides or {}).items():
        prefix, _, clock = field.partition("clock.")
        if not prefix and clock:
            _known("clock", clock, clocks)
            clocks[clock] = Clock(clock, _milliseconds(value, field), Basis.ASSUMED, CHOSEN)
        else:
            _known("field", field, (*settings, *(f"clock.{name}" for name in clocks)))
            settings[field] = Setting(_checked(field, value, defaults.fields[field]), Basis.ASSUMED, CHOSEN)
    return Profile(name, settings, clocks)


def _files_of(name: str) -> dict[str, str]:
    """Which file sets each axis."""
    bundle = ""
    chosen: dict[str, str] = {}
    for part in name.split("+"):
        if part in bundle_names():
            if bundle:
                raise ProfileError(f"profile {name}: {bundle} and {part} both set every axis; name one bundle")
            bundle = part
            continue
        axis, file = _axis_file(part)
        if axis in chosen:
            raise ProfileError(f"profile {name}: {chosen[axis]} and {file} both set {axis}; name one")
        chosen[axis] = file
    return _bundle(bundle or DEFAULT_BUNDLE) | chosen


def _axis_file(part: str) -> tuple[str, str]:
    """The axis and file that a part of a profile's name means."""
    files = [file for file in axis_names() if part in (file, file.partition("/")[2])]
    if not files:
        _known("profile", part, (*bundle_names(), *(file.partition("/")[2] for file in axis_names()), *axis_names()))
    if len(files) > 1:
        raise ProfileError(f"profile {part}: which axis? write {' or '.join(files)}")
    axis, _, file = files[0].partition("/")
    return axis, file


def _checked(field: str, value: str, default: _Default) -> str:
    """The value, if the field may have it."""
    if value in default.choices:
        return value
    if default.choices and not default.pattern:
        _known(f"value of {field}", value, default.choices)
    elif default.pattern == "cidr":
        for part in value.split(","):
            try:
                ipaddress.ip_network(part)
            except ValueError as error:
                raise ProfileError(f"{field}={value}: {error}; write a range such as {default.value}") from None
    elif not re.fullmatch(default.pattern, value):
        raise ProfileError(f"{field}={value}: write it as {default.value}")
    return value


def _milliseconds(text: str, field: str = "") -> int:
    """A duration: `500ms`, `3s`, `1.5m`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ProfileError(f"{field}={text}: not a duration; write it as 500ms, 3s or 2m")
    return round(float(match[1]) * _MS_OF_UNIT[match[2]])


def _known(what: str, name: str, known: Iterable[str]) -> None:
    """Raise ProfileError unless there is one of this name."""
    names = list(dict.fromkeys(known))
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names[:12])}{' …' * (len(names) > 12)}"
        raise ProfileError(f"{name or 'an empty name'}: no such {what}; {hint}")


# -- the files ----------------------------------------------------------------------------------------------------

_FILES = resources.files("kwake.profiles")


@cache
def _names_in(folder: str) -> tuple[str, ...]:
    return tuple(sorted(file.name.removesuffix(".yaml") for file in (_FILES / folder).iterdir()))


@cache
def _defaults() -> _Defaults:
    return _read("defaults.yaml", _Defaults)


@cache
def _axis(axis: str, name: str) -> _Axis:
    return _read(f"{axis}/{name}.yaml", _Axis)


@cache
def _bundle(name: str) -> dict[str, str]:
    return _read(f"bundles/{name}.yaml", dict[str, str])


def _read(path: str, shape: type[T]) -> T:
    # Every scalar of these files is text: the loader that resolves no types keeps `no` and `1.36` as written.
    return msgspec.convert(yaml.load(_FILES.joinpath(path).read_text("utf-8"), yaml.CBaseLoader), shape)
