"""The battery of a run: columns of its ledger, handed to the energy account; and the same day without a VPN.

# MODEL: the day without a VPN sends every burst on the default interface. Bias: sockets that would linger on the other
# interface are not followed, so what the VPN adds on cellular is slightly misjudged.
# MODEL: bursts that were given up, refused or offline cost no radio energy. Bias: retransmissions into a hole are missing, so
# energy of broken spells is too low.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.base.units import SECOND, Instant
from sim.engine.ledger import WAITS, Spans
from sim.engine.simulate import Run
from sim.machines.events import AirplaneTurnedOff, AirplaneTurnedOn, Interface
from sim.machines.radio import WIFI_SETS
from sim.machines.routing import Fate
from sim.measure.energy import EnergyAccount, Traffic, cellular_energy, phone_energy, vpn_energy, wifi_energy
from sim.world.intervals import EMPTY, Intervals
from sim.world.nature import Ints

SENT = np.zeros(len(Fate), dtype=bool)
SENT[[Fate.TUNNELLED, Fate.LEAKED, Fate.BYPASSED, Fate.OPEN]] = True
"""Fates with which a burst was on the air."""


class Battery(NamedTuple):
    """What the day cost, and what it would have cost without a VPN."""

    with_vpn: EnergyAccount
    without_vpn: EnergyAccount


def battery(run: Run) -> Battery:
    """Account for a run's energy, and for the same day without a VPN."""
    ledger, nature, world = run.ledger, run.world.nature, run.world
    begins = np.array([s.begin for s in run.standings], dtype=np.int64)
    on = np.flatnonzero(SENT[ledger.fate])
    inside = on[ledger.fate[on] == Fate.TUNNELLED]
    up, down = nature.up.copy(), nature.down.copy()
    up[inside] += world.protocol.overhead(up[inside])
    down[inside] += world.protocol.overhead(down[inside])

    control = run.control
    control_at = np.array([c.at for c in control], dtype=np.int64)
    default = np.array([s.situation.default is Interface.CELLULAR for s in run.standings], dtype=bool)
    control_cellular = default[np.searchsorted(begins, control_at, side="right") - 1]
    at = np.concatenate((ledger.settled[on], control_at))
    order = np.argsort(at, kind="stable")
    traffic = _Columns(
        at[order],
        np.concatenate((up[on], np.array([c.up for c in control], dtype=np.int64)))[order],
        np.concatenate((down[on], np.array([c.down for c in control], dtype=np.int64)))[order],
        np.concatenate((np.zeros(len(on), dtype=bool), np.ones(len(control), dtype=bool)))[order],
        np.concatenate((ledger.cellular[on], control_cellular))[order],
    )
    vpn_at = np.sort(np.concatenate((ledger.settled[inside], control_at)))
    wakes = int((np.diff(vpn_at) > SECOND).sum()) + bool(len(vpn_at))
    vpn = vpn_energy(
        world.scenario.vpn.power,
        world.scenario.vpn.protocol,
        bytes_=int((nature.up[inside] + nature.down[inside]).sum()),
        packets=int((-(-nature.up[inside] // 1280) + -(-nature.down[inside] // 1280)).sum()) + len(control),
        handshakes=sum(c.name in HANDSHAKES for c in control),
        wakes=wakes,
    )
    phone = _phone(run)
    radios = _radios(run, traffic, begins)
    none = {name: 0 for name in vpn}
    bare = _radios(run, _without_vpn(run, begins, default), begins)
    return Battery(EnergyAccount({**phone, **radios, **vpn}), EnergyAccount({**phone, **bare, **none}))


HANDSHAKES = frozenset({"initiation", "IKE_AUTH 1", "TLS 1"})
"""Control messages that stand for one handshake's asymmetric cryptography."""


class _Columns(NamedTuple):
    """Bursts on the air, ascending in time."""

    at: Ints
    up: Ints
    down: Ints
    vpn: NDArray[np.bool_]
    cellular: NDArray[np.bool_]

    def of(self, rows: NDArray[np.bool_]) -> Traffic:
        """The energy account's form of some of them."""
        return Traffic(self.at[rows], self.up[rows], self.down[rows], self.vpn[rows])


def _without_vpn(run: Run, begins: Ints, default: NDArray[np.bool_]) -> _Columns:
    """The same demand, sent as soon as the default path carries."""
    nature, world = run.world.nature, run.world
    works = np.array([_carries(s.situation) for s in run.standings], dtype=bool)
    fates = np.where(works, np.int8(Fate.OPEN), np.int8(WAITS))
    spans = Spans(begins, fates, np.full(len(begins), Fate.OFFLINE, dtype=np.int8), default)
    fate, settled = spans.settle(nature.at, world.patience[nature.flow], world.scenario.duration)
    sent = np.flatnonzero(fate == Fate.OPEN)
    order = sent[np.argsort(settled[sent], kind="stable")]
    at = settled[order]
    return _Columns(at, nature.up[order], nature.down[order], np.zeros(len(order), dtype=bool), spans.on_cellular(at))


def _carries(situation: object) -> bool:
    s = situation
    if s.default is None:  # type: ignore[attr-defined]
        return False
    return bool(s.wifi_works if s.default is Interface.WIFI else s.cellular_works)  # type: ignore[attr-defined]


def _radios(run: Run, traffic: _Columns, begins: Ints) -> dict[str, int]:
    world, scenario = run.world, run.world.scenario
    wifi = np.array([s.situation.wifi for s in run.standings], dtype=np.int64)
    cellular = np.array([s.situation.cellular for s in run.standings], dtype=np.int64)
    attached, associated = _on(begins, cellular, scenario.duration), _on(begins, wifi, scenario.duration)
    handovers = world.nature.handovers
    # MODEL: all Wi-Fi networks of a scenario have the mean rate in the energy account. Bias: air time on slow ones too short.
    rate = sum(w.rate_mbps for w in scenario.wifi) / len(scenario.wifi) if scenario.wifi else 80.0
    return {
        **cellular_energy(
            world.radio,
            traffic.of(traffic.cellular),
            attached,
            scenario.cellular.rate_mbps,
            handovers=int((handovers < scenario.duration).sum()),
            attaches=max(len(attached) - 1, 0),
        ),
        **wifi_energy(
            WIFI_SETS[scenario.device.wifi_radio], traffic.of(~traffic.cellular), associated, rate, joins=len(associated)
        ),
    }


def _on(begins: Ints, address: Ints, horizon: Instant) -> Intervals:
    """Intervals in which an interface has an address."""
    has = np.concatenate(([False], address != 0, [False]))
    edges = np.flatnonzero(np.diff(has.astype(np.int8)))
    instants = np.append(begins, horizon)[edges].reshape(-1, 2)
    return instants[instants[:, 0] < instants[:, 1]]


def _phone(run: Run) -> dict[str, int]:
    scenario, nature = run.world.scenario, run.world.nature
    airplane, since = [], None
    for at, _, event, cause, _ in run.timeline.rows:
        if cause is None and isinstance(event, AirplaneTurnedOn) and since is None:
            since = at
        elif cause is None and isinstance(event, AirplaneTurnedOff) and since is not None:
            airplane.append((since, at))
            since = None
    if since is not None:
        airplane.append((since, scenario.duration))
    return phone_energy(
        scenario.device.power,
        scenario.duration,
        nature.screen_on,
        nature.asleep,
        np.array(airplane, dtype=np.int64) if airplane else EMPTY,
        wakes=len(nature.asleep),
    )
