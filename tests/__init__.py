"""The tests; their helpers are imported by full names: `from tests.executor.running import job`."""
