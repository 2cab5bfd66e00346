"""Writes the files that are generated: `schemas/*.json`, `docs/reference/`, one diagram, and the
page of the benchmarks from their kept results.

    python -m docs.generate [--check]

With `--check` it writes nothing: it names each stale file and exits with 1 if there is one.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import page as benchmark_page
from benchmarks import results
from docs import diagram, pages, schemas

ROOT = Path(__file__).parent.parent
OWNED = (
    "schemas/*.json", "docs/reference/*.md", "docs/reference/rules/*.md",
    "docs/benchmarks.md", "docs/pictures/benchmarks-*.svg",
)  # fmt: skip
"""Every file that matches is generated here. A file that is no longer generated is removed."""
DRAWN = "docs/architecture.md"
"""Only the part of this page between two marks is generated."""


def generated() -> dict[str, bytes]:
    """All generated files, by path from the root of the repository."""
    made = {f"schemas/{name}": data for name, data in schemas.schemas().items()}
    text = {f"docs/reference/{name}": page.encode() for name, page in pages.pages().items()}
    page = diagram.drawn_into((ROOT / DRAWN).read_text(encoding="utf-8"))
    parts = results.load()
    measured = {path: text.encode() for path, text in benchmark_page.documents(parts).items()}
    return {**made, **text, **measured, DRAWN: page.encode()}


def stale(root: Path = ROOT) -> list[str]:
    """The sorted paths of files that differ from what would be generated."""
    wanted = generated()
    there = {str(p.relative_to(root)) for pattern in OWNED for p in root.glob(pattern)}
    return sorted(
        path
        for path in there | set(wanted)
        if path not in wanted
        or not (root / path).exists()
        or (root / path).read_bytes() != wanted[path]
    )


def main(argv: list[str]) -> int:
    old = stale()
    if "--check" in argv:
        for path in old:
            print(f"error: `{path}` is stale\nhint: run `make fix`", file=sys.stderr)
        return 1 if old else 0
    wanted = generated()
    for path in old:
        file = ROOT / path
        if path in wanted:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(wanted[path])
        else:
            file.unlink()
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
