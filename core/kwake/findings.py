"""What is wrong, assumed or unknown in a cluster: the lines of `kwake check`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from kwake.cluster import Cluster, Record
from kwake.control.admission import Violation, record_violations
from kwake.control.balancer_annotations import balancer_of
from kwake.control.cron_jobs import first_run, job_name, parse_schedule
from kwake.control.desired_endpoints import wants_topology_hints
from kwake.control.told_profile import otherwise, told_profile
from kwake.control.violation import MASK
from kwake.control.zone_hints import zone_shares
from kwake.linting.fields import meant_field, respelt_field, widening
from kwake.linting.lint import JUDGED, lint, lint_services
from kwake.objects.base import OwnerReference
from kwake.objects.basis import Basis
from kwake.objects.document import FieldPath, Origin
from kwake.objects.field_path import dotted
from kwake.objects.finding import Finding, Level, Problem
from kwake.objects.key import GROUP_OF_KIND, Key
from kwake.objects.kinds import (
    LISTENS_ANNOTATION,
    MODELLED,
    CronJob,
    KubeObject,
    Namespace,
    NetworkPolicy,
    Pod,
    Service,
    Unmodelled,
)
from kwake.objects.time import EPOCH, clock
from kwake.policy.unread import unread_policies
from kwake.profiles.profile import Profile
from kwake.sources import locate

__all__ = ["Finding", "Level", "Problem", "about", "check", "fatal", "problem", "refusals"]

LEVELS: tuple[Level, ...] = ("warning", "unknown", "assumption", "inferred", "skipped")
"""In the order of a report."""

L7_POLICIES = frozenset({("AuthorizationPolicy", "security.istio.io")})
"""Kinds and groups that decide about requests inside a connection: kwake models none of that."""

READ_AT_OPEN = frozenset({("Endpoints", ""), ("ControllerRevision", "apps")})
"""Kinds without a typed view that are read all the same: Services without slices take theirs from Endpoints, pods of a
StatefulSet below its partition their template from a ControllerRevision."""

MANY = 3
"""Objects with the same fault that are listed one by one; of more the first stands for all."""


LINE = re.compile(r":\d+$")
"""Where a text ends with a place: the line in its file."""


NO_POLICY = "so policy is none"
"""How it ends what a CNI without policies means."""


Judged = Mapping[Key, tuple[KubeObject, tuple[Violation, ...]]]
"""Objects of which it is known already which rules they break."""


def check(
    cluster: Cluster, profile: Profile | None = None, found: Iterable[Finding] = (), judged: Judged | None = None
) -> tuple[Finding, ...]:
    """All findings about a cluster, after those that reading it gave (`found`): by level, then subject."""
    findings = {
        *found,
        *_breaches(cluster, judged or {}),
        *_addresses(cluster),
        *_dangling_owners(cluster),
        *_unread_kinds(cluster),
        *_missing(cluster),
        *_made(cluster),
        *_zone_hints(cluster),
        *_balancer_annotations(cluster, profile),
        *_shared_ports(cluster),
        *_cron_jobs(cluster),
        *_assumptions(cluster),
        *(_profile(profile) if profile is not None else ()),
        *(_told(cluster, profile) if profile is not None else ()),
        *lint_services(cluster),
        *(lint(cluster, profile) if profile is not None else ()),
    }
    return tuple(sorted(folded(findings), key=lambda finding: (LEVELS.index(finding.level), finding)))


def folded(findings: Iterable[Finding]) -> Iterator[Finding]:
    """What is said of many objects in the same words, once: no EndpointSlices at all, a folder that holds all twice,
    owners that are inferred from pods."""
    alike: defaultdict[tuple[Level, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        words = LINE.sub("", finding.text)
        if finding.level == "inferred":  # the owners of pods, each from another pod
            words = f"{finding.subject.partition('/')[0]} {words.partition(' from pod ')[0]}"
        folds = finding.level in ("skipped", "inferred") or words.startswith("stands twice")
        alike[(finding.level, words if folds else str(finding))].append(finding)
    for those in alike.values():
        first, *others = sorted(those)
        if len(those) <= MANY:
            yield from those
            continue
        kinds = {finding.subject.partition("/")[0] for finding in those}
        files = all(finding.where.startswith(finding.subject) for finding in those)
        named = "files" if files else f"of kind {kinds.pop()}" if len(kinds) == 1 else "objects"
        yield msgspec.structs.replace(first, text=f"{first.text} (and {len(others)} more {named})")


def about(cluster: Cluster, profile: Profile, key: Key) -> tuple[Finding, ...]:
    """What is probably a mistake in one policy or Service; quicker than to check everything."""
    value = cluster.record(key).value
    found = {*lint(cluster, profile, key)} if isinstance(value, JUDGED) else set()
    if isinstance(value, Service):
        found |= {*lint_services(cluster)}
    return tuple(sorted(finding for finding in found if finding.subject == str(key)))


def refusals(records: Iterable[Record]) -> tuple[Problem, ...]:
    """Why the API server would refuse objects of a snapshot; what a dump may hold is left to `check`."""
    return tuple(found for item in records for found in fatal(item, record_violations(item)))


def fatal(item: Record, violations: Iterable[Violation]) -> list[Problem]:
    """Those of the rules that an object breaks for which it is refused. What stands under a name that no field has was
    most likely meant for what is missing there: it is told first."""
    held = list(violations)
    refused = [violation for violation in held if violation.severity == "refused"]
    places = [violation.field for violation in refused]
    misnamed = [v for v in held if v.is_unknown and any(v.field[: len(place)] == place for place in places)]
    return [problem(item, violation) for violation in (*misnamed, *refused)]


def problem(item: Record, violation: Violation) -> Problem:
    """A violation with its file and line."""
    meant = meant_field(item, violation.field) if violation.is_unknown else ""
    reason = violation.reason + (f"; did you mean {meant}?" if meant else "")
    return Problem(_where(item.origin, violation.field), str(item.key), violation.field, reason)


def _where(origin: Origin | None, field: FieldPath = ()) -> str:
    return "" if origin is None else f"{origin.source.name}:{locate(origin, field)}"


def _place(cluster: Cluster, value: KubeObject) -> str:
    return _where(cluster.record(value.key).origin)


def _breaches(cluster: Cluster, judged: Judged) -> Iterator[Finding]:
    """Rules that objects of the dump break without being refused for it."""
    faults: defaultdict[tuple[str, FieldPath, str], list[tuple[Record, Violation]]] = defaultdict(list)
    for item in cluster:
        if not item.made and not _is_left_out(item.value):
            known = judged.get(item.key)
            found = known[1] if known is not None and known[0] is item.value else record_violations(item)
            for violation in found:
                shape = tuple("" if isinstance(step, int) else step for step in violation.field)
                faults[(item.key.kind, shape, violation.reason)].append((item, violation))
    for (kind, _, reason), broken in faults.items():
        shown = broken if len(broken) <= MANY else broken[:1]
        others = f" ({_more(kind, broken)})" if len(broken) > MANY else ""
        for item, violation in shown:
            fixes = respelt_field(item, violation.field) if violation.is_unknown else ()
            meant = meant_field(item, violation.field) if violation.is_unknown and not fixes else ""
            hint = f"; did you mean {meant}?" if meant else ""
            field = "" if violation.is_unknown else f"{dotted(violation.field)}: "
            widened = widening(item, violation.field) if violation.is_unknown else ""
            text = f"{field}{reason}{hint}{widened}{others}"
            yield Finding("warning", str(item.key), text, _where(item.origin, violation.field), fixes)


def _more(kind: str, broken: list[tuple[Record, Violation]]) -> str:
    """What the first of many faults stands for."""
    objects = {item.key for item, _ in broken}
    if len(objects) == 1:
        return f"and {len(broken) - 1} more places in it"
    return f"and {len(objects) - 1} more of kind {kind}"


def _is_left_out(value: KubeObject) -> bool:
    """Whether it is of a kind that kwake reads and was not read: why is told where it was left out."""
    return isinstance(value, Unmodelled) and GROUP_OF_KIND.get(value.kind) == value.key.group and value.kind in MODELLED


def _addresses(cluster: Cluster) -> Iterator[Finding]:
    """Two pods of one IP (PD-14, PD-20), running pods without one, and addresses that a dump hides."""
    for ip, holders in sorted(cluster.pods_by_ip.items()):
        pods = [pod for pod in holders if not pod.spec.host_network]
        if MASK in ip:
            text = f"hides the address of {_listed(pods)}: what depends on addresses is unknown for them"
            yield Finding("unknown", ip, text)
        elif len(pods) > 1:
            yield Finding("warning", ip, f"is the address of {_listed(pods)}", _place(cluster, pods[1]))
    for pod in cluster.all(Pod):
        if pod.status.phase == "Running" and not pod.ips:
            text = "runs, but its status has no IP: no Service reaches it"
            yield Finding("warning", str(pod.key), text, _place(cluster, pod))


def _listed(values: Iterable[KubeObject]) -> str:
    """`shop/a, shop/b and 7 more`."""
    names = [f"{value.metadata.namespace}/{value.metadata.name}".lstrip("/") for value in values]
    if len(names) > MANY:
        return f"{', '.join(names[:MANY])} and {len(names) - MANY} more"
    return " and ".join(names)


def _dangling_owners(cluster: Cluster) -> Iterator[Finding]:
    """Controlling owners that are not here: without them nothing replaces what they own. Of a kind that kwake does not
    model, a dump seldom holds any, and what it would do is not known (PD-5)."""
    owned: defaultdict[tuple[OwnerReference, str], list[Record]] = defaultdict(list)
    for item in cluster:
        owner = item.value.controller
        if owner is not None and owner.kind and cluster.controller_of(item.value) is None:
            owned[(owner, "" if owner.uid else item.key.namespace)].append(item)
    for (owner, _), items in owned.items():
        others = f" and {len(items) - 1} more" if len(items) > 1 else ""
        text = f"owns {items[0].key}{others}, and is not in the snapshot"
        spaces = {item.key.namespace for item in items}
        space = spaces.pop() if len(spaces) == 1 else ""  # what owns in several namespaces is of none
        subject = f"{owner.kind}/{space}/{owner.name}" if space else f"{owner.kind}/{owner.name}"
        where = _where(items[0].origin, ("metadata", "ownerReferences"))
        if owner.kind in MODELLED:
            yield Finding("warning", subject, text, where)
        else:
            yield Finding("unknown", subject, f"{text}: whether it would make them anew is unknown", where)


def _unread_kinds(cluster: Cluster) -> Iterator[Finding]:
    """Objects that are kept and not read, by kind: policies among them may decide (NP-16)."""
    policies = {policy.key for policy in unread_policies(cluster)}
    kinds: defaultdict[tuple[str, str], list[Key]] = defaultdict(list)
    for value in cluster.all(Unmodelled):
        if not cluster.record(value.key).made:
            kinds[(value.key.kind, value.key.group)].append(value.key)
    for (kind, group), keys in kinds.items():
        if (kind, group) in READ_AT_OPEN:
            continue
        name = f"{kind}.{group}" if group else kind
        deciding = sum(key in policies for key in keys)
        if (kind, group) in L7_POLICIES:
            text = f"{len(keys)} not read: they may refuse requests on connections that are delivered here"
            yield Finding("unknown", name, text)
        elif kind in MODELLED and GROUP_OF_KIND[kind] == group:  # as `_is_left_out` has it
            yield Finding("unknown", name, f"{len(keys)} left out: what they decide is unknown")
        elif deciding:
            judging = [key for key in keys if key in policies]
            text = f"{deciding} not read, and may decide about traffic: answers about what they select are unknown"
            yield Finding(
                "unknown",
                name,
                f"{text}: {_listed(cluster.record(key).value for key in judging)}",
                _where(cluster.record(judging[0]).origin),
            )
        else:
            yield Finding("skipped", name, f"{len(keys)} kept, not read")


def _missing(cluster: Cluster) -> Iterator[Finding]:
    """Kinds that the snapshot says were not read, or in some namespaces alone."""
    partly: defaultdict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for kind in cluster.unread:
        if kind.read_in:
            partly[(kind.read_in, kind.reason)].append(kind.kind)
        else:
            decides = f", so unknown or only inferred: {kind.decides}" if kind.decides else ""
            yield Finding("unknown", kind.name, f"not read{decides} ({kind.reason})")
    for (namespaces, reason), kinds in partly.items():
        text = f"{', '.join(kinds)}: read in {', '.join(namespaces)} alone ({reason}); what is elsewhere is unknown"
        yield Finding("unknown", "namespaces", text)


def _made(cluster: Cluster) -> Iterator[Finding]:
    """What is in the cluster because something else names it."""
    for item in cluster:
        if item.made.startswith("inferred"):
            yield Finding("inferred", str(item.key), item.made)
        elif item.made.startswith("assumed"):
            yield Finding("assumption", str(item.key), item.made.removeprefix("assumed: "))


def _zone_hints(cluster: Cluster) -> Iterator[Finding]:
    """Services whose endpoints' zones depend on the nodes' CPU, where no node tells (EP-19)."""
    if zone_shares(cluster).is_known:
        return
    for service in cluster.all(Service):
        if wants_topology_hints(service):
            text = "its hints go by the CPU of each zone's nodes, which the snapshot does not tell: none are made"
            yield Finding("unknown", str(service.key), text, _place(cluster, service))


def _shared_ports(cluster: Cluster) -> Iterator[Finding]:
    """Two containers of a pod that declare one port: they share a network namespace, so the second to listen fails
    (PD-1). Of the pods of one workload the first stands for all."""
    told: set[tuple[str, str, int, str]] = set()
    for pod in cluster.all(Pod):
        declared: dict[tuple[int, str], str] = {}
        owner = cluster.controller_of(pod)
        home = str(owner.key if owner is not None else pod.key)
        for container in pod.port_containers:
            for port in container.ports:
                first = declared.setdefault((port.container_port, port.protocol), container.name)
                named = (home, f"{first} {container.name}", port.container_port, port.protocol)
                if first != container.name and port.container_port and named not in told:
                    told.add(named)
                    text = (
                        f"containers {first} and {container.name} both declare {port.container_port}/{port.protocol}: "
                        "a pod has one port space, so the second to listen fails (inferred)"
                    )
                    yield Finding("warning", str(pod.key), text, _place(cluster, pod))


def _cron_jobs(cluster: Cluster) -> Iterator[Finding]:
    """When each CronJob would make its next Job, from t+0 on. Simulated time has no date, so it makes none."""
    for cron in cluster.all(CronJob):
        where = _where(cluster.record(cron.key).origin, ("spec", "schedule"))
        schedule = parse_schedule(cron.spec.schedule)
        if schedule is None:
            yield Finding("warning", str(cron.key), f"schedule {cron.spec.schedule!r} is none: it makes no Job", where)
            continue
        if cron.spec.suspend:
            yield Finding("assumption", str(cron.key), "is suspended: it makes no Job", where)
            continue
        run = first_run(schedule, EPOCH)
        if run is None:
            yield Finding("warning", str(cron.key), f"schedule {cron.spec.schedule!r} names no day that comes", where)
            continue
        pods = cron.spec.job_template.spec.parallelism
        name, wait = job_name(cron.metadata.name, run), clock(int((run - EPOCH).total_seconds() * 1000))
        text = (
            f"would make Job {name} with {pods} pod{'s' * (pods != 1)} at t+{wait.partition('.')[0]}, were t+0 "
            f"{EPOCH:%Y-%m-%dT%H:%MZ}; simulated time has no date, so no Job is made"
        )
        yield Finding("assumption", str(cron.key), text, where)


def _balancer_annotations(cluster: Cluster, profile: Profile | None) -> Iterator[Finding]:
    """Annotations of cloud vendors that kwake keeps and reads nothing from (SV-61)."""
    for service in cluster.all(Service):
        if profile is None or service.spec.type != "LoadBalancer":
            continue
        for name in balancer_of(service, profile).without_effect:
            where = _where(cluster.record(service.key).origin, ("metadata", "annotations", name))
            yield Finding("skipped", str(service.key), f"{name}: kept, without effect in the model", where)


def _assumptions(cluster: Cluster) -> Iterator[Finding]:
    silent = sum(LISTENS_ANNOTATION not in pod.metadata.annotations for pod in cluster.all(Pod))
    if silent:
        pods = "1 pod" if silent == 1 else f"{silent} pods"
        text = f"declared container ports listen: {pods}; others too unless {LISTENS_ANNOTATION} says which"
        yield Finding("assumption", "Pod", text)
    named = {namespace.metadata.name for namespace in cluster.all(Namespace)}
    implied = sorted(set(cluster.namespaces) - named)
    if implied:
        text = f"only implied by what is in them, so without labels of their own: {', '.join(implied)}"
        yield Finding("assumption", "Namespace", text)


def _told(cluster: Cluster, profile: Profile) -> Iterator[Finding]:
    """Where the profile is not what the cluster's own objects tell of."""
    told = told_profile(cluster)
    if told is None:
        return
    fields = "".join(f" --set {field}={value}" for field, value in told.fields.items() if profile[field] != value)
    policies = len(cluster.all(NetworkPolicy))
    for subject, words, has in otherwise(told, profile):
        text = f"{words}; answered as {has}, as profile {profile.name} has it: --profile {told.name}{fields}"
        if words.endswith(NO_POLICY) and policies:
            counted = f"{policies} NetworkPolicies have" if policies > 1 else "the NetworkPolicy has"
            yield Finding("warning", subject, f"enforces no policies (NP-12), so {counted} no effect: {text}")
        else:
            yield Finding("assumption", subject, text)


def _profile(profile: Profile) -> Iterator[Finding]:
    """What the profile itself only assumes."""
    unsure = (Basis.ASSUMED, Basis.UNKNOWN)
    names = [name for name, setting in profile.settings.items() if setting.basis in unsure]
    names += [name for name, clock in profile.clocks.items() if clock.basis in unsure]
    if names:
        text = f"no source gives these, so they are assumed: {', '.join(sorted(names))}"
        yield Finding("assumption", f"profile {profile.name}", text)
