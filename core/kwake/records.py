"""The records of a cluster, kept so that a change costs what is beside it, not all there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Generic, TypeVar

from kwake.objects.key import Key

R = TypeVar("R")

_Place = tuple[str, str]
"""A kind and a namespace."""


class Records(Generic[R]):
    """Records by their keys; those of one kind and namespace together. Immutable: others share what did not change."""

    __slots__ = ("_came", "_numbers", "_places")

    def __init__(self, records: Mapping[Key, R]) -> None:
        self._places: dict[_Place, dict[Key, R]] = {}
        self._numbers: dict[_Place, dict[Key, int]] = {}
        """When each came; one that changes keeps its number."""
        self._came = len(records)
        for number, (wanted, record) in enumerate(records.items()):
            place = wanted.kind, wanted.namespace
            self._places.setdefault(place, {})[wanted] = record
            self._numbers.setdefault(place, {})[wanted] = number

    def with_changes(self, changes: Mapping[Key, R | None]) -> Records[R]:
        """The same with these put in, or taken out where None. Raises KeyError where one to take out is not there."""
        after = Records[R]({})
        after._places, after._numbers, after._came = dict(self._places), dict(self._numbers), self._came
        turned = {(wanted.kind, wanted.namespace) for wanted in changes}
        for place in turned:
            after._places[place] = dict(self._places.get(place, ()))
            after._numbers[place] = dict(self._numbers.get(place, ()))
        for wanted, changed in changes.items():
            place = wanted.kind, wanted.namespace
            held, numbers = after._places[place], after._numbers[place]
            if changed is None:
                del held[wanted], numbers[wanted]
                continue
            held[wanted] = changed
            if wanted not in numbers:
                numbers[wanted] = after._came
                after._came += 1
        for place in turned:
            if not after._places[place]:
                del after._places[place], after._numbers[place]
        return after

    def get(self, wanted: Key) -> R | None:
        """The record of a key, or None."""
        held = self._places.get((wanted.kind, wanted.namespace))
        return None if held is None else held.get(wanted)

    def of_kind(self, kind: str) -> Iterator[Key]:
        """The keys of a kind, namespace by namespace."""
        return (wanted for (name, _), held in self._places.items() if name == kind for wanted in held)

    @property
    def namespaces(self) -> set[str]:
        """Those that some record is in."""
        return {namespace for _, namespace in self._places if namespace}

    def as_they_came(self) -> list[R]:
        """All records in the order that they came; one that was changed where it was."""
        numbered = [
            (number, held[wanted])
            for place, held in self._places.items()
            for wanted, number in self._numbers[place].items()
        ]
        return [record for _, record in sorted(numbered, key=itemgetter(0))]

    def in_order(self) -> list[R]:
        """All records in the order of their keys: by kind, namespace, name and group."""
        return [held[wanted] for _, held in sorted(self._places.items(), key=itemgetter(0)) for wanted in sorted(held)]

    def __contains__(self, wanted: Key) -> bool:
        return self.get(wanted) is not None

    def __len__(self) -> int:
        return sum(map(len, self._places.values()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Records) and self._places == other._places
