"""The editor pane: an object's YAML, to read until one asks to type; under it what would change if it were applied."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.css.scalar import Scalar
from textual.message import Message
from textual.timer import Timer
from textual.widgets.text_area import Selection

from kwake_tui.editor_theme import yaml_theme
from kwake_tui.keymap import FIXED
from kwake_tui.lines import Line, Span
from kwake_tui.names import brief, parts
from kwake_tui.was import was
from kwake_tui.widgets.line_bar import LineBar
from kwake_tui.widgets.line_list import content, over
from kwake_tui.widgets.stayed import Stayed
from kwake_tui.widgets.text_page import TextPage

_CORNERS = 4
"""Cells of a subtitle beside its words: gaps and corners."""

PREVIEW_DELAY_S = 0.15
"""Seconds after the last key before the preview is made."""


class EditorPane(Vertical):
    """Shows one object, and edits it while one types."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(FIXED["apply"], "apply", show=False, priority=True, id="apply"),
        Binding(FIXED["revert"], "revert", show=False, priority=True, id="revert"),
        Binding(FIXED["fix"], "fix", show=False, priority=True, id="fix"),
        Binding(FIXED["preview"], "whole_preview", show=False, priority=True, id="preview"),
        Binding(FIXED["zoom-typing"], "screen.zoom_typing", show=False, priority=True, id="zoom-typing"),
        Binding(FIXED["help-typing"], "screen.help_typing", show=False, priority=True, id="help-typing"),
    ]

    class Applied(Message):
        """The text shall be applied."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Fixing(Message):
        """It is asked what in the text would turn a flow."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Previewing(Message):
        """All that applying the text would change is asked for."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Edited(Message):
        """The text has begun to differ from the object, or does so no more; or one has begun to type, or ended."""

    class Typed(Message):
        """The text has rested for a moment: its preview is due."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__(id="editor", classes="pane")
        self.reference = ""
        self._loaded = ""
        self._first_line = 1
        self._selects = ""
        self._was_edited = False
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """The text above, the preview below."""
        yield TextPage()
        yield LineBar(id="preview", margin=0)

    @property
    def area(self) -> TextPage:
        """The text area."""
        return self.query_one(TextPage)

    @property
    def stand(self) -> tuple[str, Selection]:
        """The text, and where in it one is."""
        return self.area.text, self.area.selection

    @property
    def is_edited(self) -> bool:
        """Whether the text differs from the object as it is."""
        return self.area.text != self._loaded

    @property
    def is_typing(self) -> bool:
        """Whether letters are text; otherwise they are keys, as in the other panes."""
        return not self.area.read_only

    def type(self, on: bool = True) -> None:
        """Begin to type, or end."""
        if on is not self.is_typing:
            self.area.read_only = not on
            self._retitle()
            self.post_message(self.Edited())

    def tell_selected(self, pods: int | None) -> None:
        """How many pods the text selects; None where that is no question."""
        self._selects = "" if pods is None else f"selects {pods} pod{'' if pods == 1 else 's'}"
        self._retitle()

    @property
    def to_read(self) -> str:
        """The text below as many empty lines as stand before it, so that who reads it counts lines as it shows them."""
        return "\n" * (self.area.line_number_start - 1) + self.area.text

    def load(self, reference: str, text: str, first_line: int = 1) -> None:
        """Show an object, with the number of its first line; what was typed before is given up."""
        self._first_line = first_line
        self.area.line_number_start = first_line
        if (reference, text) == (self.reference, self._loaded) and not self.is_edited:
            return
        area = self.area
        cursor = area.cursor_location if reference == self.reference else (0, 0)
        self.reference = reference
        self._loaded = text
        area.replace(text, (0, 0), area.document.end)
        area.history.clear()
        area.note({})
        area.show_line_numbers = bool(reference)
        area.move_cursor(cursor)
        if cursor == (0, 0):
            area.scroll_home(animate=False)
        else:  # the rows that are seen hang on nothing but the cursor, as after a preview
            self.call_after_refresh(area.centre)
        self._retitle()

    def go_to_line(self, line: int) -> None:
        """Put the cursor on a line, counted from 1."""
        self.area.move_cursor((line - 1, 0), center=True)

    def preview(self, lines: tuple[Line, ...]) -> None:
        """Show what applying would change; nothing where there is nothing to say."""
        bar = self.query_one("#preview", LineBar)
        if lines or bar.display:
            is_as_high = bar.display and bar.styles.height == Scalar.from_number(len(lines))
            bar.display = bool(lines)
            bar.styles.height = len(lines)
            bar.show(lambda width: lines)
            if not is_as_high:  # else the rows that are seen would hang on how many previews came on the way
                self.call_after_refresh(self.area.centre)

    def on_mount(self) -> None:
        """Nothing to preview yet."""
        self.preview(())
        self._retitle()
        self._colour()
        self.app.theme_changed_signal.subscribe(self, lambda theme: self._colour())

    def _colour(self) -> None:
        """The colours of the theme."""
        theme = yaml_theme(self.app.theme, self.app.theme_variables)
        self.area.register_theme(theme)
        self.area.theme = theme.name

    def _retitle(self) -> None:
        kind, namespace, name = parts(self.reference)
        name = brief(self.reference) if kind == "Pod" else name
        word = "Policy" if kind == "NetworkPolicy" else kind or "YAML"
        subject = (f"{namespace}/{name}" if namespace else name) or "a group has none"
        stands = self._stands()
        self.border_title = over(self, word, subject, subject, stands)
        self.border_subtitle = content((Span(stands),))
        if not self.is_edited:
            self.preview(())

    def _stands(self) -> str:
        """What the subtitle says: the mode, whether the text differs, what it selects; as much as there is room for."""
        mode = "" if not self.has_focus_within else "typing" if self.is_typing else "reading"
        room = self.size.width - _CORNERS
        for stands in ("edited, not applied", "not applied") if self.is_edited else (mode,):
            said = " · ".join(filter(None, (stands, self._selects)))
            if len(said) <= room:
                return said
        return stands

    def on_resize(self) -> None:
        """The title and the preview say as much as there is room for."""
        self._retitle()
        if self.is_edited:
            self.post_message(self.Typed(self.to_read))

    def on_descendant_focus(self) -> None:
        """The subtitle says how one stands here."""
        self._retitle()

    def on_descendant_blur(self) -> None:
        """And only here."""
        self._retitle()

    def on_text_area_changed(self) -> None:
        """Typed: say so at once, preview a little later."""
        self.area.note(was(self._loaded, self.area.text))
        self._retitle()
        if self.is_edited != self._was_edited:
            self._was_edited = self.is_edited
            self.post_message(self.Edited())
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PREVIEW_DELAY_S, self._rested)

    def _rested(self) -> None:
        self.post_message(self.Typed(self.to_read if self.is_edited else ""))

    def action_apply(self) -> None:
        """Ask for the text to be applied; its preview has no time left."""
        if self._timer is not None:
            self._timer.stop()
        self.post_message(self.Applied(self.to_read))

    def action_fix(self) -> None:
        """Ask what in the text would turn a flow."""
        self.post_message(self.Fixing(self.to_read))

    def action_whole_preview(self) -> None:
        """Ask for all that applying would change."""
        if self.is_edited:
            self.post_message(self.Previewing(self.to_read))
        else:
            self.area.post_message(Stayed("nothing was edited: there is nothing to preview"))

    def put(self, text: str) -> None:
        """Type another text, which stands in no file, in the place of this one."""
        self.type()
        self.area.line_number_start = 1
        self.area.replace(text, (0, 0), self.area.document.end)

    def action_revert(self) -> None:
        """Give up what was typed."""
        if not self.is_edited:
            self.area.post_message(Stayed("nothing was edited: there is nothing to give up"))
        cursor = self.area.cursor_location
        self.area.line_number_start = self._first_line
        self.area.load_text(self._loaded)
        self.area.move_cursor(cursor)
        self.call_after_refresh(self.area.centre)
        self._retitle()
