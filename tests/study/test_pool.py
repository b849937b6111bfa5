"""The seam to the workers: every piece of work comes back once, whoever dies on the way."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.study.pool import TRIES, Pool, PoolRefused, dask, done, local


class Frail(Executor):
    """Breaks as a whole when its time has come: at a submit, or with work under way."""

    def __init__(self, fates: Iterator[str]) -> None:
        self._fates, self._broken = fates, False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        fate = next(self._fates, "works")
        if self._broken or fate == "refuses":
            self._broken = True
            raise BrokenExecutor
        future: Future[Any] = Future()
        if fate == "dies":
            self._broken = True
            future.set_exception(BrokenExecutor())
        else:
            future.set_result(fn(*args, **kwargs))
        return future


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 3))
def test_work_that_a_broken_pool_refuses_is_given_out_again(good: list[int], workers: int) -> None:
    # Between two refusals enough work for a result to come back.
    rest = iter([fate for n in good for fate in ["works"] * (2 * workers + 1 + n) + ["refuses"]])

    @contextmanager
    def opened() -> Iterator[Pool]:
        yield Pool(Frail(rest), workers)

    found = list(done(lambda n: n * n, range(20), opened))
    assert Counter(found) == Counter((n, n * n) for n in range(20))


@given(st.integers(0, 19))
def test_work_that_is_lost_on_the_way_is_given_out_again(at: int) -> None:
    rest = iter(["works"] * at + ["dies"])

    @contextmanager
    def opened() -> Iterator[Pool]:
        yield Pool(Frail(rest), 2)

    assert sorted(done(lambda n: n, range(20), opened)) == [(n, n) for n in range(20)]


def test_work_that_kills_every_worker_ends_in_words() -> None:
    opens = 0

    @contextmanager
    def opened() -> Iterator[Pool]:
        nonlocal opens
        opens += 1
        yield Pool(Frail(iter(["dies"])), 1)

    with pytest.raises(PoolRefused, match="again and again"):
        list(done(lambda n: n, [1], opened))
    assert opens == TRIES


def test_one_worker_is_this_process() -> None:
    here: list[int] = []
    assert list(done(here.append, range(3), local(1))) == [(0, None), (1, None), (2, None)]
    assert here == [0, 1, 2]


def test_what_the_work_raises_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        list(done(lambda n: 1 / n, [0], local(1)))


def _ignores_ctrl_c_from_the_first(_: int) -> bool:
    """As /proc says it of this process; `_begin` comes too late for that."""
    ignored = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("SigIgn"))
    return bool(int(ignored.split()[1], 16) >> (signal.SIGINT - 1) & 1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not say what processes ignore")
def test_a_worker_is_deaf_to_ctrl_c_before_it_has_imported_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr("sim.study.pool._begin", int)
    assert [found for _, found in done(_ignores_ctrl_c_from_the_first, range(2), local(2))] == [True, True]
    assert signal.getsignal(signal.SIGINT) is before


def test_what_is_no_address_is_refused_before_anybody_is_called() -> None:
    pytest.importorskip("distributed")
    for words in ("nonsense", "localhost", "tcp://localhost"):
        with pytest.raises(PoolRefused, match="expected tcp://HOST:PORT"):
            dask(words)
