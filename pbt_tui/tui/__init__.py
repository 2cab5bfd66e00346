"""SHOWS IT: the monitor, a follower that reads the journal of a run and leaves request files.

Must not know the executor: it never starts, stops or asks a job; it folds what was written.

    feed ──► model ──► draw (lines of styled text) ──► widgets ──► screens

`text`, `words`, `query`, `rows`, `model`, `feed`, `actions`, `once` and `draw/` know nothing of
Textual, so that the same lines go to a terminal, to `--once` and to the tests.
"""
