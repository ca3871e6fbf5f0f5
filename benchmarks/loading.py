"""What it costs to load pods as an API server shows them, beside the plainest readers. Judges nothing: prints ratios.

python benchmarks/loading.py [PODS]      default 10000, of about 5 KB each

Every reader runs in a process of its own, with the garbage collector off while it reads, from a file that is in the
page cache: processor time and the most memory that the process ever held. The readers of a file take turns, five times
for JSON and three for YAML, so that what else the machine does meets all of them alike; each counts by its quickest
turn, and its slowest is shown beside it. `values` are what the
YAML says and nothing more, compared with the stock loader's; `documents` are all objects with their typed views
(`kwake.sources.read`), `world` is `kwake.open` to a settled world.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml
from benchmarks.clusters import cluster, write

import kwake
from kwake.sources import read
from kwake.sources.yaml_reader import read_yaml

ROUNDS = {"json": 5, "yaml": 3}


def _json(name: str) -> object:
    return json.loads(Path(name).read_bytes())


def _stock_yaml(name: str) -> object:
    return yaml.load(Path(name).read_bytes(), Loader=yaml.CSafeLoader)


def _own_yaml(name: str) -> object:
    return list(read_yaml(Path(name).read_bytes()))


def _world(name: str) -> object:
    return kwake.open(name)


READERS: dict[str, Callable[[str], object]] = {
    "json.loads": _json, "CSafeLoader": _stock_yaml, "values": _own_yaml, "documents": read, "world": _world,
}  # fmt: skip


def once(reader: str, name: str) -> None:
    """Run one reader and print its seconds and MiB."""
    work = READERS[reader]
    if reader == "world":
        _ = kwake.open  # imports belong to no reader
    gc.disable()
    start = time.process_time()
    held = work(name)
    spent = time.process_time() - start
    status = Path("/proc/self/status").read_text()  # ru_maxrss is taken over from the process that starts this one
    peak_kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    print(spent, int(peak_kib) / 1024, held is None)


class Measured(NamedTuple):
    """Seconds and MiB of one run."""

    seconds: float
    mib: float


def measured(path: Path, readers: Sequence[str]) -> dict[str, list[Measured]]:
    """The runs of each reader of a file, in turns."""
    runs: dict[str, list[Measured]] = {reader: [] for reader in readers}
    for _ in range(ROUNDS[path.suffix[1:]]):
        for reader, found in runs.items():
            command = [sys.executable, __file__, "--reader", reader, str(path)]
            output = subprocess.run(command, capture_output=True, check=True, text=True).stdout
            seconds, mib, _ = output.split()
            found.append(Measured(float(seconds), float(mib)))
    return runs


def show(runs: dict[str, list[Measured]]) -> None:
    """A line for each reader, the others beside the first."""
    base = None
    for reader, found in runs.items():
        best = min(found)
        line = f"  {reader:<12}{best.seconds:>7.2f} s (to {max(found).seconds:.2f}){best.mib:>7.0f} MiB"
        if base is not None:
            line += f"   {best.seconds / base.seconds:>5.2f}  {best.mib / base.mib:>5.2f}"
        print(line)
        base = base or best


def main() -> None:
    """Print all figures."""
    if sys.argv[1:2] == ["--reader"]:
        once(*sys.argv[2:4])
        return
    pods = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    manifests = [m for m in cluster(pods, dump=True, full=True) if m["kind"] in ("Pod", "Node")]
    with tempfile.TemporaryDirectory() as folder:
        as_json, as_yaml = Path(folder, "dump.json"), Path(folder, "dump.yaml")
        write(as_json, manifests)
        listed = {"apiVersion": "v1", "items": manifests, "kind": "List"}
        dumper = type("Dumper", (yaml.CSafeDumper,), {"ignore_aliases": lambda *_: True})
        as_yaml.write_text(yaml.dump(listed, Dumper=dumper, sort_keys=True))
        few = yaml.dump({**listed, "items": manifests[-50:]}, Dumper=dumper).encode()
        same = [parsed.value for parsed in read_yaml(few)] == [yaml.load(few, Loader=yaml.CSafeLoader)]
        print(f"values of 50 pods are {'equal' if same else 'NOT EQUAL'} to those of CSafeLoader")
        del manifests, listed
        for path, readers in (
            (as_json, ("json.loads", "documents", "world")),
            (as_yaml, ("CSafeLoader", "values", "documents", "world")),
        ):
            print(f"{pods} pods, {path.stat().st_size >> 20} MiB of {path.suffix[1:].upper()}")
            show(measured(path, readers))


if __name__ == "__main__":
    main()
