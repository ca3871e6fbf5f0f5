"""The user's own settings: a file in the XDG place. What is wrong in it is said with file, line and key."""

from __future__ import annotations

import difflib
from pathlib import Path

from kwake.errors import UsageError
from kwake.objects.document import Origin, Source
from kwake.objects.printable import printable
from kwake.scenario.reading import Value
from kwake.sources.yaml_reader import SyntaxProblem, read_yaml
from kwake_tui.appearance import THEME_NAMES, Settings
from kwake_tui.keymap import shown
from kwake_tui.keys import TAKEN, Keymap, clash, default_keys, key_name


def read_settings(path: Path) -> Settings:
    """Read the file; without one nothing is set. Raises KwakeError, with file, line and key."""
    try:
        data = path.read_bytes()
        data.decode()
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8") from None
    return parse_settings(data, str(path))


def parse_settings(data: bytes, name: str) -> Settings:
    """Settings from a file's bytes. Raises KwakeError, with the file's name, line and key."""
    try:
        documents = [parsed for parsed in read_yaml(data) if parsed.value is not None]
    except SyntaxProblem as problem:
        raise UsageError(printable(f"{name}:{problem.line}: {problem.text}")) from None
    if not documents:
        return Settings()
    first, *more = documents
    if more:
        raise UsageError(printable(f"{name}:{more[0].line}: one document is all that there may be"))
    value = Value(first.value, Origin(Source(name, data, "yaml"), 0, (), first.line))
    fields = value.fields("theme", "ascii", "mouse", "keys")
    return Settings(
        fields["theme"].one_of(*THEME_NAMES) if "theme" in fields else None,
        fields["ascii"].flag() if "ascii" in fields else None,
        fields["mouse"].flag() if "mouse" in fields else None,
        _keymap(fields["keys"]) if "keys" in fields else Keymap(),
    )


def _keymap(value: Value) -> Keymap:
    names = default_keys()
    bound: dict[str, tuple[str, ...]] = {}
    for name, item in value.entries().items():
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else "kwake config lists all"
            value.fail(f"nothing has this name; {hint}", name)
        bound[name] = _keys(item)
    twice = clash(bound)
    if twice:
        key, name, other = twice
        value.fail(f"{key} would be {name} and {other}: bind {other} to another key, too", name)
    return Keymap(bound)


def _keys(value: Value) -> tuple[str, ...]:
    written = value.items() if isinstance(value.raw, list) else (value,)
    keys = tuple(_key(item) for item in written)
    if not keys:
        value.fail("expected a key, or a list of them")
    return keys


def _key(value: Value) -> str:
    digit = isinstance(value.raw, int) and not isinstance(value.raw, bool) and 0 <= value.raw <= 9
    try:
        key = key_name(str(value.raw) if digit else value.text())
    except ValueError as error:
        value.fail(str(error))
    if key in TAKEN:
        value.fail(f"{shown(key)} cannot be bound: {TAKEN[key]}")
    return key
