"""Reading items in several processes: results in the order of the items, whatever happens to a process.

A file may hang its reader or kill it. Each process works on one item at a time, so that one is known; it is
refused with the reason, and a new process takes the place.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

Task = TypeVar("Task")
Answer = TypeVar("Answer")

#: Seconds one item may take, and a process to start.
LIMIT = 120.0
#: Items that may be done ahead of one that takes long, for each process.
AHEAD = 64


class _Worker(Generic[Task, Answer]):
    """One process and the item it works on."""

    def __init__(self, work: Callable[[Task], Answer]) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, work), daemon=True)
        self.process.start()
        theirs.close()
        self.at = -1  # number of the item in hand, -1 for none
        self.since = 0.0

    def give(self, number: int, task: Task) -> None:
        self.at, self.since = number, time.monotonic()
        self.pipe.send(task)

    def end(self) -> None:
        self.pipe.close()
        self.process.kill()
        self.process.join()


def in_order(
    work: Callable[[Task], Answer],
    tasks: Iterable[Task],
    processes: int,
    lost: Callable[[Task, str], Answer],
    limit: float = LIMIT,
) -> Iterator[tuple[Task, Answer]]:
    """Yield every task with its answer, in the order of the tasks.

    Parameters
    ----------
    work
        A function that other processes can import.
    tasks
        Anything that can be sent.
    processes
        How many; 1 too works in a process of its own. 0 works in this one, which a bad item may take down.
    lost
        Gives the answer for a task whose process died, or took longer than ``limit`` seconds, and is told so.
    """
    if processes < 1:
        yield from ((task, work(task)) for task in tasks)
        return
    workers: list[_Worker[Task, Answer]] = [_Worker(work) for _ in range(processes)]
    upcoming, held, done = enumerate(tasks), dict[int, Task](), dict[int, Answer]()
    following, exhausted = 0, False
    try:
        while True:
            for worker in workers:
                if worker.at < 0 and not exhausted and len(held) < AHEAD * len(workers):
                    number, task = next(upcoming, (-1, None))
                    exhausted = number < 0
                    if not exhausted:
                        held[number] = task  # type: ignore[assignment]
                        _given(workers, workers.index(worker), work, number, held[number])
            while following in done:
                yield held.pop(following), done.pop(following)
                following += 1
            busy = [worker for worker in workers if worker.at >= 0]
            if not busy:
                if exhausted:
                    return
                continue
            ready = wait([worker.pipe for worker in busy], timeout=1.0)
            for worker in busy:
                answer = _answer(worker, worker.pipe in ready, limit)
                if answer is None:
                    continue
                number, value, reason = worker.at, answer[0], answer[1]
                if reason:
                    worker.end()
                    workers[workers.index(worker)] = _Worker(work)
                    value = lost(held[number], reason)
                worker.at = -1
                done[number] = value
    finally:
        for worker in workers:
            worker.end()


def _given(workers: list[Any], at: int, work: Any, number: int, task: Any) -> None:
    """Hand a task to a worker; one that died idle is replaced first."""
    if not workers[at].process.is_alive():
        workers[at].end()
        workers[at] = _Worker(work)
    workers[at].give(number, task)


def _answer(worker: _Worker[Any, Any], ready: bool, limit: float) -> tuple[Any, str] | None:
    """Return an answer, or why there will be none; None to wait on."""
    if ready:
        try:
            return worker.pipe.recv(), ""
        except (EOFError, OSError):
            worker.process.join(5)
            return None, f"its reader ended with code {worker.process.exitcode}"
    if time.monotonic() - worker.since > limit:
        return None, f"reading it took more than {limit:g} seconds"
    return None


def _serve(pipe: Connection, work: Callable[[Any], Any]) -> None:
    while True:
        try:
            task = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        pipe.send(work(task))
