"""The battery of a run: columns of its ledger, handed to the energy account; and the same day without a VPN.

# MODEL: the day without a VPN sends every burst on the interface that a new socket would take. Bias: sockets that
# would linger on another interface are not followed, so what the VPN adds on cellular is slightly misjudged.
# MODEL: bursts that were given up, refused or offline cost no radio energy. Bias: retransmissions into a hole are
# missing, so energy of broken spells is too low.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.base.units import SECOND, Instant
from sim.engine.ledger import WAITS, Spans, held
from sim.engine.simulate import Run
from sim.machines.events import AirplaneTurnedOff, AirplaneTurnedOn, CellularAttached, CellularLost, Interface
from sim.machines.radio import SETS, WIFI_SETS
from sim.machines.routing import Fate
from sim.measure.blame import by_blame
from sim.measure.bursts import Traffic
from sim.measure.cellular import by_the_piece, spent_by_cellular
from sim.measure.energy import EnergyAccount, phone_energy, vpn_energy
from sim.measure.leaks import PACKET
from sim.measure.weak_signal import Air, air, extra
from sim.measure.wifi import spent_by_wifi
from sim.world.intervals import Intervals, Ints, common, complement, holding, inside, total

SENT = np.zeros(len(Fate), dtype=bool)
SENT[[Fate.TUNNELLED, Fate.LEAKED, Fate.BYPASSED, Fate.OPEN, Fate.BEYOND]] = True
"""Fates with which a burst was on the air."""


class Battery(NamedTuple):
    """What the day cost, and what it would have cost without a VPN."""

    with_vpn: EnergyAccount
    without_vpn: EnergyAccount
    by_blame: dict[str, int]
    """Who caused the energy of the day with the VPN, the largest first; it adds up to that. [nJ]"""


def battery(run: Run) -> Battery:
    """Account for a run's energy, and for the same day without a VPN."""
    begins = np.array([s.begin for s in run.standings], dtype=np.int64)
    default = np.array([s.situation.default is Interface.CELLULAR for s in run.standings], dtype=bool)
    airplane = _airplane(run)
    phone = _phone(run, airplane)
    sent = _with_vpn(run, begins, default)
    vpn = _vpn(run, sent)
    use = _use(run, begins, airplane)
    without = {**phone, **_radios(run, _without_vpn(run, begins, default), use), **dict.fromkeys(vpn, 0)}
    caused = np.zeros(len(sent.at), dtype=np.int64)
    with_vpn = {**phone, **_radios(run, sent, use, caused), **vpn}
    return Battery(EnergyAccount(with_vpn), EnergyAccount(without), by_blame(run, with_vpn, caused))


class _Columns(NamedTuple):
    """Bursts and control messages as columns of equal length."""

    at: Ints
    up: Ints
    down: Ints
    vpn: NDArray[np.bool_]
    """It is a control message."""
    cellular: NDArray[np.bool_]
    rows: Ints
    """Which of them were on the air, in order of time."""

    def on(self, cellular: bool) -> tuple[Ints, Traffic]:
        """What was on the air of one interface: which of these columns' rows, and they in the energy account's form."""
        rows = self.rows[self.cellular[self.rows] == cellular]
        return rows, Traffic(self.at[rows], self.up[rows], self.down[rows], self.vpn[rows])


def _with_vpn(run: Run, begins: Ints, default: NDArray[np.bool_]) -> _Columns:
    """What was sent, in the tunnel's packets where it went through the tunnel."""
    ledger, nature, protocol = run.ledger, run.world.nature, run.world.protocol
    control_at, _, control_up, control_down, _ = zip(*run.control, strict=True) if run.control else ((),) * 5
    at = np.concatenate((ledger.settled, np.array(control_at, dtype=np.int64)))
    up = np.concatenate((nature.up, np.array(control_up, dtype=np.int64)))
    down = np.concatenate((nature.down, np.array(control_down, dtype=np.int64)))
    n, tunnelled = len(ledger.at), ledger.fate == Fate.TUNNELLED
    for size in (up[:n], down[:n]):
        size += protocol.overhead(size) * tunnelled  # type: ignore[arg-type]  # written for one size, works for columns
    cellular = np.concatenate((ledger.cellular, default[begins.searchsorted(at[n:], side="right") - 1]))
    vpn = np.arange(len(at)) >= n
    order = np.argsort(at, kind="stable")
    on_air = np.concatenate((SENT[ledger.fate], vpn[n:]))
    return _Columns(at, up, down, vpn, cellular, order[on_air[order]])


def _vpn(run: Run, sent: _Columns) -> dict[str, int]:
    """What the VPN's own process spent."""
    ledger, vpn = run.ledger, run.world.scenario.vpn
    tunnelled = ledger.fate == Fate.TUNNELLED
    through = sent.vpn.copy()
    through[: len(tunnelled)] = tunnelled
    at = sent.at[sent.rows[through[sent.rows]]]
    packets = sum(int(-(-size // PACKET * tunnelled).sum()) for size in (ledger.up, ledger.down))
    return vpn_energy(
        vpn.power,
        run.world.protocol.aes,
        bytes_=int(ledger.size[tunnelled].sum()),
        packets=packets + len(run.control),
        handshakes=sum(message.name == run.world.protocol.handshake for message in run.control),
        wakes=int((np.diff(at) > SECOND).sum()) + bool(len(at)),
    )


def _without_vpn(run: Run, begins: Ints, default: NDArray[np.bool_]) -> _Columns:
    """The same demand, sent as soon as the default path carries; push and pinned sockets on cellular while there is
    any."""
    nature, world = run.world.nature, run.world
    works = np.array([s.situation.works(s.situation.default) for s in run.standings], dtype=bool)
    fates = np.where(works, np.int8(Fate.OPEN), np.int8(WAITS))
    track = np.zeros(len(begins), dtype=np.int64)
    spans = Spans(track, begins, fates, np.full(len(begins), Fate.OFFLINE, dtype=np.int8), default)
    standing, settled = held(begins, nature.at), nature.at.copy()
    fate = fates[standing]
    waits = np.flatnonzero(fate == WAITS)
    patience = world.patience[nature.flow[waits]]
    fate[waits], settled[waits] = spans.settle(standing[waits], settled[waits], patience, world.scenario.duration)
    standing[waits] = begins.searchsorted(settled[waits], side="right") - 1
    order = np.argsort(settled, kind="stable")
    sent = order[fate[order] == Fate.OPEN]
    attached = np.array([s.situation.cellular != 0 for s in run.standings], dtype=bool)
    prefers = np.array([t.prefers_cellular or t.scope is Interface.CELLULAR for t in world.traits], dtype=bool)
    cellular = default[standing] | (prefers[world.classes[nature.flow]] & attached[standing])
    return _Columns(settled, nature.up, nature.down, np.zeros(len(settled), dtype=bool), cellular, sent)


class _Use(NamedTuple):
    """When which radio was in use, whatever was sent."""

    associated: Intervals
    cellular: dict[str, Intervals]
    """By the radio's name."""
    attaches: int
    air: Air
    searching: Intervals
    """There was no cell to be found, and the phone was allowed to look for one."""


def _use(run: Run, begins: Ints, airplane: Intervals) -> _Use:
    nature, network, horizon = run.world.nature, run.world.scenario.cellular, run.world.scenario.duration
    attached = _spells(begins, [s.situation.cellular != 0 for s in run.standings], horizon)
    cells = (CellularAttached, CellularLost)
    lost = [(at, isinstance(event, CellularLost)) for at, event in run.world.script if isinstance(event, cells)]
    return _Use(
        _spells(begins, [s.situation.wifi != 0 for s in run.standings], horizon),
        {
            name: common(attached, holding(((at, r == name) for at, r in nature.radios), horizon))
            for name in dict.fromkeys(name for _, name in nature.radios)
        },
        max(len(attached) - 1, 0),
        air(network.signal, nature.signal, network.rate_mbps),
        common(holding(lost, horizon), complement(airplane, horizon)),
    )


def _spells(begins: Ints, holds: list[bool], horizon: Instant) -> Intervals:
    """When something held, if it did or did not from each of these instants on."""
    flags = np.array([False, *holds, False])
    edges = np.flatnonzero(flags[1:] != flags[:-1])
    return np.append(begins, horizon)[edges].reshape(-1, 2)


def _radios(run: Run, sent: _Columns, use: _Use, caused: Ints | None = None) -> dict[str, int]:
    """What the radios spent; what each of the columns' rows caused of it is added to `caused`, if that is wanted."""
    scenario = run.world.scenario
    # MODEL: all Wi-Fi networks of a scenario have the mean rate in the energy account. Bias: air time on slow ones is
    # too short.
    rate = sum(w.rate_mbps for w in scenario.wifi) / len(scenario.wifi) if scenario.wifi else 80.0
    rows, traffic = sent.on(cellular=False)
    station = WIFI_SETS[scenario.device.wifi_radio]
    wifi = spent_by_wifi(station, traffic, use.associated, rate, joins=len(use.associated))
    if caused is not None:
        caused[rows] += wifi.caused()
    return {**_cellular(run, sent, use, caused), **wifi.parts}


def _cellular(run: Run, sent: _Columns, use: _Use, caused: Ints | None) -> dict[str, int]:
    """Each radio for as long as it was the one in use; leaving it ends its connection."""
    found, attaches = Counter[str](), use.attaches
    rows, traffic = sent.on(cellular=True)
    for name, in_use in use.cellular.items():
        radio = SETS[name]
        here, _ = inside(run.world.nature.handovers, in_use)
        spent = spent_by_cellular(radio, traffic, in_use, use.air.rate)
        weak = extra(use.air, spent, traffic, in_use)
        for parts in (
            spent.parts,
            by_the_piece(radio, int(here.sum()), attaches),
            {"cellular_weak_signal": weak.total},
        ):
            found.update(parts)
        if caused is not None:
            caused[rows] += spent.caused() + weak.caused
        attaches = 0  # registering is charged once, whatever the radio
    signal = run.world.scenario.cellular.signal
    return {**found, "cellular_search": round(total(use.searching) * signal.search_mw * signal.search_share)}


def _airplane(run: Run) -> Intervals:
    """When airplane mode was on."""
    switches = (AirplaneTurnedOn, AirplaneTurnedOff)
    script = run.world.script
    switched = ((at, isinstance(event, AirplaneTurnedOn)) for at, event in script if isinstance(event, switches))
    return holding(switched, run.world.scenario.duration)


def _phone(run: Run, airplane: Intervals) -> dict[str, int]:
    scenario, nature = run.world.scenario, run.world.nature
    return phone_energy(
        scenario.device.power,
        scenario.duration,
        nature.screen_on,
        nature.asleep,
        airplane,
        wakes=len(nature.asleep),
    )
