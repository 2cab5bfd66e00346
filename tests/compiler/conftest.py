"""The folder in which the tests write run modules."""

import pytest


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to stand in, and a way to write modules there."""
    monkeypatch.chdir(tmp_path)

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    return write
