"""The colours of the editor; apart from the themes, so that the first frame does not wait for Textual's editor."""

from __future__ import annotations

from rich.style import Style
from textual.widgets.text_area import TextAreaTheme

from kwake_tui.theme import colour


def yaml_theme(name: str, colours: dict[str, str]) -> TextAreaTheme:
    """The editor in the colours of a theme: keys apart from values, and no outcome's colour anywhere."""
    background = colour(colours["background"])
    text, faint, cursor = colour(colours["text1"]), colour(colours["faint"]), colour(colours["cursor"])
    on_text = Style(color=text, reverse=True) if background.is_default else Style(color=background, bgcolor=text)
    return TextAreaTheme(
        name=name,
        base_style=Style(color=text, bgcolor=background),
        gutter_style=Style(color=faint, bgcolor=background),
        cursor_style=on_text,
        cursor_line_style=Style(bgcolor=cursor),
        cursor_line_gutter_style=Style(color=colour(colours["you"]), bgcolor=cursor, bold=True),
        bracket_matching_style=Style(bold=True),
        selection_style=Style(bgcolor=colour(colours["youbg"])),
        syntax_styles={
            "yaml.field": Style(color=colour(colours["key"])),
            "comment": Style(color=colour(colours["muted"])),
            "punctuation.delimiter": Style(color=faint),
            "punctuation.bracket": Style(color=faint),
            "punctuation.special": Style(color=faint),
        },
    )
