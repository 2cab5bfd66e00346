"""The documents are true: their links lead somewhere, and their commands and options exist."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from docs import generate
from docs.pages import EXIT_CODES, PARSERS
from pbt_tui import errors
from tests.architecture.codebase import ROOT, documents

PAGES = documents()
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NUMBERED = re.compile(r"\[(PBT\d{3}|[DPR]\d{1,2})\]\(([^)\s]+)\)")
"""A link whose text is the code of a rule or the number of an upstream defect."""
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
OTHERS = {
    **dict.fromkeys(("--a", "--no-a", "--exp-name"), "a trainer's, in the table of styles"),
    "--experiment": "the trainer's",
    **dict.fromkeys(("--with_pbt", "--num_policies", "--wandb_group"), "Sample-Factory's"),
    **dict.fromkeys(("--extra", "--rl_library", "--task", "--num_envs"), "uv's, Isaac Lab's"),
    "--restart_behavior": "Sample-Factory's",
    "--checkpoint": "Isaac Lab's, which a member gets that goes on",
    "--nproc_per_node": "torchrun's",
    "--logdir": "TensorBoard's",
    "--name": "a parameter of the trainer's",
    "--test-only": "sbatch's",
    "--wait": "sbatch's",
    "--from": "uvx's",
    "--tag": "docker build's",
    "--multirun": "Hydra's",
    **dict.fromkeys(("--learning-rate", "--no-track"), "CleanRL's"),
    "--pool": "that of the client of OSMO",
    "--toy_priority": "the toy backend's, in the page that shows how one is added",
    "--toy_queue": "the toy backend's, in the page that shows how one is added",
}
"""Options that the documents mention although no command of pbt_tui has them."""


def anchors(page: str) -> set[str]:
    """The headings of a page, as links name them."""
    text = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def broken(page: Path, text: str) -> list[str]:
    """The links of a page whose target does not exist in this repository."""
    found = []
    for target in LINK.findall(CODE.sub("", text)):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        there = (ROOT / page).parent / path if path else ROOT / page
        if not there.exists():
            found.append(f"{page}: {target}")
        elif anchor and there.suffix == ".md" and anchor not in anchors(there.read_text()):
            found.append(f"{page}: {target}: no such heading")
    for number, target in NUMBERED.findall(CODE.sub("", text)):
        if target.partition("#")[2] != number.lower():
            found.append(f"{page}: {target}: not the section of {number}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page, (ROOT / page).read_text()) == []


def test_a_broken_link_is_found() -> None:
    assert broken(Path("README.md"), "[x](docs/nowhere.md)") == ["README.md: docs/nowhere.md"]
    assert broken(Path("README.md"), "[x](README.md#no)") == [
        "README.md: README.md#no: no such heading"
    ]
    assert broken(Path("README.md"), "[x](https://example.org) [y](docs/architecture.md)") == []
    rules = "docs/reference/rules/1xx-descriptions.md"
    assert broken(Path("README.md"), f"[PBT106]({rules}#pbt106)") == []
    assert broken(Path("README.md"), f"[PBT106]({rules}#pbt104) [D1]({rules})") == [
        f"README.md: {rules}#pbt104: no such heading",
        f"README.md: {rules}#pbt104: not the section of PBT106",
        f"README.md: {rules}: not the section of D1",
    ]


def test_every_page_is_reached_from_the_readme() -> None:
    seen, ahead = set(), [Path("README.md")]
    while ahead:
        page = ahead.pop()
        seen.add(page)
        for target in LINK.findall((ROOT / page).read_text()):
            path = target.partition("#")[0]
            there = ((ROOT / page).parent / path).resolve()
            if path.endswith(".md") and there.is_relative_to(ROOT) and there.is_file():
                ahead += [there.relative_to(ROOT)] * (there.relative_to(ROOT) not in seen)
    own = {page for page in PAGES if page.parts[0] in ("docs", "README.md")}
    assert own - seen == set()


def test_make_has_every_target_that_pages_name() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        name
        for page in PAGES
        for code in CODE.findall((ROOT / page).read_text())
        for name in re.findall(r"(?:^|[`\s])make ([a-z]+)", code)
    }
    assert named - targets == set()
    assert {"demo", "test", "check", "fix", "bench"} <= targets


def test_make_help_tells_of_every_target() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony
    told = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [line.split()[0] for line in told.stdout.splitlines()] == phony[1].split()


def test_every_command_has_a_page_and_a_row_in_the_readme() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    readme = (ROOT / "README.md").read_text()
    assert set(project["scripts"]) == set(PARSERS)
    for command in project["scripts"]:
        assert f"docs/reference/{command}.md" in generate.generated()
        assert f"| [`{command} " in readme


def test_the_readme_leads_to_every_exit_code() -> None:
    page = "docs/reference/errors.md"
    assert f"]({page})" in (ROOT / "README.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", (ROOT / page).read_text(), re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == EXIT_CODES


def test_the_readme_starts_the_demo_by_a_command_that_the_package_has() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = re.findall(r"\buvx (?:--from \. )?([\w-]+)", (ROOT / "README.md").read_text())
    assert {*found} == {project["name"]}, "`uvx NAME` runs the command of that name"
    assert project["name"] in project["scripts"]


def table(page: str) -> dict[str, list[str]]:
    """The rows of all tables of a page: the first cell to the others, without heads."""
    rows = [line[2:-2].split(" | ") for line in page.splitlines() if re.match(r"\| [^-|]", line)]
    return {cells[0]: cells[1:] for cells in rows if len(cells) > 2}


def test_the_comparison_in_the_readme_has_a_source_for_each_cell() -> None:
    """The page behind it has the same rows, and each cell there links to where it was read."""
    compared = (ROOT / "README.md").read_text().partition("## Which tool")[2].partition("\n## ")[0]
    page = (ROOT / "docs/guide/which-tool.md").read_text()
    sourced = table(page)
    assert table(compared).keys() <= sourced.keys()
    for name, cells in sourced.items():
        assert [cell for cell in cells if cell != "–" and not cell.startswith("[")] == [], name
    defined = re.findall(r"^\[([\w-]+)\]: https://\S+$", page, re.MULTILINE)
    assert set(re.findall(r"\]\[([\w-]+)\]", page)) == set(defined)


def test_every_error_has_a_documented_exit_code() -> None:
    kinds = [errors.PbtError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    # Where the instance alone knows it, the class has a property.
    values: list[object] = [kind.exit_code for kind in kinds]
    codes = {code for code in values if isinstance(code, int)}
    assert codes - set(EXIT_CODES) == set()
    assert set(EXIT_CODES) - codes == {0, 4, 130}


def test_every_option_that_pages_name_exists() -> None:
    known = set(OTHERS)
    for name in PARSERS.values():
        module = __import__(name, fromlist=["parser"])
        known |= {o for a in module.parser()._actions for o in a.option_strings}
    guides = [page for page in PAGES if "guide" in page.parts or page.name == "README.md"]
    unknown = {
        f"{page}: {option}"
        for page in guides
        if page.parts[0] in ("docs", "README.md")
        for code in CODE.findall((ROOT / page).read_text())
        if not code.startswith(("```python", "```yaml"))
        for option in re.findall(r"(?<![\w-])--[a-z_]+(?:-[a-z]+)*(?![\w…])", code)
        if option not in known
    }
    assert unknown == set()


def test_every_package_is_on_the_architecture_page() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    for path in (ROOT / "pbt_tui").iterdir():
        if path.suffix == ".py" or (path / "__init__.py").exists():
            name = path.stem
            assert name == "__init__" or re.search(rf"^\|.*`{name}`.*\|", page, re.MULTILINE), name


def test_modules_of_the_glossary_exist() -> None:
    """The last column of the tables in CONTRIBUTING.md is relative to `pbt_tui/`."""
    glossary = (ROOT / "CONTRIBUTING.md").read_text().partition("## Glossary")[2]
    cells = re.findall(r"^\|.*\| (`.*`) \|$", glossary, re.MULTILINE)
    places = [place for cell in cells for place in re.findall(r"`([^`]+)`", cell)]
    assert len(places) > 20
    assert [place for place in places if not (ROOT / "pbt_tui" / place).exists()] == []


def test_what_is_generated_is_fresh_and_owned() -> None:
    assert generate.stale() == []
    assert set(generate.generated()) >= {"schemas/processes-1.json", "docs/architecture.md"}


def test_a_stale_page_is_found(tmp_path: Path) -> None:
    wanted = generate.generated()
    for path, data in wanted.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    assert generate.stale(tmp_path) == []
    (tmp_path / "schemas/journal-1.json").write_text("{}")
    (tmp_path / "docs/reference/rules/PBT999.md").write_text("old")
    (tmp_path / "docs/reference/spec.md").unlink()
    assert generate.stale(tmp_path) == [
        "docs/reference/rules/PBT999.md",
        "docs/reference/spec.md",
        "schemas/journal-1.json",
    ]


def test_drawing_is_the_table() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    assert "stopping --> outcome: ended" in page
    assert "| waiting | starting | – | – | – | – | cancelled | skipped | · |" in page
