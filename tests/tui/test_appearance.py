"""Themes, signs, and who chooses them."""

from __future__ import annotations

import itertools
import math

import pytest
from rich.style import Style

from kwake.errors import UsageError
from kwake_tui.appearance import Look, Said, Settings, look
from kwake_tui.palettes import COLOUR_BLIND, HIGH_CONTRAST, MEANINGS, PALETTES, Palette
from kwake_tui.panes.editor import EditorPane
from kwake_tui.widgets.line_bar import LineBar
from tests.tui.player import Player, play, shop
from tests.tui.test_story_edit import edit_policy, open_checkout

Rgb = tuple[float, float, float]

COLOURED = [palette for palette in PALETTES.values() if not palette.is_ansi]

# Machado, Oliveira, Fernandes (2009), severity 1: what each kind of colour blindness makes of linear RGB.
SEEN_BY: dict[str, tuple[Rgb, Rgb, Rgb]] = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def linear(colour: str) -> Rgb:
    """`#rrggbb` in linear light (IEC 61966-2-1)."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _linear(red), _linear(green), _linear(blue)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio."""
    light = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (linear(one), linear(other)))
    return (light[1] + 0.05) / (light[0] + 0.05)


def oklab(colour: Rgb) -> Rgb:
    """Ottosson's OKLab, where distances are what an eye sees."""
    r, g, b = colour
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    middle = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    return (
        0.2104542553 * long + 0.793617785 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.428592205 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.808675766 * short,
    )


def apart(one: str, other: str, eye: str) -> float:
    """How far two colours are apart for such an eye."""

    def seen(colour: str) -> Rgb:
        light = linear(colour)
        red, green, blue = (
            min(1.0, max(0.0, sum(a * b for a, b in zip(row, light, strict=True)))) for row in SEEN_BY[eye]
        )
        return oklab((red, green, blue))

    return math.dist(seen(one), seen(other))


@pytest.mark.parametrize("palette", COLOURED, ids=lambda palette: palette.name)
def test_what_is_read_has_the_contrast_that_wcag_asks_for(palette: Palette) -> None:
    tints = [palette.roles[role] for role in ("cursor", "okbg", "badbg", "youbg")]
    for role in (*MEANINGS, "text1", "strong", "muted", "key"):
        for behind in (palette.background, palette.panel, *tints):
            assert contrast(palette.roles[role], behind) >= 4.5, (role, behind)
    assert contrast(palette.roles["faint"], palette.background) >= 4.5
    for behind in tints:  # as much as WCAG asks for signs and borders: what is faint decides nothing
        assert contrast(palette.roles["faint"], behind) >= 3, behind


def test_high_contrast_is_wcags_enhanced_one_behind_every_word() -> None:
    roles = HIGH_CONTRAST.roles
    for role in (*MEANINGS, "text1", "strong", "muted", "faint", "key"):
        for behind in (HIGH_CONTRAST.background, roles["cursor"], roles["okbg"], roles["badbg"], roles["youbg"]):
            assert contrast(roles[role], behind) >= 7, (role, behind)


@pytest.mark.parametrize("eye", SEEN_BY)
def test_meanings_stay_apart_for_the_colour_blind(eye: str) -> None:
    roles = COLOUR_BLIND.roles

    assert apart(roles["ok"], roles["bad"], eye) >= 0.2
    for one, other in itertools.combinations(MEANINGS, 2):
        assert apart(roles[one], roles[other], eye) >= 0.08, (one, other)


@pytest.mark.parametrize(
    ("option", "environ", "settings", "expected"),
    [
        (None, {}, Settings(), Said("deep")),
        (None, {}, Settings(theme="light"), Said("foam", "the file")),
        (None, {"KWAKE_THEME": "high-contrast"}, Settings(theme="light"), Said("high-contrast", "KWAKE_THEME")),
        ("dark", {"KWAKE_THEME": "high-contrast"}, Settings(theme="light"), Said("deep", "--theme")),
        (None, {"TERM": "linux"}, Settings(), Said("16", "TERM=linux")),
        (None, {"TERM": "linux", "COLORTERM": "truecolor"}, Settings(), Said("deep")),
        (None, {"COLORFGBG": "0;15", "TERM": "rxvt-unicode-256color"}, Settings(), Said("foam", "COLORFGBG")),
        (None, {"COLORFGBG": "15;0"}, Settings(), Said("deep")),
    ],
)
def test_who_chooses_the_theme(option: str | None, environ: dict[str, str], settings: Settings, expected: Said) -> None:
    assert look(option, False, environ, settings).theme == expected


def test_a_theme_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"KWAKE_THEME: mauve: no such theme; there are deep, foam,"):
        look(None, False, {"KWAKE_THEME": "mauve"}, Settings())


def test_ascii_by_option_environment_file_or_terminal() -> None:
    assert look(None, True, {}, Settings()).is_ascii
    assert look(None, False, {"KWAKE_ASCII": "1"}, Settings(ascii=False)).is_ascii
    assert not look(None, False, {"KWAKE_ASCII": "0", "TERM": "linux"}, Settings()).is_ascii
    assert look(None, False, {}, Settings(ascii=True)).is_ascii
    assert look(None, False, {"TERM": "linux"}, Settings()).is_ascii


def screen(player: Player) -> str:
    """Every row of the terminal as text."""
    strips = player.app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in strips)


def test_with_ascii_nothing_else_is_on_the_screen_and_all_is_as_wide() -> None:
    async def story(player: Player) -> None:
        await open_checkout(player)
        await edit_policy(player, "app: web", "app: webshop")
        await player.until(lambda: any("dropped" in row for row in player.rows("#preview")))
        await player.press("ctrl+s")
        rows = screen(player).splitlines()

        assert all(row.isascii() for row in rows), [row for row in rows if not row.isascii()]
        assert {len(row) for row in rows} == {120}
        assert any("!= % stalled" in row for row in rows)

    play(shop(), story, look=Look(ascii=Said("on")))


def test_ascii_also_in_the_matrix_and_in_help() -> None:
    async def story(player: Player) -> None:
        await player.press("m")
        await player.until(lambda: "from v  to >" in screen(player))
        assert screen(player).isascii()
        await player.press("escape", "question_mark")
        assert screen(player).isascii()

    play(shop(), story, look=Look(ascii=Said("on")))


def test_colon_theme_changes_all_colours_at_once() -> None:
    async def story(player: Player) -> None:
        await player.press("colon")
        await player.type("theme light")
        await player.press("enter")
        await player.until(lambda: "#fbfcfd" in player.svg())
        editor = player.desk.query_one(EditorPane)

        assert "#0e1620" not in player.svg()
        assert editor.area.theme == "kwake-foam"
        assert "kwake config" in player.rows("#keys")[0]

    play(shop(), story)


def test_without_colour_what_is_bad_is_bold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def story(player: Player) -> None:
        await open_checkout(player)
        await edit_policy(player, "app: web", "app: webshop")
        await player.press("ctrl+s")
        bar = player.desk.query_one("#connections")
        segments = [segment for y in range(6) for segment in bar.render_line(y)]
        dropped = next(segment for segment in segments if "dropped" in segment.text)

        assert isinstance(dropped.style, Style)
        assert dropped.style.bold
        assert player.desk.query_one("#status", LineBar)

    play(shop(), story)


def test_sixteen_colours_are_the_terminals_own() -> None:
    async def story(player: Player) -> None:
        await player.go_to("Deployment/shop/web")
        styles = [
            segment.style
            for strip in player.app.screen._compositor.render_strips()
            for segment in strip
            if segment.style is not None
        ]
        colours = {colour for style in styles for colour in (style.color, style.bgcolor) if colour is not None}

        assert colours
        assert all(colour.triplet is None for colour in colours), [c for c in colours if c.triplet is not None]

    play(shop(), story, look=Look(theme=Said("16")))
