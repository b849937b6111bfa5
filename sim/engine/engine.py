"""The engine: it delivers events to machines, keeps their timers, answers their watches, and notes how things stand.

Its laws, each with a test:

1. At one instant the script precedes timers and answers; otherwise first scheduled, first delivered.
   An announcement reaches its hearers in the order of `actors`.
2. It *settles*: it empties the inbox before time moves. The situation is read only when the inbox is empty.
3. A suspended host is not called. Its deliveries wait and arrive, in order, on resume; no machine knows about suspension.
4. The engine draws delays and losses, each from the stream named after machine and purpose.
5. Every delivery becomes one record whose cause is the record whose effect it was, or the line of the script.
6. What is scheduled is a value with one shared callback.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

import numpy as np
import simpy
from simpy.core import NORMAL, URGENT

from sim.base.laws import Law
from sim.base.streams import Streams
from sim.base.units import NEVER, SECOND, Bytes, Duration, Instant
from sim.engine.sockets import BETWEEN_SOCKETS, Loner, LonerSpan
from sim.engine.timeline import Timeline
from sim.engine.traffic import Traffic
from sim.machines.events import (
    AirplaneTurnedOff,
    AirplaneTurnedOn,
    AppUpdated,
    DeviceSlept,
    DeviceWoke,
    HostResumed,
    Interface,
    KeyRotated,
    LeakChecked,
    Rebooted,
    ServerCameBack,
    ServerChosen,
    ServerRestarted,
    ServerWentSilent,
    StopReason,
    VpnTurnedOff,
    VpnTurnedOn,
    WifiSwitched,
)
from sim.machines.ios.path import PathState, as_seen
from sim.machines.ios.provider import Phase as ProviderPhase
from sim.machines.ios.provider import ProviderState
from sim.machines.ios.sockets import Reaction, reaction
from sim.machines.ios.tunnel import NEVPNStatus, TunnelState
from sim.machines.machine import (
    Announce,
    Answered,
    Due,
    Effect,
    Event,
    Host,
    Link,
    Machine,
    OnReply,
    OnSilence,
    StartTimer,
    StopTimer,
    Transmit,
)
from sim.machines.routing import (
    ASPECTS,
    Binding,
    Cause,
    Fate,
    Situation,
    Verdict,
    fresh,
    holds_address,
    kept,
)
from sim.world.world import ADDRESS, POLICY, World

PATH, TUNNEL, PROVIDER, PROTOCOL = range(4)
"""Actors, in the order in which they hear an announcement."""
NAMES = ("path", "tunnel", "provider", "protocol")
LOOK_AHEAD: Duration = 130 * SECOND
"""How far ahead watches are asked: a little more than WireGuard's rekey, so that one question usually does."""
_LUCKS_FOR_ADDRESSES = 10


class Line(NamedTuple):
    """Something scheduled: a line of the script."""

    event: Event

    def happen(self, engine: Engine) -> None:
        """Tell whom it concerns, and look at the next line."""
        engine.next_line()
        engine.script_line(self.event)


class Answer(NamedTuple):
    """Something scheduled: the answer to a control message arrives."""

    actor: int
    event: Event
    cause: int

    def happen(self, engine: Engine) -> None:
        """Deliver it."""
        engine.inbox.append((self.actor, self.event, self.cause))


class Timer(NamedTuple):
    """Something scheduled: a timer runs out, unless it was stopped or started again."""

    actor: int
    event: Due
    cause: int
    token: int

    def happen(self, engine: Engine) -> None:
        """Deliver it if it is still the pending one."""
        key = (self.actor, self.event.name)
        if engine.timers.get(key) == self.token:
            if self.actor == TUNNEL and engine.asleep_since is not None:
                return  # it stays pending: the system's clock stands still, too, and is wound on at wake
            del engine.timers[key]
            engine.inbox.append((self.actor, self.event, self.cause))


class Wake(NamedTuple):
    """Something scheduled: a watch comes true, or its machine is to be asked again, unless it has been asked since."""

    actor: int
    event: Due | None
    token: int

    def happen(self, engine: Engine) -> None:
        """Deliver it if nothing has happened since it was asked; a suspended machine is asked anew when it resumes."""
        if engine.wakes[self.actor] == self.token:
            engine.asked[self.actor] = -1
            engine.wakes[self.actor] = 0
            if self.event is not None:
                engine.inbox.append((self.actor, self.event, engine.changed[self.actor]))


class FlowDue(NamedTuple):
    """Something scheduled: a loner opens its next socket, or gives up waiting."""

    flow: int
    token: int

    def happen(self, engine: Engine) -> None:
        """Let it, if it still means to."""
        if engine.flow_tokens.get(self.flow) == self.token:
            engine.flow_due(self.flow)


Job = Line | Answer | Timer | Wake | FlowDue


class _Job(simpy.Event):
    """A SimPy event that carries a value; all share one callback."""

    __slots__ = ("job",)


class _Network(NamedTuple):
    """What the default path and the server's network do to a packet."""

    round_trip: Duration
    loss: float
    """Per packet and direction."""
    ipv6: bool


class Control(NamedTuple):
    """A control message on the air."""

    at: Instant
    name: str
    up: Bytes
    down: Bytes
    cause: int


class Standing(NamedTuple):
    """How things stand from `begin` on, and the records that made each aspect so."""

    begin: Instant
    situation: Situation
    since: tuple[int, ...]
    """For each of :data:`ASPECTS`, the record that last changed it."""


_ASPECT_ACTORS = {"intent": (TUNNEL,), "tunnel": (TUNNEL, PROVIDER), "session": (PROTOCOL,), "policy": (TUNNEL,), "path": (PATH,)}
_ASPECT_SLICES = tuple(
    (Situation._fields.index(fields[0]), Situation._fields.index(fields[-1]) + 1, _ASPECT_ACTORS[name])
    for name, fields in ASPECTS.items()
)


class Engine:
    """One run of one world. Use once."""

    def __init__(self, world: World) -> None:
        nature, scenario = world.nature, world.scenario
        self.world = world
        self.horizon: Instant = scenario.duration
        self.now: Instant = 0
        self._env = simpy.Environment()
        self._callbacks = (self._happen,)
        self._script: Iterator[tuple[Instant, Event]] = iter(())
        self._streams = Streams(world.seed)
        self._dice: dict[str, tuple[np.random.Generator, list[float]]] = {}
        self._dues: dict[str, Due] = {}
        self._machines: tuple[Machine, ...] = cast(
            "tuple[Machine, ...]", (world.path, world.tunnel, world.provider, world.protocol)
        )
        self._states: list[Any] = [None] * 4
        self._hosts = [m.host for m in self._machines]
        self._hearers: dict[type[Event], tuple[int, ...]] = {}
        self.inbox: deque[tuple[int, Event, int | None]] = deque()
        self._tokens = 0
        self.timers: dict[tuple[int, str], int] = {}
        self.wakes = [0] * 4
        self.asked = [-1] * 4
        self._chatter: list[tuple[OnReply | OnSilence, ...]] = [()] * 4
        self._listened: list[Instant] = [0] * 4
        self._suspended: dict[Host, Instant] = {}
        self.asleep_since: Instant | None = None
        self._limits: dict[str, tuple[Instant, Instant]] = {}
        """The tunnel's timers: when each was started, and when it runs out if the device stays awake."""
        self._parked: list[tuple[int, Event, int | None]] = []
        self._servers = {s.name: s for s in scenario.servers}
        self._silent: set[str] = set()
        self._wifis = {w.ssid: w for w in scenario.wifi}
        self._networks: dict[tuple[Interface | None, str | None, str], _Network] = {}
        self.changed = [0] * 4
        self._dirty = True
        self._link_of = world.protocol.link

        self.timeline = Timeline([])
        self.control: list[Control] = []
        self.checks: list[tuple[Instant, bool, bool]] = []
        """Leak checks: instant, whether address and resolver looked protected, whether anything answered."""
        self.traffic = Traffic(nature.at, nature.flow, world.classes, len(world.traits))
        self.standings: list[Standing] = []
        self._verdicts: dict[Situation, tuple[Verdict, ...]] = {}
        self._current: tuple[Verdict, ...] = ()
        self.loners: dict[int, Loner] = {}
        self.spans: dict[int, list[LonerSpan]] = {}
        self._incidents: dict[int, int] = {}
        self._sockets: dict[int, int] = {}
        self._followers_of = [np.flatnonzero(world.classes == c) for c in range(len(world.traits))]
        self.flow_tokens: dict[int, int] = {}

    # Running ----------------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Play until the horizon."""
        self._script = iter(self.world.script)
        self.next_line()
        for actor, machine in enumerate(self._machines):
            step = machine.start()
            self._states[actor] = step.state
            self.timeline.rows.append((0, NAMES[actor], Due("start"), None, str(step.state.phase)))
            self._perform(actor, step.effects, len(self.timeline.rows) - 1)
        self._settle()
        self._env.run(until=self._horizon_event())
        self.now = self.horizon
        self._say(PROTOCOL)

    def next_line(self) -> None:
        """Schedule the next line of the script, before any timer of its instant."""
        line = next(self._script, None)
        if line is not None:
            self._schedule(line[0], Line(line[1]), priority=URGENT)

    def _horizon_event(self) -> simpy.Event:
        # The horizon precedes whatever is scheduled for its instant: the run covers [0, horizon).
        end = simpy.Event(self._env)
        end._ok, end._value = True, None
        self._env.schedule(end, priority=URGENT - 1, delay=self.horizon)
        return end

    def _schedule(self, at: Instant, job: Job, priority: int = NORMAL) -> None:
        event = _Job(self._env)
        event._ok, event._value = True, None
        event.job = job
        event.callbacks = self._callbacks
        self._env.schedule(event, priority, at - self.now)

    def _happen(self, event: simpy.Event) -> None:
        """The one callback: what was scheduled comes due."""
        self.now = self._env.now
        cast("_Job", event).job.happen(self)
        self._settle()

    def script_line(self, event: Event) -> None:
        """A line of the script is a record by itself, and then reaches whoever hears it."""
        who = "user" if type(event) in _DEEDS else "nature"
        rows = self.timeline.rows
        rows.append((self.now, who, event, None, ""))
        cause = len(rows) - 1
        match event:
            case ServerWentSilent(server):
                self._silent.add(server)
                self._server_changed(cause)
            case ServerCameBack(server):
                self._silent.discard(server)
                self._server_changed(cause)
            case ServerRestarted(server) if server != self._provider.server:
                return
            case LeakChecked():
                self._settle()
                probe = self._current[0]
                look_up = probe.fate is not None and probe.fate is not Fate.BLOCKED
                self.checks.append((self.now, probe.fate is Fate.TUNNELLED, look_up))
            case DeviceSlept():
                self._tell(event, cause)
                if self.inbox:
                    self._settle()
                self.asleep_since = self.now
                if not self.world.scenario.vpn.client.runs_in_sleep:
                    self._say(PROTOCOL)
                    self._suspended[Host.PROVIDER] = self.now
                return
            case DeviceWoke():
                self._wind_on()
                self._resume(cause)
        self._tell(event, cause)

    def _server_changed(self, cause: int) -> None:
        self.changed[PROTOCOL] = cause
        self._dirty = True

    def _tell(self, event: Event, cause: int | None) -> None:
        kind = type(event)
        hearers = self._hearers.get(kind)
        if hearers is None:
            hearers = self._hearers[kind] = tuple(a for a, m in enumerate(self._machines) if kind in m.hears)
        for actor in hearers:
            self.inbox.append((actor, event, cause))

    def _wind_on(self) -> None:
        """The system's own time limits do not count the sleep: its daemons stand still like everybody else."""
        since, self.asleep_since = self.asleep_since, None
        if since is None:
            return
        for actor, name in [key for key in self.timers if key[0] == TUNNEL]:
            started, due = self._limits[name]
            due += self.now - max(since, started)
            self._tokens += 1
            self.timers[(actor, name)] = self._tokens
            self._limits[name] = (started, due)
            self._schedule(due, Timer(actor, self._due(name), self.changed[actor], self._tokens))

    def _resume(self, cause: int) -> None:
        since = self._suspended.pop(Host.PROVIDER, None)
        if since is None:
            return
        parked, self._parked = self._parked, []
        self._say_late(PROTOCOL, since)
        self._tell(HostResumed(since, self.now - since), cause)
        self.inbox.extend(parked)

    # Machines ---------------------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Empty the inbox, read the situation, ask the watches anew."""
        inbox = self.inbox
        while True:
            while inbox:
                self._deliver(*inbox.popleft())
            if not self._dirty:
                break
            self._dirty = False
            self._observe()
        self._watch()

    def _deliver(self, actor: int, event: Event, cause: int | None) -> None:
        if self._hosts[actor] in self._suspended:
            self._parked.append((actor, event, cause))
            return
        if self._chatter[actor]:
            self._say(actor)
        before = self._states[actor]
        state, effects = self._machines[actor].step(before, event, self.now)
        rows = self.timeline.rows
        rows.append((self.now, NAMES[actor], event, cause, state.phase))
        if state is not before:
            self._states[actor] = state
            self.changed[actor] = len(rows) - 1
            self.asked[actor] = -1
            if _matters(actor, state, before, self._link_of):
                self._dirty = True
        if effects:
            self._perform(actor, effects, len(rows) - 1)

    def _perform(self, actor: int, effects: tuple[Effect, ...], record: int) -> None:
        for effect in effects:
            match effect:
                case Transmit():
                    self._transmit(actor, effect, record)
                case StartTimer(name, after):
                    delay = after if isinstance(after, int) else self._draw(after, f"{NAMES[actor]}.{name}")
                    self._tokens += 1
                    self.timers[(actor, name)] = self._tokens
                    if actor == TUNNEL:
                        self._limits[name] = (self.now, self.now + delay)
                    self._schedule(self.now + delay, Timer(actor, self._due(name), record, self._tokens))
                case StopTimer(name):
                    self.timers.pop((actor, name), None)
                case Announce(event):
                    self._tell(event, record)

    def _due(self, name: str) -> Due:
        due = self._dues.get(name)
        if due is None:
            due = self._dues[name] = Due(name)
        return due

    def _roll(self, name: str) -> float:
        """The next uniform number of this purpose. Blocks have one size, so that draws do not depend on how many are asked."""
        block = self._dice.get(name)
        if block is None:
            block = self._dice[name] = (self._streams.of(f"engine.{name}"), [])
        rng, numbers = block
        if not numbers:
            numbers += rng.random(64).tolist()[::-1]
        return numbers.pop()

    def _draw(self, law: Law, name: str) -> Duration:
        return law.at(self._roll(name))

    def _transmit(self, actor: int, message: Transmit, record: int) -> None:
        """Put a control message on the air; its answer comes back if path, server and chance let it."""
        path = self._path
        if path.default is None:
            return
        answer = message.answer
        if answer and (self._roll(f"{NAMES[actor]}.loss") < self._loss(message) or not self._usable):
            answer = 0
        self.control.append(Control(self.now, message.name, message.size, answer, record))
        if answer:
            wait = self._radio_wait() + message.round_trips * self.round_trip
            self._schedule(self.now + wait, Answer(actor, Answered(message.name), record))

    def _loss(self, message: Transmit) -> float:
        """Probability that a message or its answer is lost."""
        packets = (message.packets + message.answer_packets) * message.round_trips
        return 1.0 - (1.0 - self._network().loss) ** packets

    def _radio_wait(self) -> Duration:
        """Promotion that a packet offered now waits for.

        # MODEL: every burst counts as radio activity, also one that a policy held back. Bias: after a held burst a handshake
        # may find the radio awake up to one promotion (0.3 s) too early.
        """
        if self._path.default is not Interface.CELLULAR:
            return 0
        radio = self.world.radio
        now, times = self.now, self.traffic.times
        recent = [self.control[i].at for i in range(len(self.control) - 1, -1, -1)[:8] if self.control[i].at < now]
        i = bisect_left(times, now)
        last = max(times[i - 1] if i else -NEVER, recent[0] if recent else -NEVER, self._cellular_since - radio.tail)
        if now - last >= radio.tail:
            return radio.promotion
        # Awake, unless the promotion that woke it is still under way: look for its first packet.
        window = now - radio.promotion
        j = bisect_left(times, window)
        first = min([t for t in (times[j] if j < i else NEVER, *recent) if t >= window], default=NEVER)
        if first >= now:
            return 0
        before = max(times[j - 1] if j else -NEVER, *[t for t in recent if t < window] or [-NEVER])
        return first + radio.promotion - now if first - before >= radio.tail else 0

    # How things stand -----------------------------------------------------------------------------------------------------

    @property
    def _path(self) -> PathState:
        return cast("PathState", self._states[PATH])

    @property
    def _provider(self) -> ProviderState:
        return cast("ProviderState", self._states[PROVIDER])

    @property
    def _usable(self) -> bool:
        """Whether the default path and the server carry packets."""
        path = self._states[PATH]
        if path.default is None or self._states[PROVIDER].server in self._silent:
            return False
        return path.wifi_works if path.default is Interface.WIFI else path.cellular_works

    @property
    def round_trip(self) -> Duration:
        """To the VPN server and back, on the default path. [µs]"""
        return self._network().round_trip

    def _network(self) -> _Network:
        """The default path and the way behind it to the VPN server."""
        path = self._path
        key = (path.default, path.wifi_near, self._provider.server)
        found = self._networks.get(key)
        if found is None:
            cellular, server = self.world.scenario.cellular, self._servers[self._provider.server]
            wifi = self._wifis.get(path.wifi_near or "") if path.default is Interface.WIFI else None
            rtt, loss, ipv6 = (wifi.rtt, wifi.loss, wifi.ipv6) if wifi else (cellular.rtt, cellular.loss, cellular.ipv6)
            found = self._networks[key] = _Network(rtt + server.extra_rtt, 1 - (1 - loss) * (1 - server.loss), ipv6)
        return found

    def _link(self) -> Link:
        return self._link_of(self._states[PROTOCOL])

    def _read(self) -> Situation:
        path, provider = self._path, self._provider
        tunnel = cast("TunnelState", self._states[TUNNEL])
        machine = self.world.tunnel
        routes = provider.routes and not tunnel.phantom
        return Situation(
            intent=tunnel.intent,
            connected=tunnel.phase is NEVPNStatus.CONNECTED,
            routes=routes,
            utun=provider.interface,
            answers=self._usable and self._link() is not Link.BROKEN and provider.phase in _CARRYING,
            seals=machine.seals(tunnel),
            holds=machine.holds(tunnel),
            enforces=self.world.scenario.vpn.enforce_routes and routes,
            gap=_gap(tunnel, provider, bool(machine.rules)),
            default=path.default,
            wifi=path.wifi,
            cellular=path.cellular,
            wifi_works=path.wifi_works,
            cellular_works=path.cellular_works,
            ipv6=self._network().ipv6,
            portal=path.portal and path.default is None,
            deadlocked=tunnel.deadlocked,
        )

    def _observe(self) -> None:
        """Note how things stand now; if it matters to any flow, send each its way."""
        situation = self._read()
        last = self.standings[-1] if self.standings else None
        if last is not None and situation == last.situation:
            return
        since = self._since(last, situation)
        if last is not None and situation.default != last.situation.default:
            self._say(PROTOCOL)
        if last is not None and last.begin == self.now:
            self.standings.pop()
        self.standings.append(Standing(self.now, situation, since))
        if last is None or (situation.default, situation.cellular) != (last.situation.default, last.situation.cellular):
            self._cellular_since = self.now
        verdicts = self.verdicts_of(situation)
        if last is None or situation.answers != last.situation.answers or self.traffic.round_trip != self.round_trip:
            self._say(PROTOCOL)
            self.traffic.set_answers(situation.answers, self.round_trip, self.now)
        if verdicts != self._current:
            before, self._current = self._current, verdicts
            for index, verdict in enumerate(verdicts):
                old = before[index] if before else None
                if old is None or old.binding != verdict.binding:
                    self._class_moves(index, old, verdict, last, situation)
        if self.loners and (last is None or since != last.since[:_SESSION] + (since[_SESSION],) + last.since[_SESSION + 1 :]):
            self._loners_look(situation, last.situation if last else None)

    def verdicts_of(self, situation: Situation) -> tuple[Verdict, ...]:
        """The verdict on a new flow of each class."""
        verdicts = self._verdicts.get(situation)
        if verdicts is None:
            verdicts = self._verdicts[situation] = tuple(fresh(t, situation) for t in self.world.traits)
        return verdicts

    def _since(self, last: Standing | None, situation: Situation) -> tuple[int, ...]:
        """For each aspect the record that last changed it."""
        if last is None:
            return (0,) * len(ASPECTS)
        found = list(last.since)
        for i, (first, behind, actors) in enumerate(_ASPECT_SLICES):
            if situation[first:behind] != last.situation[first:behind]:
                found[i] = max(self.changed[a] for a in actors)
        return tuple(found)

    # Flows ------------------------------------------------------------------------------------------------------------------

    def _class_moves(
        self, index: int, old: Verdict | None, new: Verdict, last: Standing | None, situation: Situation
    ) -> None:
        """New sockets of this class go another way now. What live ones do is up to each."""
        world = self.world
        inside = _in_tunnel(new.binding)
        if inside != _in_tunnel(old.binding if old else None):
            self.traffic.route_class(index, inside, self.now)
            for flow, loner in self.loners.items():
                if world.classes[flow] == index:
                    self.traffic.route_flow(flow, _in_tunnel(loner.binding), self.now)
            if inside and old is not None and old.fate is None and last is not None:
                if self.traffic.class_spoke(index, last.begin, self.now):
                    self.traffic.flush(self.now)
        if old is None or old.binding is None or not world.traits[index].connected:
            return
        flows = self._followers_of[index]
        nature = world.nature
        alive = flows[(nature.opens[flows] < self.now) & (nature.closes[flows] > self.now)]
        for flow in alive.tolist():
            if flow not in self.loners:
                self._react(flow, old.binding, new.binding, situation)

    def _react(self, flow: int, binding: Binding, new: Binding | None, situation: Situation) -> None:
        """A live socket, bound to `binding`, while a new one would be bound to `new`."""
        world = self.world
        sockets = world.nature.kinds[world.nature.kind[flow]].sockets
        traits = world.traits[world.classes[flow]]
        lost = not holds_address(binding, situation)
        column = POLICY
        if lost:
            n = self._incidents[flow] = self._incidents.get(flow, -1) + 1
            column = ADDRESS + n % _LUCKS_FOR_ADDRESSES
        luck = float(world.nature.luck[flow, column])
        behaviour = world.scenario.device.behaviour
        what = reaction(sockets.transport, traits, binding, new, situation, behaviour, luck)
        loner = self.loners.get(flow)
        if loner is None:
            loner = self.loners[flow] = Loner(binding, max(self.changed))
        match what:
            case Reaction.CLOSES:
                self._close(flow, loner)
            case Reaction.WAITS:
                self._span(flow, kept(traits, binding, situation))
                asked = self.traffic.next_of_flow(flow, self.now)
                if asked < NEVER:
                    loner.give_up = asked + int(world.patience[flow])
                    self._schedule_flow(flow, loner.give_up)
            case Reaction.KEEPS:
                self._span(flow, kept(traits, binding, situation))
        self.traffic.route_flow(flow, _in_tunnel(loner.binding), self.now)

    def _close(self, flow: int, loner: Loner) -> None:
        """The app closes the socket; it opens another one by its law."""
        nature = self.world.nature
        reopen = nature.kinds[nature.kind[flow]].sockets.reopen
        self._sockets[flow] = self._sockets.get(flow, 0) + 1
        loner.binding, loner.opened_by = None, max(self.changed)
        loner.reopens, loner.give_up = NEVER, NEVER
        if reopen.when != "never":
            wanted = self.traffic.next_of_flow(flow, self.now)
            ready = self.now + reopen.after.at(float(nature.luck[flow, -1 - self._sockets[flow] % 2]))
            loner.reopens = min(wanted, ready) if reopen.when == "at-once" else wanted
            loner.reopens = max(loner.reopens, self.now)
            self._schedule_flow(flow, loner.reopens)
        self._span(flow, BETWEEN_SOCKETS)

    def _schedule_flow(self, flow: int, at: Instant) -> None:
        if at >= self.horizon:
            return
        self._tokens += 1
        self.flow_tokens[flow] = self._tokens
        self._schedule(at, FlowDue(flow, self._tokens))

    def flow_due(self, flow: int) -> None:
        """A loner's moment: its next socket, or the end of its patience."""
        loner = self.loners.get(flow)
        if loner is None:
            return
        if self.now >= loner.reopens:
            self._follow(flow)
        elif self.now >= loner.give_up:
            self._close(flow, loner)
            self.traffic.route_flow(flow, False, self.now)

    def _follow(self, flow: int) -> None:
        """The flow's socket is where a new one would be: it follows its class again."""
        began = self.spans[flow][-1].begin
        del self.loners[flow]
        self._span(flow, None)
        inside = _in_tunnel(self._current[self.world.classes[flow]].binding)
        self.traffic.route_flow(flow, inside, self.now)
        if inside and self.traffic.next_of_flow(flow, began) < self.now:
            self.traffic.flush(self.now)

    def _loners_look(self, situation: Situation, before: Situation | None) -> None:
        """How things stand has changed: what that means for each flow on its own way."""
        world = self.world
        for flow in list(self.loners):
            loner = self.loners[flow]
            if world.nature.closes[flow] <= self.now:
                del self.loners[flow]
                continue
            binding = loner.binding
            if binding is None:
                continue
            traits, new = world.traits[world.classes[flow]], self._current[world.classes[flow]].binding
            if binding == new:
                self._follow(flow)
                continue
            held = before is not None and holds_address(binding, before)
            holds = holds_address(binding, situation)
            sealed_now = situation.seals and before is not None and not before.seals
            if (held and not holds) or (holds and sealed_now):
                self._react(flow, binding, new, situation)
            else:
                if holds:
                    loner.give_up = NEVER
                self._span(flow, kept(traits, binding, situation))

    def _span(self, flow: int, verdict: Verdict | None) -> None:
        """Note the verdict of a flow from now on; a span of zero length is overwritten."""
        spans = self.spans.setdefault(flow, [])
        if spans and spans[-1].verdict == verdict and verdict is not None and spans[-1].socket == self._sockets.get(flow, 0):
            return
        if spans and spans[-1].begin == self.now:
            spans.pop()
        since = self.standings[-1].since
        loner = self.loners.get(flow)
        opened_by = loner.opened_by if loner else since[_ASPECT_INDEX["path"]]
        grounds = () if verdict is None else (opened_by, *(since[_ASPECT_INDEX[g]] for g in verdict.grounds))
        spans.append(LonerSpan(self.now, verdict, grounds, self._sockets.get(flow, 0)))

    # Watches ----------------------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Ask the machines what they wait for, where their state or the traffic has changed, and schedule what comes first.

        Answers are sought only so far ahead; if nothing comes true by then, the machine is asked again.
        """
        version = self.traffic.version
        for actor in (TUNNEL, PROTOCOL):
            if self.asked[actor] == (version if actor == PROTOCOL else 0) or self._hosts[actor] in self._suspended:
                continue
            self.asked[actor] = version if actor == PROTOCOL else 0
            watches = self._machines[actor].watches(self._states[actor])
            self.wakes[actor] = 0
            self._chatter[actor] = tuple(w for w in watches if type(w) in _CHATTY and w.says is not None)
            self._listened[actor] = self.now
            if not watches:
                continue
            fence = self.now + LOOK_AHEAD
            first, at = None, fence
            for watch in watches:
                due = self.traffic.due(watch, self.now, fence)
                if due < at:
                    first, at = self._due(watch.name), due
            if at < self.horizon:
                self._tokens += 1
                self.wakes[actor] = self._tokens
                self._schedule(at, Wake(actor, first, self._tokens))

    def _say_late(self, actor: int, slept: Instant) -> None:
        """What a suspended machine would have said, any number of times, it says once when it resumes."""
        self._listened[actor] = self.now
        if self.standings[-1].situation.default is None:
            return
        for watch in self._chatter[actor]:
            if watch.says and next(self.traffic.spells(watch, slept, min(self.now, watch.until) - 1), None) is not None:
                self.control.append(Control(self.now, watch.says.name, watch.says.size, 0, self.changed[actor]))

    def _say(self, actor: int) -> None:
        """Send what a machine has let the engine say by itself since it was last asked."""
        begin = self._listened[actor]
        if not self._chatter[actor] or begin >= self.now or self._hosts[actor] in self._suspended:
            return
        self._listened[actor] = self.now
        if self.standings[-1].situation.default is None:
            return
        for watch in self._chatter[actor]:
            said = watch.says
            assert said is not None
            for at in self.traffic.spells(watch, begin, min(self.now, watch.until) - 1):
                self.control.append(Control(at, said.name, said.size, 0, self.changed[actor]))


_SESSION = list(ASPECTS).index("session")
_ROUTING = ProviderState._fields.index("usable")
"""Fields of a provider's state before this one concern routing."""
_CHATTY = (OnReply, OnSilence)
_ASPECT_INDEX = {name: i for i, name in enumerate(ASPECTS)}
_CARRYING = (ProviderPhase.RUNNING, ProviderPhase.RECONNECTING, ProviderPhase.APPLYING, ProviderPhase.OFFLINE)
_DEEDS = {
    VpnTurnedOn, VpnTurnedOff, ServerChosen, KeyRotated, AppUpdated, AirplaneTurnedOn, AirplaneTurnedOff, WifiSwitched, Rebooted,
    LeakChecked,
}  # fmt: skip


def _matters(actor: int, state: Any, before: Any, link_of: Callable[[Any], Link]) -> bool:
    """Whether a change of a machine's state can change how things stand."""
    if actor == PROTOCOL:
        return link_of(state) is not link_of(before)
    if actor == PATH:
        return as_seen(state) != as_seen(before)
    if actor == PROVIDER:
        return bool(state[:_ROUTING] != before[:_ROUTING])
    return True


def _in_tunnel(binding: Binding | None) -> bool:
    return binding is not None and binding.interface is Interface.UTUN


def _gap(tunnel: TunnelState, provider: ProviderState, on_demand: bool) -> Cause:
    """Why there are no routes into a tunnel just now."""
    if tunnel.phantom:
        return Cause.NO_ENFORCER
    match tunnel.why_down:
        case StopReason.PROVIDER_FAILED:
            return Cause.PROVIDER_DEATH
        case StopReason.SERVER_DEAD | StopReason.CONNECTION_FAILED:
            return Cause.SERVER_DEAD
        case StopReason.SLEEP:
            return Cause.SLEEP
        case StopReason.APP_UPDATE | StopReason.REBOOT:
            return Cause.NO_ENFORCER
        case StopReason.ON_DEMAND:
            return Cause.ON_DEMAND_GAP
        case None if on_demand and tunnel.phase in (NEVPNStatus.DISCONNECTED, NEVPNStatus.CONNECTING):
            return Cause.ON_DEMAND_GAP
        case _:
            return Cause.TUNNEL_GAP
