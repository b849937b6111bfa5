"""Protocols: how long a session takes, and how long its loss is felt, against figures worked out from the same rules.

The figures follow from the retransmission rules of the cited programs and standards, by arithmetic and by draws of
those rules alone, for a round trip of 50 ms and without any delay of the platform. So here the platform's delays are
set to nothing, through the parameters that every scenario has, and whole days are played: engine, tunnel, provider,
path and traffic take part. What is compared is read from the reconnects and from the timeline.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple

from sim.base.units import SECOND
from sim.engine.simulate import Run
from sim.study.evidence.checks import Check, Comparison, Given, Kind, near, within
from sim.study.evidence.probing import delays, ended, first_echo, mean_of, played, quantile_of, round_trip
from sim.world.loading import merge

Table = dict[str, Any]
TRIALS = 1000
LOSS = 0.02
"""Per packet and direction."""
NO_DELAYS: Table = {"launch": "0 s", "prepare": "0 s", "apply": "0 s", "stop": "0 s"}
CONNECT: Table = {"on_demand": [{"action": "connect"}]}
STRONGSWAN: Table = {"retransmit_initial": "4 s", "retransmit_base": 1.8}
ANDROID: Table = {"retransmit_initial": "2 s", "retransmit_base": 1.4}


def wireguard(**parameters: Any) -> Table:
    """A `[vpn]` table."""
    return {"protocol": "wireguard", "wireguard": parameters}


def ikev2(**parameters: Any) -> Table:
    """A `[vpn]` table; addresses are updated without the platform's delay."""
    return {"protocol": "ikev2", "ikev2": {"path_delay": "0 s", **parameters}}


def openvpn3(**parameters: Any) -> Table:
    """A `[vpn]` table: the core of the apps."""
    return {"protocol": "openvpn", "openvpn": {"core": "v3", "tcp_rto": "300 ms", **parameters}}


def openvpn2(**parameters: Any) -> Table:
    """A `[vpn]` table: the older program, which polls for its settings once a second."""
    return {"protocol": "openvpn", "openvpn": {"core": "v2", "push_delay": "1 s", **parameters}}


def lightway(**parameters: Any) -> Table:
    """A `[vpn]` table; its app reconnects at once."""
    return {"protocol": "lightway", "lightway": {"reconnect_wait": "0 s", "tcp_rto": "300 ms", **parameters}}


def masque(**parameters: Any) -> Table:
    """A `[vpn]` table."""
    return {"protocol": "masque", "masque": parameters}


def named(implementation: str, **tables: Any) -> Table:
    """A `[vpn]` table: what a real program does."""
    return merge({"client": {"implementation": implementation}}, tables)


def phone(
    vpn: Mapping[str, Any], duration: float, every: str = "1 s", loss: float = 0.0, seed: int = 1, **tables: Any
) -> Run:
    """Play a phone at 50 ms from its server, on Wi-Fi and with cellular beside it, without delays of the platform.

    Parameters
    ----------
    duration : 0 < duration. [s]
    every : spacing of its traffic: datagrams that choose their way anew
    loss : per packet and direction
    tables : merged over the scenario
    """
    datagrams = {
        "transport": "udp-unconnected",
        "lifetime": "1000 d",
        "traffic": {"law": "constant", "every": every, "up": "100 B"},
    }
    scenario: Table = {
        "name": "50 ms from the server",
        "duration": f"{round(duration * 1e6)} us",
        "vpn_on": True,
        "vpn": merge({"client": NO_DELAYS}, vpn),
        "device": {"behaviour": {"look_ups_at_network_change": 0.0}},
        "path": {"notice_delay": "0 s", "handover_gap": "0 s", "same_wifi_address": 0.0},
        "limits": {
            "relaunch_delay": "0 s",
            "first_trigger_delay": "0 s",
            "rule_delay": "0 s",
            "reasserting_timeout": "1 d",
        },
        "servers": [{"name": "server", "extra_rtt": "0 s"}],
        "wifi": [{"ssid": "home", "rtt": "50 ms", "loss": loss, "join": "0 s"}],
        "cellular": {"rtt": "50 ms", "loss": loss},
        "stays": [{"wifi": "home"}],
        "apps": [{"name": "app", "background": "always", "sockets": [datagrams]}],
    }
    return played(merge(scenario, tables), seed)


def repeated(do: str, every: float, start: float, **fields: Any) -> Table:
    """A deed, each `every` seconds from `start` on."""
    return {"do": do, "every": f"{every:g} s", "start": f"{start:g} s", **fields}


def _derived(id_: str, what: str, source: str, where: str, examine: Callable[[Given], Sequence[Comparison]]) -> Check:
    note = "derived: our own draws and arithmetic of the rules of the cited document, for a round trip of 50 ms"
    return Check(f"P-{id_}", what, Kind.CLOSED_FORM, source, where, examine, note)


# (a) A clean start ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Start:
    """How long one stack takes to its session: without loss, and the mean, p95 and p99 with 2 % loss. [s]"""

    vpn: Table
    clean: float
    mean: float
    p95: float
    p99: float
    why: str = ""
    """Why the mean is another one."""

    def __call__(self, given: Given) -> list[Comparison]:
        """Switch it on, again and again."""
        (clean,) = set(_starts(self.vpn, 1, 0.0))
        lossy = _starts(self.vpn, 4 * TRIALS, LOSS)
        return [
            near("no loss", self.clean, clean, "s", absolute=0.001),
            mean_of("2 % loss, mean", self.mean, lossy, why=self.why),
            quantile_of("2 % loss, 95 of 100 are quicker than", self.p95, lossy, 0.95),
            quantile_of("2 % loss, 99 of 100", self.p99, lossy, 0.99),
        ]


def _starts(vpn: Table, n: int, loss: float) -> list[float]:
    """Switched on and off `n` times; WireGuard's first packet comes a second later, and waits as long."""
    on_off = [repeated("vpn_on", 80, 10), repeated("vpn_off", 80, 75)]
    first_packet = {"name": "app", "background": "always", "starts": "11 s", "sockets": [_one_each("80 s")]}
    run = phone(vpn, 80 * n, loss=loss, vpn_on=False, repeats=on_off, apps=[first_packet])
    return delays(run)


def _one_each(every: str) -> Table:
    traffic = {"law": "constant", "every": every, "up": "100 B"}
    return {"transport": "udp-unconnected", "lifetime": "1000 d", "traffic": traffic}


STARTS = (
    _derived(
        "a-wireguard",
        "clean start, WireGuard: R + 5.17 q/(1-q), q the chance to lose initiation or response",
        "wireguard-go",
        "constants.go REKEY_TIMEOUT and its jitter",
        Start(wireguard(), 0.05, 0.26, 0.05, 5.3),
    ),
    _derived(
        "a-ikev2-psk",
        "clean start, IKEv2 with a shared secret, repeated after 4 s x 1.8^n: 2R + 2 x 4q/(1-1.8q)",
        "strongswan",
        "retransmit_timeout, retransmit_base",
        Start(ikev2(auth="psk", **STRONGSWAN), 0.10, 0.44, 4.1, 4.1),
    ),
    _derived(
        "a-ikev2-cert",
        "clean start, IKEv2 with certificates in 5 + 3 fragments, 4 s x 1.8^n",
        "strongswan",
        "retransmit_timeout, retransmit_base, fragment_size",
        Start(ikev2(auth="certificate", **STRONGSWAN), 0.10, 1.08, 4.1, 11.3),
    ),
    _derived(
        "a-ikev2-cert-quick",
        "clean start, IKEv2 with certificates in 5 + 3 fragments, 2 s x 1.4^n",
        "strongswan",
        "the Android client's retransmission",
        Start(ikev2(auth="certificate", **ANDROID), 0.10, 0.57, 2.1, 4.9),
    ),
    _derived(
        "a-ikev2-eap",
        "clean start, IKEv2 with EAP in five exchanges, 4 s x 1.8^n",
        "strongswan",
        "retransmit_timeout, retransmit_base",
        Start(ikev2(auth="eap", **STRONGSWAN), 0.25, 1.29, 4.3, 11.5),
    ),
    _derived(
        "a-ikev2-eap-quick",
        "clean start, IKEv2 with EAP in five exchanges, 2 s x 1.4^n",
        "strongswan",
        "the Android client's retransmission",
        Start(ikev2(auth="eap", **ANDROID), 0.25, 0.76, 2.3, 5.1),
    ),
    _derived(
        "a-openvpn3",
        "clean start, OpenVPN 3 over UDP: 4R, each exchange repeated after a flat second",
        "openvpn3",
        "proto.hpp tls_timeout",
        Start(openvpn3(), 0.20, 0.41, 1.2, 2.2),
    ),
    _derived(
        "a-openvpn2",
        "clean start, OpenVPN 2 over UDP: 4R, a second's poll, repeated after 2 s x 2^n",
        "openvpn2",
        "options.c tls_timeout, reliable.c",
        Start(openvpn2(), 1.20, 1.64, 3.2, 7.2),
    ),
    _derived(
        "a-openvpn3-tcp",
        "clean start, OpenVPN 3 over TCP: 5R, SYN repeated after 1 s, data after 0.3 s x 2^n",
        "openvpn3",
        "the messages as over UDP; RFC 6298 for the timers",
        Start(openvpn3(transport="tcp"), 0.25, 0.36, 0.9, 1.3),
    ),
    _derived(
        "a-lightway",
        "clean start, Lightway over UDP: 3R, each packet sent three times",
        "lightway",
        "io_adapter.rs aggressive_send",
        Start(lightway(), 0.15, 0.15, 0.15, 0.15),
    ),
    _derived(
        "a-lightway-tcp",
        "clean start, Lightway over TCP: 3R",
        "lightway",
        "connection.rs; RFC 6298 for the timers",
        Start(lightway(transport="tcp"), 0.15, 0.23, 0.45, 1.2),
    ),
    _derived(
        "a-masque",
        "clean start, MASQUE, first probe after 1 s: 2R",
        "rfc9002",
        "§6.2.2",
        Start(
            masque(idle_timeout="1 h"),
            0.10,
            0.21,
            1.1,
            1.1,
            "after the handshake the round trip is known, so the request is repeated after 0.175 s (RFC 9002 §6.2.1);"
            " the figure takes a second for both exchanges",
        ),
    ),
    _derived(
        "a-masque-quick",
        "clean start, MASQUE, first probe after 0.2 s: 2R",
        "quic-go",
        "rtt_stats.go",
        Start(masque(initial_pto="200 ms", idle_timeout="1 h"), 0.10, 0.12, 0.3, 0.3),
    ),
)


# (b) From Wi-Fi to cellular -------------------------------------------------------------------------------------------


def _exactly(what: str, published: float, values: Sequence[float]) -> Comparison:
    """A figure in which nothing is left to chance. [s]"""
    return near(what, published, fmean(values), "s", absolute=0.001)


def _moves(vpn: Table, loss: float, n: int = TRIALS, **tables: Any) -> Run:
    """Wi-Fi is switched off and on again, every minute; each time the address is another one."""
    to_and_fro = [repeated("wifi_off", 120, 60), repeated("wifi_on", 120, 120)]
    return phone(vpn, 60 * (n + 1), loss=loss, repeats=to_and_fro, **tables)


def _felt(run: Run) -> list[float]:
    """From each change of the path until the first answer to a packet sent after it. [s]"""
    ledger = run.ledger
    changes = range(60 * SECOND, run.scenario.duration, 60 * SECOND)
    rows = ledger.at.searchsorted(list(changes))
    waited = ledger.settled[rows] - ledger.at[rows]
    return [float(wait + round_trip(run)) / SECOND for wait in waited.tolist()]


def _confirmed(run: Run, *messages: str) -> list[float]:
    """From each change of the path until the first answer to one of these control messages sent after it. [s]"""
    answered = [c.at for c in run.control if c.name in messages and c.down]
    found = []
    for change in range(60 * SECOND, run.scenario.duration, 60 * SECOND):
        first = answered[bisect_left(answered, change)]
        found.append(float(first + round_trip(run) - change) / SECOND)
    return found


def _wireguard_moves(given: Given) -> list[Comparison]:
    gone = {"stays": [{"wifi": "home", "cellular": False}]}  # without Wi-Fi there is no path: the engine is stopped
    idle = wireguard(persistent_keepalive="25 s")
    return [
        _exactly("young session, first answer, no loss", 0.05, _felt(_moves(wireguard(), 0.0, 10))),
        _exactly("young session, first answer, 2 % loss", 0.05, _felt(_moves(wireguard(), LOSS, 100))),
        _exactly("path lost first, no loss", 0.05, delays(_moves(wireguard(), 0.0, 10, **gone))),
        mean_of("path lost first, 2 % loss", 0.26, delays(_moves(wireguard(), LOSS, 3 * TRIALS, **gone))),
        near(
            "idle with a keepalive of 25 s, 2 % loss: until the phone can be reached again",
            0.55,
            fmean([0.0, *delays(_moves(idle, LOSS, 100, apps=[]), "WifiSwitched")]) + 0.05,
            "s",
            relative=0.3,
            why="the model's peer follows the new address at once: a lost keepalive after a move, which leaves the"
            " phone out of reach until the next one, does not exist",
        ),
    ]  # fmt: skip


def _mobike_moves(given: Given) -> list[Comparison]:
    found = [_exactly("no loss", 0.05, delays(_moves(ikev2(), 0.0, 10)))]
    for mean, said, schedule in (
        (0.22, "4 s x 1.8^n", STRONGSWAN),
        (0.13, "2 s x 1.4^n", ANDROID),
        (0.09, "1 s x 2^n", {"retransmit_initial": "1 s", "retransmit_base": 2.0}),
    ):
        found.append(mean_of(f"2 % loss, {said}", mean, delays(_moves(ikev2(**schedule), LOSS, 2 * TRIALS))))
    return found


def _probed_moves(given: Given) -> list[Comparison]:
    probed = ikev2(mobike_probe=True, **STRONGSWAN)
    return [
        _exactly("no loss", 0.10, delays(_moves(probed, 0.0, 10))),
        mean_of("2 % loss", 0.37, delays(_moves(probed, LOSS, 8 * TRIALS))),
    ]


def _rebuilt_moves(given: Given) -> list[Comparison]:
    found = []
    for auth, clean, mean in (("psk", 0.10, 0.44), ("eap", 0.25, 1.29)):
        vpn = ikev2(auth=auth, mobike=False, **STRONGSWAN)
        found.append(_exactly(f"{auth}, no loss", clean, delays(_moves(vpn, 0.0, 10))))
        found.append(mean_of(f"{auth}, 2 % loss", mean, delays(_moves(vpn, LOSS, 2 * TRIALS))))
    return found


def _openvpn2_moves(given: Given) -> list[Comparison]:
    idle = phone(openvpn2(), 61 * 60, apps=[], repeats=[repeated("wifi_off", 120, 60), repeated("wifi_on", 120, 120)])
    return [
        _exactly("with traffic, no loss", 0.05, _felt(_moves(openvpn2(), 0.0, 10))),
        _exactly("with traffic, 2 % loss", 0.05, _felt(_moves(openvpn2(), LOSS, 100))),
        near(
            "idle, pings each 10 s: until the phone can be reached again",
            5.0,
            fmean([0.0, *delays(idle, "WifiSwitched")]) + 0.05,
            "s",
            relative=0.3,
            why="floating is immediate in the model; a server follows only at the next packet, here a ping",
        ),
    ]


def _openvpn3_moves(given: Given) -> list[Comparison]:
    found = []
    for debounce in (1, 3):
        vpn = openvpn3(path_debounce=f"{debounce} s")
        clean = fmean(delays(_moves(vpn, 0.0, 10)))
        found.append(near(f"no loss, {debounce} s of debounce", 0.2 + debounce, clean, "s", absolute=0.001))
        lossy = delays(_moves(vpn, LOSS, TRIALS))
        found.append(mean_of(f"2 % loss, {debounce} s of debounce", 0.41 + debounce, lossy))
    return found


def _tunnelkit_moves(given: Given) -> list[Comparison]:
    why = "TunnelKit repeats a message of its handshake after 0.2 s; the figure takes the second of OpenVPN 3"
    return [
        _exactly("no loss", 1.2, delays(_moves(named("tunnelkit"), 0.0, 10))),
        mean_of("2 % loss", 1.4, delays(_moves(named("tunnelkit"), LOSS, TRIALS), "WifiSwitched"), why=why),
    ]


def _younger_moves(given: Given) -> list[Comparison]:
    tcp = lightway(transport="tcp")
    found = [
        _exactly("Lightway over UDP, first answer, no loss", 0.05, _felt(_moves(lightway(), 0.0, 10))),
        mean_of(
            "Lightway over UDP, 2 % loss: until it says that it floated",
            0.13,
            _confirmed(_moves(lightway(), LOSS, 2 * TRIALS, apps=[]), "ping"),
        ),
        _exactly("Lightway over TCP, no loss", 0.15, delays(_moves(tcp, 0.0, 10), "WifiSwitched")),
        mean_of("Lightway over TCP, 2 % loss", 0.23, delays(_moves(tcp, LOSS, TRIALS), "WifiSwitched")),
        _exactly("MASQUE migrates, first answer, no loss", 0.05, _felt(_moves(masque(), 0.0, 10))),
    ]
    for probe, mean in (("1 s", 0.09), ("200 ms", 0.06)):
        moves = _moves(masque(initial_pto=probe), LOSS, 2 * TRIALS)
        what = f"MASQUE, 2 % loss, first probe after {probe}: until the path is validated, or all made anew"
        found.append(mean_of(what, mean, _confirmed(moves, "PATH_CHALLENGE", "CONNECT-IP")))
    return found


MOVES = (
    _derived("b-wireguard", "Wi-Fi to cellular, WireGuard", "wireguard-apple", "bump", _wireguard_moves),
    _derived("b-ikev2", "Wi-Fi to cellular, IKEv2 with MOBIKE, one exchange", "rfc4555", "§3.5", _mobike_moves),
    _derived(
        "b-ikev2-probed", "Wi-Fi to cellular, IKEv2 with a probe before the update", "strongswan",
        "ROUTABILITY_CHECK_INTERVAL, ike_mobike.c", _probed_moves,
    ),
    _derived("b-ikev2-rebuilt", "Wi-Fi to cellular, IKEv2 without MOBIKE", "rfc7296", "§1.2", _rebuilt_moves),
    _derived("b-openvpn2", "Wi-Fi to cellular, OpenVPN 2 floats", "openvpn2", "mudp.c, ping.c", _openvpn2_moves),
    _derived("b-openvpn3", "Wi-Fi to cellular, OpenVPN 3 reconnects", "openvpn3", "maclife.hpp", _openvpn3_moves),
    _derived(
        "b-tunnelkit", "Wi-Fi to cellular, TunnelKit reconnects", "tunnelkit", "OpenVPNTunnelProvider.swift",
        _tunnelkit_moves,
    ),
    _derived(
        "b-younger", "Wi-Fi to cellular, Lightway and MASQUE", "lightway", "and rfc9000, §9", _younger_moves
    ),
)  # fmt: skip


# (c) A black hole that nobody notices ---------------------------------------------------------------------------------


def _silences(vpn: Table, length: float, n: int, loss: float = 0.0) -> list[float]:
    """The server is silent for `length` seconds, `n` times; how much longer each outage is. [s]"""
    every = length + 300 + 1 / 7  # no whole number of any timer
    silent = [repeated("server_silent", every, 100, lasts=f"{length:g} s")]
    return delays(phone(vpn, every * n, loss=loss, repeats=silent), "ServerWentSilent")


def _wireguard_holes(given: Given) -> list[Comparison]:
    around = [300 + 5.17 * (i + 0.5) / 10 for i in range(10)]  # ends at every phase of the repetitions
    clean, lossy = ([x for d in around for x in _silences(wireguard(), d, 30, loss)] for loss in (0.0, LOSS))
    why = (
        "half of REKEY_TIMEOUT with its jitter, and R, for ends at a random moment; at exactly 300 s the repetitions,"
        f" which all began 15 s into the hole, still march in step: {fmean(_silences(wireguard(), 300, 100)):.1f} s"
    )
    return [
        near("10 s", 0.0, fmean(_silences(wireguard(), 10, 50)), "s", absolute=0.01),
        near("60 s", 0.0, fmean(_silences(wireguard(), 60, 50)), "s", absolute=0.1),
        mean_of("around 300 s, no loss", 2.6, clean, rounded=0.05, why=why),
        mean_of("around 300 s, 2 % loss", 2.9, lossy, rounded=0.05),
    ]


def _mullvad_holes(given: Given) -> list[Comparison]:
    relays = [{"name": "server", "extra_rtt": "0 s"}, {"name": "other", "extra_rtt": "0 s"}]

    def felt(length: float) -> list[float]:
        """How much longer than holes of this length nothing passes; they begin at every phase of its pings. [s]"""
        found = []
        for i in range(20):
            begin = 100 + 1.37 * i
            hole = {"at": f"{begin:g} s", "do": "outage", "interface": "wifi", "lasts": f"{length:g} s"}
            run = phone(named("mullvad"), begin + length + 60, "500 ms", seed=i, servers=relays, timeline=[hole])
            found.append(sum(delays(run, "HoleBegan")))
        return found

    why = "its 15 s count from the last answer to a ping, 10 s apart: the relay is left 5 to 15 s into a hole"
    return [
        near("10 s", 0.0, fmean(felt(10)), "s", absolute=0.01, why=why),
        within("60 s, longest", 0.0, 15.0, max(felt(60)), "s"),
        within("300 s, longest", 0.0, 15.0, max(felt(300)), "s"),
    ]


class Verdicts(NamedTuple):
    """What became of IKEv2 in holes that begin at every phase of its liveness check."""

    ended: float
    """Share of the sessions that were over before the hole was."""
    left: list[float]
    """Of the others, how much longer nothing passed. [s]"""


def _ikev2_holes(length: float, check: float, n: int) -> Verdicts:
    """Holes on the way; the gateway's own check gives the phone up 195 s into them."""
    over, left = 0, []
    for phase in range(n):
        begin = check * (1 + (phase + 0.5) / n)
        hole = {"at": f"{begin:g} s", "do": "outage", "interface": "wifi", "lasts": f"{length:g} s"}
        vpn = ikev2(auth="psk", dpd_interval=f"{check:g} s", child_lifetime="1 d", ike_lifetime="1 d")
        run = phone(vpn, begin + length + check + 30, timeline=[hole])
        back = round((begin + length) * SECOND)
        end = ended(run)
        if end * SECOND < back:
            over += 1
        else:
            left.append(sum(delays(run)) if end == float("inf") else end - back / SECOND)
    return Verdicts(over / n, left)


def _ikev2_medium_holes(given: Given) -> list[Comparison]:
    found = []
    for length, share in ((10, 0.7), (60, 9.0), (300, 49.0)):
        ended_, left = _ikev2_holes(length, 600, 150)
        found.append(near(f"{length} s: sessions ended", share, 100 * ended_, "%", absolute=0.5))
        lasts = 153.0 if length == 300 else 0.0
        found.append(
            near(
                f"{length} s: the others' outage lasts longer by", lasts, fmean(left), "s", relative=0.05, absolute=0.1
            )
        )
    return found


def _ikev2_high_holes(given: Given) -> list[Comparison]:
    why = "the hole must hold the first request and the last repetition, which comes 5 s after it, not 6"
    shares = [(length, share, _ikev2_holes(length, 60, 60)) for length, share in ((10, 7.0), (60, 90.0), (300, 100.0))]
    return [
        near(f"{length} s: sessions ended", share, 100 * v.ended, "%", absolute=2, why=why)
        for length, share, v in shares
    ]


def _after_holes(vpn: Table, lengths: Iterable[float], loss: float = 0.0) -> list[float]:
    """How much longer than each of these holes nothing passes; they begin at every phase of the traffic. [s]"""
    found = []
    for i, length in enumerate(lengths):
        begin = 100 + 0.37 * i
        hole = {"at": f"{begin:g} s", "do": "server_silent", "lasts": f"{length:g} s"}
        run = phone(vpn, begin + length + 120, loss=loss, every="500 ms", seed=i, timeline=[hole])
        found.append(sum(delays(run, "ServerWentSilent")))
    return found


def _openvpn2_holes(given: Given) -> list[Comparison]:
    cycle = _after_holes(openvpn2(), [300 + 61 * (i + 0.5) / 40 for i in range(40)])  # one attempt lasts 61 s
    return [
        near("10 s", 0.0, fmean(_after_holes(openvpn2(), [10])), "s", absolute=0.001),
        within("60 s", 0.0, 12.0, fmean(_after_holes(openvpn2(), [60])), "s"),
        near(
            "around 300 s, mean", 11.9, fmean(cycle), "s", relative=0.05, why="10.7 s until the next reset, then 1.2 s"
        ),
        within("around 300 s, longest", 25.0, 33.0, max(cycle), "s"),
    ]


def _openvpn3_holes(given: Given) -> list[Comparison]:
    cycle = [300 + (i + 0.5) / 40 for i in range(40)]
    late = "the ping-restart comes at the very end of the hole; the two seconds' pause behind it are not in the figure"
    return [
        near("10 s", 0.0, fmean(_after_holes(openvpn3(), [10])), "s", absolute=0.001),
        within("60 s", 0.0, 0.7, fmean(_after_holes(openvpn3(), [60])), "s", why=late),
        near("around 300 s", 0.7, fmean(_after_holes(openvpn3(), cycle)), "s", relative=0.05),
        mean_of("around 300 s, 2 % loss", 0.9, _after_holes(openvpn3(), cycle * 5, LOSS), rounded=0.05),
    ]


def _younger_holes(given: Given) -> list[Comparison]:
    cycle = [300 + 13 * (i + 0.5) / 40 for i in range(40)]  # an attempt lasts 12.7 s
    full = [2 + 26 * (i + 0.5) / 20 for i in range(20)]
    return [
        near("Lightway, 10 s", 0.0, fmean(_after_holes(lightway(), [10])), "s", absolute=0.01),
        near("Lightway, around 300 s, mean", 2.4, fmean(_after_holes(lightway(), cycle)), "s", relative=0.15),
        within("MASQUE, 2 to 28 s, longest", 0.0, 6.0, max(_after_holes(masque(), full)), "s"),
        near("MASQUE, 60 s", 1.1, fmean(_after_holes(masque(), cycle)), "s", relative=0.15, absolute=0.5),
    ]


def _openvpn_tcp_holes(given: Given) -> list[Comparison]:
    def doubling(length: float) -> list[float]:
        """Lengths from `length` / √2 to `length` x √2: a hole's end at any phase of a doubling timer."""
        return [length * 2 ** ((i + 0.5) / 20 - 0.5) for i in range(20)]

    tcp, patient = openvpn3(transport="tcp"), openvpn3(transport="tcp", ping_restart="1 h")
    restarted = _after_holes(tcp, [300 + 75 * (i + 0.5) / 40 for i in range(40)])  # an attempt lasts 75 s
    timer = "the wait for the next retransmission of a doubling timer"
    return [
        near("around 10 s, mean", 5.0, fmean(_after_holes(tcp, doubling(10))), "s", relative=0.3, why=timer),
        within(
            "around 60 s, mean",
            20.0,
            30.0,
            fmean(_after_holes(patient, doubling(60))),
            "s",
            why=f"{timer}, no ping-restart",
        ),
        within("around 300 s, mean", 1.0, 5.0, fmean(restarted), "s", why="restarted after a minute, then SYNs"),
    ]


HOLES = (
    _derived("c-wireguard", "black hole: outage beyond it, WireGuard", "wireguard-go", "timers.go", _wireguard_holes),
    _derived(
        "c-mullvad", "black hole: outage beyond it, Mullvad's monitor", "mullvad-app", "TunnelMonitor", _mullvad_holes
    ),
    _derived(
        "c-ikev2-medium", "black hole: IKEv2 checks each 10 min", "apple-ikev2-api", "Medium", _ikev2_medium_holes
    ),
    _derived(
        "c-ikev2-high", "black hole: IKEv2 checks each minute", "apple-device-management", "High", _ikev2_high_holes
    ),
    _derived("c-openvpn2", "black hole: OpenVPN 2, keepalive 10 60", "openvpn2", "ping.c, reliable.c", _openvpn2_holes),
    _derived("c-openvpn3", "black hole: OpenVPN 3, keepalive 10 60", "openvpn3", "cliconnect.hpp", _openvpn3_holes),
    _derived("c-younger", "black hole: Lightway and MASQUE", "lightway", "and quic-go, rfc9000", _younger_holes),
    _derived("c-openvpn3-tcp", "black hole: OpenVPN 3 over TCP", "openvpn3", "with RFC 6298", _openvpn_tcp_holes),
)

# (d) Idle, then a packet ----------------------------------------------------------------------------------------------


def _wireguard_idle(given: Given) -> list[Comparison]:
    def waits(every: str, n: int, loss: float) -> list[float]:
        """How long each packet but the first waits, when one goes out each `every`. [s]"""
        ledger = phone(wireguard(), n * float(every.split()[0]), every=every, loss=loss).ledger
        return [float(wait) / SECOND for wait in (ledger.settled - ledger.at)[1:].tolist()]

    return [
        near("after 170 s, no loss", 0.0, max(waits("170 s", 10, 0.0)), "s", absolute=0.001),
        near("after 185 s, no loss", 0.05, fmean(waits("185 s", 10, 0.0)), "s", absolute=0.001),
        mean_of("after 185 s, 2 % loss", 0.26, waits("185 s", 3 * TRIALS, LOSS)),
    ]


def _woken(vpn: Table, n: int, loss: float) -> list[float]:
    """The phone sleeps for 20 min and wakes for one, `n` times: from waking until data passes. [s]"""
    sleepy = {"sleeps": True, "sleep_after": "1 min", "wake_every": "20 min", "wake_for": "1 min"}
    return delays(phone(vpn, 21 * 60 * n, loss=loss, every="10 s", device=sleepy), "DeviceWoke")


def _openvpn_idle(given: Given) -> list[Comparison]:
    awake = delays(phone(openvpn3(), 6 * 3600, every="30 min"))
    return [
        near("version 3, awake for 30 min without traffic", 0.0, sum(awake[1:]), "s", absolute=0.001),
        near("version 3, woken late, no loss", 2.2, fmean(_woken(openvpn3(), 10, 0.0)), "s", absolute=0.001),
        mean_of("version 3, woken late, 2 % loss", 2.4, _woken(openvpn3(), TRIALS // 2, LOSS), rounded=0.05),
        near("version 2, woken late, no loss", 2.2, fmean(_woken(openvpn2(), 10, 0.0)), "s", absolute=0.001),
    ]


def _younger_idle(given: Given) -> list[Comparison]:
    def waits(vpn: Table, every: str, n: int, loss: float) -> list[float]:
        """How long each packet but the first waits. [s]"""
        ledger = phone(vpn, n * float(every.split()[0]), every=every, loss=loss).ledger
        return [float(wait) / SECOND for wait in (ledger.settled - ledger.at)[1:].tolist()]

    idle = masque(reconnects="on-packet")
    return [
        near("Lightway, after 6 h", 0.0, max(waits(lightway(), "21600 s", 4, 0.0)), "s", absolute=0.001),
        near("MASQUE, after 25 s", 0.0, max(waits(idle, "25 s", 20, 0.0)), "s", absolute=0.001),
        _exactly("MASQUE, after 60 s, no loss", 0.10, waits(idle, "60 s", 20, 0.0)),
        within("MASQUE, after 60 s, 2 % loss", 0.12, 0.21, fmean(waits(idle, "60 s", TRIALS, LOSS)), "s"),
        _exactly("MASQUE with 0-RTT", 0.05, waits(masque(reconnects="on-packet", zero_rtt=True), "60 s", 20, 0.0)),
    ]


IDLE = (
    _derived(
        "d-wireguard", "idle, then the first packet: WireGuard", "wireguard-go", "REJECT_AFTER_TIME", _wireguard_idle
    ),
    _derived(
        "d-younger", "idle, then the first packet: Lightway, MASQUE", "lightway", "and rfc9000, §10.1", _younger_idle
    ),
    _derived("d-openvpn", "idle, then the first packet: OpenVPN", "openvpn3", "cliconnect.hpp", _openvpn_idle),
)

# (e) The process is killed --------------------------------------------------------------------------------------------


def _killed(given: Given) -> list[Comparison]:
    """On-demand starts it again after 20 s; launch, look-up and settings take what is stated."""
    platform = {"launch": "50 ms", "prepare": "1 s", "apply": "200 ms"}
    found = []
    for said, vpn, handshake in (
        ("WireGuard", wireguard(), 0.05),
        ("OpenVPN 3", openvpn3(), 0.20),
        ("OpenVPN 3 over TCP", openvpn3(transport="tcp"), 0.25),
        ("OpenVPN 2", openvpn2(), 1.20),
    ):
        crash = [{"at": "60 s", "do": "provider_crash"}]
        run = phone(
            merge(vpn, {"client": platform, **CONNECT}), 120, "1 ms", limits={"relaunch_delay": "20 s"}, timeline=crash
        )
        whole = first_echo(run, 60 * SECOND) - round_trip(run) / SECOND
        found.append(near(said, 21.25 + handshake, whole, "s", absolute=0.002))
    return found


KILLED = (
    _derived(
        "e-killed", "process killed: relaunch + launch + look-up + handshake + settings", "openvpn3",
        "and wireguard-go, openvpn2: the handshakes of (a)", _killed,
    ),
)  # fmt: skip

# (f) The server has lost its state ------------------------------------------------------------------------------------


def _restarts(vpn: Table, spacing: float, n: int, loss: float = 0.0, **fields: Any) -> list[float]:
    """The server restarts `n` times; how long each interruption lasts. [s]"""
    deeds = [repeated("server_restart", spacing, 100)]
    return delays(phone(vpn, spacing * n + 100, loss=loss, repeats=deeds, **fields), "ServerRestarted")


def _wireguard_restarts(given: Given) -> list[Comparison]:
    idle = _restarts(wireguard(persistent_keepalive="25 s"), 401 + 1 / 7, 100, apps=[])
    return [
        mean_of("traffic, no loss", 15.2, _restarts(wireguard(), 50 + 1 / 7, 300, every="50 ms"), rounded=0.05),
        mean_of("traffic, 2 % loss", 15.4, _restarts(wireguard(), 50 + 1 / 7, 600, LOSS, every="50 ms"), rounded=0.05),
        within("keepalives only, longest", 120.0, 145.05, max(idle), "s", why="found by the next rekey"),
    ]


def _ikev2_restarts(given: Given) -> list[Comparison]:
    """The client's check finds out and ends the session; on-demand starts the next one at once."""
    found = []
    for said, check, mean in (("Medium", 600, 306.0), ("High", 60, 36.0)):
        waits = []
        for i in range(60):
            restart = [{"at": f"{check * (1 + (i + 0.5) / 60):g} s", "do": "server_restart"}]
            vpn = merge(ikev2(auth="psk", dpd_interval=f"{check} s", child_lifetime="1 d", ike_lifetime="1 d"), CONNECT)
            waits += delays(phone(vpn, 2 * check + 60, "50 ms", timeline=restart), "ServerRestarted")
        found.append(near(f"checks by {said}, mean", mean, fmean(waits), "s", relative=0.02))
        found.append(within(f"checks by {said}, quickest", 6.0, 6 + check / 60, min(waits), "s"))
        found.append(within(f"checks by {said}, slowest", 6 + check - check / 60, 6.2 + check, max(waits), "s"))
    return found


def _younger_restarts(given: Given) -> list[Comparison]:
    quick = masque(retry_wait="0 s")
    clean, lossy = _restarts(quick, 50, 10, every="50 ms"), _restarts(quick, 50, 600, LOSS, every="50 ms")
    return [
        near("Lightway, no loss", 0.2, fmean(_restarts(lightway(), 50, 10, every="50 ms")), "s", absolute=0.051),
        mean_of("Lightway, 2 % loss", 0.2, _restarts(lightway(), 50, 300, LOSS, every="100 ms"), rounded=0.1),
        near("MASQUE without a pause, no loss", 0.15, fmean(clean), "s", absolute=0.051),
        within("MASQUE without a pause, 2 % loss", 0.17, 0.26, fmean(lossy), "s"),
    ]


def _strongswan_restarts(given: Given) -> list[Comparison]:
    vpn = named("strongswan", ikev2={"dpd_interval": "30 s", "on_dead": "begin-again", "auth": "psk"})
    waits = _restarts(vpn, 400 + 1 / 7, 20, every="50 ms")
    return [near("dpd_delay 30 s: 30 + 165 + H", 195.1, fmean(waits), "s", absolute=0.1)]


def _openvpn3_restarts(given: Given) -> list[Comparison]:
    tcp = openvpn3(transport="tcp")
    rst = "the reset comes at once in the model, not after R"
    return [
        near("UDP, no loss", 62.2, fmean(_restarts(openvpn3(), 200, 10, every="50 ms")), "s", absolute=0.05),
        mean_of("UDP, 2 % loss", 62.4, _restarts(openvpn3(), 100 + 1 / 7, 400, LOSS, every="100 ms"), rounded=0.1),
        near("TCP, no loss", 5.3, fmean(_restarts(tcp, 100, 10)), "s", absolute=0.051, why=rst),
        mean_of("TCP, 2 % loss", 5.4, _restarts(tcp, 100, TRIALS, LOSS), rounded=0.05, why=rst),
    ]


RESTARTS = (
    _derived(
        "f-wireguard", "server lost its state: WireGuard, 15.17 s + R", "wireguard-go", "timers.go", _wireguard_restarts
    ),
    _derived(
        "f-ikev2", "server lost its state: IKEv2, the next check + 6 s + H", "apple-ikev2-api", "rates", _ikev2_restarts
    ),
    _derived(
        "f-younger", "server lost its state: Lightway, MASQUE", "lightway", "and rfc9000, §10.3", _younger_restarts
    ),
    _derived(
        "f-strongswan",
        "server lost its state: strongSwan",
        "strongswan",
        "dpd_delay, retransmit_*",
        _strongswan_restarts,
    ),
    _derived(
        "f-openvpn3",
        "server lost its state: OpenVPN 3, keepalive 10 60",
        "openvpn3",
        "cliconnect.hpp",
        _openvpn3_restarts,
    ),
)

CHECKS: tuple[Check, ...] = (*STARTS, *MOVES, *HOLES, *IDLE, *KILLED, *RESTARTS)
