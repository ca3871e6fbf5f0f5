"""Who may do what at the fake API server: Roles and ClusterRoles, evaluated as the real authorizer does."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.live.store import Manifest


class Asked(NamedTuple):
    """A request, as RBAC sees it."""

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""


def allows(roles: list[Manifest], asked: Asked) -> bool:
    """Whether one of these roles allows it, each bound to the user where it stands."""
    for role in roles:
        home = role["metadata"].get("namespace", "") if role["kind"] == "Role" else ""
        if home and home != asked.namespace:
            continue
        if any(_rule_allows(rule, asked) for rule in role.get("rules") or ()):
            return True
    return False


def _rule_allows(rule: dict[str, Any], asked: Asked) -> bool:
    names = rule.get("resourceNames") or ()
    return (
        asked.verb in rule["verbs"]
        and asked.group in rule["apiGroups"]
        and asked.resource in rule["resources"]
        and (not names or asked.name in names)
    )
