"""What would turn the outcome of a path: edits of policies and labels, tried on a world of their own."""

from __future__ import annotations

from functools import partial

from kwake.cluster import Cluster
from kwake.dataplane.ends import INTERNET_IP
from kwake.dataplane.path import Branch, Outcome, Path
from kwake.dataplane.trace import trace
from kwake.dataplane.view import settled_view
from kwake.errors import KwakeError
from kwake.linting.dns import dns_servers
from kwake.objects.kinds import Pod
from kwake.policy.change import applied
from kwake.policy.ends import PolicyEnd
from kwake.policy.flip import Flip, Question, flips, joined
from kwake.policy.name_servers import SUPPOSED, with_supposed_server
from kwake.world import World


def path_flips(world: World, path: Path, most: int = 3) -> tuple[Flip, ...]:
    """Edits after which a path ends otherwise: arrives where a policy drops it, is dropped where it arrives.

    They are about the first branch that policies decide, or about the first that is delivered. Each was traced again.
    Where the lookup of the name is dropped and the dial would be as well, an edit for each. Empty where no policy
    decides, or where the answer is not known.
    """
    branch = _asked(path)
    question = _about(world.cluster, branch, path) if branch is not None else None
    if branch is None or question is None:
        return ()
    cluster = with_supposed_server(world.cluster) if question.destination == SUPPOSED else world.cluster
    found = flips(cluster, world.profile, question, partial(_turns, world, path, branch), most)
    if found or branch.outcome is not Outcome.UNRESOLVED:
        return found
    return _step_by_step(world, cluster, path, branch, question)[:most]


def _turns(world: World, path: Path, branch: Branch, after: Cluster) -> bool:
    """Whether all of a branch's ways end otherwise in a cluster: do not arrive if it does, arrive if it does not."""
    is_lookup = branch.outcome is Outcome.UNRESOLVED
    again = _again(world, path, branch, after)
    same = [other for other in again if is_lookup or _ends(other) == _ends(branch)]
    is_delivered = branch.outcome is Outcome.DELIVERED
    return bool(same) and all((other.outcome is Outcome.DELIVERED) is not is_delivered for other in same)


def _again(world: World, path: Path, branch: Branch, after: Cluster) -> tuple[Branch, ...]:
    """The branches of the same source in another cluster."""
    try:
        again = trace(settled_view(after, world.profile), path.flow)
    except KwakeError:
        return ()
    return tuple(other for other in again.branches if other.source == branch.source)


def _step_by_step(world: World, cluster: Cluster, path: Path, branch: Branch, lookup: Question) -> tuple[Flip, ...]:
    """An edit that lets the name be looked up, and one more for what the dial then meets."""

    def resolves(after: Cluster) -> bool:
        again = _again(world, path, branch, after)
        return bool(again) and all(other.outcome is not Outcome.UNRESOLVED for other in again)

    found: list[Flip] = []
    for first in flips(cluster, world.profile, lookup, resolves, 1):
        between = applied(cluster, first.changes)
        dropped = next((b for b in _again(world, path, branch, between) if b.outcome is Outcome.DROPPED), None)
        dial = _about(between, dropped, path) if dropped is not None else None
        if dropped is not None and dial is not None:
            seconds = flips(between, world.profile, dial, partial(_turns, world, path, dropped))
            found += [joined(cluster, world.profile, (first, lookup), (second, dial)) for second in seconds]
    return tuple(found)


def _ends(branch: Branch) -> tuple[str | None, str | None]:
    return branch.pod, branch.ip


def _asked(path: Path) -> Branch | None:
    """The branch that policies stop, else the first that arrives."""
    stopped = [branch for branch in path.branches if branch.outcome is Outcome.DROPPED]
    denied = [branch for branch in stopped if "denied" in _verdicts(branch)]
    arriving = [branch for branch in path.branches if branch.outcome is Outcome.DELIVERED]
    lookups = [branch for branch in path.branches if branch.outcome is Outcome.UNRESOLVED and _is_cut_off(branch)]
    return next(iter(denied or lookups or ([] if stopped else arriving)), None)


def _is_cut_off(branch: Branch) -> bool:
    """Whether it ends because policies drop the lookup of its name (NP-27)."""
    return any("Policy/" in decider.object for decider in branch.decided_by)


def _verdicts(branch: Branch) -> list[str]:
    return [side.verdict for side in (branch.egress, branch.ingress) if side is not None]


def _about(cluster: Cluster, branch: Branch, path: Path) -> Question | None:
    """What the policies were asked that decided a branch."""
    if branch.outcome is Outcome.UNRESOLVED:
        return _lookup(cluster, branch)
    return _question(cluster, branch, path.flow.protocol)


def _lookup(cluster: Cluster, branch: Branch) -> Question | None:
    """The lookup of a name, as the policies see it."""
    pod = _pod(cluster, branch.source)
    if pod is None:
        return None
    server, port = next(((PolicyEnd.of(pod), port) for pod, port in dns_servers(cluster)), (SUPPOSED, 53))
    return Question(PolicyEnd.of(pod), server, "UDP", port)


def _question(cluster: Cluster, branch: Branch, protocol: str) -> Question | None:
    """What the policies were asked on a branch: its ends, and the port after translation (NP-20).

    None for a pod whose address a node replaces: its two sides are judged by two addresses.
    """
    if branch.ip is None or branch.port is None:
        return None
    pod, seen = _pod(cluster, branch.source), branch.translation.src if branch.translation is not None else ""
    if pod is None:
        source = PolicyEnd(None, seen or INTERNET_IP, _node_at(cluster, seen))
    elif seen and seen not in pod.ips:
        return None
    else:
        source = PolicyEnd.of(pod)
    destination = PolicyEnd(_pod(cluster, branch.pod or ""), branch.ip, branch.node or "")
    return Question(source, destination, protocol, branch.port)


def _pod(cluster: Cluster, reference: str) -> Pod | None:
    kind, _, name = reference.partition("/")
    namespace, _, short = name.partition("/")
    return cluster.pod(namespace, short) if kind == "Pod" else None


def _node_at(cluster: Cluster, ip: str) -> str:
    node = cluster.nodes_by_ip.get(ip)
    return node.metadata.name if node is not None else ""
