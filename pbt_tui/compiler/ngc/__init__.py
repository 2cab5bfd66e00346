"""Base Command on NGC, as the compiler sees it: settings, the original's template, the rules.

Must not know the client, nor how a request is made: `backends.ngc` does.
"""
