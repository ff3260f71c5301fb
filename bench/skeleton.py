"""The ceiling of this shape: aiohttp, actors in a dictionary, a SQLite writer with group commit, sockets.

No auth, no rules, no limits, no dedupe beyond a unique id. The product's figures are ratios to it.

    python bench/skeleton.py PORT DATABASE
    POST /v1/events     one event or an array        POST /spawn?n=N    N waiting actors with a due time
    GET  /live?customer=C                            GET  /healthz
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import sqlite3
import sys
import time

import msgspec
import uvloop
from aiohttp import web


class Event(msgspec.Struct, gc=False):
    name: str
    customer: str
    id: str = ""
    data: dict[str, object] = {}


class State(msgspec.Struct, array_like=True, gc=False):
    customer: str
    phase: int = 0
    count: int = 0
    last: str = ""
    due: float = 0.0


EVENTS = msgspec.json.Decoder(Event | list[Event])
PACK = msgspec.msgpack.Encoder()
UNPACK = msgspec.msgpack.Decoder(State)
JSON = msgspec.json.Encoder()


def open_database(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("pragma journal_mode=wal")
    db.execute("pragma synchronous=full")
    db.execute("pragma wal_autocheckpoint=4000")
    db.execute(
        "create table if not exists event"
        " (number integer primary key, id text unique, customer text, body blob)"
    )
    db.execute(
        "create table if not exists actor (customer text primary key, state blob, due real) without rowid"
    )
    return db


def commit(
    db: sqlite3.Connection, events: list[tuple[str, str, bytes]], actors: list[tuple[str, bytes, float]]
) -> None:
    db.execute("begin immediate")
    db.executemany("insert or ignore into event (id, customer, body) values (?, ?, ?)", events)
    db.executemany(
        "insert into actor values (?, ?, ?)"
        " on conflict (customer) do update set state = excluded.state, due = excluded.due",
        actors,
    )
    db.execute("commit")


class Skeleton:
    def __init__(self, path: str) -> None:
        started = time.perf_counter()
        self.db = open_database(path)
        self.actors = {c: UNPACK.decode(s) for c, s in self.db.execute("select customer, state from actor")}
        self.recovery_s = time.perf_counter() - started
        self.waiting: list[tuple[list[Event], asyncio.Future[int]]] = []
        self.wake = asyncio.Event()
        self.writer = concurrent.futures.ThreadPoolExecutor(1)
        self.sockets: dict[str, set[asyncio.Transport]] = {}

    def submit(self, events: list[Event]) -> asyncio.Future[int]:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.waiting.append((events, future))
        self.wake.set()
        return future

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if not self.waiting:
                self.wake.clear()
                await self.wake.wait()
            taken, self.waiting = self.waiting, []
            rows, dirty = self.turns(taken)
            actors = [(a.customer, PACK.encode(a), a.due) for a in dirty.values()]
            await loop.run_in_executor(self.writer, commit, self.db, rows, actors)
            for events, future in taken:
                if not future.done():
                    future.set_result(len(events))
                self.push(events)

    def turns(
        self, taken: list[tuple[list[Event], asyncio.Future[int]]]
    ) -> tuple[list[tuple[str, str, bytes]], dict[str, State]]:
        rows, dirty = [], {}
        for events, _ in taken:
            for event in events:
                state = self.actors.get(event.customer) or self.actors.setdefault(
                    event.customer, State(event.customer)
                )
                state.count += 1
                state.last = event.id
                dirty[event.customer] = state
                rows.append((event.id, event.customer, PACK.encode(event.data)))
        return rows, dirty

    def push(self, events: list[Event]) -> None:
        for event in events:
            sockets = self.sockets.get(event.customer)
            if sockets:
                frame = text_frame(JSON.encode({"card": event.id, "data": event.data}))
                for transport in sockets:
                    transport.write(frame)


def text_frame(body: bytes) -> bytes:
    head = bytes((0x81, len(body))) if len(body) < 126 else bytes((0x81, 126)) + len(body).to_bytes(2, "big")
    return head + body


def routes(skeleton: Skeleton) -> list[web.RouteDef]:
    async def events(request: web.Request) -> web.Response:
        body = EVENTS.decode(await request.read())
        await skeleton.submit(body if isinstance(body, list) else [body])
        return web.Response(status=202, body=b'{"accepted":1}', content_type="application/json")

    async def spawn(request: web.Request) -> web.Response:
        count = int(request.query["n"])
        for start in range(0, count, 1000):
            batch = [State(f"s{i}", due=time.time() + 86400) for i in range(start, min(count, start + 1000))]
            skeleton.actors.update((a.customer, a) for a in batch)
            rows = [(a.customer, PACK.encode(a), a.due) for a in batch]
            await asyncio.get_running_loop().run_in_executor(skeleton.writer, commit, skeleton.db, [], rows)
        return web.json_response({"spawned": count})

    async def live(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        customer, transport = request.query["customer"], request.transport
        assert transport is not None
        skeleton.sockets.setdefault(customer, set()).add(transport)
        try:
            async for _ in socket:
                pass
        finally:
            skeleton.sockets[customer].discard(transport)
        return socket

    async def health(_: web.Request) -> web.Response:
        return web.json_response(
            {"status": "ok", "actors": len(skeleton.actors), "recovery_s": skeleton.recovery_s}
        )

    return [
        web.post("/v1/events", events),
        web.post("/spawn", spawn),
        web.get("/live", live),
        web.get("/healthz", health),
    ]


async def main(port: int, path: str) -> None:
    skeleton = Skeleton(path)
    gc.collect()
    gc.freeze()
    app = web.Application()
    app.add_routes(routes(skeleton))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
    await skeleton.run()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
