"""The least rights that kwake needs, as manifests of RBAC."""

from __future__ import annotations

from kwake.objects.document import Manifest
from kwake_live.kinds import CONFIG_MAPS, READABLE, Readable

VERBS = ["get", "list", "watch"]

_API = "rbac.authorization.k8s.io/v1"


def roles(namespace: str = "", name: str = "kwake-reader") -> tuple[Manifest, ...]:
    """A ClusterRole for all kinds and a Role for the ConfigMaps that say how the network is set up; or, for one
    namespace alone, a Role in it. Bind them to whoever runs kwake."""
    if namespace:
        rows = [row for row in READABLE if row.namespaced]
        rules = [*_rules(rows), _rule("", ["namespaces"], ["get"], [namespace])]
        own = [config for home, config in CONFIG_MAPS if home == namespace]
        if own:
            rules.append(_rule("", ["configmaps"], ["get"], own))
        return (_role("Role", name, namespace, rules),)
    found = [_role("ClusterRole", name, "", _rules(list(READABLE)))]
    for home in dict.fromkeys(home for home, _ in CONFIG_MAPS):
        names = [config for place, config in CONFIG_MAPS if place == home]
        found.append(_role("Role", name, home, [_rule("", ["configmaps"], ["get"], names)]))
    return tuple(found)


def _rules(rows: list[Readable]) -> list[Manifest]:
    """A rule for each API group, in the order of the table."""
    groups: dict[str, list[str]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row.resource)
    return [_rule(group, resources, VERBS) for group, resources in groups.items()]


def _rule(group: str, resources: list[str], verbs: list[str], names: list[str] | None = None) -> Manifest:
    rule: Manifest = {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
    return {**rule, "resourceNames": list(names)} if names else rule


def _role(kind: str, name: str, namespace: str, rules: list[Manifest]) -> Manifest:
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"apiVersion": _API, "kind": kind, "metadata": metadata, "rules": rules}
