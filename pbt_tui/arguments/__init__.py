"""How trainers take arguments: argument styles, placeholders, and the commands written with them.

This package is loaded only for a run module that uses one of them; any other module gets the
commands of the upstream launcher. Must not import heavy packages: run modules load this one.
"""
