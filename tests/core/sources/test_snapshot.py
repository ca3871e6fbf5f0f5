"""From what people have to objects, each with its place."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import pytest

from kwake.errors import InvalidSnapshot, SnapshotUnreadable
from kwake.sources import Snapshot, read

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\n"


def pod(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}}


def text(content: str, **options: bool) -> Snapshot:
    """The snapshot of a text on standard input."""
    return read("-", stdin=content.encode, **options)


def places(snapshot: Snapshot) -> list[tuple[str, str]]:
    return [(entry.key.name, str(entry.document.origin)) for entry in snapshot.entries]


def refusal(content: str) -> tuple[str, ...]:
    with pytest.raises(InvalidSnapshot) as caught:
        text(content)
    assert caught.value.exit_code == 2
    return caught.value.problems


def test_documents_of_a_file_keep_their_lines_and_empty_ones_are_passed_over() -> None:
    assert places(text(f"---\n---\n{POD.replace('NAME', 'a')}---\n# no more\n---\n{POD.replace('NAME', 'b')}")) == [
        ("a", "-:3"),
        ("b", "-:9"),
    ]


def test_json_is_read_by_content_whatever_the_name(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": [pod("a"), pod("b")]}, indent=1))
    assert places(read(path)) == [("a", f"{path}:5"), ("b", f"{path}:12")]


def test_lists_are_flattened_and_each_item_keeps_its_path() -> None:
    snapshot = text("kind: List\napiVersion: v1\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n"
                    "- kind: List\n  items:\n  - {apiVersion: v1, kind: Pod, metadata: {name: b}}\n")  # fmt: skip
    origins = [entry.document.origin for entry in snapshot.entries]
    assert [origin and origin.path for origin in origins] == [("items", 0), ("items", 1, "items", 0)]


def test_yaml_in_flow_style_that_begins_like_json_is_read() -> None:
    snapshot = text('{"apiVersion": v1, "kind": Pod, "metadata": {"name": a}}\n---\n' + POD.replace("NAME", "b"))
    assert places(snapshot) == [("a", "-:1"), ("b", "-:3")]


def test_json_that_is_cut_off_says_so_as_json() -> None:
    whole = json.dumps({"kind": "List", "apiVersion": "v1", "items": [pod("a"), pod("b")]}, indent=1)
    [problem] = refusal(whole[:-40])
    assert problem.startswith("-:")
    assert "bad JSON" in problem


@pytest.mark.parametrize("form", [json.dumps, lambda value: "# YAML\n" + json.dumps(value)])
def test_items_of_a_pod_list_are_pods_without_saying_so(form: Any) -> None:
    listed = {"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "a"}}]}
    [entry] = text(form(listed)).entries
    assert str(entry.key) == "Pod/default/a"
    assert entry.document.manifest["kind"] == "Pod"


@pytest.mark.parametrize("items", ["{a: 1}", "", "7"])
def test_half_a_list_is_refused_with_its_line(items: str) -> None:
    [problem] = refusal(f"apiVersion: v1\nkind: PodList\nitems: {items}\n")
    assert problem.startswith("-:3: items: a PodList needs a list of items, found")


def test_manifests_may_be_given_as_dicts() -> None:
    snapshot = read([pod("a"), {"kind": "List", "items": [pod("b")]}])
    assert [(entry.key.name, entry.document.origin) for entry in snapshot.entries] == [("a", None), ("b", None)]


def test_what_json_cannot_hold_is_refused_in_a_dict() -> None:
    manifest = pod("a")
    manifest["spec"] = {"x": object()}
    with pytest.raises(InvalidSnapshot, match="manifest 1: Pod/a: not what JSON can hold"):
        read(manifest)


def test_two_objects_of_one_name_are_refused_with_both_places() -> None:
    [problem] = refusal(POD.replace("NAME", "a") + "---\n" + POD.replace("NAME", "a") + "spec: {nodeName: x}\n")
    assert problem == "-:5: Pod/default/a: already exists, in -:1, with another content"


def test_the_same_object_twice_is_one_and_listed() -> None:
    snapshot = text(POD.replace("NAME", "a") + "---\nkind: Pod\napiVersion: v1\nmetadata: {name: a}\n")
    assert len(snapshot.entries) == 1
    assert [str(finding) for finding in snapshot.findings] == [
        "-:5: warning: Pod/default/a: stands twice, and first in -:1"
    ]


def test_a_later_layer_replaces_objects_of_an_earlier_one() -> None:
    snapshot = read([pod("a"), pod("b"), {**pod("a"), "spec": {"nodeName": "x"}}], layered=True)
    assert [(e.key.name, "spec" in e.document.manifest) for e in snapshot.entries] == [("a", True), ("b", False)]


def test_of_variants_in_a_folder_the_later_file_counts_and_that_is_listed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD.replace("NAME", "a"))
    (tmp_path / "b.yaml").write_text(POD.replace("NAME", "a") + "spec: {nodeName: x}\n")

    snapshot = read(tmp_path)

    [entry] = snapshot.entries
    assert entry.document.manifest["spec"] == {"nodeName": "x"}
    [finding] = snapshot.findings
    assert finding.where == f"{tmp_path}/b.yaml:1"
    assert f"stands in {tmp_path}/a.yaml:1 too" in finding.text


def test_within_one_file_of_a_folder_two_objects_of_one_name_stay_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD.replace("NAME", "a") + "---\n" + POD.replace("NAME", "a") + "spec: {}\n")
    with pytest.raises(InvalidSnapshot, match="already exists"):
        read([tmp_path], layered=True)


def test_two_files_named_one_by_one_may_not_hold_two_objects_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD.replace("NAME", "a"))
    (tmp_path / "b.yaml").write_text(POD.replace("NAME", "a") + "spec: {nodeName: x}\n")
    with pytest.raises(InvalidSnapshot, match="already exists"):
        read([tmp_path / "a.yaml", tmp_path / "b.yaml"])


def test_a_field_of_the_wrong_type_is_refused_with_its_line() -> None:
    [problem] = refusal("apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  ports:\n  - port: http\n")
    assert problem.startswith("-:7: Service/a: spec.ports[0].port: expected an integer, found a string")


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("kind: Pod\nmetadata: {name: a, labels: {version: 1}}", "expected a string, found an integer; quote it"),
        ("kind: Pod\nmetadata: {name: a, labels: {on: yes}}", "expected a string, found a boolean; quote it"),
        ("kind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80, targetPort: 8.5}]}",
         "expected an integer or a string, found a number"),
        ("kind: Service\nmetadata: {name: a}\nspec: {ports: {port: 80}}", "expected an array, found an object"),
        ("kind: Pod\nmetadata: [a]", "expected an object, found an array"),
    ],
)  # fmt: skip
def test_types_are_called_as_the_api_calls_them(manifest: str, said: str) -> None:
    [problem] = refusal(f"apiVersion: v1\n{manifest}\n")
    assert problem.endswith(f": {said}")


def test_lenient_reading_keeps_the_rest_and_says_what_it_left_out() -> None:
    snapshot = text("apiVersion: v1\nkind: Pod\nmetadata: {}\n---\n" + POD.replace("NAME", "b"), lenient=True)
    assert [entry.key.name for entry in snapshot.entries] == ["b"]
    assert [str(problem) for problem in snapshot.problems] == ["-:3: Pod: metadata.name: name is missing"]


def test_a_scenario_is_no_object(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kwake: 1\nname: x\n")
    (tmp_path / "b.yaml").write_text(POD.replace("NAME", "b"))
    assert read(tmp_path).scenarios == (str(tmp_path / "a.yaml"),)


def test_what_holds_no_object_is_an_error_that_tells_what_was_passed_over(tmp_path: Path) -> None:
    empty, chart = tmp_path / "empty", tmp_path / "chart"
    empty.mkdir()
    (empty / "policies.txt").write_text(POD)
    with pytest.raises(SnapshotUnreadable) as caught:
        read(empty)
    assert str(caught.value).splitlines() == [
        f"{empty} holds no Kubernetes object", f"  skipped {empty}: holds no .yaml, .yml or .json file"
    ]  # fmt: skip
    chart.mkdir()
    (chart / "a.yaml").write_text("kwake: 1\nname: x\n")
    for at in range(9):
        (chart / f"t{at}.yaml").write_text("metadata:\n  name: {{ .Release.Name }}\n")
    with pytest.raises(SnapshotUnreadable) as caught:
        read([empty, chart])
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{empty}, {chart} hold no Kubernetes object"
    assert lines[2] == f"  skipped {chart}/t0.yaml:2: looks like a Helm template; render it with helm template"
    assert (len(lines), lines[-1]) == (10, "  skipped 3 more")
    with pytest.raises(SnapshotUnreadable, match="standard input holds no Kubernetes object"):
        text("kind: List\napiVersion: v1\nitems: []\n")


def test_a_folder_without_anything_to_read_is_listed_beside_one_with_objects(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "pod.yaml").write_text(POD.replace("NAME", "a"))
    (found,) = read([tmp_path / "pod.yaml", tmp_path / "empty"]).findings
    assert (found.level, found.text) == ("skipped", "holds no .yaml, .yml or .json file")


def test_no_manifests_are_an_empty_cluster() -> None:
    assert read([]).entries == ()


@pytest.mark.parametrize(
    "template", ["metadata:\n  name: {{ .Release.Name }}\n", "{{- if .Values.x }}\na: 1\n{{- end }}\n",
                 "apiVersion: v1\nkind: Pod\nmetadata:\n  name: \"{{ include \\\"x\\\" . }}\"\n"]
)  # fmt: skip
def test_helm_templates_in_a_folder_are_listed_and_one_that_is_named_is_an_error(tmp_path: Path, template: str) -> None:
    (tmp_path / "a.yaml").write_text(template)
    (tmp_path / "b.yaml").write_text(POD.replace("NAME", "b"))
    snapshot = read(tmp_path)
    line = template[: template.index("{{")].count("\n") + 1
    assert [entry.key.name for entry in snapshot.entries] == ["b"]
    assert [(f.level, f.where) for f in snapshot.findings] == [("skipped", f"{tmp_path}/a.yaml:{line}")]
    with pytest.raises(InvalidSnapshot, match=f":{line}: looks like a Helm template; render it with helm template"):
        read(tmp_path / "a.yaml")


def test_braces_in_texts_are_no_helm_template() -> None:
    content = POD.replace("NAME", "a") + "spec: {x: 'a {{ .Value }} for Prometheus'}\n"
    assert len(text(content).entries) == 1


def test_files_that_are_no_objects_are_listed(tmp_path: Path) -> None:
    others = {
        "values.yaml": "replicas: 3\n",
        "Chart.yaml": "apiVersion: v2\nname: x\n",
        "kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
        "list.json": "[1, 2]",
        "empty.yaml": "# nothing\n",
    }
    for name, content in others.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "pod.yaml").write_text(POD.replace("NAME", "a"))
    assert sorted(Path(finding.subject).name for finding in read(tmp_path).findings) == sorted(others)


def test_patches_of_a_kustomization_are_listed_and_not_taken_for_objects(tmp_path: Path) -> None:
    for folder in ("base", "overlay"):
        (tmp_path / folder).mkdir()
    (tmp_path / "base" / "pod.yaml").write_text(POD.replace("NAME", "a"))
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / "overlay" / name).write_text(POD.replace("NAME", "a") + f"spec: {{nodeName: {name}}}\n")
    (tmp_path / "overlay" / "kustomization.yaml").write_text(
        "resources: [../base]\npatches: [{path: one.yaml}, {patch: 'a: b'}]\npatchesStrategicMerge: [./two.yaml]\n"
    )
    snapshot = read(tmp_path)
    assert [(entry.key.name, "spec" in entry.document.manifest) for entry in snapshot.entries] == [("a", False)]
    assert [Path(f.subject).name for f in snapshot.findings] == ["kustomization.yaml", "one.yaml", "two.yaml"]
    assert "render the folder with kubectl kustomize" in snapshot.findings[1].text


def test_a_policy_without_an_api_version_is_never_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: NetworkPolicy\nmetadata: {name: a}\n")
    with pytest.raises(InvalidSnapshot, match="NetworkPolicy/a: apiVersion: apiVersion is missing"):
        read(tmp_path)


def test_the_file_that_is_named_must_hold_objects() -> None:
    assert "apiVersion is missing" in refusal("replicas: 3\n")[0]


def test_bad_syntax_in_a_folder_is_an_error_for_every_file_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: [\n")
    (tmp_path / "b.json").write_text('{"a": }')
    with pytest.raises(InvalidSnapshot) as caught:
        read(tmp_path)
    assert [Path(problem.split(":")[0]).name for problem in caught.value.problems] == ["a.yaml", "b.json"]


def test_escape_codes_in_names_are_shown_not_obeyed() -> None:
    [problem] = refusal('apiVersion: v1\nkind: Pod\nmetadata: {name: "\\e[2J", labels: 7}\n')
    assert r"Pod/\x1b[2J" in problem
    assert "\x1b" not in problem


def test_reading_leaves_the_garbage_collector_as_it_was() -> None:
    text(POD)
    assert gc.isenabled()
