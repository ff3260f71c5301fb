"""Runs a server until it is told to stop: what `serve` and `demo` have in common."""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from actors.ports import StoreBroken, StoreError
from server.db.lock import FolderInUse
from server.settings import Config

from .failures import Broken, Misused

if TYPE_CHECKING:
    from server.app import Extend, Reread, Started

YOUNG_OBJECTS_MAX: Final = 20_000
"""New objects before the collector looks for garbage among them (Python's own: 700). A group's rows and the
requests under way are some thousands that die by themselves; looking at them costs a sixth of an event."""
SWITCH_S: Final = 0.000_5
"""How long a thread that wants the interpreter waits for a busy one (Python's own: 5 ms). The writer asks for
it ten times a group, beside a loop that may never rest."""


def host(
    config: Config, *, started: Started, extend: Extend | None = None, reread: Reread | None = None
) -> int:
    """The exit code, once the server has stopped; what keeps it from starting ends the command."""
    import uvloop

    from server.app import NoAdminKey, serve
    from server.ending import Ending
    from server.observe import set_up_logging

    set_up_logging(config.log.level, config.log.format)
    gc.set_threshold(YOUNG_OBJECTS_MAX)
    sys.setswitchinterval(SWITCH_S)
    folder = Path(config.store.folder)
    try:
        with (
            Ending(stop_s=config.server.stop_s) as ending,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            return runner.run(
                serve(config, ending=ending, extend=extend or _as_it_is, started=started, reread=reread)
            )
    except NoAdminKey as error:
        raise Misused(
            f"{folder} has no admin key: nobody could operate the server",
            hint="`flowdeck keys create --role admin` makes one",
        ) from error
    except FolderInUse as error:
        raise Broken(
            str(error), hint="one server, one folder: stop it, or take another with --data"
        ) from error
    except StoreBroken as error:
        raise Broken(
            f"the store in {folder} is damaged: {error}", hint="`flowdeck doctor` says more"
        ) from error
    except StoreError as error:
        raise Broken(f"the store in {folder} cannot be used: {error}") from error
    except OSError as error:
        if error.filename:
            raise Misused(f"{error.filename}: {error.strerror}") from error
        where = f"{config.server.host}:{config.server.port}"
        raise Misused(
            f"cannot listen on {where}: {error.strerror or error}", hint="--port takes another"
        ) from error


def _as_it_is(app: object) -> None:
    """A server has nothing beside the API."""
