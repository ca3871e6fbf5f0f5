"""What annotations of AWS, GCP, Azure and MetalLB make of the way through a Service's load balancer (SV-61)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

import msgspec

from kwake.objects.basis import Basis, weakest
from kwake.objects.kinds import Service
from kwake.profiles.profile import Profile

AWS = "service.beta.kubernetes.io/aws-load-balancer-"
AZURE = "service.beta.kubernetes.io/azure-"
GCP = ("networking.gke.io/", "cloud.google.com/")
METALLB = ("metallb.io/", "metallb.universe.tf/")
AWS_CLASS = "service.k8s.aws/nlb"
_PREFIXES = (AWS, AZURE, *GCP, *METALLB)


class Balancer(msgspec.Struct, frozen=True):
    """How the load balancer of one Service brings traffic in."""

    kind: str
    """A value of the profile's `lb`, or `node-ports-kept`: to node ports, with the client's address kept."""
    basis: Basis
    is_internal: bool = False
    """Whether only the cloud's own network reaches it."""
    keeps_client: bool | None = None
    """Whether the targets see the client's address; None: as the kind has it."""
    allowed: tuple[str, ...] = ()
    """Ranges that a filter of the cloud lets in; empty: all."""
    asked_ip: str = ""
    """The address that is asked for."""
    notes: tuple[str, ...] = ()
    """What else the annotations do, in words."""
    without_effect: tuple[str, ...] = ()
    """Annotations of a vendor that change nothing here."""


def balancer_of(service: Service, profile: Profile) -> Balancer:
    """The load balancer of a Service: the profile's, as its annotations and its class change it.

    What an annotation does is read in the vendors' documentation; that such a vendor's controller runs is assumed of
    whoever wrote it.
    """
    setting = profile.setting("lb")
    found = Balancer(setting.value, profile.sureness("lb"))
    if setting.value == "none":
        return found
    notes = service.metadata.annotations
    if any(name.startswith(AWS) for name in notes) or service.spec.load_balancer_class == AWS_CLASS:
        found = _aws(found, service)
    elif any(name.startswith(AZURE) for name in notes):
        found = _azure(found, notes)
    elif any(notes.get(f"{prefix}load-balancer-type", "").lower() == "internal" for prefix in GCP):
        found = msgspec.structs.replace(found, is_internal=True)
    for prefix in METALLB:
        asked = notes.get(f"{prefix}loadBalancerIPs", "").split(",")[0].strip()
        if asked:
            found = msgspec.structs.replace(found, asked_ip=asked)
        if notes.get(f"{prefix}allow-shared-ip"):
            found = _noted(found, "may share its address with Services of the same key and other ports")
    return msgspec.structs.replace(found, without_effect=tuple(sorted(_without_effect(notes))))


def _aws(found: Balancer, service: Service) -> Balancer:
    notes = service.metadata.annotations
    kind, target = notes.get(f"{AWS}type", ""), notes.get(f"{AWS}nlb-target-type", "")
    to_pods = target == "ip" or kind == "nlb-ip"
    found = msgspec.structs.replace(
        found,
        kind="nlb-ip" if to_pods else "cloud-proxy",
        basis=weakest((found.basis, Basis.ASSUMED)),
        # The AWS Load Balancer Controller makes internal ones unless told otherwise; the cloud provider's does not.
        is_internal=_is_internal_at_aws(notes, service.spec.load_balancer_class == AWS_CLASS or kind == "external"),
        keeps_client=_attribute(notes.get(f"{AWS}target-group-attributes", ""), "preserve_client_ip.enabled"),
    )
    if notes.get(f"{AWS}proxy-protocol") == "*":
        found = _noted(found, "puts a PROXY header before the data: who does not read it breaks")
    if notes.get(f"{AWS}ssl-cert"):
        found = _noted(found, "ends TLS")
    return found


def _is_internal_at_aws(notes: dict[str, str], by_controller: bool) -> bool:
    scheme = notes.get(f"{AWS}scheme")
    if scheme is not None:
        return scheme == "internal"
    legacy = notes.get(f"{AWS}internal")
    if legacy is not None:
        return legacy.lower() in ("true", "0.0.0.0/0")
    return by_controller


def _attribute(text: str, name: str) -> bool | None:
    """One attribute of `a=b,c=d`."""
    pairs = dict(pair.strip().partition("=")[::2] for pair in text.split(",") if "=" in pair)
    return pairs[name].strip() == "true" if name in pairs else None


def _azure(found: Balancer, notes: dict[str, str]) -> Balancer:
    def is_on(name: str) -> bool:
        return notes.get(f"{AZURE}{name}", "").lower() == "true"

    ranges = tuple(part.strip() for part in notes.get(f"{AZURE}allowed-ip-ranges", "").split(",") if part.strip())
    found = msgspec.structs.replace(
        found,
        is_internal=is_on("load-balancer-internal"),
        allowed=tuple(text for text in ranges if _is_range(text)),
        asked_ip=notes.get(f"{AZURE}load-balancer-ipv4", ""),
    )
    if is_on("disable-load-balancer-floating-ip"):
        # The balancer rewrites the destination to a node's address and port; a pass-through, so the source stays.
        found = msgspec.structs.replace(found, kind="node-ports-kept", basis=weakest((found.basis, Basis.INFERRED)))
    minutes = notes.get(f"{AZURE}load-balancer-tcp-idle-timeout")
    if minutes:
        reset = "in silence" if is_on("load-balancer-disable-tcp-reset") else "with a reset"
        found = _noted(found, f"cuts connections that are idle for {minutes} min, {reset}")
    return found


def _is_range(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _noted(found: Balancer, words: str) -> Balancer:
    return msgspec.structs.replace(found, notes=(*found.notes, words))


_READ = frozenset(
    {f"{AWS}{name}" for name in ("type", "nlb-target-type", "scheme", "internal", "proxy-protocol", "ssl-cert",
                                 "target-group-attributes")}
    | {f"{AZURE}{name}" for name in ("load-balancer-internal", "allowed-ip-ranges", "load-balancer-ipv4",
                                     "disable-load-balancer-floating-ip", "load-balancer-tcp-idle-timeout",
                                     "load-balancer-disable-tcp-reset")}
    | {f"{prefix}load-balancer-type" for prefix in GCP}
    | {f"{prefix}{name}" for prefix in METALLB for name in ("loadBalancerIPs", "allow-shared-ip")}
)  # fmt: skip


def _without_effect(notes: dict[str, str]) -> Iterator[str]:
    """A vendor's annotations that are kept and change nothing here."""
    for name in notes:
        if name.startswith(_PREFIXES) and name not in _READ:
            yield name
