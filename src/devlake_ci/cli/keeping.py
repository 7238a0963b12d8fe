"""Keeps in the spool what DevLake could not be told, and forgets there what it was told since."""

import shlex
from contextlib import suppress

from devlake_ci.devlake.address import Target
from devlake_ci.devlake.spool import Event, content, moment, name, stamp, subject
from devlake_ci.errors import UnreachedError
from devlake_ci.runtime import Runtime
from devlake_ci.text import line, quoted


def keep(world: Runtime, folder: str, event: Event, target: Target, why: UnreachedError) -> None:
    """Put an unsent event into the spool; `why` then says where it is, or why it can't be kept."""
    try:
        path = world.spool.keep(folder, name(event, target), _text(world, event, target))
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or type(error).__name__
        why.message += f" Nor could it be kept in --spool {quoted(folder)}: {reason}."
        return
    command = f"devlake-ci replay {shlex.quote(line(folder))}"
    said = f"It is kept as {quoted(path, 300)}: {command} sends it."
    why.hint = f"{why.hint} {said}".strip()


def forget(world: Runtime, folder: str, event: Event, target: Target) -> None:
    """Drop what waits about the same thing: sent later, it would undo what is stored now."""
    with suppress(OSError, ValueError):
        about = subject(event, target.base, target.route)
        world.spool.forget(folder, about, stamp(moment(event)))


def _text(world: Runtime, event: Event, target: Target) -> str:
    return content(event, target, world.clock.now())
