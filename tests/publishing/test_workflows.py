"""The workflows, forms and metadata that hosts read: their structure, and what they name."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.codebase import ROOT
from tests.architecture.test_package import PROJECT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(p for p in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if p.name != "config.yml")
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
SCOPES = {"contents", "id-token", "attestations", "pages"}


def load(path: Path) -> dict[str, Any]:
    """A workflow. YAML reads the key `on` as true."""
    found = yaml.safe_load(path.read_text())
    assert isinstance(found, dict)
    return {"on" if key is True else str(key): value for key, value in found.items()}


def steps_of(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_there_are_the_workflows() -> None:
    assert {path.name for path in WORKFLOWS} >= {"ci.yml", "pages.yml", "release.yml"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_grants_little_and_ends(path: Path) -> None:
    workflow = load(path)
    assert set(workflow) <= {"name", "on", "permissions", "jobs", "concurrency", "env"}
    assert workflow["permissions"] == {"contents": "read"}
    jobs = workflow["jobs"]
    for job in jobs.values():
        assert set(job.get("permissions", {})) <= SCOPES
        assert job["runs-on"]
        assert 0 < job["timeout-minutes"] <= 180
        needs = job.get("needs", [])
        assert set([needs] if isinstance(needs, str) else needs) <= set(jobs)
        for step in job["steps"]:
            assert len({"run", "uses"} & set(step)) == 1, step
            assert set(step) <= {"run", "uses", "with", "env", "id", "name", "if"}, step


STEPS = [s for path in WORKFLOWS for s in steps_of(load(path))] + ACTION["runs"]["steps"]


def test_actions_are_pinned_by_their_major_version() -> None:
    used = {step["uses"] for step in STEPS if "uses" in step}
    assert used
    pinned = re.compile(r"[\w.-]+/[\w./-]+@(v\d+|release/v\d+)")
    assert [name for name in used if not pinned.fullmatch(name)] == []
    names = [re.sub("@.*", "", name) for name in used]
    assert len(names) == len(set(names)), "an action has two versions"


def test_what_the_steps_run_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for step in STEPS:
        run = step.get("run", "")
        for target in re.findall(r"\bmake ([a-z][a-z-]*)", run):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), run
        for script in re.findall(r"(?<![\w/$])(\.ci/\w+|tests/[\w/]+)", run):
            assert (ROOT / script).exists(), run
        assert "${{ inputs" not in run, "a text of a person becomes code"
        assert not re.search(r"\$\{\{ *github\.(?:event|head_ref|ref_name)", run)


def test_the_nightly_targets_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    ci = load(GITHUB / "workflows/ci.yml")["jobs"]
    targets = [
        t
        for job in ci.values()
        for t in job.get("strategy", {}).get("matrix", {}).get("target", [])
    ]
    assert targets
    assert [t for t in targets if not re.search(rf"^{t}:", makefile, re.MULTILINE)] == []


def test_a_release_is_published_without_a_token_and_with_attestations() -> None:
    jobs = load(GITHUB / "workflows/release.yml")["jobs"]
    build, publish = jobs["build"], jobs["publish"]
    assert {"id-token": "write", "attestations": "write"}.items() <= build["permissions"].items()
    order = [s.get("run", s.get("uses", "")).split("@")[0].split("\n")[0] for s in build["steps"]]
    checked = next(k for k, name in enumerate(order) if name.startswith("python .ci/release "))
    tested, built = order.index("bash .ci/run"), order.index("python -m build")
    attested = order.index("actions/attest-build-provenance")
    assert checked < tested < built < attested < order.index("actions/upload-artifact")
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["environment"] == "pypi"
    assert "password" not in str(publish)
    assert publish["needs"] == "build"


# -- what a tag has to fulfil ----------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that a release checks, as they are once the version is ready."""
    for name in ("pyproject.toml", "CHANGELOG.md", "CITATION.cff"):
        shutil.copy(ROOT / name, tmp_path)
    log = tmp_path / "CHANGELOG.md"
    entry = f"## [{PROJECT['version']}] - 2026-01-31\n\n- [A page](docs/README.md).\n\n## [0.0.1]\n"
    log.write_text(f"# Changelog\n\n{entry}")
    project = tmp_path / "pyproject.toml"
    text = re.sub(r"(?m)^repository = .*$", 'repository = "https://x.org/y"', project.read_text())
    project.write_text(text)
    return tmp_path


def released(root: Path, tag: str, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / ".ci/release", tag, "--root", root, *more],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_tag_that_is_ready_gets_its_notes(checkout: Path) -> None:
    notes = checkout / "notes"
    tag = f"v{PROJECT['version']}"
    done = released(checkout, tag, "--repository", "https://x.org/y", "--notes", str(notes))
    assert (done.returncode, done.stderr) == (0, "")
    assert notes.read_text() == f"- [A page](https://x.org/y/blob/{tag}/docs/README.md).\n"


def test_a_tag_that_is_not_ready_is_refused(checkout: Path) -> None:
    notes = checkout / "notes"
    (checkout / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\n- A.\n")
    cff = checkout / "CITATION.cff"
    cff.write_text(cff.read_text().replace(f"version: {PROJECT['version']}", "version: 9.9"))
    more = ("--repository", "https://x.org/fork", "--notes", str(notes))
    done = released(checkout, "v99", *more)
    assert done.returncode == 1
    for words in ("the tag is `v99`", "`CHANGELOG.md`", "`CITATION.cff`", "https://x.org/fork"):
        assert words in done.stderr
    assert not notes.exists()


# -- forms and metadata ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_a_form_is_one(path: Path) -> None:
    form = yaml.safe_load(path.read_text())
    assert set(form) <= {"name", "description", "title", "labels", "body"}
    assert form["name"]
    assert form["description"]
    asked = [part for part in form["body"] if part["type"] != "markdown"]
    assert {part["type"] for part in asked} <= {"input", "textarea", "dropdown", "checkboxes"}
    idents = [part["id"] for part in asked]
    assert len(idents) == len(set(idents))
    for part in form["body"]:
        needed = "value" if part["type"] == "markdown" else "label"
        assert part["attributes"][needed]
        assert set(part) <= {"type", "id", "attributes", "validations"}


def test_a_bug_comes_with_what_explains_it() -> None:
    text = (GITHUB / "ISSUE_TEMPLATE/bug.yml").read_text()
    for words in ("--once --json", "--version", "executor.log", "Security"):
        assert words in text
    assert {path.stem for path in FORMS} == {"bug", "feature", "question"}


def test_the_citation_is_of_this_version_and_names_nobody() -> None:
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= set(cff)  # what version 1.2.0 requires
    assert cff["cff-version"] == "1.2.0"
    assert cff["type"] == "software"
    assert cff["authors"] == [{"name": "The pbt_tui maintainers"}]  # an entity
    assert cff["version"] == PROJECT["version"]
    assert cff["license"] == PROJECT["license"]
    assert set(cff) <= {
        *("cff-version", "message", "type", "title", "abstract", "authors", "version", "license"),
        *("keywords", "date-released", "doi", "url", "repository-code"),
    }


def test_dependabot_looks_at_what_is_there() -> None:
    config = yaml.safe_load((GITHUB / "dependabot.yml").read_text())
    assert config["version"] == 2
    assert {u["package-ecosystem"] for u in config["updates"]} == {"github-actions", "pip"}
    (pip,) = (u for u in config["updates"] if u["package-ecosystem"] == "pip")
    needs = {re.split(r"[^\w.-]", need)[0] for need in PROJECT["dependencies"]}
    assert needs <= set(pip["groups"]["tools"]["exclude-patterns"]), (
        "what people install: one by one"
    )
