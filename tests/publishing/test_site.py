"""The site has every page as it is in the repository, and loads nothing from other hosts."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from docs import release, site_pages
from tests.architecture.codebase import ROOT, documents

OWN = ROOT / ".venv-docs/bin/python"
COUNTED = frozenset(("table", "tr", "li", "h1", "h2", "h3", "pre", "code", "em", "strong", "a"))
READERS = {"docs", "CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "examples"}
"""Where the pages are that the site has."""


def builder() -> str | None:
    """The Python that has MkDocs: that of `make docs`, or this one."""
    if importlib.util.find_spec("material") is not None:
        return sys.executable
    return str(OWN) if OWN.exists() else None


def build(root: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [builder() or "", "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)],
        cwd=root, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True,
        check=False, timeout=240,
    )  # fmt: skip


BUILDER = pytest.mark.skipif(builder() is None, reason="MkDocs is not installed: `make docs` does")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "site"
    done = build(ROOT, out)
    assert done.returncode == 0, done.stderr
    return out


class Elements(HTMLParser):
    """Counts the elements of a page, apart from those that the site adds."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.count: Counter[str] = Counter()
        self.sources: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        added = tag == "a" and ("headerlink" in of.get("class", "") or "id" in of)
        if tag in COUNTED and not added:
            self.count[tag] += 1
        if tag == "img":
            self.sources.append(of.get("src", ""))


def built(site: Path) -> Iterator[tuple[Path, str, Path]]:
    """Each page: its file in the repository, its text on the site, and its file there."""
    for file in sorted(site.rglob("index.html")):
        folder = file.parent.relative_to(site).as_posix().removeprefix(".")
        names = [f"{folder}.md", f"{folder}/README.md"] if folder else ["index.md"]
        sources = [ROOT / site_pages.source_of(name) for name in names]
        text = re.search(r"<article[^>]*>(.*?)</article>", file.read_text(), re.DOTALL)
        assert text
        content = re.sub(r"<a [^>]*md-content__button.*?</a>", "", text[1], flags=re.DOTALL)
        yield next(source for source in sources if source.exists()), content, file


@BUILDER
def test_every_page_is_there_with_all_that_it_has(site: Path) -> None:
    """Python-Markdown reads some lists, tables and blocks differently, and says nothing."""
    seen = set()
    for source, html, _ in built(site):
        seen.add(source.relative_to(ROOT))
        wanted = Elements(MarkdownIt("gfm-like").render(source.read_text())).count
        found = Elements(html).count
        if source == ROOT / "SECURITY.md":
            found["a"] -= 1  # the site leads to the page where people report
            wanted["em"] -= 1
        assert found == wanted, source
    assert seen == {page for page in documents() if page.parts[0] in READERS}


@BUILDER
def test_a_page_loads_nothing_from_another_host(site: Path) -> None:
    loaded = re.compile(
        r"<(?:script|img|iframe|source)\b[^>]*\bsrc(?:set)?=\"?(?:https?:)?//[^>]*>"
        r"|<link\b[^>]*rel=\"?(?:stylesheet|preconnect|icon)\"?[^>]*href=\"?(?:https?:)?//[^>]*>"
    )
    for file in site.rglob("*.html"):
        text = file.read_text()
        assert loaded.findall(text) == [], file
        assert 'data-md-component="source"' not in text  # makes the theme ask api.github.com
        assert 'class="mermaid"' not in text  # makes the theme load a program


@BUILDER
def test_pictures_are_there_for_both_schemes(site: Path) -> None:
    pictures = Elements((site / "index.html").read_text()).sources
    assert pictures
    assert len({picture.partition("#")[0] for picture in pictures}) == len(pictures)
    assert sum(picture.endswith("#only-dark") for picture in pictures) == len(pictures) / 2
    for picture in pictures:
        path, _, scheme = picture.partition("#")
        assert (site / path).is_file()
        assert scheme == ("only-dark" if path.endswith("-dark.svg") else "only-light")


@BUILDER
def test_the_site_has_the_schemas(site: Path) -> None:
    schemas = sorted((ROOT / "schemas").glob("*.json"))
    assert schemas
    assert [(site / "schemas" / s.name).read_bytes() for s in schemas] == [
        s.read_bytes() for s in schemas
    ]


@BUILDER
def test_broken_links_fail(tmp_path: Path) -> None:
    root = tmp_path / "copy"
    root.mkdir()
    shutil.copytree(ROOT / "docs", root / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.glob("*.md"):
        shutil.copy(file, root)
    for path in ROOT.iterdir():
        if not path.name.startswith(".") and not (root / path.name).exists():
            (root / path.name).symlink_to(path)
    for page, before, after in (
        ("docs/README.md", "guide/slurm.md", "guide/slrm.md"),
        ("docs/README.md", "../CONTRIBUTING.md#glossary", "../CONTRIBUTING.md#glosary"),
        ("CONTRIBUTING.md", "docs/guide/add-a-backend.md", "docs/guide/add-a-bckend.md"),
        ("README.md", "docs/pictures/jobs-dark.svg", "docs/pictures/jabs-dark.svg"),
    ):
        text = (root / page).read_text()
        assert before in text
        (root / page).write_text(text.replace(before, after))
    done = build(root, tmp_path / "out")
    assert done.returncode != 0
    for words in ("'guide/slrm.md'", "#glosary", "add-a-bckend.md", "jabs-dark.svg"):
        assert words in done.stderr


@pytest.mark.parametrize(
    ("target", "page", "link"),
    [
        ("../CONTRIBUTING.md#glossary", "documents.md", "contributing.md#glossary"),
        ("../../CONTRIBUTING.md", "guide/slurm.md", "../contributing.md"),
        ("docs/guide/slurm.md#time", "index.md", "guide/slurm.md#time"),
        ("../README.md", "guide/slurm.md", "../documents.md"),
        ("../schemas/processes-1.json", "architecture.md", "schemas/processes-1.json"),
        ("../../Makefile", "guide/slurm.md", release.page_address("Makefile")),
        ("../docs/release.py", "documents.md", release.page_address("docs/release.py")),
        ("../nowhere.md", "guide/slurm.md", "../nowhere.md"),
        ("../../../etc/passwd", "guide/slurm.md", "../../../etc/passwd"),
    ],
)
def test_a_link_leads_to_the_site_or_to_the_repository(target: str, page: str, link: str) -> None:
    pages = [str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")]
    there = frozenset((*pages, *site_pages.PAGES, "schemas/processes-1.json"))
    assert site_pages.link(target, page, there) == link


def test_a_block_keeps_its_code_and_shows_its_title() -> None:
    text = "```sh containers\n[a](docs/b.md)\n```\n\n```python runs/x.py\n1\n```\n"
    assert site_pages.page_text(text, "index.md", frozenset()) == (
        '```{ .sh title="containers" }\n[a](docs/b.md)\n```\n\n'
        '```{ .python title="runs/x.py" }\n1\n```\n'
    )


def test_a_diagram_is_lines_of_text() -> None:
    text = "```mermaid\nstateDiagram-v2\n  waiting --> starting: scheduled\n```\n"
    assert site_pages.page_text(text, "architecture.md", frozenset()) == (
        "```text\n  waiting → starting: scheduled\n```\n"
    )


def test_the_address_of_schemas_is_written_out() -> None:
    text = "```toml\n#:schema …/schemas/settings-1.json\n```\n"
    assert site_pages.page_text(text, "guide/editors.md", frozenset()) == (
        f"```toml\n#:schema {release.file_address('schemas/settings-1.json')}\n```\n"
    )


def test_the_navigation_is_the_page_of_all_documents() -> None:
    groups = site_pages.navigation(
        "# Documents\n\n**By task**: [a `b`](g/a.md) ·\nmore: [c](g/c.md),\n[rl_x](g/d.md) · "
        "[e](g/e.md)\n\n**All rules**: [one](r.md)\n"
    )
    assert groups[:3] == [
        {"Home": "index.md"},
        {
            "By task": [
                {"A b": "g/a.md"},
                {"More": [{"C": "g/c.md"}, {"rl_x": "g/d.md"}]},
                {"E": "g/e.md"},
            ]
        },
        {"All rules": "r.md"},
    ]


def test_the_page_of_all_documents_may_have_sections_and_lists() -> None:
    groups = site_pages.navigation(
        "# Documents\n\n## Start\n\n- [A](a.md): see [b](b.md).\n- [C](c.md),\n  [D](d.md) and [E\n"
        "  F](e.md): where jobs run.\n- More of it: [B](b.md), [G](g.md).\n\n## Terms\n\n"
        "The [glossary](../CONTRIBUTING.md#glossary), and [A](a.md) again.\n\n"
        "## Last\n\n[Z](z.md)\n"
    )
    assert groups[1:-1] == [
        {
            "Start": [
                *({"A": "a.md"}, {"C": "c.md"}, {"D": "d.md"}, {"E F": "e.md"}),
                {"More of it": [{"B": "b.md"}, {"G": "g.md"}]},
            ]
        },
        {"Last": "z.md"},
    ]


@pytest.mark.parametrize(
    ("repository", "site"),
    [
        ("https://github.com/a/b", "https://a.github.io/b/"),
        ("https://gitlab.com/a/b/c", "https://a.gitlab.io/b/c/"),
        ("https://example.org/b", "https://example.org/b/pages/"),
    ],
)
def test_the_address_of_the_site_follows_from_that_of_the_repository(
    repository: str, site: str
) -> None:
    assert release.site_address(repository) == site
