"""Manifests back to a file, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from kwake.errors import UsageError
from kwake.objects.document import Document
from kwake.objects.printable import printable
from kwake.sources.yaml_writer import to_yaml


def write(documents: Iterable[Document], path: str | Path, *, overwrite: bool = False) -> None:
    """Write documents as one YAML file: written beside and renamed, so that a crash leaves the old file or the new.

    Raises UsageError if the file exists (unless `overwrite`) or cannot be written.
    """
    write_bytes("---\n".join(to_yaml(document.manifest) for document in documents).encode(), path, overwrite=overwrite)


def write_bytes(data: bytes, path: str | Path, *, overwrite: bool = False) -> None:
    """Write a file as `write` does. Raises UsageError."""
    try:
        _write_beside(Path(path), data, overwrite)
    except FileExistsError:
        raise UsageError(f"{printable(str(path))}: exists already, and is not overwritten unasked") from None
    except OSError as error:
        raise UsageError(f"{printable(str(path))}: {error.strerror}") from None


def _write_beside(target: Path, data: bytes, overwrite: bool) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(target.stat().st_mode if target.exists() else 0o644)
        if overwrite:
            beside.replace(target)
        else:
            os.link(beside, target)  # refuses, without a moment in between, if the file exists
    finally:
        beside.unlink(missing_ok=True)
