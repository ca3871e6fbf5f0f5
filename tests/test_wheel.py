"""What is installed from a wheel: the samples, the profiles and the console's styles are in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_it_holds_three_packages_and_their_data(unpacked: Path) -> None:
    assert {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")} == {
        "kwake",
        "kwake_live",
        "kwake_tui",
    }
    data = ("sample_clusters/shop/nodes.yaml", "profiles/bundles/calico.yaml", "rules.yaml", "py.typed")
    assert [name for name in data if not (unpacked / "kwake" / name).is_file()] == []
    assert list((unpacked / "kwake_tui").rglob("*.tcss"))


def test_the_sample_of_the_wheel_opens_far_from_the_checkout(unpacked: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    code = "import kwake.samples as s; print(s.sample_path()); from kwake_tui.cli import main; main([])"

    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, check=True)

    place, _, shown = ended.stdout.decode().partition("\n")
    assert place == str(unpacked / "kwake" / "sample_clusters" / "shop")
    assert shown.startswith("kwake  shop  ")
