"""`pbt-compile --ask`: what the SLURM of this machine says of scripts, before anything is written.

Must not submit anything. One script for each shape is shown to `sbatch --test-only`, because those
of one shape differ in their numbers alone, and SLURM asks not to be called in loops.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping

from pbt_tui.backends.slurm.error_hints import cure, last_words
from pbt_tui.backends.slurm.files import FILE, FOLDER
from pbt_tui.backends.slurm.index import decode
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where, printable


def ask(files: Mapping[str, bytes], folder: str) -> Iterator[Diagnostic]:
    """PBT640 for each shape that is refused, PBT641 for the others; `folder` is that of the run."""
    index = decode(files[f"{folder}/{FILE}"])
    assert index is not None
    if shutil.which("sbatch") is None:
        yield finding("PBT641", "there is no `sbatch` here, so SLURM was not asked")
        return
    scripts = {array.shape: array.script for array in reversed(index.arrays)}
    for name in reversed(scripts.values()):
        path = f"{FOLDER}/{name}"
        yield _answer(path, files[f"{folder}/{path}"], index.settings.sbatch_timeout)


def _answer(path: str, script: bytes, seconds: float) -> Diagnostic:
    here = Where(file=path)
    # what a login shell has in SBATCH_* would go before what the script says
    environ = {k: v for k, v in os.environ.items() if not k.startswith("SBATCH_")}
    try:
        done = subprocess.run(
            ["sbatch", "--test-only"],
            input=script,
            env=environ,
            capture_output=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as e:
        message = last_words((e.stderr or b"").decode(errors="replace"))
        told = f"SLURM has not answered in {seconds:g} s" + (
            f": {printable(message)}" if message else ""
        )
        return finding("PBT640", told, where=here, hint=cure(message))
    message = last_words(done.stderr.decode(errors="replace"))
    if done.returncode:
        told = f"SLURM refuses it: {printable(message or f'exit code {done.returncode}')}"
        return finding("PBT640", told, where=here, hint=cure(message))
    return finding("PBT641", f"SLURM would take it: {printable(message)}", where=here)
