"""`flowdeck simulate`: plays a script in a flow and prints what happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from .documents import document_type, read_document, shown
from .failures import Failure, Misused
from .folder import configured
from .test import say_line

if TYPE_CHECKING:
    from actors.simulation.playing import Playing
    from rules.documents.problems import Problem
    from rules.scripts.judging import Failure as ScriptFailure
    from rules.scripts.loading import Loaded
    from rules.scripts.model import Script


@click.command("simulate")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--script",
    "script_file",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path),
    help="What happens; of a flow test, the case that --case names.",
)
@click.option("--case", metavar="NAME", help="A case of a flow test.")
@click.option(
    "--config", "config_file", metavar="FILE", type=click.Path(path_type=Path), help="For constants."
)
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON lines: turns, then instances.")
def command(file: Path, script_file: Path, case: str | None, config_file: Path | None, as_json: bool) -> None:
    """Play a script in the flow of FILE, and print its timeline."""
    from server.flow_tests.running import setting_of, world_of

    setting = setting_of(configured(config_file).flows)
    script = _script(file, script_file, case, setting.constants)
    from actors.simulation.playing import Playing

    playing = Playing(script, world=world_of(script, setting))
    failure = playing.play()
    for line in _json_lines(playing) if as_json else ():
        click.echo(line)
    if not as_json:
        _say(playing)
    if failure is not None:
        raise _not_as_it_says(failure)


def _say(playing: Playing) -> None:
    from server.flow_tests.story import story

    for line in story(playing.server, zone=playing.seen.zone):
        say_line(line)


def _json_lines(playing: Playing) -> Iterator[bytes]:
    """As the API shows them: each turn, in the order in which they were taken, then the instances."""
    from server.http.simulations import instances_of, items_of

    for item in items_of(playing.server):
        yield msgspec.json.encode({"type": "turn", **msgspec.to_builtins(item)})
    for instance in instances_of(playing.server):
        yield msgspec.json.encode({"type": "instance", **msgspec.to_builtins(instance)})


def _not_as_it_says(failure: ScriptFailure) -> Failure:
    differences = [
        f"  {each.path or 'it'}: expected {each.expected}, is {each.actual}" for each in failure.differences
    ]
    return Failure("\n".join([f"{failure.pointer}: {failure.message}", *differences]))


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────


def _script(file: Path, script_file: Path, case: str | None, constants: Mapping[str, object]) -> Script:
    from rules.compiling.flows import load
    from rules.scripts.loading import WrittenPlay, WrittenTest, load_play, load_test, read_play, read_test
    from server.flow_tests.folder import FlowFolder

    document = load(read_document(file), type=document_type(file))
    if isinstance(document, list):
        raise _wrong(file, document)
    key = document.key
    text = read_document(script_file)
    kind = document_type(script_file)
    folder = FlowFolder(file.parent, first=[file], constants=constants)
    if case is None:
        play = read_play(text, type=kind)
        if not isinstance(play, WrittenPlay):
            raise _wrong(script_file, play)
        loaded = load_play(play, key, folder.flow, shared=folder.shared)
    else:
        test = read_test(text, type=kind)
        if not isinstance(test, WrittenTest):
            raise _wrong(script_file, test)
        loaded = load_test(test, folder.flow, shared=folder.shared)
    return _chosen(script_file, loaded, case)


def _chosen(script_file: Path, loaded: Loaded, case: str | None) -> Script:
    if not loaded.scripts:
        raise _wrong(script_file, loaded.problems)
    for script in loaded.scripts:
        if case in (None, script.name):
            return script
    names = ", ".join(script.name for script in loaded.scripts)
    raise Misused(f"{script_file} has no case {case!r}", hint=f"its cases are {names}")


def _wrong(file: Path, problems: Sequence[Problem]) -> Failure:
    lines = [f"  {shown(file, each)}" for each in problems]
    return Failure("\n".join(["nothing can be played", *lines]))
