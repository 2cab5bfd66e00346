"""The tests. Helpers are imported by their full name: `from tests.executor.running import Place`."""
