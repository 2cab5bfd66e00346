"""Renders one template with Jinja, in a process of its own: JSON in, JSON out."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

_MEMORY = 1 << 30
_CPU_SECONDS = 10


def main() -> None:
    """Reads `{"text", "values"}` from stdin, and writes `{"text"}` or `{"error", "line"}`."""
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    asked = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    answer: dict[str, Any]
    try:
        made = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
        answer = {"text": made.from_string(asked["text"]).render(asked["values"])}
    except TemplateError as e:
        answer = {"error": e.message or type(e).__name__, "line": getattr(e, "lineno", None)}
    except (ArithmeticError, LookupError, TypeError, ValueError, OverflowError) as e:
        answer = {"error": str(e)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
