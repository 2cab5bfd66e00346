"""MAKES IT SO: preflight, the loop, resume, and the runtimes that start attempts.

Must not know screens or argv; nothing above `cli` and `launcher` may import it.
"""
