"""What to change where the answer itself does not say so: an expectation about who decides, who answers, how sure."""

from __future__ import annotations

from collections.abc import Iterator

from kwake.cluster import Cluster
from kwake.dataplane.path import Outcome, Path
from kwake.errors import ReferenceNotFound
from kwake.objects.basis import Basis
from kwake.objects.kinds import Service
from kwake.objects.reference import parse_reference
from kwake.scenario.scenario import FlowExpectation

_SURE = (Basis.SOURCED,)


def advice(expectation: FlowExpectation, path: Path, cluster: Cluster) -> Iterator[str]:
    """Sentences for what is asked beside the outcome and is otherwise."""
    if expectation.decided_by is not None:
        yield from _about_decider(expectation, expectation.decided_by, path, cluster)
    if expectation.backend is not None:
        yield from _about_backend(expectation.backend, path, cluster)
    if expectation.basis is not None and expectation.basis != path.basis.value:
        yield from _about_basis(expectation.basis, path)


def _about_decider(expectation: FlowExpectation, wanted: str, path: Path, cluster: Cluster) -> Iterator[str]:
    if "/" in wanted:
        try:
            cluster.resolve(wanted)
        except ReferenceNotFound as error:
            yield str(error)
    meant = expectation.outcome in (None, Outcome.DELIVERED.value)
    if meant and not path.decided_by and path.outcome is Outcome.DELIVERED:
        yield "nothing decides: no policy that is enforced selects either end; leave decided_by out"


def _about_backend(wanted: str, path: Path, cluster: Cluster) -> Iterator[str]:
    """Who else the Service would have to select."""
    key = cluster.resolve(wanted)
    pods = [key] if key.kind == "Pod" else [pod.key for pod in cluster.pods_of(key)]
    arrived = {branch.pod for branch in path.branches if branch.outcome is Outcome.DELIVERED}
    if not pods:
        yield f"{key} has no pod now"
    elif not arrived & {str(pod) for pod in pods}:
        service = _service(path.flow.target, cluster)
        if service is not None and service.spec.selector:
            labels = ",".join(f"{name}={value}" for name, value in sorted(service.spec.selector.items()))
            yield f"{service.key} selects {labels}, and no pod of {key} is among its ready endpoints"
    elif len(arrived) > 1:
        yield f"{len(arrived)} pods answer; where some of them may be others, expect a share at this backend"


def _service(target: str, cluster: Cluster) -> Service | None:
    try:
        parsed = parse_reference(target)
    except ReferenceNotFound:
        return None
    return cluster.value(Service, parsed.namespace, parsed.name)


def _about_basis(wanted: str, path: Path) -> Iterator[str]:
    told = [f"{hop.basis.value}: {hop.text}" for branch in path.branches for hop in branch.hops
            if hop.basis not in _SURE]  # fmt: skip
    yield from dict.fromkeys(told)
    if path.basis is Basis.ASSUMED and any("listens on" in hop for hop in told):
        yield 'that a declared port listens is assumed; the annotation kwake.dev/listens: "8080" on the pod says so'
    yield f"else expect basis: {path.basis.value}, or leave basis out"
