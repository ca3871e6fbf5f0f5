"""What the editor shows: the object that the cursor rests on, until one types; and what an edit would do."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.events import Key
from textual.widgets import TextArea

from kwake.objects.key import GROUP_OF_KIND, key
from kwake.objects.kinds import Pod
from kwake_tui.keys import keymap_of
from kwake_tui.names import parts, short
from kwake_tui.panes.cluster import ClusterPane
from kwake_tui.panes.editor import EditorPane
from kwake_tui.preview import ROWS, WHOLE, preview_lines
from kwake_tui.screens.panes import PanesScreen
from kwake_tui.screens.reader import ReaderScreen
from kwake_tui.selecting import selected, selected_by_text
from kwake_tui.widgets.text_page import TextPage
from kwake_tui.yaml_text import shown_text


class EditingScreen(PanesScreen):
    """The panes with an editor that follows the cursor of the cluster and never loses what was typed."""

    _said_over: object = None
    """The text and its cursor when the last notice came."""

    def say(self, words: str, role: str = "warn") -> None:
        """A notice in the key line, until the next key, one that is typed in the editor too."""
        self._said_over = self.query_one(EditorPane).stand
        super().say(words, role)

    def on_key(self, event: Key) -> None:
        """A key that nothing here takes."""
        if not self.is_prompting and event.key not in self.active_bindings:
            self.say(keymap_of(self.app).unknown(event.key), "muted")

    @on(TextArea.Changed)
    @on(TextArea.SelectionChanged)
    def _typed_on(self) -> None:
        editor = self.query_one(EditorPane)
        if self._said is not None and editor.is_typing and editor.stand != self._said_over:
            self.hush()

    def edit(self, reference: str) -> None:
        """Put an object into the editor and type there; the cursor of the cluster goes along."""
        chosen, pane = str(self._session.world.cluster.get(reference).key), self.query_one(ClusterPane)
        if pane.target != chosen and not self.query_one(EditorPane).is_edited:
            pane.reveal(chosen)
        self._look_into(reference)
        self.query_one(EditorPane).type()

    def _look_into(self, reference: str) -> None:
        """Put an object into the editor and go there; nothing that was typed is lost."""
        editor = self.query_one(EditorPane)
        chosen = self._session.world.cluster.get(reference)
        if editor.is_edited and editor.reference != str(chosen.key):
            self.go_to_pane("editor")
            name, apply, revert = short(editor.reference), self.key("apply"), self.key("revert")
            self.say(f"{name} is edited and not applied: {apply} applies it, {revert} gives it up")
            return
        if not editor.is_edited:
            editor.load(str(chosen.key), *shown_text(chosen.document))
            self._tell_selected(selected(self._session.world.cluster, chosen.value))
        self.go_to_pane("editor")

    def _tell_selected(self, pods: Sequence[Pod] | None) -> None:
        self.query_one(EditorPane).tell_selected(None if pods is None else len(pods))

    def _show_editor(self, stood_on: str) -> None:
        """The editor shows its object as it is now; another one where the cursor has moved or the object is gone.

        While one is in the editor, a cursor that moved (its pod was replaced) takes nothing away.
        """
        moved = self.query_one(ClusterPane).target != stood_on and self.pane != "editor"
        if moved or not self._load(self.query_one(EditorPane).reference):
            self._follow()

    def _rested(self) -> None:
        if self.pane != "editor":
            self._follow()

    def _follow(self) -> None:
        """The editor shows what the cursor of the cluster stands on."""
        target, editor = self.query_one(ClusterPane).target, self.query_one(EditorPane)
        if target.startswith("group:") and not editor.is_edited:
            editor.load("", "")  # a heading is no object, and the one before is not it
            self._tell_selected(None)
        self._load(target)

    def _load(self, reference: str) -> bool:
        """Show an object in the editor, unless something is edited there; whether there is such an object."""
        kind, namespace, name = parts(reference)
        found = self._session.world.cluster.find(key(kind, namespace, name)) if kind in GROUP_OF_KIND else None
        editor = self.query_one(EditorPane)
        if found is not None and not editor.is_edited:
            editor.load(reference, *shown_text(found.document))
            self._tell_selected(selected(self._session.world.cluster, found.value))
            self.query_one("#tabs").refresh()
        return found is not None

    @on(EditorPane.Typed)
    def _typed(self, event: EditorPane.Typed) -> None:
        editor = self.query_one(EditorPane)
        room = max(ROWS, editor.size.height // 2)
        editor.preview(preview_lines(self._session, event.text, editor.size.width, room, self.key("preview")))
        self._tell_selected(selected_by_text(self._session.world.cluster, editor.area.text))

    @on(EditorPane.Previewing)
    def _previewing(self, event: EditorPane.Previewing) -> None:
        """All that applying the text would change, on a page."""
        session, name = self._session, short(self.query_one(EditorPane).reference)
        self.app.push_screen(
            ReaderScreen("Preview", name, lambda width: preview_lines(session, event.text, width, WHOLE))
        )

    def _put(self, text: str) -> None:
        self.go_to_pane("editor")
        self.query_one(EditorPane).put(text)

    @on(TextPage.Moved)
    def _text_moved(self) -> None:
        self.hush()

    @on(TextPage.Closed)
    def _key_to_no_use(self) -> None:
        self.say(f"reading: {self.key('edit')} edits it")
