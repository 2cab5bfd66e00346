"""What differs between two loads of a run module, and which source each difference comes from.

Must not know processes: the caller loads the module again, in the surroundings that it is given.
Each source that the import asked is moved alone while the others are pinned: a reason is measured
and not guessed.
"""

from __future__ import annotations

import marshal
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbt_tui.compiler.loaded import Loaded, Variation
from pbt_tui.compiler.project import project_root, revision
from pbt_tui.errors import printable
from pbt_tui.files.regular import TEXT_BYTES, read_regular

if TYPE_CHECKING:
    from pbt_tui.compiler.children import Child

Way = tuple[int, tuple[tuple[str, ...], tuple[str, ...]] | None]
"""How to load: the hash seed, and the sources that are moved and pinned; None: none of them."""
Asked = dict[str, tuple[str, str | None, int | None]]
"""The sources that an import asked: the function, the file and the line of the call."""
_MOVABLE = ("clock", "random", "entropy", "pid", "host", "user", "revision")
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}")
_AT_ONCE = 4
"""Loads that run at the same time."""


def asked(first: Child, second: Child) -> tuple[Asked, bool]:
    """The sources that the second load asked, and whether its answer is another one."""
    one, other = first.answer, second.answer
    assert one is not None
    if other is None:
        return {}, True
    if other == one:
        return {}, False
    same = other.startswith(one)
    start = len(one) if same else len(marshal.dumps(marshal.loads(other), 2))
    try:
        return dict(marshal.loads(other[start:])), not same
    except (EOFError, ValueError, TypeError):
        return {}, not same


def explain(
    first: Loaded,
    second: Loaded | None,
    sources: Asked,
    load: Callable[[Sequence[Way]], list[Loaded | None]],
    *,
    again: Loaded | None,
) -> tuple[Variation, ...]:
    """The differences between two loads with their sources; `second` is None where it failed.

    `again`: a load in the surroundings of the first one, or the first one itself.
    """
    repeated = differing(first, again) if again is not None else ()
    names = dict.fromkeys((*(differing(first, second) if second is not None else ()), *repeated))
    if not names and second is not None and not first.writes:
        return ()
    movable = tuple(
        s for s in _MOVABLE if s in sources and not (s == "random" and first.seed is not None)
    )
    ways: list[Way] = [(1, None), (0, ((), movable)), (0, ((), movable)), (1, ((), movable))]
    ways += [(0, ((source,), movable)) for source in movable]
    loaded: list[Loaded | None] = []
    # one at a time where the import writes: what one load writes, the next one may read
    at_once = 1 if first.writes else _AT_ONCE
    for k in range(0, len(ways), at_once):
        loaded += load(ways[k : k + at_once])
    natural, base, again, ordered, *moved = loaded
    if natural is None:
        return (Variation("the import itself"),)
    changed = dict.fromkeys(differing(first, natural))
    reasons: dict[str, str] = {}
    if base is not None and again is not None:
        noise = differing(base, again)
        for source, one in [*zip(movable, moved, strict=True), ("order", ordered)]:
            for name in differing(base, one) if one is not None else ():
                if name not in noise:
                    reasons.setdefault(name, source)
    # where no source explains a difference and a plain load shows none, it is of our making
    kept = [n for n in names if n in reasons or n in repeated or changed]
    kept = kept or list(dict.fromkeys((*changed, *reasons)))
    return tuple(
        _variation(name, reasons.get(name) or _by_elimination(name, natural, sources), sources)
        for name in kept
    )


def _variation(name: str, source: str | None, sources: Asked, **more: Any) -> Variation:
    function, file, line = sources.get(source or "", (None, None, None))
    return Variation(name, source, function, file, line, **more)


def _by_elimination(name: str, loaded: Loaded, sources: Asked) -> str | None:
    """The source of what differs though everything that can be pinned is pinned."""
    texts = [text for _, text in _texts(loaded, name)]
    if any(_ADDRESS.search(text) for text in texts):
        return "address"
    if "tempfile" in sources and any("tmp" in text for text in texts):
        return "tempfile"
    if loaded.written:
        return "file"
    if re.search(rb"(?<![\w.])id\(", _source(loaded)):
        return "address"
    if "tempfile" in sources:
        return "tempfile"
    return "file" if loaded.writes else None


def _source(loaded: Loaded) -> bytes:
    try:
        return read_regular(loaded.file, TEXT_BYTES) if loaded.file is not None else b""
    except OSError:
        return b""


def _texts(loaded: Loaded, name: str | None = None) -> Iterator[tuple[str, str]]:
    """The texts of a description, each by the name of its part; all of them, or those of `name`."""
    for what, value in _head(loaded).items():
        if name in (None, what):
            yield what, str(value)
    for e in loaded.experiments:
        for what in ("name", "cmd", "env_vars"):
            if name in (None, what):
                yield what, str(getattr(e, what))
        for k, row in enumerate(e.params):
            for what, value in (row | e.texts.get(k, {})).items():
                if name in (None, what):
                    yield what, str(value)


def local_texts(loaded: Loaded, answer: bytes, sources: Asked) -> tuple[Variation, ...]:
    """Parts that hold the folder of this checkout, the home folder or the git revision as text.

    A path that stands in the module as it is, is the same everywhere.
    """
    folder = project_root(loaded.file) or Path.cwd()
    needles = {"checkout": str(folder), "home": os.environ.get("HOME", "")}
    if "home" not in sources:
        del needles["home"]
    needles["revision"] = (revision(folder) or "")[:7]
    written = _source(loaded)
    found: dict[str, Variation] = {}
    for source, needle in needles.items():
        text = needle.encode()
        if len(text) < 3 or text in written or answer.count(text) <= _beside(loaded, text):
            continue
        pattern = re.compile(rf"(?<![\w.]){re.escape(needle)}(?![\w.-])")
        if source == "revision":
            pattern = re.compile(rf"(?<![0-9a-f]){needle}")
        for name, part in _texts(loaded):
            if pattern.search(part) and name not in found:
                found[name] = _variation(name, source, sources)
    return tuple(found.values())


def _beside(loaded: Loaded, text: bytes) -> int:
    """How often a text stands in an answer beside the description: in the names of files."""
    return sum(name.encode(errors="replace").count(text) for name in loaded.named_files)


def differing(one: Loaded, other: Loaded) -> tuple[str, ...]:
    """What differs, by the names that its author gave: parameters before anything else.

    Nothing may differ: equal descriptions may come as other bytes, if rarely.
    """
    if repr(one.experiments) == repr(other.experiments) and _head(one) == _head(other):
        return ()
    names: dict[str, None] = {}
    for a, b in zip(one.experiments, other.experiments, strict=False):
        rows = zip(a.params, b.params, strict=False)
        for index, (x, y) in enumerate(rows):
            if x != y or a.texts.get(index) != b.texts.get(index):
                xs, ys = x | a.texts.get(index, {}), y | b.texts.get(index, {})
                changed = (n for n in xs | ys if n not in xs or n not in ys or xs[n] != ys[n])
                names.update(dict.fromkeys(changed))
        if len(a.params) != len(b.params):
            names["the number of jobs"] = None
        for word in ("name", "cmd", "env_vars", "resources", "argument_style", "placeholders"):
            if getattr(a, word) != getattr(b, word):
                names[word] = None
    if len(one.experiments) != len(other.experiments):
        names["the number of experiments"] = None
    for word, value in _head(one).items():
        if value != _head(other)[word]:
            names[word] = None
    return tuple(map(printable, names)) or ("the order of parameters",)


def _head(loaded: Loaded) -> dict[str, Any]:
    words = ("run_name", "suffix", "experiment_arg", "dir_arg", "customize_names", "param_prefix")
    return {word: getattr(loaded, word) for word in words}
