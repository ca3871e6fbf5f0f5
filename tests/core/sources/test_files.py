"""What can be read at all, and what is said where it cannot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kwake.errors import InvalidSnapshot, SnapshotUnreadable
from kwake.sources import files, read

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"


def unreadable(path: Path) -> str:
    with pytest.raises(SnapshotUnreadable) as caught:
        read(path)
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nope.yaml"
    assert unreadable(path) == f"{path}: there is no such file or folder"


def test_text_that_is_not_utf_8_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    assert unreadable(path) == f"{path}:2: not UTF-8 (byte 0xff)"


def test_utf_16_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(POD.encode("utf-16"))
    assert unreadable(path) == f"{path}: the text is UTF-16; save it as UTF-8"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + POD.encode())
    assert [str(entry.key) for entry in read(path).entries] == ["Pod/default/a"]


@pytest.mark.parametrize(("byte", "words"), [(b"\0", "a NUL byte in the text"), (b"\x1b", r"character \x1b in")])
def test_control_characters_are_named_with_their_line(tmp_path: Path, byte: bytes, words: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(POD.encode() + b"x: " + byte)
    with pytest.raises(InvalidSnapshot) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:4: ")
    assert words in str(caught.value)


def test_files_beyond_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_YAML_BYTES", 1 << 20)
    path = tmp_path / "a.yaml"
    path.write_text(POD + "#" * (1 << 20))
    assert "more than 1 MiB of YAML; take JSON" in unreadable(path)


def test_a_device_is_no_snapshot() -> None:
    assert unreadable(Path(os.devnull)) == f"{os.devnull}: neither a file nor a folder"


def test_escape_codes_in_a_file_name_are_shown_not_obeyed(tmp_path: Path) -> None:
    path = tmp_path / "\x1b[31mred.yaml"
    assert "\x1b" not in unreadable(path)
    path.write_text("a: 1\na: 2\n")
    with pytest.raises(InvalidSnapshot) as caught:
        read(path)
    assert r"\x1b[31mred.yaml:2: the key 'a' stands twice" in str(caught.value)


def test_a_folder_is_read_to_the_bottom_in_order_without_hidden_and_other_files(tmp_path: Path) -> None:
    for name in ("b/z.yml", "b/a.json", "a.yaml", ".git/x.yaml", ".hidden.yaml", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(POD.replace("a}", path.stem.strip(".") + path.suffix[1:2] + "}"))
    assert [entry.key.name for entry in read(tmp_path).entries] == ["ay", "aj", "zy"]


def test_a_link_to_a_folder_above_does_not_go_round(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    (tmp_path / "round").symlink_to(tmp_path)
    assert len(read(tmp_path).entries) == 1
