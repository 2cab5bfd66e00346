"""Several runs below one folder: how they are found, read in threads, ordered and filtered.

Must not import Textual.
"""
