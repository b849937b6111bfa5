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

from sim.base.units import SECOND
from sim.engine.ledger import WAITS, Spans, held
from sim.engine.sent import Sent
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


class Battery(NamedTuple):
    """What the day cost, and what it would have cost without a VPN."""

    with_vpn: EnergyAccount
    without_vpn: EnergyAccount
    by_blame: dict[str, int]
    """Who caused the energy of the day with the VPN, the largest first; it adds up to that. [nJ]"""


def battery(run: Run) -> Battery:
    """Account for a run's energy, and for the same day without a VPN."""
    airplane = _airplane(run)
    phone = _phone(run, airplane)
    sent, vpn, use = run.sent, _vpn(run), _use(run, airplane)
    without = {**phone, **_radios(run, _without_vpn(run), use), **dict.fromkeys(vpn, 0)}
    caused = np.zeros(len(sent.at), dtype=np.int64)
    with_vpn = {**phone, **_radios(run, sent, use, caused), **vpn}
    return Battery(EnergyAccount(with_vpn), EnergyAccount(without), by_blame(run, with_vpn, caused))


def _vpn(run: Run) -> dict[str, int]:
    """What the VPN's own process spent."""
    ledger, sent, vpn = run.ledger, run.sent, run.world.scenario.vpn
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


def _without_vpn(run: Run) -> Sent:
    """The same demand, sent as soon as the default path carries; push and pinned sockets on cellular while there is
    any."""
    nature, world, begins, default = run.world.nature, run.world, run.begins, run.default_cellular
    works = run.each(lambda s: s.works(s.default))
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
    attached = run.each(lambda s: s.cellular != 0)
    prefers = np.array([t.prefers_cellular or t.scope is Interface.CELLULAR for t in world.traits], dtype=bool)
    cellular = default[standing] | (prefers[world.classes[nature.flow]] & attached[standing])
    return Sent(settled, nature.up, nature.down, np.zeros(len(settled), dtype=bool), cellular, sent)


class _Use(NamedTuple):
    """When which radio was in use, whatever was sent."""

    associated: Intervals
    cellular: dict[str, Intervals]
    """By the radio's name."""
    attaches: int
    air: Air
    searching: Intervals
    """There was no cell to be found, and the phone was allowed to look for one."""


def _use(run: Run, airplane: Intervals) -> _Use:
    nature, network, horizon = run.world.nature, run.world.scenario.cellular, run.world.scenario.duration
    attached = run.when(lambda s: s.cellular != 0)
    cells = (CellularAttached, CellularLost)
    lost = [(at, isinstance(event, CellularLost)) for at, event in run.world.script if isinstance(event, cells)]
    return _Use(
        run.when(lambda s: s.wifi != 0),
        {
            name: common(attached, holding(((at, r == name) for at, r in nature.radios), horizon))
            for name in dict.fromkeys(name for _, name in nature.radios)
        },
        max(len(attached) - 1, 0),
        air(network.signal, nature.signal, network.rate_mbps),
        common(holding(lost, horizon), complement(airplane, horizon)),
    )


def _radios(run: Run, sent: Sent, use: _Use, caused: Ints | None = None) -> dict[str, int]:
    """What the radios spent; what each of the columns' rows caused of it is added to `caused`, if that is wanted."""
    scenario = run.world.scenario
    # MODEL: all Wi-Fi networks of a scenario have the mean rate in the energy account. Bias: air time on slow ones is
    # too short.
    rate = sum(w.rate_mbps for w in scenario.wifi) / len(scenario.wifi) if scenario.wifi else 80.0
    rows, traffic = _traffic(sent, cellular=False)
    station = WIFI_SETS[scenario.device.wifi_radio]
    wifi = spent_by_wifi(station, traffic, use.associated, rate, joins=len(use.associated))
    if caused is not None:
        caused[rows] += wifi.caused()
    return {**_cellular(run, sent, use, caused), **wifi.parts}


def _traffic(sent: Sent, cellular: bool) -> tuple[Ints, Traffic]:
    """What was on the air of one interface: which of the columns' rows, and they in the energy account's form."""
    rows = sent.on(cellular)
    return rows, Traffic(sent.at[rows], sent.up[rows], sent.down[rows])


def _cellular(run: Run, sent: Sent, use: _Use, caused: Ints | None) -> dict[str, int]:
    """Each radio for as long as it was the one in use; leaving it ends its connection."""
    found, attaches = Counter[str](), use.attaches
    rows, traffic = _traffic(sent, cellular=True)
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
