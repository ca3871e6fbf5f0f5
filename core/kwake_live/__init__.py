"""A live API server to the same objects as files give: read, and never touched.

    import kwake_live
    world = kwake_live.open(context="prod")

The official client is imported when a cluster is opened, not before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kwake_live.opening import open_live as open

__all__ = ["open"]


def __getattr__(name: str) -> Any:
    if name == "open":
        return import_module("kwake_live.opening").open_live
    raise AttributeError(f"module 'kwake_live' has no attribute {name!r}")
