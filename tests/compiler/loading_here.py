"""Loads run modules in the process of the tests, in place of the children that import them.

Everything but the processes is the compiler's: the answer of the child, its errors, its encoding.
What tells one load from another is not there: limits, watchdog, the second load.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from pbt_tui import description
from pbt_tui.compiler import child, import_failure, stub_modules
from pbt_tui.compiler import load as loader
from pbt_tui.compiler.loaded import Loaded

_WATCH: Any = SimpleNamespace(stop=lambda: None, written={}, writes=False)


def load(
    target: str, *, meanwhile: Callable[[], None] = lambda: None, timeout: float, **_: Any
) -> Loaded:
    """As `load` of the compiler, for the path of a file."""
    meanwhile()
    answered: Any = SimpleNamespace(answer=_answer(Path(target).resolve()), text=lambda: "")
    return loader._loaded(target, loader._read(answered, target, timeout), "")


def _answer(file: Path) -> bytes:
    module = ModuleType("_run_module")
    module.__file__ = str(file)
    description.asked_styles.clear()
    random.seed(0)  # without a second load, a shuffled grid would be another one at each load
    before = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module
    try:
        exec(compile(file.read_bytes(), file, "exec"), vars(module))
        return child._packed(child._described(module, str(file)), _WATCH)
    except KeyboardInterrupt:
        raise
    except BaseException as e:
        error = import_failure.failure(e, module.__name__, str(file), stub_modules.Finder())
        return child._packed({"error": error}, _WATCH)
    finally:
        if before is None:
            del sys.modules[module.__name__]
        else:
            sys.modules[module.__name__] = before
