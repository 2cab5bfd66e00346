"""A template of the upstream launcher, with `$CMD $FILENAME $PARTITION $GPU $CPU $TIMEOUT` in it.

The template is bash of the user, and its text is copied as it is. The command is not copied into it
(D36): `$CMD` becomes words that bash reads from the manifest. Fixed lines run the command and keep
its exit code, whatever the template does afterwards (D33). `$$` becomes one `$`, as upstream does
it; any other `$` stays (D35).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.backends.slurm.quoting import word
from pbt_tui.backends.slurm.sbatch import ResourceShape
from pbt_tui.errors import UsageError, printable
from pbt_tui.files.faults import reason
from pbt_tui.files.regular import TEXT_BYTES, read_regular
from pbt_tui.settings import sound

NAMES = ("CMD", "FILENAME", "PARTITION", "GPU", "CPU", "TIMEOUT")
SHEBANG = re.compile(r"#!\s*\S*/(?:env\s+)?(?:ba)?sh(?P<login>\s+(?:-l|--login))?\s*", re.ASCII)
PLACEHOLDER = re.compile(
    r"\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})", re.ASCII
)
COMMAND = re.compile(r"(?<!\$)(?:\$\$)*\$(?:CMD(?![A-Za-z0-9_])|\{CMD\})", re.ASCII)
_PRINTED = re.compile(r"\s*(?:echo|printf)\b")
_RUN = re.compile(
    r"(?P<interpreter>(?:(?<=[\s(;&|])|^)(?:\S*/)?(?:python[0-9.]*|torchrun|deepspeed|accelerate\s+launch)"
    r"(?:\s+-\S+)*\s+)?\$(?:CMD(?![A-Za-z0-9_])|\{CMD\})",
    re.ASCII,
)
_KEEP = '"${_pbt_keep[@]}" '


@dataclass(frozen=True, slots=True)
class Template:
    """The lines of a template: SLURM reads `#SBATCH` lines in `head`, bash executes `body`."""

    first: str
    head: tuple[str, ...]
    body: tuple[str, ...]

    @property
    def login(self) -> bool:
        found = SHEBANG.fullmatch(self.first)
        return bool(found and found["login"])


def text_of(path: str) -> str:
    """The text of a template in a file; raises `UsageError`.

    Git may have written the file with Windows line endings, which bash does not read.
    """
    try:
        return sound(read_regular(path, TEXT_BYTES).decode()).replace("\r\n", "\n")
    except OSError as e:
        message = f"`--slurm_sbatch_template`: cannot read `{printable(path)}`"
        raise UsageError(f"{message}: {reason(e)}") from None
    except ValueError:
        message = f"`--slurm_sbatch_template`: expected UTF-8 text in `{printable(path)}`"
        raise UsageError(message) from None


def read(text: str) -> Template:
    first, *rest = text.split("\n")
    end = next(
        (k for k, line in enumerate(rest) if line.strip() and not line.lstrip().startswith("#")),
        len(rest),
    )
    return Template(first.rstrip(), tuple(rest[:end]), tuple(rest[end:]))


def runs_command(line: str) -> bool:
    """Whether a line of the body runs the command, and does not only mention or print it."""
    if line.lstrip().startswith("#") or _PRINTED.match(line):
        return False
    return bool(COMMAND.search(line))


def quoted(line: str) -> bool:
    """Whether `$CMD` is inside quotes or after `eval`, where bash would not run it as words."""
    for found in COMMAND.finditer(line):
        before = re.sub(r"\\.", "", line[: found.start()])
        outside = re.sub(r"'[^']*'|\"[^\"]*\"", "", before)
        if "'" in outside or '"' in outside or re.search(r"\beval\b", outside):
            return True
    return False


def values(settings: Slurm, shape: ResourceShape, filename: str) -> dict[str, str]:
    """The values of the placeholders, except the command, as the upstream launcher fills them."""
    partition = f"-p {word(settings.partition)} " if settings.partition is not None else ""
    return {
        "FILENAME": filename,
        "PARTITION": partition,
        "GPU": str(shape.gpus),
        "CPU": str(shape.cpus),
        "TIMEOUT": settings.timeout,
    }


def fill(line: str, known: Mapping[str, str]) -> str:
    def one(found: re.Match[str]) -> str:
        return "$" if found[1] else known.get(found[2] or found[3], found[0])

    return PLACEHOLDER.sub(one, line)


def head(template: Template, settings: Slurm, shape: ResourceShape, name: str) -> Iterator[str]:
    known = values(settings, shape, name)
    for line in template.head:
        yield fill(line, known)


def body(template: Template, settings: Slurm, shape: ResourceShape, name: str) -> Iterator[str]:
    """The lines of bash; `_pbt_keep` runs the command and writes down its exit code."""
    known = values(settings, shape, "${_pbt_folder}/" + name)
    for line in template.body:
        printed = _PRINTED.match(line) is not None
        run = line if printed else _RUN.sub(lambda m: f"{_KEEP}{m['interpreter'] or ''}$CMD", line)
        command = "${_pbt_command[*]}" if printed else '"${_pbt_command[@]}"'
        yield fill(run, {**known, "CMD": command})
