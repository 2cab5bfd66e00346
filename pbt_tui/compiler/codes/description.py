"""The words of the 1xx codes: the run module and what it describes.

Must not know how anything is found out.
"""

from __future__ import annotations

from pbt_tui.compiler.codes import Rule

RULES: tuple[Rule, ...] = ()
