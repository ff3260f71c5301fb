"""Plays a script on a simulated server, up to the first thing that is not as it says."""

from __future__ import annotations

from rules.calendar.durations import shift
from rules.calendar.times import to_datetime
from rules.customers.profile import Profile, merge, new_profile
from rules.errors import RuleError
from rules.instance import InstanceStatus
from rules.json_values import as_json
from rules.scripts.judging import Failure, judge
from rules.scripts.model import Expect, Script, Step
from rules.text.printing import Setting
from rules.values import Value
from rules.world import World

from .actions import Actions
from .bounds import BoundReached, Bounds, Unanswered
from .seen import SeenServer
from .server import SimulatedServer
from .sources import ScriptSources, Stopped


class Playing:
    """One script. `server` and `seen` can be looked at after every step."""

    def __init__(self, script: Script, *, world: World | None = None, bounds: Bounds | None = None) -> None:
        self._script = script
        world = world or World(constants=script.constants)
        self.server = SimulatedServer(
            script.flows,
            at=script.at,
            seed=script.seed,
            world=world,
            customers=[_profile(script, id, body) for id, body in script.customers.items()],
            segments=script.segments,
            bounds=bounds,
        )
        self.seen = SeenServer(
            self.server,
            flow=script.flows[0].key,
            customers=tuple(script.customers),
            constants=script.constants,
            zone=world.zone,
        )
        self._sources = ScriptSources(self.seen, zone=world.zone)
        self._actions = Actions(self.server, self._sources, script, zone=world.zone)

    def play(self) -> Failure | None:
        """All steps in order; None: everything was as the script says."""
        for step in self._script.steps:
            failure = self.step(step)
            if failure is not None:
                return failure
        return self._end()

    def step(self, step: Step) -> Failure | None:
        try:
            self._pass_time(step)
            if isinstance(step.does, Expect):
                return self._expect(step.does)
            if step.does is not None:
                self.seen.since = len(self.server.record)
                self._actions.do(step.does)
        except Stopped as stopped:
            return Failure(pointer=step.pointer, message=stopped.message, differences=stopped.differences)
        except (RuleError, BoundReached, Unanswered) as error:
            return Failure(pointer=step.pointer, message=str(error))
        return None

    def _pass_time(self, step: Step) -> None:
        if step.after is not None:
            self.server.pass_time(shift(self.server.now, step.after, self.seen.zone))
        elif step.at is not None:
            self.server.pass_time(self._sources.later(step.at))

    def _expect(self, expect: Expect) -> Failure | None:
        for expectation in expect.expectations:
            failure = judge(expectation, self.seen)
            if failure is not None:
                return failure
        return None

    # ── the end ────────────────────────────────────────────────────────────────────────────────────────
    def _end(self) -> Failure | None:
        """What must be so of every script that is over."""
        try:
            self.server.settle_calls()
        except (BoundReached, Unanswered) as error:
            return Failure(pointer=self._script.pointer, message=str(error))
        if self._script.expects_failure:
            return None
        for row in self.server.instances.values():
            if row.status == InstanceStatus.FAILED.value:
                why = self.seen.error(row)
                message = f"An instance of {row.flow} has failed, and nothing expects it: {why}"
                return Failure(pointer=self._script.pointer, message=message)
        return None


def _profile(script: Script, id: str, body: Value) -> Profile:
    """Somebody who was there before the script began."""
    context: dict[str, object] = {"now": to_datetime(script.at), "constants": script.constants}
    resolved = as_json(body.resolve(context, Setting()))
    assert isinstance(resolved, dict), "the body of a profile"
    return merge(new_profile(id, script.at), resolved, script.at)
