"""One way to have work done elsewhere: the `Executor` of the standard library, whoever stands behind it.

Locally that is a pool of processes; on a cluster, Dask's client or MPI's pool, which have an Executor of their own. The
study sees submit and result, and nothing else, so its results cannot depend on where they were computed.
"""

from __future__ import annotations

import multiprocessing
import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from signal import SIG_IGN, SIGINT, signal
from threading import Thread, current_thread, main_thread
from typing import Any, NamedTuple, TypeVar

from sim.base.refusal import Refusal

IN_FLIGHT = 2
"""Pieces of work under way for each worker: enough that none waits, few enough that a stop loses little."""
TRIES = 3
"""How often workers may die without anything being done in between."""

Opened = Callable[[], AbstractContextManager["Pool"]]
"""Opens a pool; called again when it breaks."""

W = TypeVar("W")
R = TypeVar("R")

_DIED = "workers died again and again over the same days; they may have too little memory"
_NO_MPI = "--cluster mpi needs mpi4py and an MPI: pip install 'leakwindow[mpi]', and mpich if the system has no MPI"


class PoolRefused(Refusal):
    """There is no such cluster, or the library for it is not installed."""


class Pool(NamedTuple):
    """Workers."""

    executor: Executor
    workers: int


def local(workers: int) -> Opened:
    """Processes on this machine; this process itself, if one is enough.

    Spawned, not forked: the same on every platform, and no copy of a parent's threads.
    """

    @contextmanager
    def opened() -> Iterator[Pool]:
        if workers == 1:
            yield Pool(Here(), 1)
            return
        executor = ProcessPoolExecutor(workers, _Context(), initializer=_begin)
        try:
            yield Pool(executor, workers)
        finally:
            executor.shutdown(wait=True, cancel_futures=True)

    return opened


class Here(Executor):
    """The executor that does the work at once, in this process."""

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """Do it; the future is done when it is returned."""
        future: Future[R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as in every executor, it is raised where the result is asked for
            future.set_exception(error)
        return future


class _Worker(SpawnProcess):
    """A process that never hears Ctrl-C. A terminal sends it to workers, too, and one that is still importing would
    answer with a traceback: it comes to :func:`_begin` only after that. What is ignored at its start it ignores."""

    def start(self) -> None:
        if current_thread() is not main_thread():
            super().start()  # only the main thread may say what signals do
            return
        before = signal(SIGINT, SIG_IGN)
        try:
            super().start()
        finally:
            signal(SIGINT, before)


class _Context(SpawnContext):
    Process = _Worker


def _begin() -> None:
    """What a worker does first. Ctrl-C is for whoever gives out the work; a worker ends when its parent does, even if
    that was killed: nothing else would tell it, since it holds both ends of the queue that it waits at."""
    signal(SIGINT, SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def dask(address: str) -> Opened:
    """A Dask cluster, by the address of its scheduler: `tcp://10.0.0.5:8786`.

    Raises
    ------
    PoolRefused
    """
    try:
        import distributed
    except ImportError:
        raise PoolRefused("--cluster needs Dask: pip install 'leakwindow[cluster]'") from None

    if not re.fullmatch(r"\w+://.+:\d+", address):
        raise PoolRefused(f"--cluster {address}: expected tcp://HOST:PORT of a Dask scheduler, or mpi")
    connect: Any = distributed.Client

    @contextmanager
    def opened() -> Iterator[Pool]:
        try:
            client: Any = connect(address, timeout="20s", set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise PoolRefused(f"--cluster {address}: no scheduler answers there ({error})") from None
        try:
            workers = sum(client.nthreads().values())
            if not workers:
                raise PoolRefused(f"--cluster {address}: no worker has joined; start one with: dask worker {address}")
            # Not pure: the same work given out twice is not taken for one. Retries: a worker may die.
            yield Pool(client.get_executor(pure=False, retries=TRIES), workers)
        except distributed.KilledWorker:
            raise PoolRefused(f"--cluster {address}: {_DIED}") from None
        finally:
            client.close()

    return opened


def mpi() -> Opened:
    """The processes of an MPI job, as `mpiexec -n 8 python -m mpi4py.futures -m sim …` starts them.

    Raises
    ------
    PoolRefused
    """
    try:
        from mpi4py.futures import MPIPoolExecutor
    except (ImportError, RuntimeError):
        raise PoolRefused(_NO_MPI) from None

    @contextmanager
    def opened() -> Iterator[Pool]:
        with MPIPoolExecutor() as executor:
            yield Pool(executor, max(executor.num_workers, 1))

    return opened


def opened(workers: int, cluster: str | None) -> Opened:
    """The pool that a command's options mean.

    Raises
    ------
    PoolRefused
    """
    if cluster is None:
        return local(workers)
    return mpi() if cluster == "mpi" else dask(cluster)


def done(do: Callable[[W], R], works: Iterable[W], open_pool: Opened) -> Iterator[tuple[W, R]]:
    """Each piece of work and its result, as they come; never more than a few under way.

    Whoever stops asking stops the work: what is under way is dropped.

    Raises
    ------
    PoolRefused
        When workers died again and again over the same work.
    """
    fresh, again, breaks = iter(works), list[W](), 0
    while True:
        under_way: dict[Future[R], W] = {}
        try:
            with open_pool() as pool:
                while True:
                    while len(under_way) < IN_FLIGHT * pool.workers:
                        work = again.pop() if again else next(fresh, None)
                        if work is None:
                            break
                        again.append(work)  # a pool that is found broken here must not lose it
                        future = pool.executor.submit(do, work)
                        under_way[future] = again.pop()
                    if not under_way:
                        return
                    finished = wait(under_way, return_when=FIRST_COMPLETED).done
                    for future in [each for each in under_way if each in finished]:  # a set has no order
                        result = future.result()
                        breaks = 0
                        yield under_way.pop(future), result
        except (BrokenExecutor, CancelledError):
            # A local pool breaks as a whole when one process is killed, and a scheduler that starts anew knows of no
            # work: whatever was under way is given out again.
            breaks += 1
            if breaks >= TRIES:
                raise PoolRefused(_DIED) from None
            again += under_way.values()
