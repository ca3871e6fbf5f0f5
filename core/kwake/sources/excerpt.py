"""The bytes of one document or item, cut out of its file, so that a large dump need not be read again for one line."""

from __future__ import annotations

import re
from array import array
from functools import lru_cache
from itertools import accumulate, count
from operator import add

from kwake.objects.document import Origin, Source

_DOCUMENT_END = re.compile(rb"\n(?:---|\.\.\.)(?=\s|$)")
_ITEM = re.compile(rb"( *)- ")
_JSON_ITEM = re.compile(rb"([ \t]*)\{[ \t]*\r?\n")


_OTHER_BREAKS = re.compile(rb"\r(?!\n)|\xc2\x85|\xe2\x80[\xa8\xa9]")
"""What ends a line for YAML 1.1 and for no editor: then the marks count other lines than the bytes show."""


@lru_cache(maxsize=4)
def _line_starts(source: Source) -> array[int]:
    """Where each line begins; nothing where that is not plain."""
    if source.format == "yaml" and _OTHER_BREAKS.search(source.data):
        return array("Q")
    before = accumulate(map(len, source.data.split(b"\n")), initial=0)
    return array("Q", map(add, before, count()))[:-1]


def excerpt(origin: Origin) -> bytes | None:
    """The bytes from the first line of a document or item to its last; None where the layout does not show the end.

    An item of a YAML list comes with its dash, so as a list of one.
    """
    if len(origin.path) > 2:
        return None  # a List in a List: the line is the outer one's
    data = origin.source.data
    starts = _line_starts(origin.source)
    if origin.line > len(starts):
        return None
    start = starts[origin.line - 1]
    if origin.source.format == "json":
        end = _json_end(data, start, inside=bool(origin.path))
    elif origin.path:
        end = _item_end(data, start)
    else:
        found = _DOCUMENT_END.search(data, start)
        end = found.start() + 1 if found else len(data)
    return None if end is None else data[start:end]


def _item_end(data: bytes, start: int) -> int | None:
    """Where the next line begins that is no deeper than the item's dash."""
    dash = _ITEM.match(data, start)
    if dash is None:
        return None
    end = re.compile(rb"\n {0,%d}[^ \r\n#]" % len(dash[1])).search(data, start)
    return end.start() + 1 if end else len(data)


def _json_end(data: bytes, start: int, inside: bool) -> int | None:
    """After the brace that stands under the first one; an item of a List is set in."""
    opening = _JSON_ITEM.match(data, start)
    if opening is None or inside is not bool(opening[1]):
        return None
    closing = b"\n" + opening[1] + b"}"
    end = data.find(closing, start)
    return None if end < 0 else end + len(closing)
