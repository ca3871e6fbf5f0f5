"""What a document is: an object, a List of them, a template, or no object of a cluster at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kwake.objects.document import FieldPath, Manifest, Source
from kwake.objects.key import GROUP_OF_KIND
from kwake.sources.json_reader import read_items, read_json
from kwake.sources.yaml_reader import Parsed, SyntaxProblem, read_yaml

TOOL_GROUPS = ("kind.x-k8s.io", "kubeadm.k8s.io", "kubelet.config.k8s.io",
               "kubeproxy.config.k8s.io", "client.authentication.k8s.io", "audit.k8s.io", "skaffold")  # fmt: skip
"""Groups of files that configure a tool and are never objects of a cluster."""

KUSTOMIZE = "not applied; render the folder with kubectl kustomize"

HELM_EXPRESSION = re.compile(rb"\{\{-?\s*(?:[.$\"/(]|[a-z]+ )")


def documents_of(source: Source) -> Iterator[tuple[int, FieldPath, Parsed]]:
    """Documents and, of a JSON List, items: the index of the document, the path in it, the value."""
    if source.format == "json":
        listed = read_items(source.data)
        if listed is not None:
            head, items = listed
            for at, item in enumerate(items):
                value = typed_item(item.value, head)
                yield 0, ("items", at), item if value is item.value else Parsed(value, item.line)
            return
    for at, parsed in enumerate(_read(source)):
        yield at, (), parsed


def _read(source: Source) -> list[Parsed]:
    """As JSON, and what is no JSON after all as the YAML flow style that it may be."""
    if source.format != "json":
        return list(read_yaml(source.data))
    try:
        return list(read_json(source.data))
    except SyntaxProblem as problem:
        if source.name.endswith(".json"):
            raise
        try:
            return list(read_yaml(source.data))
        except SyntaxProblem:
            raise problem from None


def is_list(value: Any) -> bool:
    """A List, or a PodList and the like; a kind that merely ends so has a spec of its own."""
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
        return False
    metadata = value.get("metadata")
    named = isinstance(metadata, dict) and metadata.get("name")
    return value["kind"] == "List" or (value["kind"].endswith("List") and not named and "spec" not in value)


def typed_item(item: Any, listed: Manifest) -> Any:
    """An item of a PodList needs not say that it is a Pod."""
    kind = listed["kind"].removesuffix("List")
    if kind and isinstance(item, dict) and "kind" not in item:
        return {"apiVersion": listed.get("apiVersion"), "kind": kind, **item}
    return item


def is_templated(value: Any) -> bool:
    """Whether a Helm expression stands, quoted, where an object has its name."""
    metadata = value.get("metadata") if isinstance(value, dict) else None
    return isinstance(metadata, dict) and any("{{" in str(metadata.get(field)) for field in ("name", "namespace"))


def no_object(value: Any, directly: bool) -> str | None:
    """Why a document of a folder is no object of a cluster, or None if it must be one.

    What might be a policy is never passed over: a policy left out makes a false "delivered".
    """
    if isinstance(value, dict):
        kind, version = value.get("kind"), value.get("apiVersion")
        group = version.partition("/")[0] if isinstance(version, str) else ""
        if kind and group == "kustomize.config.k8s.io":
            return KUSTOMIZE
        if kind and (group in TOOL_GROUPS or (group.endswith(".config.k8s.io") and "metadata" not in value)):
            return f"{kind} of {version} configures a tool and is no object of a cluster"
        if kind == "Config" and version == "v1" and "clusters" in value:
            return "a kubeconfig is no object of a cluster"
        if kind and (version or str(kind) in GROUP_OF_KIND):
            return None
    return None if directly else "no Kubernetes object: it has no kind and apiVersion"


def subject_of(value: Manifest) -> str:
    """What to call an object that cannot be decoded."""
    metadata = value.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    names = (value.get("kind"), metadata.get("namespace"), metadata.get("name"))
    return "/".join(name for name in names if isinstance(name, str) and name)
