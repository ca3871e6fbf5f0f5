"""What would turn the outcome of a path: edits of policies and labels, tried on a world of their own."""

from __future__ import annotations

from kwake.cluster import Cluster
from kwake.dataplane.ends import INTERNET_IP
from kwake.dataplane.path import Branch, Outcome, Path
from kwake.dataplane.trace import trace
from kwake.dataplane.view import settled_view
from kwake.errors import KwakeError
from kwake.linting.dns import dns_servers
from kwake.objects.kinds import Pod
from kwake.policy.ends import PolicyEnd
from kwake.policy.flip import Flip, Question, flips
from kwake.world import World


def path_flips(world: World, path: Path, most: int = 3) -> tuple[Flip, ...]:
    """Edits after which a path ends otherwise: arrives where a policy drops it, is dropped where it arrives.

    They are about the first branch that policies decide, or about the first that is delivered. Each was traced again.
    Empty where no policy decides, or where the answer is not known.
    """
    branch = _asked(path)
    if branch is None:
        return ()
    is_lookup = branch.outcome is Outcome.UNRESOLVED
    question = _lookup(world, branch) if is_lookup else _question(world, branch, path.flow.protocol)
    if question is None:
        return ()
    delivered = branch.outcome is Outcome.DELIVERED

    def holds(after: Cluster) -> bool:
        try:
            again = trace(settled_view(after, world.profile), path.flow)
        except KwakeError:
            return False
        same = [b for b in again.branches if b.source == branch.source and (is_lookup or _ends(b) == _ends(branch))]
        return bool(same) and all((other.outcome is Outcome.DELIVERED) is not delivered for other in same)

    return flips(world.cluster, world.profile, question, holds, most)


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


def _lookup(world: World, branch: Branch) -> Question | None:
    """The lookup of a name, as the policies see it."""
    pod = _pod(world, branch.source)
    for server, port in dns_servers(world.cluster) if pod is not None else ():
        source = PolicyEnd.of(pod) if pod is not None else PolicyEnd(None, "")
        return Question(source, PolicyEnd.of(server), "UDP", port)
    return None


def _question(world: World, branch: Branch, protocol: str) -> Question | None:
    """What the policies were asked on a branch: its ends, and the port after translation (NP-20).

    None for a pod whose address a node replaces: its two sides are judged by two addresses.
    """
    if branch.ip is None or branch.port is None:
        return None
    pod, seen = _pod(world, branch.source), branch.translation.src if branch.translation is not None else ""
    if pod is None:
        source = PolicyEnd(None, seen or INTERNET_IP, _node_at(world, seen))
    elif seen and seen not in pod.ips:
        return None
    else:
        source = PolicyEnd.of(pod)
    destination = PolicyEnd(_pod(world, branch.pod or ""), branch.ip, branch.node or "")
    return Question(source, destination, protocol, branch.port)


def _pod(world: World, reference: str) -> Pod | None:
    kind, _, name = reference.partition("/")
    namespace, _, short = name.partition("/")
    return world.cluster.pod(namespace, short) if kind == "Pod" else None


def _node_at(world: World, ip: str) -> str:
    node = world.cluster.nodes_by_ip.get(ip)
    return node.metadata.name if node is not None else ""
