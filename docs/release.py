"""The project's addresses, and what the package index shows of it.

All addresses are made from one variable: `repository` in `[tool.pbt-tui-release]` of
`pyproject.toml`. Hatchling loads this file by its path to build a package, so it imports nothing of
the project.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"(\]\(|\bhref=\"|\bsrc=\"|\bsrcset=\")(?![a-z]+:|#)([^)\s\"]+)")
"""A link to a file of the project, in Markdown and in the HTML of a picture."""
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
"""A block of code, whose links are none."""


def repository(root: Path = ROOT) -> str:
    """The address of the repository, without a slash at its end.

    Raises:
        ValueError: if it is none of `https://`.
    """
    table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    address = str(table["tool"]["pbt-tui-release"]["repository"]).rstrip("/")
    if not re.fullmatch(r"https://[\w.-]+(/[\w.-]+)*", address):
        raise ValueError(f"`pyproject.toml`: `repository` is not an address: `{address}`")
    return address


def page_address(path: str, address: str | None = None) -> str:
    """The address at which people read a file of the project.

    Args:
        path: from the root of the repository; may end with `#section`.
        address: the repository; None: that of `pyproject.toml`.

    Example:
        >>> page_address("docs/README.md", "https://example.org/x")
        'https://example.org/x/blob/main/docs/README.md'
    """
    return f"{repository() if address is None else address}/blob/main/{path}"


def file_address(path: str, address: str | None = None) -> str:
    """The address from which programs load a file of the project, such as a schema or a picture."""
    return f"{repository() if address is None else address}/raw/main/{path}"


def site_address(address: str | None = None) -> str:
    """The address of the site that `make docs` builds, with a slash at its end.

    GitHub and GitLab publish the pages of a project at an address that follows from that of its
    repository. Any other host is taken to publish them below the repository.

    Example:
        >>> site_address("https://github.com/someone/thing")
        'https://someone.github.io/thing/'
    """
    of = repository() if address is None else address
    hosted = re.fullmatch(r"https://(github|gitlab)\.com/([\w.-]+)/([\w./-]+)", of)
    return f"https://{hosted[2]}.{hosted[1]}.io/{hosted[3]}/" if hosted else f"{of}/pages/"


def described(text: str, address: str) -> str:
    """A Markdown page of the root with absolute links, to be read outside of the repository.

    Example:
        >>> described("[first run](docs/guide/first-run.md)", "https://example.org/x")
        '[first run](https://example.org/x/blob/main/docs/guide/first-run.md)'
    """

    def absolute(match: re.Match[str]) -> str:
        picture = match[2].endswith((".svg", ".png"))
        of: Callable[[str, str], str] = file_address if picture else page_address
        return match[1] + of(match[2], address)

    pieces, at = [], 0
    for block in FENCE.finditer(text):  # code stays as it is
        pieces += [LINK.sub(absolute, text[at : block.start()]), block[0]]
        at = block.end()
    return "".join([*pieces, LINK.sub(absolute, text[at:])])


class ReleaseMetadata(MetadataHookInterface):
    """Gives a package its long description and its links."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Sets what `pyproject.toml` declares as dynamic."""
        root = Path(self.root)
        address = repository(root)
        readme = (root / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": described(readme, address),
        }
        metadata["urls"] = {
            "Homepage": address,
            "Documentation": page_address("docs/README.md", address),
            "Changelog": page_address("CHANGELOG.md", address),
            "Issues": f"{address}/issues",
            "Security": f"{address}/security",
            "Source": address,
        }
