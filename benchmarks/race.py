"""Runs two commands in turns and compares them: medians, and the median of the pairs' ratios."""

import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Command:
    """A program to run with its whole environment, what to do before, and if it did its work."""

    words: Sequence[str]
    env: Mapping[str, str]
    prepare: Callable[[], object] = lambda: None
    did_it: Callable[[], bool] = lambda: True


@dataclass(frozen=True)
class Run:
    """What one run took: seconds on the wall and of the processor, and bytes of memory at most."""

    seconds: float
    cpu: float
    memory: int


@dataclass(frozen=True)
class Race:
    """What two commands took, run by run."""

    ours: list[Run]
    theirs: list[Run]

    @property
    def wall(self) -> float:
        """How many times as long as theirs ours takes."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return statistics.median(one.seconds / other.seconds for one, other in pairs)

    @property
    def cpu(self) -> float:
        """How many times as much of the processor's time as theirs ours takes."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return statistics.median(one.cpu / other.cpu for one, other in pairs)

    @property
    def memory(self) -> float:
        """How many times as much memory as theirs ours takes."""
        return memory(self.ours) / memory(self.theirs)


MOST_PAIRS = 25
"""How often two commands are compared at most; --pairs of run.py sets it."""


def race(ours: Command, theirs: Command, pairs: int) -> Race:
    """Run both in turns, the other one first each time; one run of each warms up and is dropped."""
    pairs = min(pairs, MOST_PAIRS)
    done: dict[int, list[Run]] = {0: [], 1: []}
    for number in range(pairs + 1):
        for index in (0, 1) if number % 2 else (1, 0):
            done[index].append(run((ours, theirs)[index]))
    return Race(done[0][1:], done[1][1:])


def run(command: Command) -> Run:
    """Run a command without looking at what it prints; ends everything if it fails."""
    command.prepare()
    with Path(os.devnull).open("wb") as nothing:
        quiet = [(os.POSIX_SPAWN_DUP2, nothing.fileno(), number) for number in (1, 2)]
        began = time.perf_counter()
        started = os.posix_spawnp(command.words[0], command.words, command.env, file_actions=quiet)
        _, status, usage = os.wait4(started, 0)
        seconds = time.perf_counter() - began
    if status or not command.did_it():
        code = os.waitstatus_to_exitcode(status)
        sys.exit(f"Exit code {code}, and not done what it is for: {' '.join(command.words)}")
    used = usage.ru_utime + usage.ru_stime
    return Run(seconds, used, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def seconds(runs: list[Run]) -> float:
    """Return the median time."""
    return statistics.median(one.seconds for one in runs)


def cpu(runs: list[Run]) -> float:
    """Return the median time of the processor."""
    return statistics.median(one.cpu for one in runs)


def memory(runs: list[Run]) -> float:
    """Return the median of the most memory, in bytes."""
    return statistics.median(one.memory for one in runs)
