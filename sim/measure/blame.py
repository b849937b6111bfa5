"""Who caused what of a day's energy.

The account by component says what the energy went into; this says because of whom. The method is that of the last
straw: every stretch of time in which a radio was not idle has one burst that kept it from being so.

- A connection's promotion belongs to the burst that began it: without it the radio would have slept on.
- Time on the air belongs to the burst that was carried; where several overlap, to the one that prolongs it.
- A tail belongs to the burst that it follows, until the next burst takes over: so a keepalive that comes in the middle
  of an app's tail takes the second half, and what follows, from the app.
- Bytes, and what a weak signal adds to sending them, belong to their burst.
- What no burst caused belongs to standby: idle radios, handovers, registrations, searching, joining, dark wakes.
- What the VPN's process did belongs to the VPN: its copies and ciphers, its handshakes, its wake-ups.

Each nanojoule has one owner, so the parts add up to the whole. They are shares, not savings: had an owner been silent,
others would have paid for some of it. What the VPN *adds* is the difference to the same day without it, which the
account has, too.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.engine.simulate import Run
from sim.machines.radio.air import Nanojoules
from sim.world.intervals import Ints

STANDBY, SCREEN = "standby", "screen"
_PROCESS = {
    "vpn_data_path": "vpn data path",
    "vpn_crypto": "vpn data path",
    "vpn_handshakes": "vpn handshake",
    "vpn_wakeups": "vpn wake-ups",
}


def by_blame(run: Run, components: Mapping[str, Nanojoules], caused: Ints) -> dict[str, Nanojoules]:
    """Energy by owner: apps and services by their names, the VPN by what it did, standby, the screen. [nJ]

    Parameters
    ----------
    components : the whole account
    caused : what each burst, and behind them each control message, had the radios spend. [nJ]

    Returns
    -------
    dict
        The largest first. Its values add up to the account.
    """
    names, owner = _owners(run)
    each = np.zeros(len(names), dtype=np.int64)
    np.add.at(each, owner, caused)
    found = {name: int(nj) for name, nj in zip(names, each.tolist(), strict=True) if nj}
    for component, name in (("base_screen", SCREEN), *_PROCESS.items()):
        if components[component]:
            found[name] = found.get(name, 0) + components[component]
    rest = sum(components.values()) - sum(found.values())
    found[STANDBY] = found.get(STANDBY, 0) + rest
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _owners(run: Run) -> tuple[list[str], Ints]:
    """The owners' names, and the number of each burst's and each control message's among them."""
    nature, handshake = run.world.nature, run.world.protocol.handshake
    of_kinds, said = [kind.owner for kind in nature.kinds], [message.name for message in run.control]
    called = {name: "vpn handshake" if name == handshake else f"vpn {name}" for name in dict.fromkeys(said)}
    number = {name: i for i, name in enumerate(dict.fromkeys((*of_kinds, *called.values())))}
    of_name = {name: number[owner] for name, owner in called.items()}
    kinds = np.array([number[name] for name in of_kinds], dtype=np.int64)
    messages = np.array([of_name[name] for name in said], dtype=np.int64)
    return list(number), np.concatenate((kinds[nature.kind][nature.flow], messages))
