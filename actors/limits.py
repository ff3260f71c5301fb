"""Every bound of the runtime, with its unit and its reason; an operator may set those of `EngineLimits`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CAUSES_MAX: Final = 16
"""Depth of causation above which an event triggers and wakes nothing (flow format §9.5)."""

TARGETS_MAX: Final = 500
"""Of one start call (HTTP API)."""

RESOURCES_MAX: Final = 5_000
"""Documents of configuration: segments, event schemas, sources, credentials, … are written by people."""

JOBS_MAX: Final = 1_000
"""Jobs that wait or run at once."""

JOB_SPECS_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of what they are to do, packed, in memory: two of the largest tables, or 64 of the largest events."""

JOB_REST_S_MAX: Final = 1.0
"""Between two pieces of jobs, however long the store took for the last one."""

JOB_LOOK_S: Final = 1.0
"""Between two looks whether the pause of a migration is over, while no other job goes on."""

JOB_READS_MAX: Final = 5
"""Times in a row that a job's next piece may be unreadable before the job fails."""

MOVE_PAUSES_S: Final = (10.0, 60.0, 600.0, 3_600.0)
"""Between the rounds of a migration, for instances that are busy: requests end in seconds, others later. Who
is busy in the last is listed."""

MOVES_LISTED_MAX: Final = 100
"""Instances that a migration lists with why they stay; the others are only counted."""

REHEARSED_MAX: Final = 2_000
"""Instances on which a migration is tried before anything is done: a second or two of a thread."""

REHEARSAL_STRETCHES: Final = 20
"""Of instances that are tried where there are more: spread over the order of start."""

OWN_TURNS_MAX: Final = 1_000
"""Turns that one input may cause in its own commit; what is beyond waits in the inbox (architecture)."""

TIME_TURNS_MAX: Final = 1_000
"""Timers applied to one instance before one input: more can only come of a flow that runs in circles."""

SPREAD_IDS_MAX: Final = 500
"""Recipients of one `Spread` row: an event that concerns more instances is spread by several inputs."""

LANE_RUN_MAX: Final = 32
"""Inputs that one lane gives before the next lane of its class has its turn."""

SUBSCRIPTION_SETS_MAX: Final = 10_000
"""Shared sets of subscriptions kept for reuse; flows name events statically, so there are few."""

COMPILED_VERSIONS_MAX: Final = 200
"""Compiled flows kept besides the published ones; others are compiled again when an instance needs them."""

TIMELINE_ENTRY_BYTES_MAX: Final = 16 * 1024
"""A turn whose entry is longer is kept without the values that it read; the journal has the input."""

ANSWER_KEPT_MS: Final = 24 * 3600 * 1_000
"""For how long an `Idempotency-Key` gives the same answer (HTTP API)."""

FLOW_WRITERS_MAX: Final = 64
"""Calls that may wait to write a flow: they are taken one after the other."""

RETRY_AFTER_S: Final = 1.0
"""What an overloaded engine asks for: a queue of this length is drained within a second."""

POISON_TRIES: Final = 3
"""Times that a durable input may make a commit of its own fail before its instance is isolated."""

SIMULATED_TURNS_MAX: Final = 100_000
"""Of one simulated server: a hundred years of a timer that rings every day and does something three times."""

SIMULATED_TIMELINE_BYTES_MAX: Final = 256 * 1024 * 1024
"""Of one simulated server: it is all kept until the script ends."""

SIMULATED_SPAN_MS_MAX: Final = 100 * 366 * 86_400_000
"""By which the clock of one script may go on: a hundred years, longer than any policy."""

BACKOFF_FIRST_S: Final = 0.1
BACKOFF_MAX_S: Final = 10.0
"""Between attempts to recover from a store that does not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLimits:
    """`inputs` are what clients sent and nobody has answered yet."""

    inputs_max: int = 20_000
    """Room for two whole batches of 10,000 events."""
    inputs_bytes_max: int = 256 * 1024 * 1024
    """As the edge counted their bodies: decoded values take a few times as much."""
    class_inputs_max: int = 12_000
    """Of one event name, flow or kind of call, so that a flood of it leaves room for others."""
    internal_max: int = 4_000
    """Durable inputs (inbox rows, due timers) in memory at once; the rest waits in the store."""
    batch_max: int = 500
    """Inputs that are prepared together: their look-ups share one read of each kind."""
    group_rows_max: int = 4_000
    """Rows of one commit: some 40 ms of the writer's time."""
    group_ms_max: int = 250
    """For how long a group is filled while the writer is busy: the slower the disk, the larger the groups."""
    slice_ms: float = 4.0
    """For how long turns may keep the loop from its sockets."""
    warm_bytes_max: int = 384 * 1024 * 1024
    """Packed states in memory; the others load when they are needed."""
    profiles_max: int = 50_000
    ledgers_max: int = 50_000
    """Of what flows remember of customers, in memory."""
    histories_max: int = 50_000
    """Of what segments count of customers, in memory."""
    calls_max: int = 100
    """Calls that leave the process at the same time: requests and pushes."""
    piece_members_max: int = 25
    """Members of a job that one commit takes: 2 to 3 ms of the loop, and of the writer, that others wait."""
    timers_max: int = 50_000
    """Timers of the near horizon in memory."""
    horizon_ms: int = 60_000
    commit_s_max: float = 10.0
    """A commit that takes longer: its callers are told that the outcome is unknown."""
    drain_s_max: float = 30.0
    """What `stop` gives to inputs that were accepted."""
    upkeep_s: float = 30.0
    """Between rounds of the keeper."""
