"""kwake beside another analyzer, network-config-analyzer, on one folder in one run. Judges nothing: prints ratios.

    python -m venv ANALYZER && ANALYZER/bin/pip install network-config-analyzer==2.1.0
    python benchmarks/side_by_side.py ANALYZER/bin [--pods 1000] [--form json|yaml] [--rounds 3]

The folder is a generated cluster, as the API server would show it. Both programs are run as a user would: `nca
--connectivity FOLDER -n FOLDER -p FOLDER` and `kwake reach FOLDER -o json`, their time is processor time, user and
system, of the quickest of the rounds, in turns (others share the machine). The evaluation alone, in turns too, is
`execute_and_compute_output` of its query against `reach` of an opened world whose policies are not compiled yet. The
answers are compared pair by pair, with address ranges cut alike.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import Process
from pathlib import Path

import msgspec
from benchmarks.clusters import cluster, write_folder

import kwake
from kwake.cluster import Cluster
from kwake.objects.kinds import NetworkPolicy, Pod
from kwake.policy.connections import ALL, NONE, ConnectionSet, one
from kwake.policy.difference import difference
from kwake.policy.reach import Pair, Reach, reach
from kwake.world import World

_EVALUATION = """
import sys, time
from nca import nca_cli
from nca.NetworkConfig import NetworkConfigQuery as queries
spent = []
def timed(self, *rest, inner=queries.NetworkConfigQuery.execute_and_compute_output_in_required_format, **more):
    start = time.process_time()
    answer = inner(self, *rest, **more)
    spent.append(time.process_time() - start)
    return answer
queries.NetworkConfigQuery.execute_and_compute_output_in_required_format = timed
sys.argv = ["nca", *sys.argv[1:]]
try:
    nca_cli.nca_main()
finally:
    print("evaluation", sum(spent), file=sys.stderr)
"""

_LINE = re.compile(r"(\S+) => (\S+) : (.+)")
_PART = re.compile(r"\{protocols:(?P<protocols>[^,}]+(?:, ?[A-Z]+)*)(?:,dst_ports:(?P<ports>[\d,\- ]+))?\}")


class Run(msgspec.Struct, frozen=True):
    """What a program took."""

    seconds: float
    """Processor time."""
    peak_mib: float
    output: str
    narration: str


def run(*command: str) -> Run:
    """Run a program to its end."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as narration:
        process = subprocess.Popen(command, stdout=out, stderr=narration, env=environment)
        _, _, usage = os.wait4(process.pid, 0)
        texts = []
        for file in (out, narration):
            file.seek(0)
            texts.append(file.read().decode())
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, *texts)


def best(rounds: int, *programs: Callable[[], Run]) -> list[Run]:
    """The quickest of some rounds of each; they take turns, so that what slows the machine down slows both."""
    runs = [[once() for once in programs] for _ in range(rounds)]
    return [min(found, key=lambda run: run.seconds) for found in zip(*runs, strict=True)]


def their_table(text: str) -> Reach:
    """What nca prints, as a table. What it calls its own connections of a pod to itself is left out, as here."""
    pairs: dict[tuple[str, str], ConnectionSet] = {}
    for source, destination, words in _pairs(text):
        if source != destination:
            pairs[source, destination] = pairs.get((source, destination), NONE) | _connections(words)
    return Reach(tuple(Pair(*ends, allowed) for ends, allowed in pairs.items()), ())


def _pairs(text: str) -> Iterator[tuple[str, str, str]]:
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match:
            yield match[1], match[2], match[3]


def _connections(words: str) -> ConnectionSet:
    if words == "All connections":
        return ALL
    allowed = NONE
    for part in _PART.finditer(words):
        for protocol in part["protocols"].split(","):
            for span in (part["ports"] or "1-65535").split(","):
                low, _, high = span.strip().partition("-")
                allowed |= one(protocol.strip(), int(low), int(high or low))
    return allowed


def our_evaluation(world: World) -> float:
    """Seconds of processor time for all pairs of a cluster that nothing is known about: the least of five."""
    records = {record.key: record for record in world.cluster}
    spent = []
    for _ in range(5):
        fresh = Cluster(records)
        start = time.process_time()
        reach(fresh, world.profile)
        spent.append(time.process_time() - start)
    return min(spent)


def their_evaluation(folder: str, question: Sequence[str]) -> float:
    """The same of nca, with a cluster that it has read."""
    narration = run(f"{folder}/python", "-c", _EVALUATION, *question).narration
    return float(narration.rpartition("evaluation")[2])


def _write(folder: str, pods: int, form: str) -> None:
    write_folder(Path(folder), cluster(pods, dump=True, full=True), form)


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description="kwake beside network-config-analyzer")
    parser.add_argument("bin", help="bin folder of the environment that nca is installed in")
    parser.add_argument("--pods", type=int, default=1000)
    parser.add_argument("--form", choices=("json", "yaml"), default="json")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: a program's peak begins at the size of the one that starts it.
        writer = Process(target=_write, args=(folder, asked.pods, asked.form))
        writer.start()
        writer.join()
        question = ("--connectivity", folder, "-n", folder, "-p", folder)
        ours, theirs = best(
            asked.rounds,
            lambda: run(sys.executable, "-m", "kwake_tui", "reach", folder, "-o", "json"),
            lambda: run(f"{asked.bin}/nca", *question),
        )
        world = kwake.open(folder)
        pods, policies = len(world.cluster.all(Pod)), len(world.cluster.all(NetworkPolicy))
        print(f"{pods} pods, {policies} policies, as {asked.form}")
        turns = [
            (our_evaluation(world), their_evaluation(asked.bin, question), our_evaluation(world))
            for _ in range(asked.rounds)
        ]
        _print("command, s", ours.seconds, theirs.seconds)
        _print("evaluation, s", min(min(turn[::2]) for turn in turns), min(turn[1] for turn in turns))
        _print("peak, MiB", ours.peak_mib, theirs.peak_mib)
        listed = run(f"{asked.bin}/nca", *question, "-o", "txt_no_fw_rules")
        answer = json.loads(ours.output)
        mine = Reach(tuple(Pair(p["src"], p["dst"], _ours(p["connections"])) for p in answer["pairs"]), ())
        changes = difference(their_table(listed.output), mine).changes
        print(f"{len(mine.pairs)} pairs, {len(changes)} answered differently, {len(answer['unknown'])} unknown")
        for change in changes[:20]:
            print(f"  {change.src} -> {change.dst}: nca {change.before}, kwake {change.after}")


def _ours(text: str) -> ConnectionSet:
    if text == "All Connections":
        return ALL
    allowed = NONE
    protocol = ""
    for part in text.split(","):
        words = part.split(" ")
        protocol = words[0] if len(words) == 2 else protocol
        low, _, high = words[-1].partition("-")
        allowed |= one(protocol, int(low), int(high or low))
    return allowed


def _print(name: str, ours: float, theirs: float) -> None:
    print(f"{name:<14} kwake {ours:>8.3f}   nca {theirs:>8.3f}   {theirs / ours:>6.1f} times")


if __name__ == "__main__":
    main()
