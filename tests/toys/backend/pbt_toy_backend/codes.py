"""The codes of backend `toy`, for `pbt-compile --explain`."""

from pbt_tui.diagnostics import Rule

RULES = (
    Rule(
        code="TOY101",
        level="error",
        title="not the name of a queue",
        explanation="The toy queue knows its queues by letters and digits, and forgets all others.",
        example="pbt-compile ant.py --backend toy --toy_queue 'night shift'",
        cure="pbt-compile ant.py --backend toy --toy_queue night",
    ),
    Rule(
        code="TOY102",
        level="error",
        title="not a file of the toy queue",
        explanation="Its first line is an object with `run`, `settings` and `jobs`, and no more.",
        example='{"run": "ant"}',
        cure='{"run": "ant", "settings": {"queue": "night", "priority": 0}, "jobs": 3}',
    ),
)
