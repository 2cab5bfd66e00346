"""A server at a socket that gives the same answer to every question, in the form of an engine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

_HEAD = (
    b"HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
)


@contextmanager
def serving(path: Path, answer: bytes, others: Mapping[bytes, bytes]) -> Iterator[None]:
    """Serves at `path`; `others` has the answers to questions that contain its keys."""
    answers = {**{key: _whole(data) for key, data in others.items()}, b"": _whole(answer)}
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        talking: list[socket.socket] = []
        thread = threading.Thread(target=_serve, args=(listening, answers, talking), daemon=True)
        thread.start()
        try:
            yield
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for connection in list(talking):  # a client may have left an answer half read
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            thread.join()


def _whole(answer: bytes) -> bytes:
    """A response. What begins with `{"message"` is an error."""
    status = b"404 Not Found" if answer.startswith(b'{"message"') else b"200 OK"
    chunk = b"%x\r\n%b\r\n" % (len(answer), answer) if answer else b""
    return _HEAD % status + chunk + b"0\r\n\r\n"


def _serve(
    listening: socket.socket, answers: Mapping[bytes, bytes], talking: list[socket.socket]
) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        talking[:] = [connection]
        with connection, suppress(OSError):
            asked = b""
            while b"\r\n\r\n" not in asked and (more := connection.recv(65536)):
                asked += more
            connection.sendall(next(answers[key] for key in answers if key in asked))
