from actors.simulation.agenda import Agenda


def test_the_next_comes_first_and_of_equals_the_older_instance() -> None:
    agenda = Agenda()
    agenda.set("b", 5)
    agenda.set("a", 5)
    agenda.set("c", 3)
    assert agenda.next() == 3
    assert [agenda.pop(5) for _ in range(4)] == [(3, "c"), (5, "a"), (5, "b"), None]


def test_nothing_leaves_before_it_is_due() -> None:
    agenda = Agenda()
    agenda.set("a", 5)
    assert agenda.pop(4) is None
    assert agenda.next() == 5


def test_what_is_set_anew_or_never_counts_no_more() -> None:
    agenda = Agenda()
    agenda.set("a", 5)
    agenda.set("a", 9)
    agenda.set("b", 6)
    agenda.set("b", None)
    assert agenda.pop(8) is None
    assert agenda.pop(9) == (9, "a")
    assert agenda.next() is None
