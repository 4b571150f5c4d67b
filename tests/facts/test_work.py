"""Work on several threads: everything is done once, the first error is raised, an interrupt ends it."""

from __future__ import annotations

import _thread
import threading
import time

import pytest

from preflight.facts.once import Once
from preflight.facts.work import spread
from tests.until import PATIENCE_SECONDS


@pytest.mark.parametrize("workers", [0, 1, 2, 8])
def test_every_number_is_done_once(workers: int) -> None:
    done: list[int] = []
    assert spread(20, workers, done.append, lambda: None) is False
    assert sorted(done) == list(range(20))


def test_work_that_waits_is_done_at_the_same_time() -> None:
    together = threading.Barrier(4, timeout=PATIENCE_SECONDS)
    assert spread(4, 4, lambda _: together.wait() and None, lambda: None) is False


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_is_raised_where_the_work_was_asked_for(workers: int) -> None:
    def do(number: int) -> None:
        if number == 2:
            raise LookupError(number)

    with pytest.raises(LookupError):
        spread(5, workers, do, lambda: None)


def test_an_interrupt_stops_what_runs_and_begins_nothing_new() -> None:
    stop = threading.Event()
    stopped: dict[int, bool] = {}

    def do(number: int) -> None:
        if number == 1:
            _thread.interrupt_main()
        stopped[number] = stop.wait(PATIENCE_SECONDS)

    assert spread(10, 2, do, stop.set) is True
    assert stopped == {0: True, 1: True}


def test_what_follows_a_statement_that_was_stopped_is_stopped_too() -> None:
    stop = threading.Semaphore(0)
    stopped: list[bool] = []

    def do(number: int) -> None:
        if number == 1:
            _thread.interrupt_main()
        stopped.extend(stop.acquire(timeout=PATIENCE_SECONDS) for _ in range(3))

    assert spread(2, 2, do, lambda: stop.release(2)) is True
    assert stopped == [True] * 6


def test_what_is_asked_twice_is_answered_once() -> None:
    once: Once[int] = Once()
    asked: list[int] = []

    def slow() -> int:
        time.sleep(0.05)
        asked.append(1)
        return len(asked)

    answers: list[int] = []
    assert spread(6, 6, lambda _: answers.append(once.get("key", slow)), lambda: None) is False
    assert answers == [1] * 6


def test_a_failed_answer_is_asked_for_again() -> None:
    once: Once[int] = Once()
    with pytest.raises(ZeroDivisionError):
        once.get("key", lambda: 1 // 0)
    assert once.get("key", lambda: 7) == 7
