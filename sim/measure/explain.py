"""Why a leak happened, in sentences: each window's grounds, walked back to their first causes, and its remedies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.base.units import SECOND, Instant
from sim.engine.simulate import Run
from sim.engine.timeline import Record
from sim.machines import events as ev
from sim.machines.machine import Answered, Due
from sim.machines.routing import Cause
from sim.measure.leaks import LeakWindow, Stretch
from sim.world.intervals import inside
from sim.world.scenario import Vpn


class Line(NamedTuple):
    """One step of a chain."""

    at: Instant
    text: str
    record: int
    """-1: it is nature's doing, and no record says it."""
    owner: str = ""
    """Whose socket it is about, if it is about one."""


class Explanation(NamedTuple):
    """One window, explained."""

    window: LeakWindow
    chains: tuple[tuple[str, tuple[Line, ...]], ...]
    """For each of its grounds what it is, and the steps to it from the first cause on."""
    closed_by: str
    remedies: tuple[tuple[str, str], ...]
    """What would have closed it, strongest first, and at what price."""


def clock(run: Run, at: Instant) -> str:
    """The time of day of an instant, as 07:30:00."""
    start = run.world.scenario.start
    seconds = ((start.hour * 60 + start.minute) * 60 + start.second) + at // SECOND
    return f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def owners(run: Run, window: LeakWindow, most: int = 3) -> str:
    """Whose flows: "mail, messenger and 2 more"."""
    kind_of = run.world.nature.kind_of
    found = (kind_of[s.flow].owner for s in window.stretches)
    names = list(dict.fromkeys("the system" if owner == "system" else owner for owner in found))
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


_WHY = {
    Cause.LEGACY_SOCKET: "{n} opened before the tunnel kept the old address: {who}. iOS does not move sockets",
    Cause.SYSTEM_SOCKET: "the system opened {n} outside although the tunnel was up: {who}",
    Cause.TUNNEL_GAP: "the tunnel's routes were not in force, and {n} went around: {who}",
    Cause.SERVER_DEAD: "the client gave its dead server up and ended the tunnel; {n} went around: {who}",
    Cause.DNS: "{n} went to the network's own resolver: look-ups for {who}",
    Cause.IPV6: "the tunnel carries no IPv6, and the network does: {n} of {who}",
    Cause.LOCAL_NET: "the network claims these addresses as its own, and {n} went there past the tunnel: {who}",
    Cause.DHCP_ROUTE: "the network's DHCP server pushed a route past the tunnel, and {n} took it: {who}",
    Cause.PER_APP_MISS: "the per-app VPN does not list {who}: {n} outside",
    Cause.CAPTIVE_PORTAL: "after the sign-in the tunnel was not up yet, and {n} went first: {who}",
    Cause.ON_DEMAND_GAP: "on-demand had not brought the tunnel up yet, and {n} went first: {who}",
    Cause.NO_ENFORCER: "nothing enforced the VPN just then (boot, update or restart), and {n} went out: {who}",
    Cause.PROVIDER_DEATH: "the VPN's process died, its interface with it, and {n} went around: {who}",
    Cause.SLEEP: "the tunnel was stopped for sleep, and {n} woke without it: {who}",
    Cause.OTHER_RADIO: "{n} used cellular itself, beside the tunnel: {who}",
}


_SEEN = {
    "a": "The network saw where the packets went.",
    "b": "Their destinations saw your real address.",
    "c": "The network, or its resolver, saw which names were looked up.",
    "d": "The content itself could be read on the way.",
}
"""Kind of disclosure, a letter of :data:`sim.measure.leaks.DISCLOSURES` → who learned what."""


def why(run: Run, window: LeakWindow) -> str:
    """One line: what happened, and whose sockets it was."""
    count = window.flows
    noun = "look-up" if window.cause is Cause.DNS else "socket"
    n = f"{count} {noun}{'s' if count != 1 else ''}"
    return _WHY[window.cause].format(n=n, who=owners(run, window))


def explain(run: Run, window: LeakWindow) -> Explanation:
    """Walk the window's grounds back to their first causes.

    Returns
    -------
    Explanation
    """
    seen: set[int] = set()
    chains: list[tuple[str, tuple[Line, ...]]] = []
    for record in dict.fromkeys(window.stretches[0].grounds):
        lines = tuple(line for line in _steps(run, record) if line.record not in seen)
        seen |= {line.record for line in lines}
        if lines:
            chains.append(("It also needed" if chains else "What opened it", lines))
    helps = remedies(window.cause, run.world.scenario.vpn)
    if window.cause is Cause.LEGACY_SOCKET:
        chains.insert(0, ("What was there before", _opened(run, window)))
        if all(_in_a_gap(run, stretch) for stretch in window.stretches):
            helps = (_NO_GAP, *(one for one in helps if one != _CONNECT_FIRST))
    return Explanation(window, tuple(chains), _closed(run, window), helps)


def seen(window: LeakWindow) -> str:
    """Who learned what from a window: a sentence for each kind of disclosure."""
    return " ".join(_SEEN[letter] for letter in window.kinds)


def _opened(run: Run, window: LeakWindow, most: int = 4) -> tuple[Line, ...]:
    """When the sockets of a window were opened: their apps' doing, so no record says it."""
    nature = run.world.nature
    first: dict[str, Line] = {}
    for stretch in window.stretches:
        owner, binding = nature.kinds[nature.kind[stretch.flow]].owner, stretch.verdict.binding
        if owner in first or binding is None:
            continue
        where = "Wi-Fi" if binding.interface is ev.Interface.WIFI else "cellular"
        text = f"{owner} has a socket open over {where}; its address belongs to that interface."
        if _in_a_gap(run, stretch):
            text = f"{owner} opens a socket over {where} while the tunnel's routes are not in force."
        first[owner] = Line(_opening(run, stretch), text, -1, owner)
    return tuple(sorted(first.values())[:most])


def _opening(run: Run, stretch: Stretch) -> Instant:
    """When a stretch's socket was opened; one that is wanted while there is no network, when there is one again."""
    if not stretch.socket:
        return int(run.world.nature.opens[stretch.flow])
    wanted = next(span.begin for span in run.loners[stretch.flow] if span.socket == stretch.socket)
    offline = run.when(lambda s: s.default is None)
    within, which = inside(np.array([wanted]), offline)
    return int(offline[which[0], 1]) if within[0] else wanted


def _in_a_gap(run: Run, stretch: Stretch) -> bool:
    """Whether its socket was opened although protection was asked for already."""
    opened = _opening(run, stretch)
    return bool(inside(np.array([opened]), run.when(lambda s: s.intent))[0][0])


def _steps(run: Run, record: int) -> list[Line]:
    """The chain to a record, first cause first, one line for each step that says something."""
    lines: list[Line] = []
    for step in reversed(run.timeline.chain(record)):
        text = say(step)
        if text and (not lines or lines[-1].text != text):
            lines.append(Line(step.at, text, step.id))
    return lines


def _closed(run: Run, window: LeakWindow) -> str:
    if window.end >= run.world.scenario.duration:
        return "It was still open when the scenario ended."
    at = clock(run, window.end)
    if window.closer is None:
        return f"It closed at {at}, when the last of these sockets ended by itself."
    lines = _steps(run, window.closer)
    cause = lines[-1].text if lines else "How things stood changed."
    return f"It closed at {at}. {cause}"


TIMERS = {
    ("path", "notice"): "",
    ("path", "settle"): "Cellular takes over as the path.",
    ("path", "wifi"): "Wi-Fi is associated again.",
    ("path", "cellular"): "Cellular is attached again.",
    ("tunnel", "attempt"): "An app wants the network: on-demand takes notice.",
    ("tunnel", "start"): "The system starts the tunnel.",
    ("tunnel", "start limit"): "The tunnel did not start within its time limit; the system stops it.",
    ("tunnel", "stopping limit"): "The provider did not stop in time; the system ends it.",
    ("tunnel", "reasserting limit"): "Reasserting took too long; the system stops the tunnel.",
    ("tunnel", "rule"): "An on-demand rule says: disconnect here.",
    ("tunnel", "update"): "The updated VPN app is ready.",
    ("provider", "launch"): "The VPN's process runs.",
    ("provider", "prepare"): "It has read its configuration.",
    ("provider", "apply"): "The tunnel's interface has its routes and resolver: new sockets go inside from here on.",
    ("provider", "engage"): "The VPN app's own kill switch engages: it drops what would go around.",
    ("provider", "stop"): "The VPN's process ends.",
    ("protocol", "send"): "A packet wants out and there is no fresh key: a handshake begins.",
    ("protocol", "retransmit"): "No answer; the message is sent again.",
    ("protocol", "reject"): "The session's keys are too old to be used.",
    ("protocol", "new handshake"): "Nothing has come back for 15 s: a new handshake begins.",
    ("protocol", "unanswered"): "What was sent has not been answered for 15 s.",
    ("protocol", "passive"): "Data has come and nothing was sent back for a while: an empty packet goes out.",
    ("protocol", "persistent"): "It has been quiet for the time of the persistent keepalive: an empty packet goes out.",
    ("protocol", "receive"): "A packet comes in with a key that is nearly too old: a handshake begins.",
    ("protocol", "update"): "The client moves its session to the new network.",
    ("protocol", "keepalive"): "A keepalive for the NAT goes out.",
    ("protocol", "liveness"): "The client asks the gateway whether it is still there.",
    ("protocol", "gateway gives up"): "The gateway has not heard from the phone for too long and forgets the session.",
    ("protocol", "child rekey"): "The session's keys are to be renewed.",
    ("protocol", "IKE rekey"): "The keys of the control channel are to be renewed.",
    ("protocol", "child end"): "The lifetime of the session's keys is over.",
    ("protocol", "IKE end"): "The lifetime of the control channel is over.",
    ("protocol", "poll"): "The server has not answered in time: the client tries again.",
    ("protocol", "hand window"): "The key exchange took too long.",
    ("protocol", "push request"): "The client asks for its settings.",
    ("protocol", "retry"): "The client has waited long enough, and connects again.",
    ("protocol", "resume"): "There is a network again: the client connects.",
    ("protocol", "ping"): "Nothing was sent for a while: a ping goes out.",
    ("protocol", "server ping"): "The server's ping is due.",
    ("protocol", "restart"): "Nothing was heard from the server for too long: the client reconnects.",
    ("protocol", "renegotiation"): "The keys are to be negotiated again.",
    ("protocol", "stall"): "A packet is lost in the hole; TCP holds back what follows.",
    ("protocol", "carrier"): "TCP repeats what was lost, and data flows again.",
    (
        "protocol",
        "peer rejects",
    ): "The server does not take the session's keys any more: they are older than the phone thinks.",
    ("protocol", "online timeout"): "The server did not let the client in within a minute.",
    ("protocol", "stale"): "Nothing has come from the server for a while.",
    ("protocol", "tracer"): "Something is sent, and nothing has come for long: the client pings.",
    ("protocol", "activity"): "Something comes: the server is there.",
    ("protocol", "ping again"): "The ping was not answered; the client pings again.",
    ("protocol", "keepalive timeout"): "No ping was answered: the client ends its session.",
    ("protocol", "stray"): "A packet goes into a session that the server has forgotten.",
    ("protocol", "key update"): "The session's keys are to be renewed.",
    ("protocol", "PTO"): "No answer; the client probes for it.",
    ("protocol", "handshake idle"): "Nothing came of the handshake; the client gives it up.",
    ("protocol", "idle"): "Nothing has come for the time after which both ends forget the connection.",
    ("protocol", "path"): "The new path could not be validated in time.",
    ("monitor", "reply"): "A ping through the tunnel is answered.",
    ("monitor", "lost"): "No ping has been answered for too long: the client takes its tunnel for dead.",
    ("monitor", "again"): "A ping was not answered; the client pings again.",
    ("monitor", "pulse"): "The client's next ping through the tunnel is due.",
    ("monitor", "traffic"): "Traffic flows, so the client pings.",
    ("monitor", "idle"): "It has been quiet for long: the client pings.",
    ("monitor", "unanswered"): "What was sent is not answered: the client pings.",
}
"""Actor and timer or watch → what its end means."""


_ANSWERS = {
    "initiation": "The server answers the handshake.",
    "ping": "The server answers the ping.",
    "connect": "The server takes the TCP connection.",
    "HARD_RESET": "The server answers the greeting: a handshake begins.",
    "SOFT_RESET": "The server is ready for new keys.",
    "TLS": "Client and server prove who they are, and agree on keys.",
    "PUSH_REQUEST": "The server sends the client its settings.",
    "IKE_SA_INIT": "The gateway answers the greeting: a handshake begins.",
    "IKE_AUTH": "Client and gateway prove who they are.",
    "CREATE_CHILD_SA": "The gateway agrees to new keys.",
    "UPDATE_SA_ADDRESSES": "The gateway takes the phone's new address (MOBIKE).",
    "INFORMATIONAL": "The gateway says that it is still there.",
    "ClientHello": "The server answers the greeting: a handshake begins.",
    "auth": "The server knows who the client is.",
    "key": "The server is ready for new keys.",
    "stray": "The server says that it does not know this session.",
    "Initial": "The server answers the greeting: a handshake begins.",
    "CONNECT-IP": "The server opens the tunnel.",
    "PATH_CHALLENGE": "The server takes the phone's new address (connection migration).",
    "path": "The gateway answers over the new network.",
}
"""Message, without its number → what its answer means."""

_LOST = {
    "no network": "there is no network",
    "ping restart": "nothing was heard from the server for too long",
    "address changed": "the phone's address has changed",
    "dead peer": "the gateway does not answer any more",
    "lifetime over": "its keys are too old",
    "rekey refused": "new keys were refused",
    "renegotiation failed": "new keys could not be agreed on",
    "handshake given up": "the handshake was never answered",
    "not online in time": "the connection took too long",
    "keepalive timeout": "nothing was heard from the server for too long",
    "idle timeout": "nothing was heard from the server for too long",
    "session rejected": "the server has forgotten it",
    "network change": "the network has changed",
    "connection reset": "the connection was reset",
}

_STOPPED = {
    ev.StopReason.USER_INITIATED: "it was told to stop",
    ev.StopReason.PROVIDER_FAILED: "its process died",
    ev.StopReason.NO_NETWORK_AVAILABLE: "there is no network",
    ev.StopReason.CONNECTION_FAILED: "it could not connect",
    ev.StopReason.SLEEP: "the phone goes to sleep",
    ev.StopReason.APP_UPDATE: "the app is being replaced",
    ev.StopReason.ON_DEMAND: "an on-demand rule says so",
    ev.StopReason.REBOOT: "the phone restarts",
    ev.StopReason.SERVER_DEAD: "its server is dead",
    ev.StopReason.SUPERCEDED: "another VPN configuration took over",
}


def say(record: Record) -> str:
    """One record as a sentence; "" if it says nothing that its cause has not said."""
    event = record.event
    match event:
        case Due(name) if name == "start" and record.cause is None:
            return ""
        case Due(name):
            return TIMERS.get((record.actor, name), f"{record.actor}: {name}.")
        case Answered(name):
            return _ANSWERS.get(name.partition(" ")[0], f"The server answers ({name}).")
    if record.cause is not None:
        return _said_by_machine(event)
    return _said_by_world(event)


def _said_by_world(event: object) -> str:
    match event:
        case ev.WifiJoined(ssid, _, portal):
            return f"The phone joins Wi-Fi {ssid!r}" + (", which wants a sign-in first." if portal else ".")
        case ev.WifiFaded():
            return "Wi-Fi gets too weak to carry anything; the phone holds on to it."
        case ev.WifiDemoted():
            return "Cellular takes over while Wi-Fi still works."
        case ev.WifiPreferred():
            return "Wi-Fi takes over again."
        case ev.WifiLost():
            return "The phone leaves the Wi-Fi; its address is gone."
        case ev.PortalPassed():
            return "The sign-in page is passed."
        case ev.CellularAttached():
            return "Cellular is in reach."
        case ev.CellularLost():
            return "Cellular is out of reach."
        case ev.HoleBegan(interface):
            return f"A hole: {interface.value} keeps its address and carries nothing."
        case ev.HoleEnded(interface):
            return f"The hole ends: {interface.value} carries again."
        case ev.ServerWentSilent(server):
            return f"VPN server {server!r} goes silent."
        case ev.ServerCameBack(server):
            return f"VPN server {server!r} answers again."
        case ev.ServerRestarted(server):
            return f"VPN server {server!r} restarts and has forgotten everybody."
        case ev.DeviceSlept():
            return "The device falls asleep."
        case ev.DeviceWoke():
            return "The device wakes."
        case ev.MemoryPressed():
            return "Load makes the VPN process's memory rise above the system's limit."
        case ev.ProviderCrashed():
            return "The VPN's process crashes."
        case ev.VpnTurnedOn():
            return "You turn the VPN on: from here on everything should be inside."
        case ev.VpnTurnedOff():
            return "You turn the VPN off."
        case ev.ServerChosen(server):
            return f"You choose the VPN server {server!r}."
        case ev.KeyRotated():
            return "The VPN app renews its keys and applies its settings again."
        case ev.SettingsCleared():
            return "The VPN app applies settings without routes; the status stays Connected."
        case ev.AppUpdated():
            return "The VPN app is updated while it runs."
        case ev.AirplaneTurnedOn(keeps):
            return "Airplane mode on" + ("; Wi-Fi stays on." if keeps else ".")
        case ev.AirplaneTurnedOff():
            return "Airplane mode off."
        case ev.WifiSwitched(on):
            return f"You switch Wi-Fi {'on' if on else 'off'}."
        case ev.Rebooted():
            return "The device restarts."
        case ev.BootFinished():
            return "The device is up again, still locked."
        case ev.FirstUnlocked():
            return "You unlock the device for the first time since its restart."
        case ev.LeakChecked():
            return "You open a leak-test page."
        case ev.CandidatesGathered():
            return "A web page gathers the phone's addresses."
        case ev.OtherVpnEnabled():
            return "You enable another VPN configuration; the system disables this one."
    return ""


def _said_by_machine(event: object) -> str:
    match event:
        case ev.TranslationExpired():
            return "The network's NAT has forgotten the silent tunnel: a push does not reach the phone."
        case ev.TranslationMade():
            return "The phone sends something, and the NAT knows the tunnel again."
        case ev.ProviderLaunched():
            return "The system launches the VPN's process."
        case ev.ProviderStopped(reason):
            return f"The system stops the VPN's process: {_STOPPED[reason]}."
        case ev.ProviderGone(reason):
            return f"The tunnel's interface is gone: {_STOPPED[reason]}."
        case ev.ReassertingSet():
            return "The VPN says that it is connecting anew (reasserting)."
        case ev.SessionUp():
            return "The VPN has a session with its server."
        case ev.SessionLost(reason, _):
            return f"The VPN has lost its session: {_LOST.get(reason, reason)}."
        case ev.ConnectionLost():
            return "The client takes another server."
        case ev.EngineStopped():
            return "The protocol engine is stopped."
    return ""


_APP_SWITCH = "The VPN app's own kill switch"
_SEAL = ("Seal the device (includeAllNetworks)", "nothing goes around; it blocks instead while the tunnel is down")
_ALWAYS_ON = ("Supervised Always-On", "the tunnel precedes every socket; no network at all without it")
_CONNECT_FIRST = (
    "Turn the VPN on before opening apps", "removes the apps' own sockets; the system's, opened at boot, remain",
)  # fmt: skip
_NO_GAP = (
    "Whatever closes the gap in which they were opened", "a socket that is not opened outside cannot stay there",
)  # fmt: skip
_REMEDIES: dict[Cause, tuple[tuple[str, str], ...]] = {
    Cause.LEGACY_SOCKET: (
        _ALWAYS_ON,
        _CONNECT_FIRST,
        _SEAL,
        ("Airplane mode on and off after connecting", "helps where apps close lost sockets; none if Wi-Fi stays on"),
    ),
    Cause.SYSTEM_SOCKET: (_SEAL, _ALWAYS_ON, ("A VPN on the router", "what leaves the phone is inside that")),
    Cause.TUNNEL_GAP: (
        _SEAL,
        ("A client that keeps its routes while it reconnects", "the gap blocks instead of leaking"),
        (_APP_SWITCH, "leaves the second or two until it engages, and what the provider's end takes with it"),
        ("Raise `reasserting` around updates", "closes the gap of settings updates"),
    ),
    Cause.SERVER_DEAD: (_SEAL, ("On-demand: Connect", "shortens it to the next start"), _ALWAYS_ON),
    Cause.DNS: (
        ("Match all domains in the tunnel's DNS", "no look-up by the network's resolver"),
        _SEAL,
        ("Encrypted DNS", "hides the names from the local network, not from the resolver"),
    ),
    Cause.IPV6: (("Route ::/0 into the tunnel", "carried or dropped, IPv6 no longer goes around"), _SEAL),
    Cause.LOCAL_NET: (
        ("enforceRoutes with 0.0.0.0/1 and 128.0.0.0/1", "the VPN's routes win over what the network calls local"),
        ("Seal the device, local networks included", "claimed addresses go into the tunnel, too"),
        ("The server by its address", "no forged answer can stand for it"),
    ),
    Cause.DHCP_ROUTE: (
        ("enforceRoutes with 0.0.0.0/1 and 128.0.0.0/1", "the VPN's routes win over those of the network"),
        _SEAL,
        ("Cellular instead of this Wi-Fi", "its DHCP server cannot reach you there"),
    ),
    Cause.PER_APP_MISS: (
        ("List the helper, too", "what it does for a listed app goes inside"),
        ("A VPN for the whole device", "no list that could miss one"),
    ),
    Cause.CAPTIVE_PORTAL: (_SEAL, ("An on-demand rule with a probe", "no deadlock; outside until the probe succeeds")),
    Cause.ON_DEMAND_GAP: (_SEAL, _ALWAYS_ON, ("A faster start", "shortens the gap")),
    Cause.NO_ENFORCER: (_ALWAYS_ON, _SEAL, ("On-demand: Connect", "restarts the tunnel after boot and update")),
    Cause.PROVIDER_DEATH: (
        _SEAL,
        ("On-demand: Connect", "starts the VPN again within about 20 s"),
        ("IKEv2 (the system's own client)", "runs in no third-party process"),
    ),
    Cause.SLEEP: (("disconnectOnSleep off", "the tunnel stays; costs a little battery"), _SEAL),
    Cause.OTHER_RADIO: (
        ("enforceRoutes", "overrides an app's choice of interface"),
        _SEAL,
        ("Cellular data off", "there is no other radio"),
    ),
}


def remedies(cause: Cause, vpn: Vpn) -> tuple[tuple[str, str], ...]:
    """What would have closed a window of this cause, without what is set already."""
    have = {
        _SEAL[0]: vpn.include_all_networks,
        _ALWAYS_ON[0]: vpn.always_on is not None,
        "On-demand: Connect": bool(vpn.on_demand),
        "enforceRoutes": vpn.enforce_routes,
        "Raise `reasserting` around updates": vpn.client.reasserts,
        _APP_SWITCH: vpn.client.kill_switch == "app",
    }
    return tuple(r for r in _REMEDIES[cause] if not have.get(r[0], False))
