"""WHAT A RUN LOOKS LIKE for each place that it can run in: spec in, text out.

Must not read or write anything, nor know who started the compiler.
"""
