"""Switches a rule off: replaces text in the source of one function, for the length of a test."""

from __future__ import annotations

import inspect
import sys
import textwrap
from typing import Any

import pytest

from pbt_tui.journal import fold


class Fault:
    """A rule switched off: `old` replaced by `new` in the source of one function."""

    def __init__(
        self, rule: str, owner: Any, function: str, old: str, new: str, near: int = 0
    ) -> None:
        """`near` is a life that was known to break: the search begins there, to save time."""
        self.rule, self.owner, self.function = rule, owner, function
        self.old, self.new, self.near = old, new, near

    def __repr__(self) -> str:
        return self.rule.replace(" ", "-")

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        found: Any = getattr(self.owner, self.function)
        original: Any = found.fget if isinstance(found, property) else found
        source = textwrap.dedent(inspect.getsource(original)).replace("@property\n", "")
        assert source.count(self.old) >= 1, f"{self.function} has changed: mend this test"
        scope = sys.modules[original.__module__].__dict__
        made: dict[str, Any] = {}
        exec(
            "from __future__ import annotations\n" + source.replace(self.old, self.new), scope, made
        )
        changed = made[self.function]
        if isinstance(found, property):
            patch.setattr(self.owner, self.function, property(changed))
            return
        patch.setattr(self.owner, self.function, changed)
        for name, module in list(sys.modules.items()):
            if name.startswith(("pbt_tui", "tests.core.")):
                if getattr(module, self.function, None) is original:
                    patch.setattr(module, self.function, changed)
        for kind, handler in fold._HANDLERS.items():
            if handler is original:
                patch.setitem(fold._HANDLERS, kind, changed)


class Together:
    """Several faults that make one rule void only together."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        self.rule, self.near = faults[0].rule, faults[0].near

    def __repr__(self) -> str:
        return repr(self.faults[0])

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        for fault in self.faults:
            fault.plant(patch)
