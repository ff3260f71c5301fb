"""T11: a four-term condition, compiled to Python, beside the native CEL engine and hand-written Python.

Three rounds in turn, medians. The version written by hand makes the same reads and comparisons without any
check: it is the ceiling. "Failing" is the same condition where a key is missing, with its explanation.
"""

import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cel_expr_python import cel

from rules.conditions import compile_condition
from rules.types import Scope, Type

ROUNDS = 3
COUNT = 200_000
SOURCE = 'event.data.amount > 1000.0 && customer.tier == "gold" && vars.n < 30 && "vip" in customer.tags'
SCOPE = Scope(
    {
        "vars": {"n": Type.INT},
        "customer": {"tier": Type.STRING, "tags": Type.LIST},
        "event": {"data": Type.DYN},
    }
)
CONTEXT: dict[str, object] = {
    "vars": {"n": 7},
    "customer": {"tier": "gold", "tags": ["new", "vip"]},
    "event": {"data": {"amount": 1200.0}},
}
FAILING: dict[str, object] = {**CONTEXT, "event": {"data": {}}}


def per_second(run: Callable[[], object], count: int) -> float:
    begin = perf_counter()
    for _ in range(count):
        run()
    return count / (perf_counter() - begin)


def main() -> None:
    condition = compile_condition(SOURCE, SCOPE)
    native = cel.NewEnv(variables={name: cel.Type.DYN for name in CONTEXT}).compile(SOURCE)
    assert condition.holds(CONTEXT) is True
    assert native.eval(data=CONTEXT).value() is True

    def by_hand() -> bool:
        vars_, customer, event = CONTEXT["vars"], CONTEXT["customer"], CONTEXT["event"]
        return bool(
            event["data"]["amount"] > 1000.0  # type: ignore[index] # plain Python is the ceiling here
            and customer["tier"] == "gold"  # type: ignore[index]
            and vars_["n"] < 30  # type: ignore[index]
            and "vip" in customer["tags"]  # type: ignore[index]
        )

    def failing() -> None:
        try:
            condition.holds(FAILING)
        except Exception:  # noqa: BLE001 - what it costs is the question
            return

    rows: list[tuple[str, Callable[[], object], int]] = [
        ("compiled", lambda: condition.holds(CONTEXT), COUNT),
        ("native engine", lambda: native.eval(data=CONTEXT).value(), COUNT // 10),
        ("written by hand", by_hand, COUNT),
        ("compiled, failing", failing, COUNT // 20),
        ("compilation", lambda: compile_condition(SOURCE, SCOPE), COUNT // 1000),
    ]
    rates: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, run, count in rows:
            rates.setdefault(name, []).append(per_second(run, count))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    for name, rate in medians.items():
        print(f"{name:20} {rate:12,.0f}/s   {rate / medians['native engine']:8.2f} × native")


if __name__ == "__main__":
    main()
