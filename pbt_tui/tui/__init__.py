"""The monitor: reads the journal of a run, shows it in a terminal, and writes request files.

Must not import the executor, and never starts or stops a job: it only folds the journal.

    follower ──► model ──► render (lines of styled text) ──► widgets ──► screens ──► host

A screen uses the application through the protocol `host.Host`, which `app` implements; `app` loads
screens by name. Only `app`, `palette`, `clipboard`, `themes`, `widgets/` and `screens/` import
Textual, so that terminal, `--once` and tests get the same lines.
"""
