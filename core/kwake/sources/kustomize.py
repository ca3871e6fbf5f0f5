"""Files of a folder that are patches for kustomize: they look like objects, and are not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kwake.sources.yaml_reader import SyntaxProblem, read_yaml

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_LISTS = ("patches", "patchesStrategicMerge", "patchesJson6902", "replacements", "configurations", "transformers")


def patches_of(files: Iterable[tuple[Path, bytes]]) -> dict[str, str]:
    """By normalised path: the kustomization that uses a file as a patch, of these kustomizations and their contents."""
    return {
        os.path.normpath(file.parent / name): str(file)
        for file, data in files
        for kustomization in _documents(data)
        for field in _LISTS
        for name in _paths(kustomization.get(field))
    }


def _documents(data: bytes) -> Iterator[dict[str, Any]]:
    """Its documents; bad syntax is told when the file itself is read."""
    try:
        for parsed in read_yaml(data):
            if isinstance(parsed.value, dict):
                yield parsed.value
    except SyntaxProblem:
        return


def _paths(entries: object) -> Iterator[str]:
    """File names in a list of names, or of maps with a `path`; a patch written out in place is no name."""
    for entry in entries if isinstance(entries, list) else ():
        name = entry.get("path") if isinstance(entry, dict) else entry
        if isinstance(name, str) and name and "\n" not in name:
            yield name
