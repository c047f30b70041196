"""pin -f, from arguments to files: against a registry on loopback that answers as docker-registry does."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import jsonschema
import pytest

from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.printers.json_schema import file_plan_schema
from tests.harness.stubs.oci import small_image, small_index
from tests.harness.stubs.registry import Answer, Registry, error, serving


class Shown(NamedTuple):
    """What a run showed, and how it ended."""

    code: int
    out: str
    err: str


class Pin(Protocol):
    """Runs pin; `stdin` is what it reads for -f -."""

    def __call__(self, *arguments: str, stdin: str = "") -> Shown: ...


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registry]:
    """A registry with some images, and no credentials of whoever runs the tests."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "none.json"))
    state = Registry()
    for name in ("a:1", "b:1", "b:latest", "c:2"):
        state.push(name, small_image(name))
    state.push("multi:1", small_index("multi", "amd64", "arm64"))
    with serving(state):
        yield state


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for manifests."""
    made = tmp_path / "manifests"
    made.mkdir()
    return made


def digest(registry: Registry, name: str) -> str:
    return registry.held[name].digest


def pod(registry: Registry, *images: str) -> str:
    """A manifest with one container an image; names of this registry unless they have one."""
    rows = "".join(
        f"  - name: c{n}\n    image: {image.replace('~', registry.host)}\n" for n, image in enumerate(images)
    )
    return f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n{rows}"


def run(capsysbinary: pytest.CaptureFixture[bytes], *arguments: str) -> Shown:
    code = main(["pin", *arguments])
    shown = capsysbinary.readouterr()
    return Shown(code, shown.out.decode(), shown.err.decode())


@pytest.fixture
def pin(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Pin:
    """pin, run in this process."""

    def call(*arguments: str, stdin: str = "") -> Shown:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), newline=""))
        return run(capsysbinary, *arguments)

    return call


def test_as_a_filter_it_changes_images_and_nothing_else(registry: Registry, pin: Pin) -> None:
    text = "\ufeff" + pod(registry, "~/a:1", "'~/b' # c").replace("\n", "\r\n")
    shown = pin("-f", "-", stdin=text)
    one, two = digest(registry, "a:1"), digest(registry, "b:latest")
    pinned = text.replace("/a:1", f"/a:1@{one}").replace("/b'", f"/b@{two}'")
    assert shown == (0, pinned, "")


def test_files_become_one_stream_of_documents(registry: Registry, pin: Pin, folder: Path) -> None:
    (folder / "a.yaml").write_text(pod(registry, "~/a:1").rstrip("\n"))
    (folder / "b.yaml").write_text("---\n" + pod(registry, "~/b:1"))
    (folder / "c.yaml").write_text(pod(registry, "~/c:2"))
    shown = pin("-f", str(folder))
    assert shown.code == 0
    assert shown.out.count("@sha256:") == 3
    assert shown.out.count("\n---\n") == 2


def test_one_image_that_fails_costs_no_other(registry: Registry, pin: Pin, folder: Path) -> None:
    registry.fail("/v2/secret/", error(401, {"WWW-Authenticate": 'Basic realm="x"'}))
    registry.fail("/v2/busy/", error(429, {"Retry-After": "3600"}))
    file = folder / "web.yaml"
    file.write_text(
        pod(registry, "127.0.0.1:1/dead:1", "~/none:1", "~/secret:1", "~/busy:1", "Upper", "~/a:1", "~/b:1")
    )
    before = file.read_text()
    shown = pin("-f", str(file), "--write")
    assert shown.code == 1
    after = file.read_text()
    assert after == before.replace("/a:1", f"/a:1@{digest(registry, 'a:1')}").replace(
        "/b:1", f"/b:1@{digest(registry, 'b:1')}"
    )
    errors = sorted(shown.err.splitlines(), key=lambda row: int(row.split(":")[2]))
    assert len(errors) == 5
    for row, part in zip(errors, ("dead", "none", "secret", "busy", "Upper"), strict=True):
        assert row.startswith(f"error: {file}:")
        assert part in row
    assert shown.out.splitlines()[0].split() == ["FILE", "OBJECT", "CONTAINER", "OLD", "NEW"]
    assert len(shown.out.splitlines()) == 3


def test_two_hundred_images_cost_one_request_each_and_a_ping(registry: Registry, pin: Pin) -> None:
    image = small_image("many")
    for number in range(200):
        registry.push(f"many/{number}:1", image)
    shown = pin("-f", "-", stdin=pod(registry, *(f"~/many/{number % 200}:1" for number in range(400))))
    assert shown.code == 0
    assert shown.out.count("@sha256:") == 400
    assert len(registry.requests) == 201


def test_what_is_pinned_already_is_not_asked_for(registry: Registry, pin: Pin) -> None:
    text = pod(registry, f"~/a:1@sha256:{'0' * 64}")
    assert pin("-f", "-", stdin=text) == (0, text, "")
    assert registry.requests == []


def test_write_keeps_the_mode_and_the_link(registry: Registry, pin: Pin, folder: Path) -> None:
    real, link = folder / "real.txt", folder / "link.yaml"
    real.write_text(pod(registry, "~/a:1"))
    real.chmod(0o640)
    link.symlink_to("real.txt")
    assert pin("-f", str(link), "--write", "--yes").code == 0
    assert link.is_symlink()
    assert digest(registry, "a:1") in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in folder.iterdir()) == ["link.yaml", "real.txt"]


def test_a_read_only_file_is_refused(registry: Registry, pin: Pin, folder: Path) -> None:
    file = folder / "web.yaml"
    file.write_text(pod(registry, "~/a:1"))
    file.chmod(0o444)
    shown = pin("-f", str(file), "--write")
    assert shown == (1, "", f"error: open {file}: permission denied (it is read-only)\n")
    assert "@" not in file.read_text()


def test_a_file_that_changed_meanwhile_is_left_as_it_is(registry: Registry, pin: Pin, folder: Path) -> None:
    file, other = folder / "web.yaml", folder / "web2.yaml"
    file.write_text(pod(registry, "~/a:1"))
    other.write_text(pod(registry, "~/b:1"))
    registry.answers.append((lambda asked: bool(file.write_text("# somebody's\n")) and False, Answer()))
    shown = pin("-f", str(folder), "--write")
    assert shown.code == 1
    assert shown.err == f"error: {file} has changed since it was read; it was left as it is\n"
    assert file.read_text() == "# somebody's\n"
    assert digest(registry, "b:1") in other.read_text()


def test_a_file_without_changes_is_not_written(registry: Registry, pin: Pin, folder: Path) -> None:
    file = folder / "web.yaml"
    file.write_text(pod(registry, f"~/a:1@sha256:{'0' * 64}"))
    before = file.stat()
    assert pin("-f", str(file), "--write") == (0, "", "")
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_diff_can_be_applied(registry: Registry, pin: Pin, folder: Path) -> None:
    file = folder / "web.yaml"
    text = pod(registry, "~/a:1", "~/b:1").rstrip("\n").replace("\n", "\r\n")
    file.write_bytes(text.encode())
    shown = pin("-f", str(file), "--diff")
    assert shown.code == 0
    assert file.read_bytes() == text.encode()
    subprocess.run(["patch", "--binary", "-s", str(file)], input=shown.out.encode(), check=True)
    assert file.read_bytes().decode() == pin("-f", "-", stdin=text).out


def test_check_tells_what_is_not_right_and_exits_with_3(registry: Registry, pin: Pin, folder: Path) -> None:
    index, child = registry.held["multi:1"], registry.held["multi:1"].manifests[0]
    old = registry.push("moved:1", small_image("old"))
    new = registry.push("moved:1", small_image("new"))
    kept = registry.push("gone:1", small_image("kept"))
    del registry.held["gone:1"]
    images = (
        f"~/a:1@{digest(registry, 'a:1')}",
        "~/b:1",
        f"~/moved:1@{old}",
        f"~/a:1@sha256:{'0' * 64}",
        f"~/multi:1@{child.digest}",
        f"~/multi@{index.digest}",
        f"~/gone:1@{kept}",
    )
    file = folder / "web.yaml"
    file.write_text(pod(registry, *images))
    shown = pin("-f", str(file), "--check")
    assert shown.code == 3
    rows = [row.split(maxsplit=4) for row in shown.out.splitlines()[1:]]
    assert [(row[2], row[4]) for row in rows] == [
        ("c1", "not pinned"),
        ("c2", f"stale: tag 1 is {new} now"),
        ("c3", f"vanished: the registry no longer has sha256:{'0' * 64}"),
        ("c4", f"platform child: it is the linux/amd64 image only, of index {index.digest}"),
    ]
    assert "has no tag 1 any more" in shown.err
    assert "4 of 7 images" in shown.err
    file.write_text(pod(registry, images[0], images[5]))
    assert pin("-f", str(file), "--check") == (0, "", "All 2 images are pinned.\n")


def test_check_fails_where_the_registry_does_not_tell(registry: Registry, pin: Pin) -> None:
    text = pod(registry, f"127.0.0.1:1/a:1@sha256:{'0' * 64}", "~/a:1")
    shown = pin("-f", "-", "--check", stdin=text)
    assert shown.code == 1
    assert "connection refused" in shown.err
    assert "not pinned" in shown.out


def test_update_moves_the_pins_whose_tag_moved(registry: Registry, pin: Pin) -> None:
    old = registry.push("moved:1", small_image("old"))
    new = registry.push("moved:1", small_image("new"))
    text = pod(registry, f"~/moved:1@{old}", f"~/a:1@{digest(registry, 'a:1')}", f"~/moved@{old}", "~/b:1")
    shown = pin("-f", "-", "--update", stdin=text)
    assert shown.code == 0
    assert shown.out == text.replace(f":1@{old}", f":1@{new}").replace("/b:1", f"/b:1@{digest(registry, 'b:1')}")


def test_a_platform_is_pinned_to_its_own_image_with_a_warning(registry: Registry, pin: Pin) -> None:
    child = registry.held["multi:1"].manifests[1]
    shown = pin("-f", "-", "--platform", "linux/arm64", stdin=pod(registry, "~/multi:1"))
    assert f"/multi:1@{child.digest}" in shown.out
    assert shown.err == "Warning: nodes of other platforms than linux/arm64 cannot run what is pinned to its images\n"
    shown = pin("-f", "-", "--platform", "linux/s390x", stdin=pod(registry, "~/multi:1"))
    assert shown.code == 1
    assert "no image for linux/s390x; it has linux/amd64, linux/arm64" in shown.err
    kept = pod(registry, f"~/multi:1@{child.digest}")
    assert pin("-f", "-", "--check", "--platform", "linux/arm64", stdin=kept).code == 0


def test_an_index_is_pinned_as_an_index(registry: Registry, pin: Pin) -> None:
    assert f"/multi:1@{digest(registry, 'multi:1')}\n" in pin("-f", "-", stdin=pod(registry, "~/multi:1")).out


def test_latest_keeps_its_default_and_a_policy_is_set_at_once(registry: Registry, pin: Pin) -> None:
    text = pod(registry, "~/b:latest")
    shown = pin("-f", "-", stdin=text)
    assert "gets policy Always by default even with a digest" in shown.err
    shown = pin("-f", "-", "--policy", "IfNotPresent", stdin=text)
    wanted = f"/b:latest@{digest(registry, 'b:latest')}\n    imagePullPolicy: IfNotPresent\n"
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == text.replace("/b:latest\n", wanted)


def test_drop_tag_leaves_only_the_digest(registry: Registry, pin: Pin) -> None:
    shown = pin("-f", "-", "--drop-tag", stdin=pod(registry, "~/a:1"))
    assert f"{registry.host}/a@{digest(registry, 'a:1')}\n" in shown.out


def test_patterns_comments_and_containers_leave_images_alone(registry: Registry, pin: Pin) -> None:
    text = pod(registry, "~/a:1", "~/b:1", "~/c:2 # pullpolicy: ignore")
    shown = pin("-f", "-", "--ignore", "*/b:*", stdin=text)
    assert shown.out == text.replace("/a:1", f"/a:1@{digest(registry, 'a:1')}")
    shown = pin("-f", "-", "-c", "c1", stdin=text)
    assert shown.out == text.replace("/b:1", f"/b:1@{digest(registry, 'b:1')}")


def test_kustomizations_and_values_are_pinned_in_their_own_way(registry: Registry, pin: Pin, folder: Path) -> None:
    one, two, three = digest(registry, "a:1"), digest(registry, "b:1"), digest(registry, "c:2")
    (folder / "kustomization.yaml").write_text(f"images:\n- name: x\n  newName: {registry.host}/a\n  newTag: '1'\n")
    (folder / "values.yaml").write_text(
        f"image: {{registry: '{registry.host}', repository: b, tag: '1'}}\n"
        f"other: {{image: {{repository: {registry.host}/c, tag: '2', digest: ''}}}}\n"
        "later: {image: {repository: d}}\n"
    )
    shown = pin("-f", str(folder), "--write")
    assert shown.code == 0
    assert f"newTag: '1@{one}'" in (folder / "kustomization.yaml").read_text()
    assert f"tag: '1@{two}'" in (folder / "values.yaml").read_text()
    assert f"tag: '2', digest: '{three}'" in (folder / "values.yaml").read_text()
    assert "later.image is left as it is: no tag" in shown.err


def test_json_names_every_image(registry: Registry, pin: Pin) -> None:
    text = pod(registry, "~/a:1", "~/none:1")
    shown = pin("-f", "-", "-o", "json", "--policy", "Never", stdin=text)
    document = json.loads(shown.out)
    jsonschema.validate(document, file_plan_schema())
    assert document["kind"] == "Plan"
    assert [(item["container"], item["field"], item["result"]) for item in document["items"]] == [
        ("c0", "image", "planned"),
        ("c0", "imagePullPolicy", "planned"),
        ("c1", "image", "failed"),
    ]
    assert pin("-f", "-", "-o", "name", stdin=text).out == "pod/web\n"


def test_files_that_cannot_be_read_cost_no_other(registry: Registry, pin: Pin, folder: Path) -> None:
    (folder / "binary.yaml").write_bytes(b"a: \xff\n")
    (folder / "template.yaml").write_text("{{- if .x }}\nimage: y\n{{- end }}\n")
    (folder / "web.yaml").write_text(pod(registry, "~/a:1"))
    shown = pin("-f", str(folder), "-f", str(folder / "none.yaml"), "--write")
    assert shown.code == 1
    assert digest(registry, "a:1") in (folder / "web.yaml").read_text()
    assert "binary.yaml: line 1: byte 0xff at offset 3 is not UTF-8" in shown.err
    assert "template.yaml: document 1, line 1: this is a Helm (Go) template" in shown.err
    assert "none.yaml" in shown.err


def test_a_file_that_is_named_twice_is_changed_once(registry: Registry, pin: Pin, folder: Path) -> None:
    file = folder / "web.yaml"
    file.write_text(pod(registry, "~/a:1"))
    (folder / "link.yaml").symlink_to("web.yaml")
    assert pin("-f", str(file), "-f", str(folder), "--write").code == 0
    assert file.read_text().count("@sha256:") == 1


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        ("a@sha256:abc", "invalid reference format"),
        (f"a@sha256:{'a' * 63}", "invalid checksum digest length"),
        (f"a@md5:{'a' * 32}", "unsupported digest algorithm"),
        ("a/B:1", "must be lowercase"),
        ("https://a/b", "invalid reference format"),
        ("'{{ .Values.image }}'", "invalid reference format"),
        ("{{ .Values.image }}", "it is a Helm (Go) template expression; render it first"),
        ("1.5", "it is no string"),
    ],
)
def test_a_reference_that_is_none_is_named_with_its_reason(image: str, problem: str, pin: Pin) -> None:
    text = f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: {image}\n"
    shown = pin("-f", "-", stdin=text)
    assert (shown.code, shown.out) == (1, text)
    assert shown.err.startswith("error: STDIN:5: pod: ")
    assert problem in shown.err


def test_a_folder_without_manifests_is_an_error(pin: Pin, folder: Path) -> None:
    shown = pin("-f", str(folder))
    assert shown.code == 1
    assert shown.err == f"error: error reading [{folder}]: recognized file extensions are [.json .yaml .yml]\n"


def test_no_images_are_told(pin: Pin) -> None:
    text = "apiVersion: v1\nkind: Service\n"
    assert pin("-f", "-", stdin=text) == (0, text, "No images to pin.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing is selected: name a target (TYPE/NAME)"),
        (["-f", "-", "--write"], "--write cannot be used with standard input"),
        (["-f", "x", "--check", "--write"], "--check changes nothing"),
        (["-f", "x", "--policy", "Sometimes"], 'Unsupported value: "Sometimes"'),
        (["-f", "x", "--platform", "arm64"], "is not OS/ARCHITECTURE"),
        (["-f", "x", "-A"], "--all-namespaces cannot be used with --filename"),
        (["-f", "x", "-o", "wide"], "unable to match a printer"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(arguments: list[str], message: str, pin: Pin) -> None:
    shown = pin(*arguments)
    assert shown.code == 1
    assert shown.out == ""
    assert message in shown.err


@pytest.mark.skipif(not hasattr(os, "link"), reason="hard links")
def test_a_hard_link_is_reported(registry: Registry, pin: Pin, tmp_path: Path) -> None:
    """The file is replaced, so that its other name keeps the old text."""
    registry.push("shop/web:1.0", small_image("web"))
    file, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    file.write_text(pod(registry, "~/shop/web:1.0"))
    os.link(file, other)
    shown = pin("-f", str(file), "--write")
    assert shown.code == 0
    assert shown.err == f"Warning: {file} has another name (hard link), which keeps the old text\n"
    assert "@sha256:" in file.read_text()
    assert "@sha256:" not in other.read_text()


def test_a_file_above_the_limit_takes_no_other(registry: Registry, pin: Pin, tmp_path: Path) -> None:
    """It is reported, the other one is written."""
    registry.push("shop/web:1.0", small_image("web"))
    (tmp_path / "a.yaml").write_text("#" * 5000)
    (tmp_path / "b.yaml").write_text(pod(registry, "~/shop/web:1.0"))
    shown = pin("-f", str(tmp_path), "--write", "--max-file-size", "1k")
    assert (shown.code, shown.err.count("has more than 1,000 bytes")) == (1, 1)
    assert "@sha256:" in (tmp_path / "b.yaml").read_text()
    shown = pin("-f", str(tmp_path), "--max-file-size", "many")
    assert (shown.code, shown.out) == (1, "")
    assert 'invalid argument "many" for "--max-file-size"' in shown.err
