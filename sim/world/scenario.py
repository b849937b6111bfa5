"""The shape of a scenario file: a phone, a VPN, apps, places, and what happens.

Everything in a file is validated straight into these frozen models; machines' parameters stand in it under their own
names. A scenario says what there *is*; :mod:`sim.world.nature` draws from it what happens on one particular day.
"""

from __future__ import annotations

from datetime import time
from difflib import get_close_matches
from ipaddress import ip_address, ip_network
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    PrivateAttr,
    WithJsonSchema,
    model_validator,
)

from sim.base.citing import ASSUMED, MEASURED, Cited, Model
from sim.base.laws import DurationLaw, exponential, lognormal
from sim.base.units import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    DurationField,
    Share,
    SizeField,
    minutes,
    read_duration,
    write_duration,
)
from sim.machines.ios.assist import WifiAssist
from sim.machines.ios.behaviour import Behaviour, TunnelLimits
from sim.machines.ios.implementations import BY_PROTOCOL, IMPLEMENTATIONS, over, table_of
from sim.machines.ios.ondemand import OnDemandRule
from sim.machines.ios.path import PathRules
from sim.machines.ios.provider import Client
from sim.machines.protocols import PROTOCOLS, Protocols
from sim.machines.radio import SETS, WIFI_SETS
from sim.machines.radio.battery import BATTERIES, PhonePower, VpnPower
from sim.machines.radio.handover import Handover
from sim.machines.radio.signal import Signal
from sim.world.captures import traffic
from sim.world.captures.traffic import Traffic
from sim.world.outages import Outages
from sim.world.recordings.recording import Rat, Recording

Name = Annotated[str, Field(min_length=1, max_length=80)]
SHORTEST_LIFE = SECOND // 10
MOST_ROUTED = 4
"""Wi-Fi networks with routes of their own: each has an answer for each kind of destination."""
MOST_ROUTES = 64
"""Routes of one such network. DHCP's option 121 has room for fewer."""
MOST_BURSTS = 20_000_000
"""Of one entry of sockets: some hundred times the busiest shipped day."""


def _read_clock(value: Any) -> Any:
    """A time of day as TOML writes it (08:30:00), or the text "08:30"."""
    if isinstance(value, str):
        try:
            return time.fromisoformat(value)
        except ValueError:
            raise ValueError('expected a time of day, such as "08:30"') from None
    return value


Clock = Annotated[
    time,
    BeforeValidator(_read_clock),
    PlainSerializer(lambda t: t.isoformat(), return_type=str),
    WithJsonSchema({"type": "string", "format": "time", "examples": ["08:30", "08:30:00"]}),
]


def _read_when(value: Any) -> Any:
    """When something happens: a duration since the start ("5 min") or a time of day (08:30 or "08:30")."""
    if isinstance(value, str) and ":" in value:
        return _read_clock(value)
    if isinstance(value, time):
        return value
    return read_duration(value)


def _write_when(value: Any) -> str:
    return write_duration(value) if isinstance(value, int) else value.isoformat()


When = Annotated[
    int | time,
    BeforeValidator(_read_when),
    PlainSerializer(_write_when, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["5 min", "08:30"]}),
]
"""A point in the scenario: a duration since its start, or a time of day, which recurs every day in a longer
scenario."""


# The phone ------------------------------------------------------------------------------------------------------------


class Device(Model):
    """The phone."""

    model: Name = "iPhone 15 Pro"
    """A model name of :data:`sim.machines.radio.battery.BATTERIES`."""
    ios_version: Annotated[str, Field(pattern=r"^\d{1,2}(\.\d{1,2}){0,2}$")] = "17.4"
    behaviour: Behaviour = Behaviour()
    encrypted_dns: bool = False
    """A system profile for encrypted DNS: a look-up that goes outside shows its resolver's address, not the name."""
    power: PhonePower = PhonePower()
    wifi_assist: WifiAssist = WifiAssist()
    """Whether and when cellular takes over from a poor Wi-Fi."""
    wifi_radio: Name = "wifi-2020"
    """A named parameter set of :data:`sim.machines.radio.WIFI_SETS`."""
    sleeps: bool = False
    """Whether the device may sleep while the screen is off. Short scenarios leave it awake."""
    sleep_after: DurationLaw = lognormal(80 * SECOND, 0.4)
    """From screen off to sleep."""
    wake_every: DurationLaw = lognormal(13 * MINUTE + 30 * SECOND, 0.06)
    """Maintenance wake-ups while asleep."""
    wake_for: DurationLaw = lognormal(25 * SECOND, 0.3)
    """How long a maintenance wake lasts."""
    push_wake_for: DurationLaw = lognormal(2 * SECOND, 0.8)
    """How long a push keeps the sleeping device awake."""

    @property
    def ios(self) -> tuple[int, ...]:
        """The version as numbers, comparable: (16, 4)."""
        return version(self.ios_version)


def version(text: str) -> tuple[int, ...]:
    """A version as numbers, comparable: "16.4" as (16, 4)."""
    return tuple(int(part) for part in text.split("."))


# The VPN --------------------------------------------------------------------------------------------------------------


ServiceName = Literal["voicemail", "airprint", "cellular-services", "device-communication"]


class AlwaysOn(Model):
    """The supervised Always-On payload: IKEv2 only, everything outside its exceptions is dropped."""

    allow: tuple[ServiceName, ...] = ()
    """ServiceExceptions with the action Allow."""
    allow_apps: tuple[Name, ...] = ()
    """ApplicationExceptions."""
    allow_apps_udp: tuple[Name, ...] = ()
    """ApplicationExceptions with LimitToProtocols UDP: what else these apps send stays in the tunnel."""
    captive_sheet: bool = False
    """AllowCaptiveWebSheet."""
    user_may_switch_off: bool = False
    """UIToggleEnabled."""


def _read_network(value: Any) -> Any:
    """A route in CIDR notation, or nothing."""
    if isinstance(value, str) and value:
        try:
            ip_network(value, strict=False)
        except ValueError:
            raise ValueError('expected a network such as "0.0.0.0/0", "10.0.0.0/8" or "::/0"') from None
    return value


def _read_address(value: Any) -> Any:
    """An IP address, or nothing."""
    if isinstance(value, str) and value:
        try:
            ip_address(value)
        except ValueError:
            raise ValueError('expected an address such as "10.1.2.3" or "2001:db8::1"') from None
    return value


Cidr = Annotated[str, BeforeValidator(_read_network)]


class Dns(Model):
    """NEDNSSettings of the tunnel."""

    servers: tuple[str, ...] = ("10.64.0.1",)
    """Resolvers inside the tunnel. Without any, names go to the network's own."""
    match_domains: tuple[str, ...] = ("",)
    """`("",)`: all names go to the tunnel's servers. Otherwise only these suffixes do (split DNS)."""


def _known_protocol(name: str) -> str:
    """The name of a protocol."""
    if name not in PROTOCOLS:
        near = get_close_matches(name, PROTOCOLS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"allowed: {', '.join(PROTOCOLS)}{hint}")
    return name


ProtocolName = Annotated[str, AfterValidator(_known_protocol), WithJsonSchema({"type": "string", "enum": [*PROTOCOLS]})]


class Vpn(Protocols):
    """The VPN set-up of the phone, with a table for each protocol; only the chosen one's counts."""

    protocol: ProtocolName = "wireguard"
    server: Name = "server"
    """Which of the scenario's servers it connects to first."""
    endpoint: Literal["address", "name"] = "address"
    """Whether the server is configured by address or by a name that must be looked up outside the tunnel."""
    routes: tuple[Cidr, ...] = ("0.0.0.0/0", "::/0")
    """Destinations that go into the tunnel, in CIDR notation."""
    excluded_routes: tuple[Cidr, ...] = ()
    dns: Dns = Dns()
    include_all_networks: bool = False
    exclude_local_networks: bool = True
    exclude_cellular_services: bool = True
    exclude_apns: bool = True
    exclude_device_communication: bool = True
    enforce_routes: bool = False
    disconnect_on_sleep: bool = False
    on_demand: tuple[OnDemandRule, ...] = ()
    """Empty: on-demand is off."""
    on_demand_override_disabled: bool = False
    per_app: tuple[Name, ...] = ()
    """Managed apps of a per-app VPN. Empty: the VPN is for the whole device."""
    per_app_domains: tuple[str, ...] = ()
    """Domain suffixes that a per-app VPN takes in for listed apps (SafariDomains and the like). Empty: all."""
    always_on: AlwaysOn | None = None
    client: Client = Client()
    power: VpnPower = VpnPower()

    @model_validator(mode="after")
    def _apply_implementation(self) -> Vpn:
        """A named client decides on the protocol, and on those of its values that the file does not state."""
        name = self.client.implementation
        found = IMPLEMENTATIONS[name]
        if name == BY_PROTOCOL:
            return self
        if "protocol" in self.model_fields_set and self.protocol != found.protocol:
            raise ValueError(
                f"the client {name!r} speaks {found.protocol}, and protocol is {self.protocol!r}; "
                f'leave protocol out, or say protocol = "{found.protocol}"'
            )
        stated = getattr(self, found.protocol)
        values = over(table_of(name, found.protocol), stated.model_dump(mode="json", exclude_unset=True))
        object.__setattr__(self, "protocol", found.protocol)
        object.__setattr__(self, found.protocol, type(stated).model_validate(values))
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Vpn:
        if self.always_on and self.protocol != "ikev2":
            raise ValueError('always_on works with protocol = "ikev2" only (Apple\'s AlwaysOn payload)')
        if self.always_on and self.per_app:
            raise ValueError("always_on and per_app exclude each other")
        if self.include_all_networks and self.per_app:
            raise ValueError("include_all_networks and per_app exclude each other")
        return self


class Server(Model):
    """A VPN server."""

    name: Name = "server"
    extra_rtt: DurationField = 20_000
    """Round trip behind the access network. The access network's own round trip is added."""
    loss: Share = 0.0
    """Loss on the way behind the access network, per packet and direction."""


# Places and radio -----------------------------------------------------------------------------------------------------


Lifetime = Annotated[DurationField, Field(gt=0)]
_NAT_TCP = Cited("hatonen-2010", "home routers, median", ASSUMED, "4 min", "124 min", "eronen2008 has 30 to 60 min")


class Wifi(Model):
    """A Wi-Fi network."""

    ssid: Name
    public: bool = False
    """A network of a café or a station: joining it takes longer (`path.public_join`) and fails at times."""
    join: DurationLaw | None = None
    """Scan, association, four-way handshake, DHCP and captive probe. Default: log-normal with median 1.5 s, or the law
    of public networks."""
    join_failure: Share | None = None
    """Probability that an attempt fails and is made again. Default: none, or that of public networks."""
    roam: DurationLaw = lognormal(80_000, 0.3)
    """How long a change of access point interrupts: 0.05 s with 802.11r, 0.08 s with a pre-shared key, 0.25 s with
    802.1X; some seconds where the phone must search first (no 802.11k)."""
    rtt: DurationField = 15_000
    """Round trip over the air and the access line, up to the internet."""
    loss: Share = 0.001
    rate_mbps: Annotated[float, Field(gt=0)] = 80.0
    """Throughput, for the air time of a burst. [Mbit/s]"""
    ipv6: bool = True
    nat_udp: Annotated[
        Lifetime, Cited("halkes-2011", "most after 60 s or less; hatonen-2010: 30 to 180 s", MEASURED, "30 s", "180 s")
    ] = MINUTE
    """After how long without a packet from the phone its address translation forgets a tunnel over UDP."""
    nat_tcp: Annotated[Lifetime, _NAT_TCP] = HOUR
    """The same, over TCP."""
    portal: DurationLaw | None = None
    """A captive portal, and how long the user takes to sign in."""
    local_network: Cidr = ""
    """The subnet that the network assigns, where it matters: a hostile one claims public addresses as local (LocalNet).
    Empty: an ordinary private one."""
    dhcp_routes: Annotated[tuple[Cidr, ...], Field(max_length=MOST_ROUTES)] = ()
    """Classless static routes of its DHCP server (option 121): what lies there goes to the network's own gateway."""
    spoofs_server: Annotated[tuple[Cidr, ...], Field(max_length=MOST_ROUTES)] = ()
    """Addresses that a forged answer to the VPN server's name makes the phone take for the server (ServerIP)."""
    imitates: Name | None = None
    """The SSID that it shows, where that is another network's: on-demand rules and people take it for that one."""
    dns_domain: str = ""
    """Search domain that its DHCP server gives out."""
    dns_servers: tuple[str, ...] = ()
    """Resolvers that its DHCP server gives out."""
    reaches: tuple[str, ...] = ()
    """Addresses that answer a probe only in this network."""
    router_vpn: bool = False
    """The router has a VPN of its own: whatever leaves the phone here is inside that."""

    @property
    def routes_of_its_own(self) -> bool:
        """Whether joining it changes where destinations are."""
        return bool(self.local_network or self.dhcp_routes or self.spoofs_server)


class Cellular(Model):
    """The cellular network."""

    radio: Name = "lte-2020"
    """A named parameter set of :data:`sim.machines.radio.SETS`."""
    radios: dict[Rat, Name] = Field(default_factory=dict)
    """The sets that a recording's RATs mean, where they are not the first of :data:`sim.machines.radio.SETS` of that
    RAT."""
    rtt: Annotated[
        DurationField,
        Cited(
            "narayanan2021", "NW-Perf-Speedtest: medians 57 (NSA), 62 (SA), 89 ms (LTE)", MEASURED, "20 ms", "110 ms"
        ),
    ] = 60_000
    """Of 4G and 5G; what 3G adds stands in `signal`."""
    loss: Annotated[Share, Cited("raca2020", "static, 0.37 %", MEASURED, "0.0012", "0.011")] = 0.0037
    """Of a good signal."""
    signal: Signal = Signal()
    """What a weaker one adds, and what it does to throughput and power."""
    handover: Handover = Handover()
    """Changes of cell, by technology."""
    rate_mbps: Annotated[float, Field(gt=0)] = 29.0
    """Throughput at the signal in which radios are measured (-90 dBm), for the air time of a burst. [Mbit/s]"""
    ipv6: bool = True
    nat_udp: Annotated[
        Lifetime, Cited("richter-2016", "carrier-grade NAT: median 65 s on cellular", MEASURED, "10 s", "200 s")
    ] = 65 * SECOND
    """After how long without a packet from the phone its address translation forgets a tunnel over UDP."""
    nat_tcp: Annotated[Lifetime, _NAT_TCP] = HOUR
    """The same, over TCP."""


class Flapping(Model):
    """A Wi-Fi that comes and goes, as on a train or at the edge of its range."""

    stays: DurationLaw = exponential(MINUTE)
    away: DurationLaw = exponential(MINUTE)


class Stay(Model):
    """From `at` on, until the next stay: which networks are in reach, and how good they are."""

    at: When = 0
    wifi: Name | None = None
    """The SSID of one of the scenario's Wi-Fi networks, or nothing."""
    cellular: bool = True
    radio: Name | None = None
    """The generation of the cellular network here: a named parameter set of :data:`sim.machines.radio.SETS`. Default:
    that of `cellular.radio`."""
    wifi_dbm: Annotated[float, Field(ge=-100, le=-20)] = -60.0
    """RSSI of the Wi-Fi network. A weak one makes Wi-Fi Assist act. [dBm]"""
    signal_dbm: Annotated[float, Field(ge=-140, le=-40)] = -90.0
    """RSRP of the cellular network. [dBm]"""
    speed_kmh: Annotated[float, Field(ge=0, le=500)] | None = None
    """How fast the phone moves: it says how often the cell changes, by the spacing in `cellular.handover`. [km/h]"""
    handovers_per_minute: Annotated[float, Field(ge=0, le=60)] | None = None
    """The same, stated instead. Default: by the speed, or none."""
    outages: Outages | None = None
    """Of the cellular network: a table, or the name of a law of :data:`sim.world.outages.OUTAGES`."""
    flapping: Flapping | None = None
    """Of this stay's Wi-Fi."""
    roams_per_minute: Annotated[float, Field(ge=0, le=60)] = 0.0
    """How often the phone changes between access points of its Wi-Fi network; it keeps its address."""
    pingpong: Share = 0.0
    """Probability that the Wi-Fi of the stay before, once left, comes back for a moment."""
    leaving: Literal["fade", "clean", "overlap"] = "fade"
    """How the Wi-Fi of the stay before is left: after a phase in which it carries nothing, at once with a short
    gap without any path, or with cellular taking over while Wi-Fi still works."""

    @model_validator(mode="after")
    def _one_rate(self) -> Stay:
        if self.speed_kmh is not None and self.handovers_per_minute is not None:
            raise ValueError("state speed_kmh or handovers_per_minute, not both: one follows from the other")
        return self


class Recorded(Model):
    """A recorded drive: what it says of the radio takes the place of what the stays say."""

    file: Annotated[str, Field(min_length=1, max_length=4000)]
    """A file beside the scenario, or below its folder."""
    part: Annotated[str, Field(max_length=80)] = ""
    """Which recording, where a file holds several. Empty: the first."""
    start: DurationField = 0
    """Where in the recording the scenario begins."""
    until: DurationField | None = None
    """Where in the recording to stop. Default: at its end."""
    repeat: bool = False
    """Whether it begins anew when it is over. Otherwise its last row holds."""
    _drive: Recording | None = PrivateAttr(default=None)

    @property
    def drive(self) -> Recording:
        """What is in the file, from `start` to `until`. Reading it is the business of :mod:`sim.world.loading`."""
        assert self._drive is not None, "this scenario was validated, but not loaded: its recording was not read"
        return self._drive

    def holding(self, drive: Recording) -> Recorded:
        """The same with what is in the file."""
        found = self.model_copy()
        found._drive = drive
        return found


# Apps -----------------------------------------------------------------------------------------------------------------


Spacing = Annotated[DurationField, Field(gt=0)]
"""A time between two things of a kind."""


class ConstantRate(Model):
    """A stream: bursts at a fixed spacing that add up to a rate."""

    law: Literal["constant"] = "constant"
    every: Spacing = SECOND
    up: SizeField = 0
    down: SizeField = 0
    """Bytes per burst."""


class Periodic(Model):
    """One burst each period, each shifted by up to `jitter` of the period."""

    law: Literal["periodic"] = "periodic"
    every: Spacing
    jitter: Share = 0.0
    up: SizeField = 100
    down: SizeField = 100


class Poisson(Model):
    """Bursts without memory, at a mean spacing."""

    law: Literal["poisson"] = "poisson"
    every: Spacing
    up: SizeField = 500
    down: SizeField = 2_000
    spread: Annotated[float, Field(ge=0, le=3)] = 0.0
    """Log-normal spread of the sizes around their means."""


class Clusters(Model):
    """Sessions of use: clusters of bursts, as when one reads a page and taps the next."""

    law: Literal["sessions"] = "sessions"
    every: Spacing
    """Mean time from one cluster to the next."""
    bursts: Annotated[int, Field(ge=1, le=10_000)] = 10
    """Mean number of bursts in a cluster (geometric)."""
    gap: DurationField = SECOND // 2
    """Mean time between the bursts of a cluster."""
    up: SizeField = 500
    down: SizeField = 20_000
    spread: Annotated[float, Field(ge=0, le=3)] = 0.8


class Push(Model):
    """Bursts that the other side begins: nothing is sent first, the phone wakes to receive."""

    law: Literal["push"] = "push"
    every: Spacing
    down: SizeField = 1_000
    poisson: bool = True
    """Without memory, or exactly each period."""


TrafficLaw = Annotated[ConstantRate | Periodic | Poisson | Clusters | Push, Field(discriminator="law")]


class Reopen(Model):
    """What an app does when a socket of its ends: open another, or not."""

    when: Literal["at-once", "on-demand", "never"] = "on-demand"
    """At once, when it next has something to say, or never."""
    after: DurationLaw = lognormal(500_000, 0.5)
    """How long that takes."""


class Sockets(Model):
    """A kind of socket of an app: how many, how they live, what they carry."""

    name: Name = "main"
    count: Annotated[int, Field(ge=1, le=500)] = 1
    transport: Literal["tcp", "udp", "udp-unconnected", "quic"] = "tcp"
    """`udp-unconnected` chooses its way anew for each datagram; all others keep the address they were opened with."""
    family: Literal["v4", "v6", "dual"] = "v4"
    """Address family of the destination; `dual` prefers IPv6 where the network has it."""
    destination: Literal[
        "internet", "local", "airprint", "apple", "apns", "carrier", "voicemail", "device", "watch", "link", "resolver"
    ] = "internet"
    """Class of the destination, as policies know it. `airprint` is a printer in the local network and `voicemail` one
    of the carrier's services: Always-On has exceptions for just these. `device` is a computer attached by USB or Wi-Fi,
    `link` is DHCP and captive checks, `resolver` is plain DNS."""
    address: Annotated[str, BeforeValidator(_read_address)] = ""
    """Address of the destination, where the VPN's routes decide. Empty: somewhere on the internet."""
    domain: str = ""
    """Name that is looked up before a socket is opened; empty: none."""
    dns_ttl: DurationField = 5 * MINUTE
    scope: Literal["none", "cellular"] = "none"
    """An app may pin its socket to cellular (Network framework, multipath TCP)."""
    mptcp: Literal["none", "handover", "interactive"] = "none"
    """Multipath TCP: a second subflow on cellular while Wi-Fi carries nothing, or (`interactive`) is slow."""
    clear_text: bool = False
    """The payload itself is readable on the way."""
    doh: bool = False
    """The app asks a resolver of its own over HTTPS: no look-up is seen as such, the resolver's address is."""
    doh_address: Annotated[str, BeforeValidator(_read_address)] = ""
    """Address of that resolver, where the VPN's routes decide. Empty: somewhere on the internet."""
    opens: Literal["with-app", "on-demand"] = "with-app"
    """A socket is opened when the app starts, or when there is something to say."""
    lifetime: DurationLaw = lognormal(minutes(20), 1.0)
    """How long the app or its server keeps a socket, if nothing else ends it."""
    traffic: TrafficLaw
    reopen: Reopen = Reopen()
    patience: DurationField | None = None
    """How long a burst waits in a way that carries nothing. Default by transport: TCP 153 s, QUIC 30 s, UDP 5 s."""

    @model_validator(mode="after")
    def _lives(self) -> Sockets:
        if self.mptcp != "none" and (self.transport != "tcp" or self.scope != "none"):
            raise ValueError('mptcp needs transport = "tcp" and no scope')
        if self.lifetime.at(0.5) + self.reopen.after.at(0.5) < SHORTEST_LIFE:
            raise ValueError("lifetime and reopen.after together would open more than ten sockets a second")
        return self


class Visits(Model):
    """When an app is in the foreground, by a law."""

    per_day: Annotated[float, Field(gt=0, le=2000)] = 10.0
    length: DurationLaw = lognormal(2 * MINUTE, 0.8)
    between: tuple[Clock, Clock] = (time(7, 0), time(23, 0))


class App(Model):
    """An app or a system service."""

    name: Name
    kind: Literal["app", "system", "tethered"] = "app"
    """`tethered` is another device on the personal hotspot: its traffic is none of the phone's own."""
    acts_for: Name | None = None
    """The app on whose behalf it works: a helper, a web view, a daemon. A per-app VPN that lists only that one misses
    it."""
    background: Literal["always", "audio", "push", "refresh", "none"] = "none"
    """What it may do while not in front: run (system services, location), play, wake for pushes, wake now and then,
    or nothing."""
    starts: When | None = 0
    """When it is first started; nothing: not before an `app_open` in the timeline or its first visit."""
    in_front: bool = False
    """Whether it is in the foreground from its start on."""
    visits: Visits | None = None
    refresh_every: DurationLaw = lognormal(HOUR, 1.0, DAY)
    sockets: tuple[Sockets, ...] = ()
    captured: Name | None = None
    """Instead of sockets: the CSV of a real phone's traffic, of which it plays the flows of its own name. A file beside
    this one, or a name in `captures`."""

    @model_validator(mode="after")
    def _one_or_the_other(self) -> App:
        if self.captured is not None and self.sockets:
            raise ValueError("captured and sockets exclude each other: make two apps of it")
        return self


def _read_traffic(value: Any) -> Traffic:
    if not isinstance(value, str):
        raise ValueError("expected text: a CSV table with a row for each burst")
    return traffic.read(value)


CapturedTraffic = Annotated[
    Traffic,
    PlainValidator(_read_traffic),
    PlainSerializer(traffic.write, return_type=str),
    WithJsonSchema({"type": "string", "description": "CSV: " + ",".join(traffic.COLUMNS)}),
]


# What happens ---------------------------------------------------------------------------------------------------------

Deed = Literal[
    "vpn_on", "vpn_off", "choose_server", "rotate_key", "clear_settings", "update_vpn_app",
    "airplane_on", "airplane_off", "wifi_on", "wifi_off", "lock", "unlock", "app_open", "app_close", "reboot",
    "leak_check", "gather_candidates", "enable_other_vpn",
    "server_silent", "server_back", "server_restart", "provider_crash", "outage",
]  # fmt: skip


class Action(Model):
    """One thing that happens at a stated time: a deed of the user, or of a server."""

    at: When
    do: Deed
    app: Name | None = None
    """For `app_open`, `app_close`."""
    server: Name | None = None
    """For `choose_server`, `server_silent`, `server_back`, `server_restart`; default: the VPN's first server."""
    keep_wifi: bool | None = None
    """For `airplane_on`: whether Wi-Fi stays on. Default: the device's behaviour profile."""
    all_interfaces: bool = False
    """For `gather_candidates`: the page may use the camera, and so sees every interface."""
    mdns: bool = True
    """For `gather_candidates`: whether the browser hides local addresses behind mDNS names, as Safari does since iOS
    12.2."""
    interface: Literal["wifi", "cellular"] = "cellular"
    """For `outage`."""
    lasts: DurationField | None = None
    """For `outage`, `server_silent`: how long."""

    @model_validator(mode="after")
    def _complete(self) -> Action:
        if self.do in ("app_open", "app_close") and self.app is None:
            raise ValueError(f'do = "{self.do}" needs app = "…"')
        if self.do == "choose_server" and self.server is None:
            raise ValueError('do = "choose_server" needs server = "…"')
        if self.do == "outage" and self.lasts is None:
            raise ValueError('do = "outage" needs lasts = "…"')
        return self


class Repeat(Model):
    """A deed that recurs: each `every`, from `from` to `until`."""

    do: Deed
    every: Spacing
    start: When = 0
    until: When | None = None
    server: Name | None = None
    lasts: DurationField | None = None


class Expectation(Model):
    """Something that must hold, so that a scenario is a test.

    `that` compares numbers of the summary, of one or more policies: ``sealed:exposure.bytes == 0`` or
    ``sealed:exposure.bytes <= plain:exposure.bytes``. A number may carry a unit. Without a policy the base scenario
    is meant.
    """

    that: Annotated[str, Field(min_length=3, max_length=400)]
    about: str = ""
    each_seed: bool = True
    """Whether it holds for every seed, or for the mean over the seeds."""


class Scenario(Model):
    """A situation that can be played: everything there is before anything happens."""

    name: Name
    about: str = ""
    start: Clock = time(0, 0)
    """Time of day at which the scenario begins."""
    duration: Annotated[DurationField, Field(gt=0)] = HOUR
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    vpn_on: bool = False
    """Whether protection is already intended, and the tunnel up, when the scenario begins."""
    device: Device = Device()
    vpn: Vpn = Vpn()
    limits: TunnelLimits = TunnelLimits()
    path: PathRules = PathRules()
    servers: tuple[Server, ...] = (Server(),)
    wifi: tuple[Wifi, ...] = ()
    cellular: Cellular = Cellular()
    stays: tuple[Stay, ...] = (Stay(),)
    recording: Recorded | None = None
    """A recorded drive. What it does not say comes from the stays."""
    apps: tuple[App, ...] = ()
    captures: dict[Name, CapturedTraffic] = Field(default_factory=dict)
    """Name → traffic of a real phone; files that apps name are read into it."""
    timeline: tuple[Action, ...] = ()
    repeats: tuple[Repeat, ...] = ()
    policies: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    """Named overlays: tables that are merged over this scenario; lists in them replace lists."""
    expect: tuple[Expectation, ...] = ()

    def instant(self, when: int | time) -> int:
        """The instant [µs since the start] of a duration or of a time of day (the next one after the start)."""
        if isinstance(when, int):
            return when
        return (_since_midnight(when) - _since_midnight(self.start)) % DAY

    def instants(self, when: int | time) -> range:
        """All that `when` means within the scenario: a time of day recurs every day. [µs since the start]"""
        first = self.instant(when)
        return range(first, max(self.duration, first + 1), DAY) if isinstance(when, time) else range(first, first + 1)

    def stays_in_time(self) -> list[tuple[int, Stay]]:
        """When each stay begins, in order of time; those at a time of day recur every day."""
        placed = [(at, stay) for stay in self.stays for at in self.instants(stay.at)]
        return sorted(placed, key=lambda line: line[0])

    def deeds_in_time(self) -> list[tuple[int, Action]]:
        """When each deed of the timeline is done, in order of time; those at a time of day recur every day."""
        placed = [(at, action) for action in self.timeline for at in self.instants(action.at)]
        return sorted(placed, key=lambda line: line[0])

    def rat(self, stay: Stay) -> str:
        """The radio access technology of the cellular network there."""
        return SETS[stay.radio or self.cellular.radio].rat

    @model_validator(mode="after")
    def _of_a_size(self) -> Scenario:
        """A slip of a unit must not ask for terabytes."""
        for i, app in enumerate(self.apps):
            for k, sockets in enumerate(app.sockets):
                bursts = (
                    sockets.count
                    * self.duration
                    // max(sockets.traffic.every, 1)
                    * getattr(sockets.traffic, "bursts", 1)
                )
                if bursts > MOST_BURSTS:
                    raise ValueError(
                        f"apps.{i}.sockets.{k}.traffic may mean {bursts:,} bursts; allowed are {MOST_BURSTS:,} a socket"
                    )
        return self

    @model_validator(mode="after")
    def _names_exist(self) -> Scenario:
        def check(kind: str, found: str | None, allowed: list[str], key: str) -> None:
            if found is not None and found not in allowed:
                raise ValueError(f"unknown {kind} {found!r} in {key}; there is: {', '.join(allowed) or 'none'}")

        ssids = [w.ssid for w in self.wifi]
        servers = [s.name for s in self.servers]
        apps = [a.name for a in self.apps]
        for kind, names in (("Wi-Fi", ssids), ("server", servers), ("app", apps)):
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"the {kind} {name!r} is defined twice")
        for i, app in enumerate(self.apps):
            kinds = [sockets.name for sockets in app.sockets]
            for name in kinds:
                if kinds.count(name) > 1:
                    raise ValueError(
                        f"apps.{i}.sockets: two entries of {app.name!r} are called {name!r}; name each of them"
                    )
        if not self.stays:
            raise ValueError("stays must not be empty: where is the phone?")
        if self.instant(self.stays[0].at) != 0:
            raise ValueError('the first of stays must begin with the scenario (at = "0 s" or its start)')
        previous = -1
        for i, stay in enumerate(self.stays):
            check("Wi-Fi", stay.wifi, ssids, f"stays.{i}.wifi")
            check("radio", stay.radio, list(SETS), f"stays.{i}.radio")
            if self.instant(stay.at) <= previous:
                raise ValueError(f"stays.{i}.at: stays must follow each other in time")
            previous = self.instant(stay.at)
        check("server", self.vpn.server, servers, "vpn.server")
        check("radio", self.cellular.radio, list(SETS), "cellular.radio")
        for rat, name in self.cellular.radios.items():
            check("radio", name, list(SETS), f"cellular.radios.{rat}")
        check("radio", self.device.wifi_radio, list(WIFI_SETS), "device.wifi_radio")
        check("phone", self.device.model, list(BATTERIES), "device.model")
        for i, action in enumerate(self.timeline):
            if self.instant(action.at) >= self.duration:
                raise ValueError(f"timeline.{i}.at: {action.do} would come after the end of the scenario (duration)")
            check("server", action.server, servers, f"timeline.{i}.server")
            check("app", action.app, apps, f"timeline.{i}.app")
            if any(app.captured is not None and app.name == action.app for app in self.apps):
                raise ValueError(f"timeline.{i}: {action.app!r} plays what was captured; nobody can open or close it")
        for i, name in enumerate(self.vpn.per_app):
            check("app", name, apps, f"vpn.per_app.{i}")
        for i, app in enumerate(self.apps):
            check("capture", app.captured, list(self.captures), f"apps.{i}.captured")
            if app.captured is not None:
                check("app", app.name, list(dict.fromkeys(f.app for f in self.captures[app.captured])), app.captured)
            check("app", app.acts_for, apps, f"apps.{i}.acts_for")
        if sum(w.routes_of_its_own for w in self.wifi) > MOST_ROUTED:
            raise ValueError(f"more than {MOST_ROUTED} Wi-Fi networks with routes of their own")
        return self


def _since_midnight(clock: time) -> int:
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * SECOND + clock.microsecond
