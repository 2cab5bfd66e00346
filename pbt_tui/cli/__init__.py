"""The commands `pbt-compile`, `pbt-run` and `pbt-tui`: argv in, text and exit codes out.

Must not decide what a lower package can decide. A command imports packages only when it needs them.
"""
