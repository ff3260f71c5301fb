"""Sending events to a server that loses answers and is busy: the same batch again, with the same ids."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest

from server.cli.events import BATCH_BYTES_MAX, batches

from .conftest import Run


class Flaky(BaseHTTPRequestHandler):
    """Hangs up on the first call, is busy at the second, and answers the third."""

    protocol_version = "HTTP/1.1"
    bodies: list[bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.bodies.append(body)
        match len(self.bodies):
            case 1:
                self.close_connection = True
            case 2:
                self.answer(503, {"code": "overloaded", "detail": "busy"}, {"Retry-After": "0"})
            case _:
                ids = [json.loads(line)["id"] for line in body.splitlines()]
                self.answer(202, {"results": [{"id": id, "status": "accepted"} for id in ids]}, {})

    def answer(self, status: int, body: dict[str, object], headers: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """A test's output is for failures."""


@pytest.fixture
def flaky() -> Iterator[tuple[str, list[bytes]]]:
    bodies: list[bytes] = []
    handler = type("Handler", (Flaky,), {"bodies": bodies})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", bodies
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_batch_is_sent_again_with_the_same_ids(run: Run, flaky: tuple[str, list[bytes]]) -> None:
    url, bodies = flaky
    lines = "".join(json.dumps({"name": "parcel.seen", "customer": f"c{n}"}) + "\n" for n in range(3))
    result = run("events", "send", "--server", url, "--key", "fd_any", stdin=lines)
    assert (result.exit_code, result.stdout) == (0, "accepted 3, duplicates 0\n")
    assert len(bodies) == 3
    assert len(set(bodies)) == 1


def test_batches_are_bounded_in_events_and_bytes() -> None:
    long = json.dumps({"id": "x", "name": "a.b", "data": {"text": "y" * (BATCH_BYTES_MAX // 3)}}).encode()
    sizes = [len(batch.lines) for batch in batches(BytesIO(b"\n".join([long] * 5)), Path("f"), 500)]
    assert sizes == [2, 2, 1]
    short = b'{"id": "x", "name": "a.b"}'
    counts = [len(batch.lines) for batch in batches(BytesIO(b"\n".join([short] * 7)), Path("f"), 3)]
    assert counts == [3, 3, 1]


def test_blank_lines_count_for_numbers_only() -> None:
    (batch,) = batches(BytesIO(b'\n\n{"id": "x", "name": "a.b"}\n\n'), Path("f"), 10)
    assert batch.numbers == [3]
