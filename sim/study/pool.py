"""One way to have work done elsewhere: the `Executor` of the standard library, whoever stands behind it.

Locally that is a pool of processes; on a cluster, Dask's client or MPI's pool, which have an Executor of their own. The
study sees submit and result, and nothing else, so its results cannot depend on where they were computed.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from signal import SIG_IGN, SIGINT, signal
from typing import Any, NamedTuple, TypeVar

from sim.base.refusal import Refusal

IN_FLIGHT = 2
"""Pieces of work under way for each worker: enough that none waits, few enough that a stop loses little."""
TRIES = 3
"""How often a piece of work is given out when the workers that had it die."""

Opened = Callable[[], AbstractContextManager["Pool"]]
"""Opens a pool; called again when it breaks."""

W = TypeVar("W")
R = TypeVar("R")


class PoolRefused(Refusal):
    """There is no such cluster, or the library for it is not installed."""


class Pool(NamedTuple):
    """Workers."""

    executor: Executor
    workers: int


def local(workers: int) -> Opened:
    """Processes on this machine. Spawned, not forked: the same on every platform, and no copy of a parent's threads."""

    @contextmanager
    def opened() -> Iterator[Pool]:
        context = multiprocessing.get_context("spawn")
        # Ctrl-C is for whoever gives out the work; a worker ends when its pool does.
        executor = ProcessPoolExecutor(workers, context, initializer=signal, initargs=(SIGINT, SIG_IGN))
        try:
            yield Pool(executor, workers)
        finally:
            executor.shutdown(wait=True, cancel_futures=True)

    return opened


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
        raise PoolRefused("--cluster mpi needs mpi4py and a system MPI: pip install mpi4py") from None

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
    BrokenExecutor
        When workers died again and again over the same work.
    """
    waiting, tries = list(works), dict[int, int]()
    waiting.reverse()
    while waiting:
        under_way: dict[Future[R], W] = {}
        try:
            with open_pool() as pool:
                while waiting or under_way:
                    while waiting and len(under_way) < IN_FLIGHT * pool.workers:
                        work = waiting.pop()
                        under_way[pool.executor.submit(do, work)] = work
                    for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                        result = future.result()
                        yield under_way.pop(future), result
        except BrokenExecutor:
            # A local pool breaks as a whole when one process is killed: whatever was under way is given out again.
            for lost in under_way.values():
                tries[id(lost)] = tries.get(id(lost), 0) + 1
                if tries[id(lost)] >= TRIES:
                    raise
            waiting += reversed(list(under_way.values()))
