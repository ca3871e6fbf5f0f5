"""A live cluster as a file: plain manifests, without secrets."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from kwake.cluster import Cluster, Record
from kwake.control.told_profile import told_profile
from kwake.objects.decode import decode
from kwake.objects.document import document
from kwake.sources.snapshot import Entry
from kwake.sources.write import write_bytes
from kwake.sources.yaml_writer import to_yaml
from kwake_live.cleaning import LeftOut, cleaned
from kwake_live.loading import Loaded


class Capture(msgspec.Struct, frozen=True):
    """What goes into the file, and what does not."""

    entries: tuple[Entry, ...]
    left_out: dict[str, int]
    """How often each kind of thing was left out, in words."""
    options: str = ""
    """The options of the command line under which it is answered as the cluster is set up; empty for the defaults."""

    @property
    def told(self) -> tuple[str, ...]:
        """What was left out, a line for each kind of thing."""
        never = "Secrets, ServiceAccounts, custom resources that judge no traffic: never read"
        return (never, *(f"{words}: {count}" for words, count in sorted(self.left_out.items())))


def capture(loaded: Loaded) -> Capture:
    """The objects of a cluster that was read, cleaned."""
    left_out: LeftOut = Counter()
    entries = []
    for entry in loaded.snapshot.entries:
        doc = document(cleaned(entry.document.manifest, left_out))
        entries.append(Entry(doc, decode(doc)))
    told = told_profile(Cluster({entry.key: Record(entry.document, entry.value) for entry in entries}))
    return Capture(tuple(entries), {words: count for words, count in left_out.items() if count},
                   "" if told is None else told.options)  # fmt: skip


def text_of(captured: Capture, context: str, form: str) -> bytes:
    """The file: YAML with a head that says what was left out, or a List as JSON, which is read much faster."""
    manifests = [entry.document.manifest for entry in captured.entries]
    if form == "json":
        return msgspec.json.encode({"apiVersion": "v1", "kind": "List", "items": manifests})
    lines = [f"captured by kwake from context {context}; left out:", *captured.told]
    lines += [f"set up as {captured.options} has it"] if captured.options else []
    head = "".join(f"# {line}\n" for line in lines)
    return (head + "---\n".join(map(to_yaml, manifests))).encode()


def write_capture(captured: Capture, context: str, target: str, *, overwrite: bool = False) -> None:
    """Write the file, whole or not at all. Raises UsageError, also where it exists already."""
    form = "json" if Path(target).suffix == ".json" else "yaml"
    write_bytes(text_of(captured, context, form), target, overwrite=overwrite)
