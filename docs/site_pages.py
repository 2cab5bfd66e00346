"""The pages of the site: what `mkdocs.yml` cannot say. MkDocs loads this file as a hook.

The pages are the Markdown files that people read in the repository, as they are. So the hook maps
the pages of the root into the site, makes the navigation from `docs/README.md`, and rewrites what
GitHub and MkDocs read differently: links out of `docs/`, titles of code, pictures for dark pages.
"""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
if str(ROOT) not in sys.path:  # MkDocs adds no folder for a hook
    sys.path.insert(0, str(ROOT))

from docs import release  # noqa: E402

CONTENTS = "docs/README.md"
"""The page that names all pages by task: the navigation is made from it."""
_FILES = {
    "index": "README.md",
    "documents": CONTENTS,
    "contributing": "CONTRIBUTING.md",
    "changelog": "CHANGELOG.md",
    "security": "SECURITY.md",
    "examples": "examples/README.md",
}
PAGES = {f"{name}.md": source for name, source in _FILES.items()}
"""Page of the site → file of the repository, where that is not the same file in `docs/`."""
_PROJECT = {
    "contributing": "Contributing",
    "changelog": "Changelog",
    "security": "Security",
    "examples": "Examples",
    "documents": "All documents",
}
"""Pages at the end of the navigation."""
GENERATED = "reference/"
"""Pages that nobody edits: they have no link to do so."""
_PICTURE = re.compile(
    r"<picture>\s*<source (?=[^>]*\(prefers-color-scheme: dark\))[^>]*srcset=\"(?P<dark>[^\"]+)\""
    r"[^>]*>\s*<img (?=[^>]*alt=\"(?P<alt>[^\"]*)\")[^>]*src=\"(?P<light>[^\"]+)\"[^>]*>"
    r"\s*</picture>"
)
"""A picture that GitHub shows by the scheme of the system. The site has a switch for it."""
_OPENING = re.compile(r"^(?P<indent> *)```(?P<language>[a-z]+) +(?P<title>[^\n]+)$", re.MULTILINE)
_GROUP = re.compile(r"^(?:## (?P<section>.+)|\*\*(?P<bold>[^*]+)\*\*)", re.MULTILINE)
_HERE = re.compile(r"\[([^\]]+)\]\(([^)#\s]+)\)")
_LIST_AFTER_TEXT = re.compile(r"^(?P<text>(?! *(?:[-*|]|\d+\.) )\S[^\n]*)\n(?=(?:[-*]|1\.) )", re.M)
"""GitHub begins a list there; Python-Markdown wants an empty line before it."""


def on_config(config: Any) -> Any:
    """Sets the addresses, the navigation and the anchors of headings, which are GitHub's."""
    config["site_url"] = release.site_address()
    config["repo_url"] = release.repository()
    config["repo_name"] = "repository"
    config["edit_uri"] = "edit/main/docs/"
    config["mdx_configs"].setdefault("toc", {})["slugify"] = anchor
    config["nav"] = navigation((ROOT / CONTENTS).read_text(encoding="utf-8"))
    return config


def on_files(files: Any, config: Any) -> Any:
    """Adds the pages of other folders and the schemas."""
    from mkdocs.structure.files import File

    files.remove(files.get_file_from_path("README.md"))
    for page, source in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    for schema in sorted((ROOT / "schemas").glob("*.json")):
        files.append(File.generated(config, f"schemas/{schema.name}", content=schema.read_bytes()))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """The text of a page as MkDocs reads it."""
    there = frozenset(file.src_uri for file in files)
    return page_text(markdown, page.file.src_uri, there)


def on_page_content(html: str, page: Any, config: Any, files: Any) -> str:
    """Leads "edit" to the file in the repository."""
    at = page.file.src_uri
    path = source_of(at)
    editable = not at.startswith(GENERATED)
    page.edit_url = f"{release.repository()}/edit/main/{path}" if editable else None
    return html


def anchor(heading: str, separator: str) -> str:
    """The anchor of a heading, as GitHub makes it.

    Example:
        >>> anchor("Does it `run`? What then", "-")
        'does-it-run-what-then'
    """
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", separator)


def source_of(page: str) -> str:
    """The file of the repository that a page of the site is made from."""
    return PAGES.get(page, f"docs/{page}")


def page_of(path: str) -> str | None:
    """The page or file of the site that is made from a file of the repository.

    Example:
        >>> page_of("docs/guide/slurm.md"), page_of("Makefile")
        ('guide/slurm.md', None)
    """
    for page, source in PAGES.items():
        if source == path:
            return page
    if path.startswith("docs/") and not path.endswith(".py"):
        return path.removeprefix("docs/")
    if re.fullmatch(r"schemas/[\w.-]+\.json", path):
        return path
    return None


def link(target: str, page: str, there: frozenset[str]) -> str:
    """A link of a page, as the site needs it.

    Args:
        target: The link as the file of the repository has it, relative to that file.
        page: The page of the site that has the link.
        there: All files of the site.

    Example:
        >>> link("../architecture.md#the-loop", "guide/slurm.md", frozenset({"architecture.md"}))
        '../architecture.md#the-loop'
    """
    file, mark, section = target.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source_of(page)), file))
    found = page_of(path)
    if found is not None and found in there:
        return posixpath.relpath(found, posixpath.dirname(page) or ".") + mark + section
    if path.startswith("..") or not (ROOT / path).exists():
        return target  # MkDocs reports it
    return release.page_address(path) + mark + section


def page_text(text: str, page: str, there: frozenset[str]) -> str:
    """A page of the repository, as MkDocs reads it."""
    pieces, at = [], 0
    for block in release.FENCE.finditer(text):
        pieces += [_prose(text[at : block.start()], page, there), _code(block[0])]
        at = block.end()
    return "".join([*pieces, _prose(text[at:], page, there)])


def _prose(text: str, page: str, there: frozenset[str]) -> str:
    text = _PICTURE.sub(r"![\g<alt>](\g<light>#only-light)\n![\g<alt>](\g<dark>#only-dark)", text)
    if source_of(page) == "SECURITY.md":  # on GitHub the tab is beside the page
        address = f"{release.repository()}/security/advisories/new"
        text = text.replace("*Report a vulnerability*", f"[Report a vulnerability]({address})")
    text = _LIST_AFTER_TEXT.sub(r"\g<text>\n\n", text)
    return release.LINK.sub(lambda found: found[1] + link(found[2], page, there), text)


def _code(block: str) -> str:
    """A block with its title, and with the address of schemas, which stands in no page."""

    def titled(found: re.Match[str]) -> str:
        return f'{found["indent"]}```{{ .{found["language"]} title="{found["title"]}" }}'

    if block.startswith("```mermaid"):  # the program that draws it would come from another host
        arrows = [line.replace("-->", "→") for line in block.split("\n") if "-->" in line]
        block = "\n".join(["```text", *arrows, "```"])
    block = block.replace("…/schemas/", release.file_address("schemas/"))
    return _OPENING.sub(titled, block, count=1)


def navigation(contents: str) -> list[dict[str, Any]]:
    """The groups of the page that names all pages, with the pages of each group.

    A group is a section, or a paragraph that begins with bold words. A group of one page is that
    page. A link to the `README.md` of a folder stands for its pages. Each page is named once.
    """
    groups: list[dict[str, Any]] = [{"Home": next(iter(PAGES))}]
    seen: set[str] = set()
    heads = [*_GROUP.finditer(contents)]
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        end = following.start() if following else len(contents)
        pages = list(_pages_of(contents[head.end() : end], seen))
        if pages:
            title = _title(head["section"] or head["bold"])
            groups.append({title: pages[0].popitem()[1] if len(pages) == 1 else pages})
    groups.append({"Project": [{words: f"{name}.md"} for name, words in _PROJECT.items()]})
    return groups


def _pages_of(text: str, seen: set[str]) -> Iterator[dict[str, Any]]:
    """The pages of a group. An item with words before several links is a group of its own.

    Args:
        text: Items of a list, or links with dots between them.
        seen: Pages that have a place already; these get theirs.
    """
    for part in re.split(r"^- | ·", text, flags=re.MULTILINE):
        item = part.strip(" :,\n")
        words, _, _ = item.partition(":")
        if item.startswith("["):
            words, item = "", item.partition("):")[0] + ")"  # the rest describes them
        pages = []
        for name, target in _HERE.findall(item):
            if target not in seen:
                seen.add(target)
                pages += [_page(name, target)]
        found = [page for page in pages if page]
        if len(found) > 1 and words and "[" not in words:
            yield {_title(words): found}
        else:
            yield from found


def _page(words: str, target: str) -> dict[str, Any]:
    """A page, or a folder of pages; empty for a page of the root, which the last group has."""
    if target.startswith(".."):
        return {}
    at = posixpath.dirname(target)
    if not target.endswith("/README.md"):
        return {_title(words): target}
    names = sorted(file.name for file in (ROOT / "docs" / at).glob("*.md"))
    inner = [target, *(f"{at}/{name}" for name in names if name != "README.md")]
    return {_title(words): inner}


def _title(words: str) -> str:
    """Words of a sentence as a title."""
    plain = " ".join(words.replace("`", "").split())
    return plain if re.match(r"\w*[_-]", plain) else plain[:1].upper() + plain[1:]
