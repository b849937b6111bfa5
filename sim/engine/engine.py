"""The engine: it delivers events to machines, keeps their timers, answers their watches, and notes how things stand.

Its laws, each with a test:

1. At one instant the script precedes timers and answers; otherwise first scheduled, first delivered. An announcement
   reaches its hearers in the order of the actors.
2. It *settles*: it empties the inbox before time moves. The situation is read only when the inbox is empty.
3. A suspended host is not called. Its deliveries wait and arrive, in order, on resume; no machine knows about
   suspension. A daemon's clock stands still while the device sleeps, so its timers wait, too; so do a protocol's, if
   its program reads such a clock.
4. The engine draws delays and losses, each from the stream named after machine and purpose.
5. Every delivery becomes one record whose cause is the record whose effect it was, or the line of the script.
6. What is scheduled is a value with one shared callback.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import numpy as np
import simpy
from simpy.events import NORMAL, URGENT, EventPriority

from sim.base.laws import Law
from sim.base.streams import Streams
from sim.base.units import NEVER, SECOND, Duration, Instant
from sim.engine.flows import Flows
from sim.engine.jobs import Answer, FlowDue, Job, Line, Scheduled, Timer, TranslationDue, Wake
from sim.engine.nat import Nat
from sim.engine.network import Control, Network
from sim.engine.standing import MONITOR, NAMES, PATH, PROTOCOL, PROVIDER, TUNNEL, Standing, read, since
from sim.engine.timeline import Timeline
from sim.engine.traffic import Traffic
from sim.machines import events as ev
from sim.machines.ios.path import PathState, as_seen
from sim.machines.ios.provider import ProviderState
from sim.machines.machine import (
    Announce,
    Answered,
    Due,
    Effect,
    Event,
    Host,
    Machine,
    OnReceive,
    OnReply,
    OnSend,
    OnSilence,
    StartTimer,
    StopTimer,
    Transmit,
    Watch,
)
from sim.machines.routing import UNSEEN, Fate, fresh
from sim.world.world import World

LOOK_AHEAD: Duration = 130 * SECOND
"""How far ahead watches are asked: a little more than WireGuard's rekey, so that one question usually does."""
FIRST, SCRIPT, LAST = EventPriority(URGENT - 2), EventPriority(URGENT - 1), EventPriority(NORMAL + 1)
"""At one instant the horizon comes first, then the script, then what traffic does (URGENT), then timers and answers,
then the monitor."""
_BLOCK = 64
"""Uniform numbers drawn at once for one purpose."""
_CHATTY = (OnReply, OnSilence)
_ROUTING = ProviderState._fields.index("usable")
"""Fields of a provider's state before this one concern routing."""
_DEEDS = {
    ev.VpnTurnedOn, ev.VpnTurnedOff, ev.ServerChosen, ev.KeyRotated, ev.SettingsCleared, ev.AppUpdated,
    ev.AirplaneTurnedOn, ev.AirplaneTurnedOff, ev.WifiSwitched, ev.Rebooted, ev.LeakChecked,
    ev.CandidatesGathered, ev.OtherVpnEnabled,
}  # fmt: skip


class Pending(NamedTuple):
    """A timer that runs."""

    token: int
    due: Instant
    cause: int


class Engine:
    """One run of one world. Use once."""

    def __init__(self, world: World) -> None:
        nature = world.nature
        self.world = world
        self.horizon: Instant = world.scenario.duration
        self.now: Instant = 0
        self._env = simpy.Environment()
        self._callbacks: list[Any] = [self._happen]
        self._script: Iterator[tuple[Instant, Event]] = iter(world.script)
        self._streams = Streams(world.seed)
        self._dice: dict[str, tuple[np.random.Generator, list[float]]] = {}

        monitor = (world.monitor,) if world.monitor else ()
        machines = cast("tuple[Machine, ...]", (world.path, world.tunnel, world.provider, world.protocol, *monitor))
        self._machines = machines
        self._hosts = [m.host for m in machines]
        self._hears = [m.hears for m in machines]
        self._hearers: dict[type[Event], tuple[int, ...]] = {}
        self._link_of = world.protocol.link
        self._watchers = (PROTOCOL, MONITOR)[: len(machines) - PROTOCOL]
        """Those whose watches depend on what is in the tunnel, and who are suspended with the provider."""
        self.states: list[Any] = [None] * len(machines)
        self.changed = [0] * len(machines)
        """For each actor the record that last changed its state."""
        self.inbox: deque[tuple[int, Event, int | None]] = deque()
        self.timers: dict[tuple[int, str], Pending] = {}
        self._frozen: dict[tuple[int, str], tuple[Duration, int]] = {}
        """Timers of daemons while the device sleeps: what is left of each, and its cause."""
        self._dues: dict[str, Due] = {}
        self._tokens = 0
        self._asleep = False
        self._warming = world.scenario.vpn_on
        """Before the first line of the script: a tunnel that is up when the day begins has made its handshakes."""
        self._suspended: dict[Host, Instant] = {}
        self._parked: list[tuple[int, Event, int | None]] = []

        self.wakes = [0] * len(machines)
        self._asked = [-1] * len(machines)
        self._chatter: list[tuple[OnReply | OnSilence, ...]] = [()] * len(machines)
        self._listened: list[Instant] = [0] * len(machines)
        self._said: list[Instant] = [-NEVER] * len(machines)

        self.timeline = Timeline([])
        pushed = np.array([t.pushed for t in world.traits], dtype=bool)
        self.traffic = Traffic(nature.at, nature.flow, world.classes, len(world.traits), world.evaluated, pushed)
        self.network = Network(world, self.traffic)
        self.nat = Nat(self.traffic, self.network)
        self.flows = Flows(world, self.traffic, self._remind)
        self.standings: list[Standing] = []
        self._dirty = True
        self.checks: list[tuple[Instant, bool, bool]] = []
        """Leak checks: instant, whether address and resolver looked protected, whether anything answered."""
        self.gatherings: list[tuple[Instant, int]] = []
        """Gathered addresses: instant, and how many of the phone's own were told."""

    # Time -------------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Play until the horizon."""
        self.next_line()
        for actor, machine in enumerate(self._machines):
            step = machine.start()
            self.states[actor] = step.state
            self.timeline.rows.append((0, NAMES[actor], self._due("start"), None, step.state.phase))
            self._perform(actor, step.effects, len(self.timeline.rows) - 1)
        self._settle()
        self._warming = False
        # The horizon precedes whatever is scheduled for its instant: the run covers [0, horizon).
        end = simpy.Event(self._env)
        end._ok, end._value = True, None
        self._env.schedule(end, FIRST, self.horizon)
        self._env.run(until=end)
        self.now = self.horizon
        self._say(PROTOCOL)

    def next_line(self) -> None:
        """Schedule the next line of the script, before any timer of its instant."""
        line = next(self._script, None)
        if line is not None:
            self._schedule(line[0], Line(line[1]), SCRIPT)

    def _schedule(self, at: Instant, job: Job, priority: EventPriority = NORMAL) -> None:
        event = Scheduled(self._env)
        event._ok, event._value = True, None
        event.job = job
        event.callbacks = self._callbacks
        self._env.schedule(event, priority, at - self.now)

    def _remind(self, flow: int, at: Instant, token: int) -> None:
        if at < self.horizon:
            self._schedule(at, FlowDue(flow, token))

    def _happen(self, event: Scheduled) -> None:
        """The one callback: what was scheduled comes due."""
        self.now = cast("int", self._env.now)
        event.job.happen(self)
        self._settle()

    def read_line(self, event: Event) -> None:
        """A line of the script is a record by itself, and then reaches whoever hears it."""
        rows = self.timeline.rows
        rows.append((self.now, "user" if type(event) in _DEEDS else "nature", event, None, ""))
        cause = len(rows) - 1
        match event:
            case ev.ServerWentSilent(server):
                self.network.silent.add(server)
                self._server_changed(cause)
            case ev.ServerCameBack(server):
                self.network.silent.discard(server)
                self._server_changed(cause)
            case ev.LeakChecked():
                self._settle()
                probe = self.flows.verdicts[0].fate
                self.checks.append((self.now, probe in UNSEEN, probe is not None and probe is not Fate.BLOCKED))
            case ev.CandidatesGathered(all_interfaces, mdns):
                self._settle()
                self.gatherings.append((self.now, self._addresses_told(all_interfaces, mdns)))
            case ev.DeviceSlept():
                self._tell(event, cause)
                self._settle()
                self._fall_asleep()
                return
            case ev.DeviceWoke():
                self._wake_up(cause)
        self._tell(event, cause)

    def _addresses_told(self, all_interfaces: bool, mdns: bool) -> int:
        """How many of the phone's own addresses a page learns: the public one of each interface and family that is
        outside, and the local one behind it, which over IPv6 is the same, unless it is hidden by an mDNS name."""
        situation, told = self.standings[-1].situation, set()
        asked = self.world.candidates if all_interfaces else self.world.candidates[:2]
        for traits in asked:
            verdict = fresh(traits, situation)
            v6 = traits.family == "v6"
            if verdict.fate is Fate.LEAKED and verdict.binding is not None and (situation.ipv6 or not v6):
                told.add((verdict.binding.interface, v6, "public"))
                if not mdns and not v6:
                    told.add((verdict.binding.interface, v6, "local"))
        return len(told)

    def _server_changed(self, cause: int) -> None:
        """Whether the session answers may be another matter now; what was said before was not said because of it."""
        self._say(PROTOCOL)
        self.changed[PROTOCOL], self._dirty = cause, True

    # Sleep ------------------------------------------------------------------------------------------------------------

    def _fall_asleep(self) -> None:
        """Daemons' clocks stop; a provider is not called any more."""
        self._asleep = True
        if not self.world.scenario.vpn.client.runs_in_sleep:
            for actor in self._watchers:
                self._ask(actor, in_sleep=True)
            self._suspended[Host.PROVIDER] = self.now
        for key in [k for k in self.timers if self._stands_still(k[0])]:
            pending = self.timers.pop(key)
            self._frozen[key] = (pending.due - self.now, pending.cause)

    def _stands_still(self, actor: int) -> bool:
        """Whether this actor's clock stands still while the device sleeps."""
        if self._hosts[actor] is Host.DAEMON:
            return True
        return actor == PROTOCOL and Host.PROVIDER in self._suspended and self.world.protocol.clock == "monotonic"

    def _wake_up(self, cause: int) -> None:
        """Clocks go on, and what waited for a suspended host arrives."""
        self._asleep = False
        frozen, self._frozen = self._frozen, {}
        for (actor, name), (left, started_by) in frozen.items():
            self._start_timer(actor, name, left, started_by)
        slept = self._suspended.pop(Host.PROVIDER, None)
        if slept is not None:
            parked, self._parked = self._parked, []
            for actor in self._watchers:
                self.forget_watches(actor)
            if self.world.protocol.clock == "monotonic":
                self._said[PROTOCOL] += self.now - slept  # as the machine shifts what it has said itself
            self._tell(ev.HostResumed(slept, self.now - slept), cause)
            self.inbox.extend(parked)

    # Machines ---------------------------------------------------------------------------------------------------------

    def _tell(self, event: Event, cause: int | None) -> None:
        kind = type(event)
        hearers = self._hearers.get(kind)
        if hearers is None:
            hearers = self._hearers[kind] = tuple(a for a, heard in enumerate(self._hears) if kind in heard)
        for actor in hearers:
            self.inbox.append((actor, event, cause))

    def _settle(self) -> None:
        """Empty the inbox, read the situation, ask the watches anew."""
        inbox = self.inbox
        while inbox or self._dirty:
            while inbox:
                self._deliver(*inbox.popleft())
            if self._dirty:
                self._dirty = False
                self._observe()
        self._watch()

    def _deliver(self, actor: int, event: Event, cause: int | None) -> None:
        if self._hosts[actor] in self._suspended:
            self._parked.append((actor, event, cause))
            return
        if self._chatter[actor]:
            self._say(actor)
        before = self.states[actor]
        state, effects = self._machines[actor].step(before, event, self.now)
        rows = self.timeline.rows
        rows.append((self.now, NAMES[actor], event, cause, state.phase))
        if state is not before:
            self.states[actor] = state
            self.changed[actor] = len(rows) - 1
            self._asked[actor] = -1
            if self._matters(actor, state, before):
                self._dirty = True
        if effects:
            self._perform(actor, effects, len(rows) - 1)

    def _matters(self, actor: int, state: Any, before: Any) -> bool:
        """Whether a change of a machine's state can change how things stand."""
        if actor == PROTOCOL:
            return self._link_of(state) is not self._link_of(before)
        if actor == PATH:
            return as_seen(state) != as_seen(before)
        return actor == TUNNEL or (actor == PROVIDER and bool(state[:_ROUTING] != before[:_ROUTING]))

    def _perform(self, actor: int, effects: tuple[Effect, ...], record: int) -> None:
        for effect in effects:
            match effect:
                case Transmit():
                    self._transmit(actor, effect, record)
                case StartTimer(name, after):
                    delay = after if isinstance(after, int) else self._draw(after, f"{NAMES[actor]}.{name}")
                    self._start_timer(actor, name, delay, record)
                case StopTimer(name):
                    self.timers.pop((actor, name), None)
                    self._frozen.pop((actor, name), None)
                case Announce(event):
                    self._tell(event, record)

    def _start_timer(self, actor: int, name: str, delay: Duration, record: int) -> None:
        if self._asleep and self._stands_still(actor):
            self._frozen[(actor, name)] = (delay, record)
            return
        self._tokens += 1
        self.timers[(actor, name)] = Pending(self._tokens, self.now + delay, record)
        self._schedule(self.now + delay, Timer(actor, self._due(name), record, self._tokens))

    def _due(self, name: str) -> Due:
        due = self._dues.get(name)
        if due is None:
            due = self._dues[name] = Due(name)
        return due

    def _roll(self, name: str) -> float:
        """The next uniform number of this purpose. Blocks have one size: a draw does not depend on how many were
        asked for."""
        dice = self._dice.get(name)
        if dice is None:
            dice = self._dice[name] = (self._streams.of(f"engine.{name}"), [])
        rng, numbers = dice
        if not numbers:
            numbers += rng.random(_BLOCK).tolist()[::-1]
        return numbers.pop()

    def _draw(self, law: Law, name: str) -> Duration:
        return law.at(self._roll(name))

    def _transmit(self, actor: int, message: Transmit, record: int) -> None:
        """Put a control message on the air; its answer comes back if path, server and chance let it."""
        path: PathState = self.states[PATH]
        if message.inside:
            self._transmit_inside(path, message, record)
            return
        if self._warming and message.answer:
            self.inbox.append((actor, Answered(message.name), record))
        if path.default is None:
            return
        if actor != PROTOCOL:
            self._say(PROTOCOL)  # what it has sent meanwhile keeps the radio awake
        elif path.works:
            self.nat.said, self.nat.by = self.now, record
            if not self.network.reached:
                self._translate(True)
        network, server = self.network, self.states[PROVIDER].server
        way, answer = network.way(path, server, self.now), message.answer
        if answer:
            packets = (message.packets + message.answer_packets) * message.round_trips
            lost = self._roll(f"{NAMES[actor]}.loss") < 1.0 - (1.0 - way.loss**message.copies) ** packets
            if lost or not network.carries(path, server):
                answer = 0
        sizes = message.size * message.copies, answer * message.copies
        network.control.append(Control(self.now, message.name, *sizes, record))
        if answer:
            wait = network.answer_after(message, way, path, self.now)
            self._schedule(self.now + wait, Answer(actor, Answered(message.name), record))

    def _transmit_inside(self, path: PathState, message: Transmit, record: int) -> None:
        """Put a packet into the tunnel as an app would; what answers it is for the watches to see."""
        self._say(PROTOCOL, self.now + 1)  # at one instant the protocol precedes the monitor
        self.traffic.flush(self.now)
        if path.default is not None:
            wrapped = [size + self.world.protocol.overhead(size) for size in (message.size, message.answer)]
            answer = wrapped[1] if self.traffic.answers else 0
            self.network.control.append(Control(self.now, message.name, wrapped[0], answer, record))

    # How things stand -------------------------------------------------------------------------------------------------

    def _observe(self) -> None:
        """Note how things stand now; if it matters to any flow, send each its way."""
        path, tunnel, provider, protocol = self.states[: PROTOCOL + 1]
        situation = read(self.world, path, tunnel, provider, self._link_of(protocol), self.network, self.now)
        last = self.standings[-1] if self.standings else None
        if last is not None and situation == last.situation:
            return
        self._say(PROTOCOL)
        standing = Standing(self.now, situation, since(last, situation, self.changed))
        round_trip = self.network.way(path, provider.server, self.now).round_trip
        if last is None or situation.answers != last.situation.answers or self.traffic.round_trip != round_trip:
            self.traffic.set_answers(situation.answers, round_trip, self.now)
        if last is None or situation.default != last.situation.default:
            self.network.default_since = self.now
        if last is not None and situation.address != last.situation.address:
            self.nat.since, self.nat.asked = self.now, -1
        if last is not None and last.begin == self.now:
            self.standings.pop()
        self.standings.append(standing)
        self.flows.look(last, standing, max(self.changed))

    def look_at_translation(self) -> None:
        """The mapping may have expired before a push of this instant, or a packet of this instant makes it again."""
        self.nat.asked = -1
        self._say(PROTOCOL)
        if self.nat.next_change(self.states[PATH], self.now) == self.now:
            self._translate(not self.network.reached)

    def _translate(self, reached: bool) -> None:
        """From now on what the server sends by itself reaches the phone, or does not."""
        rows, event = self.timeline.rows, ev.TranslationMade() if reached else ev.TranslationExpired()
        rows.append((self.now, "network", event, self.nat.by, ""))
        self.nat.by = self.changed[PROTOCOL] = len(rows) - 1
        self.nat.asked = -1
        if reached:
            self.nat.said = self.now
        self.network.reached, self._dirty = reached, True
        self.forget_watches(PROTOCOL)

    # Watches ----------------------------------------------------------------------------------------------------------

    def forget_watches(self, actor: int) -> None:
        """The actor is to be asked anew."""
        self._asked[actor], self.wakes[actor] = -1, 0

    def _watch(self) -> None:
        """Ask the machines what they wait for, where their state or the traffic has changed."""
        # On-demand waits for any burst; only the other answers depend on what is in the tunnel.
        for actor, version in ((TUNNEL, 0), *((watcher, self.traffic.version) for watcher in self._watchers)):
            if self._asked[actor] != version and self._hosts[actor] not in self._suspended:
                self._asked[actor] = version
                self._ask(actor)
        if self.nat.asked != self.traffic.version:
            self.nat.asked = self.traffic.version
            at = self.nat.next_change(self.states[PATH], self.now)
            if at < min(self.nat.due, self.horizon):
                self.nat.due = at
                self._schedule(at, TranslationDue(at), URGENT)

    def _ask(self, actor: int, in_sleep: bool = False) -> None:
        """Ask a machine what it waits for, and schedule what comes first.

        Answers are sought only so far ahead; if nothing comes true by then, the machine is asked again. So it is
        where the engine may no longer speak for it. It may not while a NAT has forgotten the tunnel: then what a
        machine says matters to others. For the time of a sleep (`in_sleep`) the engine does not speak; and if the
        machine's clock stands still, only a packet can make a watch come true whose time had come before.
        """
        self._say(actor)
        self.wakes[actor], self._listened[actor] = 0, self.now
        chatter: list[OnReply | OnSilence] = []
        asked: list[Watch] = []
        still = in_sleep and actor == PROTOCOL and self.world.protocol.clock == "monotonic"
        for watch in self._machines[actor].watches(self.states[actor]):
            if still and not (isinstance(watch, OnSend | OnReceive) and watch.after <= self.now):
                continue
            if isinstance(watch, _CHATTY) and watch.says is not None:
                if self._said[actor] > watch.since:
                    watch = watch._replace(since=self._said[actor])
                if not in_sleep and self.network.reached and watch.until > self.now:
                    chatter.append(watch)
                    continue
            asked.append(watch)
        self._chatter[actor] = tuple(chatter)
        first, at = None, min([w.until for w in chatter], default=NEVER)
        if asked:
            at = min(at, self.now + LOOK_AHEAD)
        for watch in asked:
            due = self.traffic.due(watch, self.now, at)
            if due < at:
                first, at = self._due(watch.name), due
        if at < self.horizon:
            self._tokens += 1
            self.wakes[actor] = self._tokens
            # One packet may answer two actors at once: the protocol goes first, whoever was asked first.
            self._schedule(at, Wake(actor, first, self._tokens), LAST if actor == MONITOR else NORMAL)

    def _say(self, actor: int, until: Instant | None = None) -> None:
        """Send what a machine has let the engine say by itself since it was last asked, before `until` (now)."""
        begin, chatter, until = self._listened[actor], self._chatter[actor], until or self.now
        if not chatter or begin >= until:
            return
        self._listened[actor] = until
        situation = self.standings[-1].situation
        online, works = situation.default is not None, situation.works(situation.default)
        for at, watch in self.traffic.said(chatter, begin, until):
            self._said[actor] = at
            if works:
                self.nat.said, self.nat.by = at, self.changed[actor]
            if online and watch.says is not None:
                self.network.control.append(Control(at, watch.says.name, watch.says.size, 0, self.changed[actor]))
        if self._said[actor] >= begin:
            self._chatter[actor] = tuple([w._replace(since=max(w.since, self._said[actor])) for w in chatter])
