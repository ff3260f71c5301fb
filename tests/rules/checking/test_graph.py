from hypothesis import given
from hypothesis import strategies as st

from rules.checking.graph import Graph, busy_loop, definitely_set, reach_of, reachable

Ways = dict[str, tuple[str, ...]]


@st.composite
def ways(draw: st.DrawFn) -> Ways:
    names = [f"s{number}" for number in range(draw(st.integers(1, 8)))]
    return {name: tuple(draw(st.lists(st.sampled_from(names), max_size=3, unique=True))) for name in names}


@given(ways())
def test_reach_is_all_that_a_walk_comes_to(graph: Ways) -> None:
    reach = reach_of(graph)
    for step in graph:
        assert reach[step] == reachable(graph, graph[step])


@given(ways(), st.integers(0, 8))
def test_a_busy_loop_is_a_way_back_without_a_wait(graph: Ways, blocking_count: int) -> None:
    blocking = list(graph)[:blocking_count]
    loop = busy_loop(Graph(graph, reach_of(graph)), blocking)
    free = {
        step: tuple(way for way in to if way not in blocking)
        for step, to in graph.items()
        if step not in blocking
    }
    assert (loop is None) == all(step not in reachable(free, to) for step, to in free.items())
    if loop is not None:
        assert all(after in free[step] for step, after in zip(loop, (*loop[1:], loop[0]), strict=True))


def test_what_is_set_holds_only_if_every_path_sets_it() -> None:
    graph = {"a": ("b", "c"), "b": ("d",), "c": ("d",), "d": ("a",)}
    known = definitely_set(graph, ["a"], {"b": ("x", "y"), "c": ("x",), "d": ("z",)})
    assert known == {"a": frozenset(), "b": frozenset(), "c": frozenset(), "d": frozenset({"x"})}
