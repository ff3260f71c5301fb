"""What one turn costs: an event wakes one wait behind one condition and sets a variable, no card (T1).

The target is 25 µs for `decide` alone. Unpacking and packing the state are shown beside it: the runtime does
each once a group. Run from the repository's root: `python bench/turn.py`.
"""

import sys
import timeit
from pathlib import Path
from statistics import median
from time import process_time

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rules.compiling.flows import check
from rules.decide import decide, start
from rules.effects import Turn
from rules.inputs import Event, EventArrived, Started
from rules.instance import State
from rules.world import Identity, World

FLOW = """
flow: counting
variables: {n: {type: integer, default: 0}}
start: w
steps:
  w:
    type: wait
    until:
      - {id: paid, type: event, event: paid, when: event.data.amount > 0 && vars.n < 1000000, next: add}
      - {id: late, type: time, after: P7D}
  add: {type: set, variables: {n: =vars.n + 1}, next: w}
"""
NOW = 1_770_000_000_000
ROUNDS, TURNS = 5, 5_000


def main() -> None:
    compiled = check(FLOW, type="yaml", version=1)
    flow = compiled.flow
    assert flow is not None, compiled.problems
    world, who = World(), Identity(id="0" * 36, customer="c-1")
    turn = start(
        flow, Started(trigger="api", trigger_type="api"), who, customer=None, now=NOW, seed="s", world=world
    )
    assert isinstance(turn, Turn)
    state = turn.state
    event = Event(id="e-1", name="paid", time=NOW, customer="c-1", data={"amount": 12.5})
    packed = msgspec.msgpack.encode(state)
    decode = msgspec.msgpack.Decoder(State).decode

    def one_turn() -> Turn:
        input = EventArrived(event=event)
        return decide(flow, state, input, customer=None, now=NOW + 1, seed="s:1", world=world)

    assert one_turn().state.variables == {"n": 1}
    call_us = timeit.timeit(lambda: None, timer=process_time, number=1_000_000)
    print(f"a function call    {call_us:6.3f} µs")
    print(f"state, packed      {len(packed):6d} B")
    for name, work in (
        ("decide", one_turn),
        ("unpack", lambda: decode(packed)),
        ("pack", lambda: msgspec.msgpack.encode(state)),
    ):
        times = [timeit.timeit(work, timer=process_time, number=TURNS) / TURNS * 1e6 for _ in range(ROUNDS)]
        print(f"{name:18s} {median(times):6.1f} µs")


main()
