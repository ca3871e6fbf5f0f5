"""Fields that there are not, and the ones that were meant."""

from __future__ import annotations

import difflib

from kwake.cluster import Record
from kwake.control.admission_fields import fields_at
from kwake.objects.document import FieldPath
from kwake.objects.field_path import value_at
from kwake.objects.json_patch import Fix, add, remove
from kwake.objects.slips import CLOSE

PEERS = frozenset({"podSelector", "namespaceSelector", "ipBlock"})
"""Fields of a peer, which stand directly in a rule where `from` or `to` was forgotten."""


def respelt_field(item: Record, path: FieldPath) -> tuple[Fix, ...]:
    """The patch that gives a field of a policy or a Service, which does not exist, the name or the place that was
    meant; nothing where nobody can say. Dropped, it means the opposite: a selector without labels takes everything."""
    manifest = item.manifest
    *way, name = path
    if way[:1] == ["metadata"]:
        return ()  # with another name or namespace it would be another object
    parent = value_at(manifest, tuple(way))
    if not isinstance(parent, dict) or not isinstance(name, str):
        return ()
    value = parent[name]
    is_rule = len(way) == 3 and way[:2] in (["spec", "ingress"], ["spec", "egress"])
    if is_rule and name in PEERS:
        field = "from" if way[1] == "ingress" else "to"
        peers = (*way, field, "-") if field in parent else (*way, field)
        peer = {name: value}
        return (Fix(item.key, (add(peers, peer if field in parent else [peer]), remove(path))),)
    if is_rule and name == "port" and "ports" not in parent and isinstance(value, int | str):
        return (Fix(item.key, (add((*way, "ports"), [{"port": value}]), remove(path))),)
    meant = meant_field(item, path)
    return (Fix(item.key, (add((*way, meant), value), remove(path))),) if meant else ()


def meant_field(item: Record, path: FieldPath) -> str:
    """The field that a name which no field has there was most likely meant to be; empty where none is near."""
    *way, name = path
    parent = value_at(item.manifest, tuple(way))
    if not isinstance(parent, dict) or not isinstance(name, str):
        return ""
    known = fields_at(item.key.kind, tuple(way))
    cased = [field for field in known if field.lower() == name.lower()]  # one that was filled in gives way to it
    left = sorted(known - parent.keys())
    swapped = [field for field in left if sorted(field) == sorted(name)]
    return next(iter(cased or swapped or difflib.get_close_matches(name, left, 1, CLOSE)), "")


def widening(item: Record, path: FieldPath) -> str:
    """What a NetworkPolicy means without a field that the API server drops, where that is more than was meant."""
    *way, name = path
    value = value_at(item.manifest, tuple(way))
    meant = meant_field(item, path)
    if item.key.kind != "NetworkPolicy" or not isinstance(value, dict) or value.get(meant):
        return ""
    if way == ["spec"] and meant == "podSelector":
        return "; dropped, and the policy selects every pod of its namespace"
    if len(way) == 3 and way[1] in ("ingress", "egress"):
        peers = "from" if way[1] == "ingress" else "to"
        if meant == "ports" or (name == "port" and not value.get("ports")):
            return "; dropped, and the rule admits every port"
        is_for_peers = meant == peers or name in PEERS
        return "; dropped, and the rule admits everybody" if is_for_peers and not value.get(peers) else ""
    if way[-1:] in (["podSelector"], ["namespaceSelector"]) and not value.get("matchLabels"):
        everything = "pod" if way[-1] == "podSelector" else "namespace"
        return f"; dropped, and the selector means every {everything}" if not value.get("matchExpressions") else ""
    return ""
