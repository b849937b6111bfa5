"""One seed, one independent random stream for each name.

Adding an entity or a decision adds a name; the draws of all other names stay as they were. That is what lets every
policy meet the same day (common random numbers).
"""

from __future__ import annotations

import hashlib

import numpy as np


class Streams:
    """Named random generators that grow from one seed.

    Parameters
    ----------
    seed : 0 <= seed < 2**63
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
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
        # SHA-256, because hash() differs from process to process.
        digest = hashlib.sha256(name.encode()).digest()
        key = (int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little"))
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(self._seed, spawn_key=key)))
