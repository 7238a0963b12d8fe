"""Threads that each do one thing at a time, for what usually waits for somebody else."""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_WAKE = 0.1


class Workers(Generic[Item, Result]):
    """As many threads as there are functions; fewer, or none, where no more can start."""

    def __init__(self, functions: list[Callable[[Item], Result]]) -> None:
        """Start a thread for each function."""
        self._todo: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Item, Result | BaseException]] = queue.SimpleQueue()
        self._here = functions[0]
        self._threads = 0
        for each in functions:
            with suppress(RuntimeError):  # can't start new thread
                run = copy_context().run
                threading.Thread(target=run, args=(self._work, each), daemon=True).start()
                self._threads += 1

    @property
    def count(self) -> int:
        """Return how many items are worked on at a time."""
        return max(self._threads, 1)

    def start(self, item: Item) -> None:
        """Hand an item to the next thread that is free."""
        if self._threads:
            self._todo.put(item)
        else:
            self._do(self._here, item)

    def wait(self) -> tuple[Item, Result | BaseException]:
        """Wait for an item that is done, and return it with its result, or what it raised."""
        while True:
            with suppress(queue.Empty):
                # In short waits: a signal may reach another thread, and wouldn't wake this one.
                return self._done.get(timeout=_WAKE)

    def _work(self, function: Callable[[Item], Result]) -> None:
        while True:
            self._do(function, self._todo.get())

    def _do(self, function: Callable[[Item], Result], item: Item) -> None:
        try:
            result: Result | BaseException = function(item)
        except BaseException as error:  # noqa: BLE001 (told apart where it is waited for)
            result = error
        self._done.put((item, result))
