"""Ids made from the time and the seed of a turn."""

from uuid import RFC_4122, UUID

from rules.ids import make_id

NOW = 1_772_308_800_007


def test_is_a_version_7_uuid_in_lower_case() -> None:
    made = make_id(NOW, "i-1:4", 0)
    parsed = UUID(made)
    assert (parsed.version, parsed.variant) == (7, RFC_4122)
    assert str(parsed) == made
    assert parsed.int >> 80 == NOW


def test_a_replay_gives_the_same_id() -> None:
    assert make_id(NOW, "i-1:4", 2) == make_id(NOW, "i-1:4", 2)


def test_instances_turns_and_numbers_differ() -> None:
    made = {make_id(NOW, seed, n) for seed in ("i-1:4", "i-1:5", "i-2:4", "1:4", "11:4") for n in range(100)}
    assert len(made) == 500


def test_later_ids_sort_later() -> None:
    made = [make_id(at, "i-1:4", 0) for at in (0, 1, NOW, NOW + 1, (1 << 48) - 1)]
    assert made == sorted(made)
