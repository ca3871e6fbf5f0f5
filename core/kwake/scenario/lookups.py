"""What an expectation asks of a pod's own view: what a name resolves to, and which Service variables it has."""

from __future__ import annotations

import difflib
from fractions import Fraction

import msgspec

from kwake.cluster import Cluster
from kwake.dataplane.dns import Answer, lookup
from kwake.dataplane.ends import Client, is_address, resolve_sources
from kwake.dataplane.environment import environment
from kwake.dataplane.name_server import lookup_hindrance
from kwake.dataplane.path import Hop
from kwake.dataplane.view import View
from kwake.dataplane.way import Way
from kwake.errors import ReferenceNotFound
from kwake.objects.basis import Basis
from kwake.objects.kinds import Node, Pod, Service
from kwake.world import World


class Looked(msgspec.Struct, frozen=True):
    """What one pod finds."""

    who: str
    found: tuple[str, ...]
    """Addresses, the name that the answer is an alias of, or the value of a variable; empty: nothing."""
    reason: str = ""
    detail: tuple[str, ...] = ()
    is_known: bool = True


def resolved(world: World, source: str, name: str) -> tuple[Looked, ...]:
    """What a lookup gives to each pod that the source means. Raises ReferenceNotFound."""
    return tuple(_resolved(world.view, client, name) for client in resolve_sources(world.view, source))


def _resolved(view: View, client: Client, name: str) -> Looked:
    answer: Answer = lookup(view, client, name)
    start = Hop("client", client.at, f"{client.name.rpartition('/')[2]} {client.ip}", client.name)
    asks_elsewhere = answer.cite in ("DN-13", "DN-14") or is_address(name)
    hindered = None if asks_elsewhere else lookup_hindrance(_way(view, client, start), name)
    if hindered is not None:
        return Looked(client.name, (), hindered.reason, is_known=hindered.basis is not Basis.UNKNOWN)
    if answer.addresses:
        return Looked(client.name, answer.addresses, f"{answer.asked} ({answer.cite})")
    if answer.alias:
        return Looked(client.name, (answer.alias,), f"{answer.asked} is an alias ({answer.cite})")
    known = answer.basis is not Basis.UNKNOWN
    return Looked(client.name, (), f"{answer.reason} ({answer.cite})", answer.detail, known)


def _way(view: View, client: Client, start: Hop) -> Way:
    return Way(view, client, "", 0, "UDP", (start,), Fraction(1))


def variable(world: World, source: str, name: str) -> tuple[Looked, ...]:
    """The variable as each pod that the source means has it (DN-20 to DN-23). Raises ReferenceNotFound."""
    return tuple(_variable(world.view, client, name) for client in resolve_sources(world.view, source))


def _variable(view: View, client: Client, name: str) -> Looked:
    if client.pod is None:
        raise ReferenceNotFound(f"{client.name}: no pod, so no container with variables")
    variables = environment(view, client.pod)
    if name in variables:
        return Looked(client.name, (variables[name],), f"{name}={variables[name]} since its container started (DN-22)")
    near = difflib.get_close_matches(name, variables, n=1)
    detail = (f"nearest variable: {near[0]}={variables[near[0]]}",) if near else ()
    return Looked(client.name, (), f"{name} is not set in {client.name.rpartition('/')[2]} (DN-21)", detail)


def addresses_of(cluster: Cluster, word: str) -> tuple[str, ...]:
    """The addresses that a word of `to` means; the word itself where it names nothing: then it is an alias."""
    if is_address(word):
        return (word,)
    try:
        key = cluster.resolve(word)
    except ReferenceNotFound:
        if "/" in word:
            raise
        return (word.rstrip("."),)
    value = cluster.record(key).value
    match value:
        case Service():
            return value.cluster_ips
        case Pod():
            return value.ips
        case Node():
            return value.internal_ips
    return tuple(ip for pod in cluster.pods_of(key) for ip in pod.ips)
