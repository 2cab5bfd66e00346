"""The words of the 3xx codes: commands.

Must not know how anything is found out.
"""

from __future__ import annotations

from pbt_tui.compiler.codes import Rule

RULES: tuple[Rule, ...] = ()
