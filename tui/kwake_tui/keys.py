"""Names of keys: how they are written in a file, what a terminal can tell apart, and which are bound to what."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol, runtime_checkable

from textual.keys import KEY_NAME_REPLACEMENTS, Keys, key_to_character

from kwake_tui.keymap import FIXED, KEYS, Key, shown

MODIFIERS: Final = ("ctrl", "alt", "shift")

TAKEN: Final = {
    "ctrl+h": "terminals send it as backspace",
    "ctrl+i": "terminals send it as tab",
    "ctrl+j": "terminals send it as enter",
    "ctrl+m": "terminals send it as enter",
    "ctrl+left_square_bracket": "terminals send it as escape",
    "ctrl+c": "it copies what is selected, and says how one leaves",
    "ctrl+p": "it opens the palette",
    "ctrl+q": "it leaves at once",
    "escape": "it goes out of everything",
    "enter": "it goes into everything",
}
"""Keys that cannot be bound, and why."""

_NAMED: Final = frozenset(key.value for key in Keys if "+" not in key.value and not key.value.startswith("<"))
_IN_BRACES: Final = re.compile(r"\{([a-z0-9-]+)\}")
_WORDS: Final = {shown(name): name for name in ("escape",)} | {"pgdn": "pagedown", "pgup": "pageup", "del": "delete"}


def key_name(written: str) -> str:
    """The name that the console uses for a key as people write it: `question_mark` for `?`, `ctrl+x`. Raises ValueError
    with what is wrong."""
    if written == "+":
        return "plus"
    *modifiers, last = written.split("+") if not written.endswith("++") else [*written[:-2].split("+"), "+"]
    unknown = [modifier for modifier in modifiers if modifier not in MODIFIERS]
    if unknown or not last:
        raise ValueError(f"{written!r} is no key: write a letter, a sign, f5, or ctrl+x")
    last = _WORDS.get(last, last)
    if len(last) == 1:
        if not last.isprintable() or last.isspace():
            raise ValueError(f"{written!r} is no key")
        last = last if last.isalnum() else _sign(last)
        if "ctrl" in modifiers:
            last = last.lower()
    elif last not in _NAMED and key_to_character(last) is None:
        raise ValueError(f"{written!r} is no key: write a letter, a sign, f5, or ctrl+x")
    return "+".join([*(modifier for modifier in MODIFIERS if modifier in modifiers), last])


def _sign(character: str) -> str:
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


class Keymap(NamedTuple):
    """Which keys do what."""

    bound: Mapping[str, tuple[str, ...]] = {}
    """Keys by the name of what they do, where they are not those of the table."""

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys of the main screen as they are bound."""
        return tuple(
            key._replace(key=self.bound.get(key.act, (key.key,))[0], help=self.spelt(key.help)) for key in KEYS
        )

    def shown(self, name: str) -> str:
        """The first key of what has this name, as people write it; a key without a name as it is."""
        if name in self.bound:
            return shown(self.bound[name][0])
        default = default_keys().get(name)
        return shown(default[0]) if default else name

    def of_the_panes(self, key: str, away: str) -> str:
        """What is said where a key of the main screen comes and is none of the screen that is shown: `esc` and where it
        goes. Empty for any other key."""
        found = next((own for own in self.keys if own.key == key), None)
        return f"{found.shown} {found.word} is a key of the main screen: esc {away}" if found else ""

    def unknown(self, key: str) -> str:
        """What is said where a key comes that does nothing on the screen that is shown."""
        sign = character if (character := key_to_character(key)) and character.isprintable() else shown(key)
        return f"{sign}: no such key here   {self.shown('help')} help"

    def spelt(self, text: str) -> str:
        """A text of ours with the key in the place of each name in braces: `{kill} on sessions-0`, `:learn`."""
        text = text.replace("{command} ", ":") if self.shown("command") == ":" else text
        return _IN_BRACES.sub(lambda match: self.shown(match[1]), text)

    @property
    def textual(self) -> dict[str, str]:
        """For `App.set_keymap`."""
        return {name: ",".join(keys) for name, keys in self.bound.items()}


AS_IT_COMES: Final = Keymap()


@runtime_checkable
class HasKeymap(Protocol):
    """An application whose keys may be bound otherwise."""

    keymap: Keymap


def keymap_of(app: object) -> Keymap:
    """How the keys of an application are bound; as in the table for one that does not know."""
    return app.keymap if isinstance(app, HasKeymap) else AS_IT_COMES


def default_keys() -> dict[str, tuple[str, ...]]:
    """Every name that can be bound, with its keys."""
    fixed = {name: tuple(keys.split(",")) for name, keys in FIXED.items()}
    return {key.act: (key.key,) for key in KEYS} | fixed


def clash(bound: Mapping[str, tuple[str, ...]]) -> tuple[str, str, str] | None:
    """A key that would do two things, and both; those that are bound anew first."""
    owners: dict[str, str] = {}
    for name, keys in [*((n, k) for n, k in default_keys().items() if n not in bound), *bound.items()]:
        for key in keys:
            if key in owners:
                return shown(key), name, owners[key]
            owners[key] = name
    return None
