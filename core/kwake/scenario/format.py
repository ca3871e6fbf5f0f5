"""The scenario format as types: its keys, which of them must be there, and their words. The reader and the schema use
these and nothing else."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

Text = Annotated[str, Meta(min_length=1)]
Reference = Annotated[
    str,
    Meta(min_length=1, description="Kind/namespace/name, in any case and with kubectl's short names: deploy/shop/web."),
]
Duration = Annotated[
    str,
    Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})?(ms|s|m|h)$", description="A duration with its unit: 500ms, 1.5s, 2m."),
]
Count = Annotated[int, Meta(ge=0)]
Times = Annotated[int, Meta(ge=1)]
PortNumber = Annotated[int, Meta(ge=1, le=65535)]
_PERCENT = r"100(\.0{1,6})?%|0?[0-9]{1,2}(\.[0-9]{1,6})?%"
Part = Annotated[
    str,
    Meta(pattern=rf"^(>= *|<= *)?([0-9]{{1,6}}/0{{0,5}}[1-9][0-9]{{0,5}}|{_PERCENT})$",
         description="A part of the whole: 1/3, 50%, >= 50%, <= 1/4."),
]  # fmt: skip
Percent = Annotated[str, Meta(pattern=rf"^({_PERCENT})$", description="At least this part of the time: 99.9%.")]
Profile = Annotated[str, Meta(min_length=1, description="A profile: calico, cilium, flannel, calico+nftables.")]
Profiles = Profile | Annotated[list[Profile], Meta(min_length=1)]
Link = Annotated[
    str, Meta(min_length=1, description="Where it is told why this cannot hold yet. Once it holds, that is a failure.")
]
Protocol = Literal["TCP", "UDP", "SCTP"]
Via = Literal["dns", "env", "ip"]
ServiceType = Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "Headless"]
OutcomeWord = Literal["delivered", "refused", "dropped", "unresolved", "mixed", "unknown"]
FateWord = Literal["open", "stalled", "closed", "reset", "failed", "migrated"]
BasisWord = Literal["sourced", "inferred", "assumed", "unknown"]
UnknownPolicy = Literal["fail", "warn", "allow"]


Form = type[msgspec.Struct]
MAY_BE_NULL = frozenset({"value"})
"""Keys that must be there, but whose value may be null."""


def _key(words: str) -> Meta:
    return Meta(description=words)


class _Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class FlowForm(_Form, frozen=True, kw_only=True):
    """Who dials whom."""

    from_: Annotated[Reference, _key("Who dials: a workload, a pod, internet, an address.")] = msgspec.field(
        name="from"
    )
    to: Annotated[Text, _key("Who is dialled: a Service, a pod, a DNS name, an address.")]
    port: Annotated[PortNumber | Text, _key("A number, or the name of a port.")] | UnsetType = UNSET
    protocol: Protocol = "TCP"
    via: Annotated[Via, _key("How the client finds a Service.")] = "dns"
    hold: Annotated[bool, _key("Whether it is opened at the start and kept open.")] = False


class PinnedSnapshotForm(_Form, frozen=True, kw_only=True):
    """A file or folder of which only this content will do."""

    path: Text
    sha256: (
        Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="Of the file, or of the folder as kwake counts it.")]
        | UnsetType
    ) = UNSET


class MatrixForm(_Form, frozen=True, kw_only=True):
    """One replay for each profile with each seed."""

    profile: Profiles | UnsetType = UNSET
    seed: Annotated[list[Count], Meta(min_length=1)] | Count | UnsetType = UNSET


class _Expectation(_Form, frozen=True, kw_only=True):
    under: Annotated[Profiles, _key("Only under these profiles.")] | UnsetType = UNSET
    xfail: Link | UnsetType = UNSET


class _Timed(_Expectation, frozen=True, kw_only=True):
    within: Annotated[Duration, _key("True by then after the action, and from then on.")] | UnsetType = UNSET
    at: Annotated[Duration, _key("Looks once, that long after the action.")] | UnsetType = UNSET
    for_: (
        Annotated[
            Duration, _key("True that long without a break: from the action on, or from `within` on, or from `at` on.")
        ]
        | UnsetType
    ) = msgspec.field(name="for", default=UNSET)


class FlowExpectationForm(_Timed, frozen=True, kw_only=True):
    """What a flow must do: a dial made then, or the connection that is open."""

    flow: Annotated[Text, _key("The name of a flow, or of a connection.")]
    outcome: Annotated[OutcomeWord, _key("How a new dial ends.")] | UnsetType = UNSET
    fate: Annotated[FateWord, _key("What became of the connection that is open.")] | UnsetType = UNSET
    decided_by: Annotated[Text, _key("The object, or component, that decides.")] | UnsetType = UNSET
    basis: Annotated[BasisWord, _key("How sure the answer is.")] | UnsetType = UNSET
    backend: (
        Annotated[Reference, _key("A pod, or a workload, at which everything that arrives arrives.")] | UnsetType
    ) = UNSET
    share: (
        Annotated[
            Part, _key("The part of all dials that ends in `outcome` (default: delivered) at `backend` (default: any).")
        ]
        | UnsetType
    ) = UNSET


class AvailabilityForm(_Expectation, frozen=True, kw_only=True):
    """How a flow fares over the run, from its start or from the end of a step on."""

    flow: Annotated[Text, _key("The name of a flow.")]
    available: (
        Annotated[Percent, _key("The least part of the time, or of the dials, that is delivered.")] | UnsetType
    ) = UNSET
    outage: (
        Annotated[Duration, _key("The longest time without a break in which not every dial is delivered.")] | UnsetType
    ) = UNSET
    since: Annotated[Text, _key("The step from whose action on it counts.")] | UnsetType = UNSET


class FieldExpectationForm(_Timed, frozen=True, kw_only=True):
    """The value of an object's field."""

    object: Reference
    field: Annotated[Text, _key("A path: spec.ports[0].nodePort.")]
    value: Annotated[Any, _key("null: the field is absent.")]


class ResolvesForm(_Timed, frozen=True, kw_only=True):
    """What a lookup gives."""

    resolves: Annotated[Text, _key("The name that is looked up.")]
    from_: Annotated[Reference, _key("Whose lookup it is.")] = msgspec.field(name="from")
    to: Annotated[
        Text | Annotated[list[Text], Meta(min_length=1)],
        _key("Addresses, Services, pods, workloads, the name that it is an alias of; or nothing."),
    ]


class EnvForm(_Timed, frozen=True, kw_only=True):
    """A variable by which a container finds Services, as it was when the container started."""

    env: Annotated[Text, _key("CHECKOUT_SERVICE_HOST.")]
    from_: Annotated[Reference, _key("Whose variable it is.")] = msgspec.field(name="from")
    value: Annotated[str | None, _key("null: there is no such variable.")]


class RejectedForm(_Expectation, frozen=True, kw_only=True):
    """The API server refuses the action."""

    rejected: Annotated[Text, _key("Some of its words.")]


class ChangedForm(_Form, frozen=True, kw_only=True):
    """Which flows stand otherwise than at the end of an earlier step."""

    since: Annotated[Text, _key("The id of that step.")]
    only: Annotated[list[Text], _key("Exactly these; with max: no others.")] | UnsetType = UNSET
    max: Annotated[Count, _key("At most so many.")] | UnsetType = UNSET


class ChangedExpectationForm(_Expectation, frozen=True, kw_only=True):
    """Exactly these flows stand otherwise than before."""

    changed: ChangedForm


class KillForm(_Form, frozen=True, kw_only=True):
    """Deletes a pod."""

    kill: Reference
    force: bool = False
    grace: Annotated[Count, _key("Seconds.")] | UnsetType = UNSET


class RestartContainerForm(_Form, frozen=True, kw_only=True):
    """A container crashes and starts again: same pod, same address."""

    restart_container: Reference = msgspec.field(name="restart-container")
    container: Text | UnsetType = UNSET


class EvictForm(_Form, frozen=True, kw_only=True):
    """Asks the Eviction API for a pod."""

    evict: Reference


class DrainForm(_Form, frozen=True, kw_only=True):
    """Cordons a node and evicts its pods."""

    drain: Reference
    force: bool = False


class FailReadinessForm(_Form, frozen=True, kw_only=True):
    """A pod's readiness probe fails."""

    fail_readiness: Reference = msgspec.field(name="fail-readiness")


class PassReadinessForm(_Form, frozen=True, kw_only=True):
    """A pod's readiness probe succeeds again."""

    pass_readiness: Reference = msgspec.field(name="pass-readiness")


class RecreateSandboxForm(_Form, frozen=True, kw_only=True):
    """Same pod, another address."""

    recreate_sandbox: Reference = msgspec.field(name="recreate-sandbox")


class ScaleForm(_Form, frozen=True, kw_only=True):
    """Sets spec.replicas."""

    scale: Reference
    replicas: Count


class RolloutRestartForm(_Form, frozen=True, kw_only=True):
    """Replaces the pods of a Deployment, StatefulSet or DaemonSet by its strategy."""

    rollout_restart: Reference = msgspec.field(name="rollout-restart")


class RelabelForm(_Form, frozen=True, kw_only=True):
    """Sets labels; null takes one away."""

    relabel: Reference
    labels: dict[str, str | None]


class ApplyForm(_Form, frozen=True, kw_only=True):
    """Creates or replaces objects: those of a file, or one that is written here."""

    apply: Text | dict[str, Any]


class PatchForm(_Form, frozen=True, kw_only=True):
    """A merge patch."""

    patch: Reference
    with_: dict[str, Any] = msgspec.field(name="with")


class DeleteForm(_Form, frozen=True, kw_only=True):
    """Deletes an object."""

    delete: Reference


class SetTypeForm(_Form, frozen=True, kw_only=True):
    """Switches a Service."""

    set_type: Reference = msgspec.field(name="set-type")
    type: ServiceType
    external_name: Text | UnsetType = msgspec.field(name="external-name", default=UNSET)


class ReplaceServiceForm(_Form, frozen=True, kw_only=True):
    """Deletes a Service and creates it again."""

    replace_service: Reference = msgspec.field(name="replace-service")
    type: ServiceType | UnsetType = UNSET


class SilenceNodeForm(_Form, frozen=True, kw_only=True):
    """A node's kubelet stops to report."""

    silence_node: Reference = msgspec.field(name="silence-node")
    lost: Annotated[bool, _key("Whether its machine is off.")] = False


class WakeNodeForm(_Form, frozen=True, kw_only=True):
    """A silent node reports again."""

    wake_node: Reference = msgspec.field(name="wake-node")


class OpenForm(_Form, frozen=True, kw_only=True):
    """Opens a connection; without from and to, the flow of that name."""

    open: Annotated[Text, _key("What it is called.")]
    from_: Reference | UnsetType = msgspec.field(name="from", default=UNSET)
    to: Text | UnsetType = UNSET
    port: PortNumber | Text | UnsetType = UNSET
    protocol: Protocol = "TCP"
    via: Via = "dns"


class CloseForm(_Form, frozen=True, kw_only=True):
    """The client closes a connection in order."""

    close: Text


class UndoForm(_Form, frozen=True, kw_only=True):
    """Gives actions back: clock, connections and all."""

    undo: Times


class RedoForm(_Form, frozen=True, kw_only=True):
    """Takes undos back."""

    redo: Times


DO = (
    KillForm, RestartContainerForm, EvictForm, DrainForm, FailReadinessForm, PassReadinessForm, RecreateSandboxForm,
    ScaleForm, RolloutRestartForm, RelabelForm, ApplyForm, PatchForm, DeleteForm, SetTypeForm, ReplaceServiceForm,
    SilenceNodeForm, WakeNodeForm, OpenForm, CloseForm, UndoForm, RedoForm,
)  # fmt: skip
"""What a step may do; the first key of each is its name."""
EXPECT = (FlowExpectationForm, AvailabilityForm, FieldExpectationForm, ResolvesForm, EnvForm, RejectedForm,
          ChangedExpectationForm)  # fmt: skip
"""What a step may expect."""


class AlwaysForm(_Expectation, frozen=True, kw_only=True):
    """What must hold at every moment of the run."""

    flow: Text
    outcome: OutcomeWord | UnsetType = UNSET
    fate: FateWord | UnsetType = UNSET
    decided_by: Text | UnsetType = UNSET
    basis: BasisWord | UnsetType = UNSET
    backend: Reference | UnsetType = UNSET
    share: Part | UnsetType = UNSET


class AlwaysAvailableForm(_Expectation, frozen=True, kw_only=True):
    """How a flow fares over the whole run."""

    flow: Text
    available: Percent | UnsetType = UNSET
    outage: Duration | UnsetType = UNSET


ALWAYS = (AlwaysForm, AlwaysAvailableForm)
"""What may stand under `always`."""

_ABOUT_A_FLOW = ("outcome", "fate", "decided_by", "basis", "backend", "share")
_OVER_TIME = ("available", "outage")
ONE_OF: dict[Form, tuple[str, ...]] = {
    FlowExpectationForm: _ABOUT_A_FLOW,
    AlwaysForm: _ABOUT_A_FLOW,
    AvailabilityForm: _OVER_TIME,
    AlwaysAvailableForm: _OVER_TIME,
    ChangedForm: ("only", "max"),
}
"""Keys of which at least one must be there."""
_TIMES = ("within", "at")
EXCLUDING: dict[Form, tuple[tuple[str, str], ...]] = {
    FlowExpectationForm: (_TIMES, ("share", "fate")),
    AlwaysForm: (("share", "fate"),),
    FieldExpectationForm: (_TIMES,),
    ResolvesForm: (_TIMES,),
    EnvForm: (_TIMES,),
}
"""Keys that may not stand beside each other: a share is of dials, a fate of a connection."""


class StepForm(_Form, frozen=True, kw_only=True):
    """A step waits, acts, and looks."""

    id: Annotated[Text, _key("What it is called; else its number.")] | UnsetType = UNSET
    after: Annotated[Duration, _key("Since the action before. Absent: when the world has settled.")] | UnsetType = UNSET
    do: Annotated[dict[str, Any], _key("One action.")] | UnsetType = UNSET
    expect: Annotated[list[dict[str, Any]], _key("What is expected of it.")] = []


class ScenarioForm(_Form, frozen=True, kw_only=True):
    """A script of actions and expectations; kwake replay runs it."""

    kwake: Annotated[Literal[1], _key("The version of the format.")]
    name: Annotated[Text, _key("What it is about.")]
    snapshot: Annotated[
        Text | PinnedSnapshotForm | Annotated[list[Text | PinnedSnapshotForm], Meta(min_length=1)],
        _key("Files and folders, relative to this one; later ones override earlier ones, object by object."),
    ]
    profile: Profile = "calico"
    matrix: MatrixForm | UnsetType = UNSET
    set: Annotated[dict[str, Text], _key("Fields and clocks in place of the profile's own.")] | UnsetType = UNSET
    lenient: Annotated[bool, _key("Leave out objects that the API server would refuse.")] = False
    seed: Annotated[Count, _key("What all draws come from.")] = 0
    unknown: Annotated[
        UnknownPolicy, _key("What an answer that is not known comes to: exit 4, a warning, or nothing.")
    ] = "fail"
    xfail: Link | UnsetType = UNSET
    flows: Annotated[dict[str, FlowForm], _key("Flows by name.")] | UnsetType = UNSET
    always: Annotated[list[dict[str, Any]], _key("What must hold at every moment.")] = []
    steps: list[StepForm] = []


@cache
def keys_of(form: Form) -> tuple[str, ...]:
    """The keys of a map, its own first key first."""
    return tuple(field.encode_name for field in _fields(form))


@cache
def required_in(form: Form) -> tuple[str, ...]:
    """The keys that must be there and have a value."""
    return tuple(f.encode_name for f in _fields(form) if f.required and f.encode_name not in MAY_BE_NULL)


def _fields(form: Form) -> list[msgspec.structs.FieldInfo]:
    """A form's own fields before those of the forms that it builds on."""
    found = msgspec.structs.fields(form)
    inherited = {name for base in form.__mro__[1:] for name in _struct_fields(base)}
    return sorted(found, key=lambda field: field.name in inherited)


def _struct_fields(base: type) -> tuple[str, ...]:
    return base.__struct_fields__ if issubclass(base, msgspec.Struct) and base is not msgspec.Struct else ()


def words_of(literal: Any) -> tuple[str, ...]:
    """The words of a Literal."""
    words: tuple[str, ...] = literal.__args__
    return words
