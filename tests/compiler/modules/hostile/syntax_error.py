#: pbt-compile hostile/syntax_error.py
#: exit 1
#: error PBT101 at hostile/syntax_error.py:6
"""A bracket is left open."""

RUN_DESCRIPTION = [
    1,
