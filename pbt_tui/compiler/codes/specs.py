"""The words of the 8xx codes: spec files.

Must not know how anything is found out.
"""

from __future__ import annotations

from pbt_tui.compiler.codes import Rule

RULES: tuple[Rule, ...] = ()
