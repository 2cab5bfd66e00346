"""Reading one log for its page: lines, searches, counts, tracebacks, times and numbers.

Must not import Textual.
"""
