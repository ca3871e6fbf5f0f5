"""What applying an edited text would change, where there is room for columns: now, then each profile after it; and
which pods the text selects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kwake.cluster import Cluster, record
from kwake.dataplane.path import Flow
from kwake.objects.document import Manifest
from kwake.objects.kinds import KubeObject, NetworkPolicy, Pod, Service
from kwake.world import World
from kwake_tui.glyphs import PENDING
from kwake_tui.lines import Line, Span, section
from kwake_tui.names import brief, fitting, flow_title
from kwake_tui.panes.tree import pod_mark
from kwake_tui.preview_answers import UNKNOWN, Block, Words, again, dial, stands
from kwake_tui.selecting import selected

WIDE = 60
"""Cells from which on there are columns."""

_QUESTION, _CELL = 14, 15
"""Cells of the question's column, and of each answer's."""

_Answers = tuple[tuple[Words, Words], ...]
"""What is said before and after, under each profile."""


def table_head(worlds: Sequence[tuple[World, World]], width: int) -> Line:
    """What the columns are: now, then each profile after it."""
    heads = ["now", *(after.profile.name for _, after in worlds)]
    gap = Span(" " * (_room(worlds, width) + _QUESTION))
    return Line((gap, *(Span(_padded(head, _CELL), "muted") for head in heads)))


def table_blocks(
    connections: Sequence[str], flows: Sequence[Flow], worlds: Sequence[tuple[World, World]], width: int
) -> Iterator[Block]:
    """For the connections that fare alike and for each flow how it stands now and under each profile;
    in bold what changes."""
    room = _room(worlds, width)
    alike: dict[tuple[_Answers, _Answers], list[str]] = {}
    for name in connections:
        held = tuple((stands(now, name) or UNKNOWN, stands(then, name) or UNKNOWN) for now, then in worlds)
        dialled = tuple((again(now, name), again(then, name)) for now, then in worlds)
        alike.setdefault((held, dialled), []).append(name)
    for (held, dialled), names in alike.items():
        title = fitting(names, room - 2)
        rows = [_row(title, "already open", held, room), _row(title, "dialled now", dialled, room)]
        yield Block(names, rows, _changes((*held, *dialled)))
    for flow in flows:
        answers = tuple((dial(now, flow), dial(then, flow)) for now, then in worlds)
        yield Block([flow_title(flow)], [_row(flow_title(flow), "dialled now", answers, room)], _changes(answers))


def _room(worlds: Sequence[tuple[World, World]], width: int) -> int:
    """Cells of the column of names."""
    return max(width - _QUESTION - _CELL * (1 + len(worlds)), 8)


def _changes(answers: _Answers) -> bool:
    return any(then != before for before, then in answers)


def _row(name: str, question: str, answers: _Answers, room: int) -> Line:
    now = answers[0][0]
    cells = [Span(_padded(now[0], _CELL), now[1])]
    cells += [Span(_padded(then[0], _CELL), then[1], bold=then != before) for before, then in answers]
    label = _padded(Span(name).cut(room - 2).text, room)
    return Line((Span(label, bold=True), Span(_padded(question, _QUESTION), "muted"), *cells))


def _padded(text: str, cells: int) -> str:
    return text + " " * max(cells - Span(text).cells, 0)


def selection_rows(cluster: Cluster, manifest: Manifest, most: int) -> Iterator[Line]:
    """The pods that a manifest selects and those that it selects no more, by the labels that it asks for; in at most so
    many rows, those that change first. Raises DecodeError."""
    value = record(manifest).value
    pods = selected(cluster, value)
    if pods is None:
        return
    was = cluster.find(value.key)
    then = (selected(cluster, was.value) if was is not None else None) or ()
    now, before, keys = {pod.key for pod in pods}, {pod.key for pod in then}, _asked(value)
    rows = [_pod(pod, keys, "selected anew") for pod in pods if pod.key not in before]
    rows += [_pod(pod, keys, "left out") for pod in then if pod.key not in now]
    rows += [_pod(pod, keys, "") for pod in pods if pod.key in before]
    hidden = len(rows) - max(most - 1, 1)
    yield section(f"selects {len(pods)} pod{'' if len(pods) == 1 else 's'}")
    yield from rows if hidden <= 0 else rows[: -hidden - 1]
    if hidden > 0:
        yield Line((Span(f"… {hidden + 1} more", "muted"),))


def _asked(value: KubeObject) -> tuple[str, ...]:
    match value:
        case NetworkPolicy():
            selector = value.spec.pod_selector
            return (*selector.match_labels, *(requirement.key for requirement in selector.match_expressions))
        case Service():
            return tuple(value.spec.selector)
        case _:
            return ()


def _pod(pod: Pod, keys: Sequence[str], note: str) -> Line:
    labels, out = pod.metadata.labels, note == "left out"
    mark = PENDING if out else pod_mark(pod)
    asked = [f"{key}={labels[key]}" if key in labels else f"no {key}" for key in dict.fromkeys(keys)]
    spans = [
        Span(f"{mark.glyph} ", mark.role),
        Span(brief(str(pod.key)), "muted" if out else "text1"),
        Span("  " + "  ".join(asked), "muted"),
    ]
    spans += [Span(f"  {note}", "warn" if out else "you")] if note else []
    return Line(tuple(spans), (Span(pod.spec.node_name, "muted"),), shrink=2)
