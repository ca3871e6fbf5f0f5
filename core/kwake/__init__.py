"""kwake: a what-if console for Kubernetes networking. See the wake of a change before you make it.

    import kwake
    world = kwake.open("sample_clusters/shop")
    path = world.trace("deploy/shop/web", "svc/shop/checkout", port=443)

Everything here is loaded when it is first asked for, so that `import kwake` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kwake.actions import (
        Action as Action,
        Apply as Apply,
        CloseConnection as CloseConnection,
        Delete as Delete,
        DrainNode as DrainNode,
        EvictPod as EvictPod,
        FailReadiness as FailReadiness,
        KillPod as KillPod,
        OpenConnection as OpenConnection,
        PassReadiness as PassReadiness,
        Patch as Patch,
        RecreateSandbox as RecreateSandbox,
        Relabel as Relabel,
        ReplaceService as ReplaceService,
        RestartContainer as RestartContainer,
        RolloutRestart as RolloutRestart,
        Scale as Scale,
        SetServiceType as SetServiceType,
        SilenceNode as SilenceNode,
        WakeNode as WakeNode,
    )
    from kwake.dataplane.connection import Connection as Connection, Fate as Fate
    from kwake.dataplane.path import Branch as Branch, Flow as Flow, Hop as Hop, Outcome as Outcome, Path as Path
    from kwake.errors import InvalidSnapshot as InvalidSnapshot, KwakeError as KwakeError, Rejected as Rejected
    from kwake.objects.basis import Basis as Basis
    from kwake.opening import open_world as open
    from kwake.timeline import Timeline as Timeline
    from kwake.waking import Wake as Wake, wake as wake
    from kwake.world import World as World

_HOME = {
    **dict.fromkeys(
        ("Action", "Apply", "CloseConnection", "Delete", "DrainNode", "EvictPod", "FailReadiness", "KillPod",
         "OpenConnection", "PassReadiness", "Patch", "RecreateSandbox",
         "Relabel", "ReplaceService", "RestartContainer", "RolloutRestart", "Scale", "SetServiceType", "SilenceNode",
         "WakeNode"),
        "kwake.actions"),
    **dict.fromkeys(("Connection", "Fate"), "kwake.dataplane.connection"),
    **dict.fromkeys(("Branch", "Flow", "Hop", "Outcome", "Path"), "kwake.dataplane.path"),
    **dict.fromkeys(("InvalidSnapshot", "KwakeError", "Rejected"), "kwake.errors"),
    "Basis": "kwake.objects.basis",
    "Timeline": "kwake.timeline",
    "World": "kwake.world",
    **dict.fromkeys(("Wake", "wake"), "kwake.waking"),
}  # fmt: skip

__all__ = [*sorted(_HOME), "open"]


def __getattr__(name: str) -> Any:
    if name == "open":
        return import_module("kwake.opening").open_world
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'kwake' has no attribute {name!r}")
