"""What the parts of the runtime share: the surroundings that outlive a life, and the memory that does not."""

from __future__ import annotations

from dataclasses import dataclass, field

from rules.world import World

from .actor import SubscriptionSets
from .customers import Customers
from .dedupe import Dedupe
from .definitions import Compile, Definitions
from .histories import Histories
from .hook_book import HookBook
from .hub import Hub
from .intake import Intake
from .ledgers import Ledgers
from .limits import EngineLimits
from .open_jobs import OpenJobs
from .ports import Clock, Performer, Store
from .project import known
from .resources import Resources
from .router import Router
from .suspects import Suspects
from .telemetry import Telemetry
from .timeline import Chronicle, timeline_entry
from .warmth import Warmth


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the engine was given, and what it keeps from one life to the next. `compile` compiles flows."""

    store: Store
    clock: Clock
    limits: EngineLimits
    world: World
    telemetry: Telemetry
    compile: Compile
    performer: Performer
    chronicle: Chronicle = timeline_entry
    hub: Hub = field(default_factory=Hub)
    suspects: Suspects = field(default_factory=Suspects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """All that one life knows besides what is on its way; thrown away as a whole."""

    router: Router
    intake: Intake
    customers: Customers
    jobs: OpenJobs
    hooks: HookBook
    resources: Resources
    schedules: dict[tuple[str, str, str], int]
    ledgers: Ledgers
    histories: Histories
    definitions: Definitions
    dedupe: Dedupe
    warmth: Warmth
    sets: SubscriptionSets


def new_memory(around: Surroundings) -> Memory:
    router, limits, resources = Router(), around.limits, Resources()
    return Memory(
        router=router,
        intake=Intake(limits),
        customers=Customers(limits.profiles_max),
        jobs=OpenJobs(),
        hooks=HookBook(),
        resources=resources,
        schedules={},
        ledgers=Ledgers(limits.ledgers_max),
        histories=Histories(limits.histories_max),
        definitions=Definitions(
            around.store,
            constants=around.world.constants,
            compile=around.compile,
            project=lambda: known(resources),
        ),
        dedupe=Dedupe(),
        warmth=Warmth(router, bytes_max=limits.warm_bytes_max),
        sets=SubscriptionSets(),
    )
