#: pbt-compile hostile/not_utf8.py
#: exit 1
#: error PBT101 at hostile/not_utf8.py:6
"""Written on another machine, in another century."""

NAME = "größe"
