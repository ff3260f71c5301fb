"""What commands take from a server: within bounds, and nothing that would lead out of a folder."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from server.cli import stored
from server.cli.client import Client
from server.cli.failures import Broken
from server.cli.stored import PAGES_MAX

Pages = Callable[[int], object]


@pytest.fixture
def foreign() -> Iterator[Callable[[Pages], Client]]:
    """A server that is not ours: it answers its n-th request, from 1, with what it is given for it."""
    answers: list[Pages] = []
    count = 0

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            nonlocal count
            count += 1
            body = json.dumps(answers[0](count)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with Client(f"http://127.0.0.1:{server.server_port}", "fd_any") as client:

        def answering(pages: Pages) -> Client:
            answers.append(pages)
            return client

        yield answering
    server.shutdown()
    thread.join()
    server.server_close()


def test_list_has_as_many_pages_as_are_taken_and_no_more(foreign: Callable[[Pages], Client]) -> None:
    last = PAGES_MAX

    def page(number: int) -> object:
        return {"items": [number], "next_cursor": None if number == last else "more"}

    client = foreign(page)
    assert len(list(stored.items(client, "/v1/flows"))) == PAGES_MAX
    last = 0
    with pytest.raises(Broken, match="does not end"):
        list(stored.items(client, "/v1/flows"))


@pytest.mark.parametrize("key", ["../evil", "a/b", "", ".", "A", "x" * 65])
def test_flow_of_a_name_that_no_flow_has_is_refused(foreign: Callable[[Pages], Client], key: str) -> None:
    client = foreign(
        lambda _: {"items": [{"flow": key, "published": None, "state": "draft"}], "next_cursor": None}
    )
    with pytest.raises(Broken, match="which no flow is called"):
        stored.flows(client)


@pytest.mark.parametrize("read", [stored.flows, stored.project, lambda client: stored.draft(client, "a")])
def test_other_server_is_told_as_such(
    foreign: Callable[[Pages], Client], read: Callable[[Client], object]
) -> None:
    client = foreign(lambda _: ["hello"])
    with pytest.raises(Broken, match="of a Flowdeck server"):
        read(client)
