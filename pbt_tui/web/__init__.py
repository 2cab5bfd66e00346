"""Serves the monitor to a browser: a door, one process for each page, and the page itself.

`textual-serve` supplies the terminal of the page. Its server is not used: it asks for no token, and
answers every origin.
"""
