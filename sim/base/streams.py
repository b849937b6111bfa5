"""One seed, one independent random stream for each name.

Adding an entity or a decision adds a name; the draws of all other names stay as they were. That is what lets every
policy meet the same day (common random numbers).

Why they are independent: a stream is PCG64 whose 256 bits of state and sequence are SHA-256(seed, name), so two names
(or two seeds) start as unrelated to each other as two random states do. NumPy's own SeedSequence promises no more, and
takes five times as long, which counts when a day has two hundred streams.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray

from sim.base.laws import Fixed, Law
from sim.base.units import Duration

_BLOCK = 32
"""Draws made at once by :meth:`Streams.draws`."""


class Streams:
    """Named random generators that grow from one seed.

    Parameters
    ----------
    seed : 0 <= seed < 2**63
    """

    def __init__(self, seed: int) -> None:
        # SHA-256, because hash() differs from process to process. The seed has a fixed length: none other reads alike.
        self._root = hashlib.sha256(seed.to_bytes(8, "little"))
        self._given: set[str] = set()

    def of(self, name: str) -> np.random.Generator:
        """The generator that belongs to `name`.

        Raises
        ------
        ValueError
            When the name was given out before: two users of one stream would change each other's draws.
        """
        if name in self._given:
            raise ValueError(f"the stream {name!r} is already in use")
        self._given.add(name)
        digest = self._root.copy()
        digest.update(name.encode())
        return np.random.Generator(np.random.PCG64(_Digest(digest.digest())))  # type: ignore[arg-type]  # stubs too narrow

    def sample(self, name: str, law: Law, n: int) -> NDArray[np.int64]:
        """`n` draws of a law from the stream `name`, (n,); they begin any longer sample. [µs]"""
        return np.full(n, law.value, dtype=np.int64) if isinstance(law, Fixed) else law.sample(self.of(name), n)

    def draws(self, name: str, law: Law) -> Iterator[Duration]:
        """Draws of a law from the stream `name`, one after the other, without end. [µs]"""
        return repeat(law.value) if isinstance(law, Fixed) else _endless(law, self.of(name))


def _endless(law: Law, rng: np.random.Generator) -> Iterator[Duration]:
    while True:
        yield from law.sample(rng, _BLOCK).tolist()


class _Digest(ISeedSequence):
    """A digest's bits, handed to a bit generator as they are. (NumPy asks for this base class.)"""

    def __init__(self, digest: bytes) -> None:
        self._words = np.frombuffer(digest, dtype=np.uint64)

    def generate_state(self, n_words: int, dtype: Any = np.uint64) -> NDArray[Any]:
        """All 256 bits; PCG64 wants just these."""
        assert (n_words, dtype) == (len(self._words), np.uint64), "a digest seeds PCG64 and nothing else"
        return self._words
