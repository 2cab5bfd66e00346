"""SHOWS IT: the monitor, a follower that reads the journal of a run and leaves request files.

Must not know the executor: it never starts, stops or asks a job; it folds what was written.

    follower ──► model ──► render (lines of styled text) ──► widgets ──► screens ──► host

A screen knows the application as a `host.Host`. `app` fulfils it, and loads screens by name.
All but `app`, `palette`, `clipboard`, `themes`, `widgets/` and `screens/` know nothing of Textual,
so that the same lines go to a terminal, to `--once` and to the tests.
"""
