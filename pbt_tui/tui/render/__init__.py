"""What is on the screens, as lines of styled text: pure functions of the fold and a width.

Must not know Textual, keys or files: the same lines go to a terminal, to `--once` and to tests.
"""
