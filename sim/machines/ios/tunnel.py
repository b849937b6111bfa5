"""The system's VPN session: NEVPNStatus, the user's intent, and on-demand.

Theory of operation. The status is what the phone says; the intent is what the user wants. Intent begins when the user
(or a rule, or the device's management) turns protection on, and ends only when the user turns it off on purpose: a
crash, an update, a sleep or a restart does not end it. This machine keeps both, and starts the provider again when
on-demand says so.

On-demand's Connect means "on the next network attempt": something must want the network first. So a dead tunnel comes
back only when an app speaks, and after a delay; whether that first attempt is held or leaks is decided in
:mod:`sim.machines.routing`.

Follows: Apple's NetworkExtension headers and developer forum 731820 (time limits); device-management schema (on-demand,
AlwaysOn). The legal-transition matrix is not published: the table below is built from published logs.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict

from sim.base.laws import DurationLaw
from sim.base.units import NEVER, Instant
from sim.machines.events import (
    AppUpdated,
    BootFinished,
    DeviceSlept,
    FirstUnlocked,
    OtherVpnEnabled,
    PathNoticed,
    ProviderGone,
    ProviderLaunched,
    ProviderReady,
    ProviderStopped,
    ReassertingSet,
    Rebooted,
    ServerChosen,
    StopReason,
    VpnTurnedOff,
    VpnTurnedOn,
)
from sim.machines.ios.behaviour import TunnelLimits
from sim.machines.ios.ondemand import Network, OnDemandRule, RuleAction, evaluate, probe
from sim.machines.machine import (
    Announce,
    Due,
    Effect,
    Event,
    Host,
    OnAttempt,
    Row,
    StartTimer,
    Step,
    StopTimer,
    Watch,
    unchanged,
)


class NEVPNStatus(StrEnum):
    """Apple's status of a VPN connection. INVALID (no configuration) does not occur: a scenario always has one."""

    DISCONNECTED = "DISCONNECTED"
    CONNECTING = "CONNECTING"
    CONNECTED = "CONNECTED"
    REASSERTING = "REASSERTING"
    DISCONNECTING = "DISCONNECTING"


class TunnelState(NamedTuple):
    """What the phone says, what the user wants, and what on-demand makes of the network."""

    phase: NEVPNStatus
    intent: bool = False
    """Protection is intended."""
    rule: RuleAction | None = None
    """What the on-demand rules say about the present network; None until they were asked."""
    since: Instant = -NEVER
    """When the tunnel was last told to be down."""
    why_down: StopReason | None = None
    """Why there is no tunnel; None before the first one."""
    restarting: bool = False
    """Stopped only to be started again."""
    waiting: bool = False
    """A start is already on its way."""
    locked: bool = False
    """Between a boot and the first unlock."""
    phantom: bool = False
    """The status says Connected after an app update, but there are no routes (iOS 16.0)."""
    probes: tuple[bool, ...] | None = None
    """What each rule's probe was answered, where the system remembers it until reboot."""
    replaced: bool = False
    """Another VPN configuration was enabled: this one, with its rules, is disabled until it is turned on again."""
    deadlocked: bool = False
    """Sealed and without a provider after an app update: no network until a reboot."""


class Tunnel(BaseModel):
    """The VPN session of one configuration."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    host: ClassVar[Host] = Host.DAEMON
    limits: TunnelLimits
    rules: tuple[OnDemandRule, ...] = ()
    networks: dict[str, Network] = {}
    """What each Wi-Fi network says of itself; of others only the SSID is known."""
    always_on: bool = False
    user_may_switch_off: bool = True
    sealed: bool = False
    disconnect_on_sleep: bool = False
    restarts_for_server: bool = False
    needs_unlock: bool = True
    ios: tuple[int, ...] = (17, 4)
    plug_in: bool = True
    """A third-party provider; the system's own IKEv2 client is not touched by app updates."""
    up_at_start: bool = False

    transitions: ClassVar[tuple[Row, ...]] = (
        Row(NEVPNStatus.DISCONNECTED, "VpnTurnedOn", NEVPNStatus.CONNECTING, "startVPNTunnel"),
        Row(NEVPNStatus.DISCONNECTED, "Due(start)", NEVPNStatus.CONNECTING, "on-demand, Always-On or boot"),
        Row(NEVPNStatus.DISCONNECTED, "Due(update)", NEVPNStatus.CONNECTING, "the updated provider is started"),
        Row(NEVPNStatus.DISCONNECTED, "Due(update)", NEVPNStatus.CONNECTED, "ivpn-283: Connected without routes"),
        Row(NEVPNStatus.CONNECTING, "ProviderReady", NEVPNStatus.CONNECTED, "startTunnel completed"),
        Row(NEVPNStatus.CONNECTING, "Due(start limit)", NEVPNStatus.DISCONNECTING, "forum 731820: 60 s"),
        Row(NEVPNStatus.CONNECTED, "ReassertingSet", NEVPNStatus.REASSERTING, "headers: reasserting"),
        Row(NEVPNStatus.REASSERTING, "ProviderReady", NEVPNStatus.CONNECTED, "reasserting cleared"),
        Row(NEVPNStatus.REASSERTING, "Due(reasserting limit)", NEVPNStatus.DISCONNECTING, "forum 744949"),
        *(
            Row(phase, event, NEVPNStatus.DISCONNECTING, why)
            for phase in (NEVPNStatus.CONNECTING, NEVPNStatus.CONNECTED, NEVPNStatus.REASSERTING)
            for event, why in (
                ("VpnTurnedOff", "stopVPNTunnel"),
                ("OtherVpnEnabled", "only one device-wide configuration is enabled at a time"),
                ("DeviceSlept", "disconnectOnSleep"),
                ("Due(rule)", "an on-demand rule says Disconnect"),
                ("ServerChosen", "the client restarts its tunnel"),
            )
        ),
        *(
            Row(phase, event, NEVPNStatus.DISCONNECTED, why)
            for phase in (
                NEVPNStatus.CONNECTING, NEVPNStatus.CONNECTED, NEVPNStatus.REASSERTING, NEVPNStatus.DISCONNECTING,
            )
            for event, why in (("ProviderGone", "the provider ended"), ("Rebooted", "everything ended"))
        ),
        Row(NEVPNStatus.CONNECTED, "VpnTurnedOff", NEVPNStatus.DISCONNECTED, "iOS 16.0's Connected without a provider"),
        Row(NEVPNStatus.CONNECTED, "OtherVpnEnabled", NEVPNStatus.DISCONNECTED, "as above"),
        Row(NEVPNStatus.CONNECTED, "ServerChosen", NEVPNStatus.CONNECTING, "iOS 16.0: a manual reconnect repairs it"),
        Row(NEVPNStatus.CONNECTED, "VpnTurnedOn", NEVPNStatus.CONNECTING, "iOS 16.0: a manual reconnect repairs it"),
        Row(NEVPNStatus.DISCONNECTING, "Due(stopping limit)", NEVPNStatus.DISCONNECTED, "forum 731820: 20 s"),
        Row(NEVPNStatus.DISCONNECTING, "ProviderGone", NEVPNStatus.CONNECTING, "stopped only to be started again"),
    )  # fmt: skip

    @property
    def hears(self) -> frozenset[type[Event]]:
        """Only what this configuration can react to: a day has hundreds of path changes and sleeps."""
        always = {
            VpnTurnedOn, VpnTurnedOff, ServerChosen, ProviderReady, ReassertingSet, ProviderGone, Rebooted,
            BootFinished, FirstUnlocked, AppUpdated, OtherVpnEnabled,
        }  # fmt: skip
        return frozenset(
            always | ({PathNoticed} if self.rules else set()) | ({DeviceSlept} if self.disconnect_on_sleep else set())
        )

    def start(self) -> Step:
        """Up, down, or wanted from the first instant by a rule or by management."""
        if self.up_at_start:
            return Step(TunnelState(NEVPNStatus.CONNECTED, intent=True))
        if self.always_on:
            return Step(TunnelState(NEVPNStatus.DISCONNECTED, intent=True, waiting=True), (StartTimer("start", 0),))
        return Step(TunnelState(NEVPNStatus.DISCONNECTED, intent=bool(self.rules)))

    def watches(self, state: TunnelState) -> tuple[Watch, ...]:
        """On-demand's Connect waits for the next network attempt."""
        if self._wants_start(state) and not state.waiting:
            return (OnAttempt("attempt", state.since, state.rule is RuleAction.EVALUATE),)
        return ()

    def holds(self, state: TunnelState) -> bool:
        """Whether on-demand is about to connect, so that new flows may be held.

        # MODEL: EvaluateConnection holds nothing, though it may hold the name that it starts for. Bias: that name's
        # first flows are outside too often.
        """
        # pia-364 saw a server that cannot be reached hold all for over an hour: an attempt that ends opens nothing.
        trying = state.phase in (NEVPNStatus.CONNECTING, NEVPNStatus.DISCONNECTING)
        wanted = state.intent and not state.replaced and state.rule is RuleAction.CONNECT
        return wanted and (trying or self._wants_start(state))

    def seals(self, state: TunnelState) -> bool:
        """Whether the system drops what would go around the tunnel."""
        return self.always_on or (self.sealed and state.intent and not state.replaced)

    def _wants_start(self, state: TunnelState) -> bool:
        return (
            state.phase is NEVPNStatus.DISCONNECTED
            and state.intent
            and state.rule in (RuleAction.CONNECT, RuleAction.EVALUATE)
            and not state.deadlocked
            and not state.locked
            and not state.replaced
        )

    def step(self, state: TunnelState, event: Event, now: Instant) -> Step:
        """See the table."""
        match event:
            case VpnTurnedOn() if state.phase is NEVPNStatus.DISCONNECTED or state.phantom:
                return self._launch(state._replace(intent=True, replaced=False))
            case VpnTurnedOn():
                return Step(state._replace(intent=True, replaced=False))
            case OtherVpnEnabled() if self.always_on:
                return unchanged(state)
            case OtherVpnEnabled():
                return self._stop(state._replace(replaced=True, restarting=False), now, StopReason.SUPERCEDED)
            case VpnTurnedOff() if not self.user_may_switch_off:
                return unchanged(state)
            case VpnTurnedOff():
                return self._stop(state._replace(intent=False, restarting=False), now, StopReason.USER_INITIATED)
            case PathNoticed(usable=True):
                return self._network(state, event)
            case Due("rule") if state.rule is RuleAction.DISCONNECT:
                return self._stop(state, now, StopReason.ON_DEMAND)
            case Due("attempt"):
                return Step(state._replace(waiting=True), (StartTimer("start", self._start_delay(state)),))
            case Due("start") if state.phase is NEVPNStatus.DISCONNECTED and state.locked and self.needs_unlock:
                return Step(state, (StartTimer("start", self.limits.locked_retry),))
            case Due("start") if state.phase is NEVPNStatus.DISCONNECTED and state.intent and not state.deadlocked:
                return self._launch(state)
            case ServerChosen() if state.phantom:
                return self._launch(state)
            case ServerChosen() if self.restarts_for_server and state.phase is not NEVPNStatus.DISCONNECTED:
                return self._stop(state._replace(restarting=True), now, StopReason.USER_INITIATED)
            case DeviceSlept() if self.disconnect_on_sleep:
                return self._stop(state, now, StopReason.SLEEP)
            case Rebooted():
                return self._reboot(state, now)
            case BootFinished() if state.intent and (self.always_on or self.rules) and not state.replaced:
                return Step(state._replace(waiting=True), (StartTimer("start", self.limits.boot_delay),))
            case FirstUnlocked():
                return Step(state._replace(locked=False))
            case AppUpdated(luck) if self.plug_in and state.phase is not NEVPNStatus.DISCONNECTED:
                return self._updated(state, luck)
            case Due("update") if state.phase is NEVPNStatus.DISCONNECTED and not state.deadlocked:
                if (16,) <= self.ios < (16, 1) and not self.sealed:
                    return Step(state._replace(phase=NEVPNStatus.CONNECTED, phantom=True, waiting=False))
                return self._launch(state) if self.rules else Step(state._replace(waiting=False))

        match state.phase, event:
            case NEVPNStatus.CONNECTING, ProviderReady():
                return self._connected(state)
            case NEVPNStatus.REASSERTING, ProviderReady():
                return self._connected(state)
            case NEVPNStatus.CONNECTED, ReassertingSet() if not state.phantom:
                limit = StartTimer("reasserting limit", self.limits.reasserting_timeout)
                return Step(state._replace(phase=NEVPNStatus.REASSERTING), (limit,))
            case NEVPNStatus.CONNECTING, Due("start limit"):
                return self._stop(state, now, StopReason.CONNECTION_FAILED)
            case NEVPNStatus.REASSERTING, Due("reasserting limit"):
                return self._stop(state, now, StopReason.CONNECTION_FAILED)
            case NEVPNStatus.DISCONNECTING, Due("stopping limit"):
                down = self._down(state, now, state.why_down or StopReason.CONNECTION_FAILED)
                # A process that does not stop in time is killed.
                return Step(down.state, (*down.effects, Announce(ProviderStopped(down.state.why_down))))
            case NEVPNStatus.DISCONNECTED, ProviderGone():
                return unchanged(state)
            case NEVPNStatus.DISCONNECTING, ProviderGone() if state.restarting:
                return self._launch(state)
            case NEVPNStatus.DISCONNECTING, ProviderGone():
                return self._down(state, now, state.why_down or StopReason.USER_INITIATED)
            case _, ProviderGone(reason):
                return self._down(state, now, reason)
        return unchanged(state)

    def _launch(self, state: TunnelState) -> Step:
        """Start the provider, with the system's time limit."""
        return Step(
            state._replace(phase=NEVPNStatus.CONNECTING, restarting=False, waiting=False, phantom=False),
            (
                StopTimer("stopping limit"),
                StartTimer("start limit", self.limits.start_timeout),
                Announce(ProviderLaunched()),
            ),
        )

    def _connected(self, state: TunnelState) -> Step:
        connected = state._replace(phase=NEVPNStatus.CONNECTED, why_down=None)
        return Step(connected, (StopTimer("start limit"), StopTimer("reasserting limit")))

    def _stop(self, state: TunnelState, now: Instant, reason: StopReason) -> Step:
        """Ask the provider to stop, with the system's time limit."""
        if state.phase is NEVPNStatus.DISCONNECTED:
            return Step(state, (StopTimer("start"),) if not state.intent else ())
        if state.phantom:
            return self._down(state, now, reason)
        if state.phase is NEVPNStatus.DISCONNECTING:
            return Step(state)
        stopping = state._replace(phase=NEVPNStatus.DISCONNECTING, why_down=reason)
        limit = StartTimer("stopping limit", self.limits.stopping_timeout)
        return Step(stopping, (*_LIMITS_OFF, limit, Announce(ProviderStopped(reason))))

    def _down(self, state: TunnelState, now: Instant, reason: StopReason) -> Step:
        """No tunnel any more. Always-On starts it again at once; on-demand waits for an attempt."""
        down = state._replace(phase=NEVPNStatus.DISCONNECTED, since=now, why_down=reason, phantom=False)
        effects: tuple[Effect, ...] = (*_LIMITS_OFF, StopTimer("stopping limit"))
        if self.always_on and not state.deadlocked:
            effects += (StartTimer("start", self.limits.first_trigger_delay),)
            down = down._replace(waiting=True)
        return Step(down, effects)

    def _start_delay(self, state: TunnelState) -> DurationLaw:
        """On-demand is slow to relaunch a provider that just died, quick otherwise."""
        died = state.why_down in (StopReason.PROVIDER_FAILED, StopReason.CONNECTION_FAILED)
        return self.limits.relaunch_delay if died else self.limits.first_trigger_delay

    def _network(self, state: TunnelState, path: PathNoticed) -> Step:
        """The network changed: ask the rules again."""
        if not self.rules:
            return unchanged(state)
        network = Network() if path.cellular else self.networks.get(path.ssid or "", Network(path.ssid))
        if self.limits.probe_cached and state.probes is None:
            state = state._replace(probes=tuple(probe(rule, path, network) for rule in self.rules))
        rule = evaluate(self.rules, path, network, state.probes)
        if rule is RuleAction.DISCONNECT:
            return Step(state._replace(rule=rule), (StartTimer("rule", self.limits.rule_delay),))
        return Step(state._replace(rule=rule))

    def _reboot(self, state: TunnelState, now: Instant) -> Step:
        down = self._down(state._replace(deadlocked=False, restarting=False), now, StopReason.REBOOT)
        return Step(
            down.state._replace(locked=True, waiting=False, rule=None, probes=None), (*down.effects, StopTimer("start"))
        )

    def _updated(self, state: TunnelState, luck: float) -> Step:
        """The VPN app was replaced; its provider ends at the same instant (ProviderGone follows)."""
        stuck = self.sealed and luck < self.limits.update_deadlock
        return Step(state._replace(deadlocked=stuck, waiting=True), (StartTimer("update", self.limits.update_gap),))


_LIMITS_OFF: tuple[Effect, ...] = (StopTimer("start limit"), StopTimer("reasserting limit"))
