"""A state of the old version as one of the new: every name that stands in it, and what goes with its step.

Raises `Stays` for what has no place in the new version. What the new version waits for beyond that is
`arming.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from ..cards.card import Card
from ..errors import RuleError
from ..instance import Child, HeldPush, KeptEvent, Report, State, Token
from ..model import Flow, Request, SendCard, Wait
from ..turn.outcomes import event_fits, event_of
from ..turn.run import pack
from ..variables import carry as carry_variables
from .naming import Names
from .plan import Plan, Reason, Stays
from .waiting import fired, held, joined, missed, timers


def carry(names: Names, state: State, plan: Plan) -> State:
    """The state that the migration's turn begins with; its tokens stand in the order of those before."""
    if names.new.reads_trigger and state.trigger is None:
        message = "The new version reads `trigger`, of which the instance has kept nothing."
        raise Stays(Reason.NO_TRIGGER, message)
    tokens = _tokens(names, state)
    carried = replace(
        state,
        version=names.new.version,
        error=_error(names, state.error),
        cards=tuple(_cards(names, state.cards)),
        variables=_variables(names.new, state, plan),
        tokens=tokens,
        steps=_outputs(names, state),
        timers=timers(names, state.timers),
        reports=tuple(_reports(names, state.reports)),
        events=tuple(_events(names, state)),
        held=held(names, state.held),
        fired=fired(names, state.fired),
        joined=joined(names, state.joined),
        pushes=tuple(_pushes(names, state.pushes)),
        children=tuple(_children(names, state.children)),
        begins=tuple([_begin(names, step) for step in state.begins]),
        missed=missed(names, state.missed),
        renamed=_renamed(names, state, tokens),
    )
    return replace(carried, size=len(pack(carried)))


# --- tokens ------------------------------------------------------------------------------------------


def _tokens(names: Names, state: State) -> tuple[Token, ...]:
    """Those that wait or are parked first: a step under way may lead on to where there is no place either."""
    for token in state.tokens:
        if token.error is not None or isinstance(names.old.steps[token.step], Wait):
            _check(names, token)
    for token in state.tokens:
        if token.error is None and not isinstance(names.old.steps[token.step], Wait):
            message = f'The step "{token.step}" is under way; it can be moved when that is over.'
            raise Stays(Reason.BUSY, message, step=token.step)
    return tuple([_token(names, token) for token in state.tokens])


def _check(names: Names, token: Token) -> None:
    name = names.of(token.step)
    if name is None:
        message = f'The new version has no step "{token.step}", where the instance stands: map it to one.'
        raise Stays(Reason.NO_STEP, message, step=token.step)
    if token.error is None and not isinstance(names.new.steps[name], Wait):
        message = f'The instance waits at "{token.step}"; "{name}" of the new version is no wait.'
        raise Stays(Reason.NOT_A_WAIT, message, step=token.step)


def _token(names: Names, token: Token) -> Token:
    name = names.of(token.step) or ""
    step = names.new.steps[name]
    known = {outcome.id for outcome in step.until} if isinstance(step, Wait) else ()
    return replace(
        token,
        step=name,
        activation=names.shifted(token.step, token.activation),
        latched=tuple([id for id in token.latched if id in known]),
    )


def _begin(names: Names, step: str) -> str:
    name = names.of(step)
    if name is None:
        message = f'The new version has no step "{step}", with which the instance is to begin: map it to one.'
        raise Stays(Reason.NO_STEP, message, step=step)
    return name


def _renamed(names: Names, state: State, tokens: tuple[Token, ...]) -> dict[str, str]:
    renamed = {}
    for before, after in zip(state.tokens, tokens, strict=True):
        if after.error is not None and isinstance(names.new.steps[after.step], Request):
            then, now = f"{before.step}#{before.activation}", f"{after.step}#{after.activation}"
            first = state.renamed.get(then, then)
            if first != now:
                renamed[now] = first
    return renamed


def _error(names: Names, error: dict[str, object] | None) -> dict[str, object] | None:
    step = error.get("step") if error is not None else None
    if error is None or not isinstance(step, str):
        return error
    return {**error, "step": names.of(step) or step}


# --- what steps have left ----------------------------------------------------------------------------


def _variables(flow: Flow, state: State, plan: Plan) -> dict[str, object]:
    try:
        return carry_variables(flow.variables, state.variables, plan.variables)
    except RuleError as error:
        raise Stays(Reason(error.code), error.message) from error


def _outputs(names: Names, state: State) -> dict[str, dict[str, object]]:
    """Outputs go to a step of the same kind, errors to any; how often a name was reached stays known."""
    outputs: dict[str, dict[str, object]] = {}
    for name, runs in names.runs.items():
        source = names.source(name, state.steps)
        left = state.steps[source] if source is not None else {}
        if source is None or names.heir(source) is None:
            left = {"error": left["error"]} if "error" in left else {}
        outputs[name] = {**left, "runs": runs}
    return outputs


def _cards(names: Names, cards: Iterable[Card]) -> Iterator[Card]:
    """Open ones keep their view; what they are rendered from later is the new version's."""
    for card in cards:
        name = names.heir(card.step)
        if name is None and card.open:
            message = (
                f'A card of "{card.step}" is open; the new version has no such step: map it to a send_card.'
            )
            raise Stays(Reason.OPEN_CARD, message, step=card.step)
        if name is None:
            continue
        step = names.new.steps[name]
        assert isinstance(step, SendCard), "an heir is of the same kind"
        template = card.template if card.template in names.new.cards else step.card
        yield (
            card
            if (name, template) == (card.step, card.template)
            else replace(card, step=name, template=template)
        )


def _reports(names: Names, reports: Iterable[Report]) -> Iterator[Report]:
    before, after = names.old.listening.reports, names.new.listening.reports
    for report in reports:
        name = names.heir(report.step)
        if name is None:
            continue
        listened, listen = before.get((report.step, report.action), ()), after.get((name, report.action), ())
        waiting = names.listeners(report.waiting, listened, listen)
        if waiting:
            yield replace(report, step=name, waiting=waiting)


def _events(names: Names, state: State) -> Iterator[KeptEvent]:
    before, after = names.old.listening.kept, names.new.listening.kept
    for kept in state.events:
        event = event_of(kept)
        listened = [step for step, _ in before.get(kept.name, ())]
        listen = [step for step, outcome in after.get(kept.name, ()) if event_fits(state, outcome, event)]
        waiting = names.listeners(kept.waiting, listened, list(dict.fromkeys(listen)))
        if waiting:
            yield replace(kept, waiting=waiting)


def _pushes(names: Names, pushes: Iterable[HeldPush]) -> Iterator[HeldPush]:
    """One whose step is gone is sent all the same."""
    for push in pushes:
        activation = names.shifted(push.step, push.activation)
        yield replace(push, step=names.of(push.step) or push.step, activation=activation)


def _children(names: Names, children: Iterable[Child]) -> Iterator[Child]:
    for child in children:
        activation = names.shifted(child.step, child.activation)
        yield replace(child, step=names.of(child.step) or child.step, activation=activation)
