"""The first row: what is loaded, how it behaves, and when we are."""

from __future__ import annotations

from kwake.objects.time import clock
from kwake_tui.lines import Line, Span
from kwake_tui.names import count_actions, counts
from kwake_tui.session import Session

LEAST_TITLE = 16
"""Cells to which the name of a snapshot is cut before the counts go."""


def status_line(session: Session, width: int) -> Line:
    """The status line for a width in cells; counts go first where there is no room."""
    world = session.world
    proxy = world.profile.settings.get("proxy")
    profile = [Span("   ", "muted"), Span(world.profile.name)]
    profile += [Span(f" · {proxy.value}", "muted")] if proxy else []
    second = session.second
    beside = [Span("  against ", "faint"), Span(second.profile.name)] if second else []
    actions = len(session.timeline.path) - 1
    settled = "✓ settled" if world.is_settled else f"◐ {world.pending} pending"
    live = (Span(f"{session.live.words}   ", session.live.role),) if session.live is not None else ()
    right = (
        *live,
        Span(f"t+{clock(world.now_ms)}", "strong", bold=True),
        Span(f"  {settled}  {count_actions(actions)}", "muted"),
    )
    seed = Span(f" · seed {world.seed}", "muted")
    other = second.profile.settings["proxy"].value if second and proxy else ""
    proxies = [Span(f" · {other}", "muted")] if second and other not in ("", second.profile.name) else []
    head = [Span("≈ kwake", "you", bold=True), Span("  "), Span(session.title, "strong", bold=True)]
    counts_span = Span(f"  {' · '.join(counts(world.cluster))}", "muted")
    full = [*head, counts_span, *profile, seed, *beside, *proxies]
    gives_way = max(head[2].cells - LEAST_TITLE, 0)
    for left, shorter in (
        (full, 0),
        ([*head, counts_span, *profile, *beside], 0),
        ([*head, counts_span, *profile[:2], *beside], gives_way),
        ([*head, *profile, *beside], 0),
        ([*head, *profile[:2], *beside], 0),
    ):
        if sum(span.cells for span in (*left, *right)) - shorter + 2 <= width:
            return Line(tuple(left), right, shrink=2)
    return Line(tuple(head), right, shrink=2)
