"""The claims: what the public is told about VPNs on the iPhone, and what the simulator is asked about each.

They are those of one popular article (`popular-article-2026` in :mod:`sim.base.sources`), in our own words. Thresholds
stand in the parts. Where no other is needed, a part asks for any difference in the right direction.
"""

from __future__ import annotations

from collections.abc import Mapping

from experiments.claims.answering import Claim, Part, Run, Setting, Unknown


def _rows(scenario: str, *settings: Setting, **policies: str | None) -> dict[str, Run]:
    """Runs of one scenario: name → policy, None for the scenario as it stands."""
    return {name: Run(scenario, policy, settings) for name, policy in policies.items()}


TOGGLE: Setting = ("timeline", [{"at": "13 min", "do": "airplane_on"}, {"at": "13 min 10 s", "do": "airplane_off"}])
SWITCHED_OFF: Setting = ("timeline", [{"at": "20 min", "do": "vpn_off"}])
RULE: Setting = ("vpn.on_demand", [{"action": "connect"}])
NR: Setting = ("cellular.radio", "sa-tmobile-2020")
LTE: Setting = ("cellular.radio", "lte-2020")
NEAR: Setting = ("servers", [{"name": "server", "extra_rtt": "5 ms"}])
FAR: Setting = ("servers", [{"name": "server", "extra_rtt": "150 ms"}])
RADIOS = Unknown("cellular.radio", ("lte-2020", "sa-tmobile-2020", "nsa-verizon-2020"))
ORDER = _rows("legacy-apps-first", plain=None, first="connect-first", toggle="toggle-after", sealed="sealed")
GOOD = _rows("poor-5g-day", wireguard="good", ikev2="good-ikev2", openvpn="good-openvpn")
AWAKE = _rows("poor-5g-day-twin", wireguard_awake="good", openvpn_awake="good-openvpn")
POOR = _rows("poor-5g-day", poor=None, poor_ikev2="ikev2", poor_openvpn="openvpn")


def _hyphened(runs: Mapping[str, Run]) -> dict[str, Run]:
    """Names as expectations write them."""
    return {name.replace("_", "-"): run for name, run in runs.items()}


CLAIMS = (
    Claim(
        "C01",
        "A VPN that says Connected can still leave old sockets outside the tunnel.",
        "explanations of the leak",
        _rows("legacy-apps-first", plain=None),
        (
            Part(
                "old sockets are outside for a minute or more while it says Connected",
                "plain:exposure.by_cause.L01.seconds > 1 min",
            ),
            Part("it says Connected for nearly all of that time", "plain:connected_s > 99 % * plain:intent_s"),
        ),
        (Unknown("device.behaviour.legacy_survival"), Unknown("device.behaviour.app_gives_up_after_suspension")),
    ),
    Claim(
        "C02",
        "To connect first and open apps afterwards is the strongest practice of a consumer.",
        "advice on habits",
        ORDER,
        (
            Part(
                "fewer bytes leak than without it, or with an airplane toggle",
                "first:exposure.bytes < toggle:exposure.bytes < plain:exposure.bytes",
            ),
            Part("no app has a socket outside", "first:exposure.by_owner.app.flows == 0"),
            Part(
                "something is outside for less time than with the toggle",
                "first:exposure.seconds < toggle:exposure.seconds",
            ),
            Part("nothing of a consumer's does better", "first:exposure.flows <= sealed:exposure.flows"),
        ),
        (Unknown("device.behaviour.closes_on_path_loss"), Unknown("device.behaviour.sealing_closes_legacy")),
        note="It is best by bytes and by apps. By seconds it is not: the push socket that was there before is outside "
        "for the whole hour, and sealing (includeAllNetworks, which an app may set for anybody) leaves neither.",
        differ="whether bytes or seconds count",
    ),
    Claim(
        "C03",
        "An airplane-mode toggle after connecting forces all sockets into the tunnel.",
        "advice on habits",
        {**_rows("airplane-routine", toggle="toggle"), **_rows("legacy-apps-first", hour="toggle-after")},
        (
            Part("nothing is outside a minute after the toggle", "toggle:exposure.seconds < 2 min"),
            Part("nor in another hour with fewer sockets", "hour:exposure.seconds < 2 min"),
        ),
        (
            Unknown("device.behaviour.airplane_drops_wifi"),
            Unknown("device.behaviour.closes_on_path_loss"),
            Unknown("device.behaviour.rebinds_on_path_loss"),
        ),
        note="It ends most old sockets, not all; with Wi-Fi kept on, it ends none.",
    ),
    Claim(
        "C04",
        "After a change of networks the airplane routine must be repeated.",
        "advice on habits",
        {
            **_hyphened(_rows("wifi-to-lte-walk", wireguard=None, openvpn="openvpn")),
            "openvpn-toggle": Run("wifi-to-lte-walk", "openvpn", (TOGGLE,)),
        },
        (
            Part("an app is outside after a change, with WireGuard", "wireguard:exposure.by_owner.app.seconds > 1 s"),
            Part("the same with OpenVPN", "openvpn:exposure.by_owner.app.seconds > 1 s"),
            Part("and repeating it halves that", "openvpn-toggle:exposure.seconds < 50 % * openvpn:exposure.seconds"),
        ),
        (Unknown("device.behaviour.closes_on_path_loss"), Unknown("device.behaviour.rebinds_on_path_loss")),
        note="A client that keeps its routes leaves no app outside, so there is nothing to repair. One that takes them "
        "down does, and the toggle makes it reconnect, so that it opens the same gap again.",
        differ="what the client does with its routes",
    ),
    Claim(
        "C05",
        "Push, background services and open connections keep their own way while the VPN is on.",
        "explanations of the leak",
        {**_rows("legacy-apps-first", plain=None), "boot": Run("boot-connect-first"), "apple": Run("apple-services")},
        (
            Part("push is outside most of the time", "plain:exposure.by_owner.system.seconds > 50 % * plain:intent_s"),
            Part(
                "so it is when the VPN is on before all apps",
                "boot:exposure.by_owner.system.seconds > 50 % * boot:intent_s",
            ),
            Part("apps' open connections are outside", "plain:exposure.by_owner.app.seconds > 1 min"),
            Part("Apple's services pass the tunnel by", "apple:bypassed.bytes > 0"),
        ),
        (Unknown("device.behaviour.apple_bypass_share"), Unknown("device.behaviour.legacy_survival")),
    ),
    Claim(
        "C06",
        "iOS may pause a VPN app to save resources.",
        "explanations of dropped tunnels",
        {
            **_rows("jetsam-streaming", film=None),
            "lean": Run("jetsam-streaming-twin"),
            **_rows("overnight-sleep", night=None, stops="disconnects", openvpn="openvpn"),
        },
        (
            Part("it ends a provider that comes near its memory limit", "film:connected_s < 50 % * film:intent_s"),
            Part("it ends one far below the limit, too", "lean:connected_s < 99 % * lean:intent_s", beside=True),
            Part("in the phone's sleep WireGuard stops being connected", "night:connected_s < night:intent_s"),
            Part("in sleep OpenVPN does", "openvpn:connected_s < openvpn:intent_s"),
            Part(
                "in sleep a client that asks to be stopped is", "stops:connected_s < 50 % * stops:intent_s", beside=True
            ),
        ),
        (Unknown("vpn.client.memory_load"),),
        note="The system kills for memory, and sleep stops clocks; which of it is felt depends on the client.",
        differ="the client",
    ),
    Claim(
        "C07",
        "IKEv2 reconnects fast, WireGuard is fast once connected, OpenVPN is slower on a mobile phone.",
        "comparisons of protocols",
        {
            **_rows("commute-flapping", wireguard=None, ikev2="ikev2", openvpn="openvpn"),
            **_hyphened(_rows("wifi-to-lte-walk", fixed="ikev2-fixed", walk="openvpn")),
        },
        (
            Part(
                "IKEv2 needs less than half of OpenVPN's time",
                "ikev2:reconnects.delay_s < 50 % * openvpn:reconnects.delay_s",
            ),
            Part(
                "WireGuard needs less than half of OpenVPN's time",
                "wireguard:reconnects.delay_s < 50 % * openvpn:reconnects.delay_s",
            ),
            Part("IKEv2 is faster even without MOBIKE", "fixed:reconnects.delay_s < walk:reconnects.delay_s"),
        ),
        (
            Unknown("vpn.ikev2.path_delay"),
            Unknown("vpn.wireguard.rebind"),
            Unknown("wifi.0.rtt", ("20 ms", "300 ms")),
            Unknown("wifi.0.loss", (0.0, 0.05)),
        ),
    ),
    Claim(
        "C08",
        "IKEv2 is usually efficient, WireGuard very good, OpenVPN often a higher drain.",
        "comparisons of protocols",
        _hyphened({**GOOD, **AWAKE}),
        (
            Part(
                "OpenVPN adds over half more than WireGuard",
                "openvpn:energy.vpn_added_j > 1.5 * wireguard:energy.vpn_added_j",
            ),
            Part("IKEv2 adds no more than WireGuard", "ikev2:energy.vpn_added_j <= wireguard:energy.vpn_added_j"),
            Part(
                "OpenVPN adds more when the radio is awake anyway",
                "openvpn-awake:energy.vpn_added_j > 1.5 * wireguard-awake:energy.vpn_added_j",
            ),
        ),
        (RADIOS, Unknown("vpn.openvpn.ping"), Unknown("vpn.power.per_packet_uj")),
        note="What OpenVPN spends is the radio that its pings wake. Where something else keeps the radio awake, the "
        "protocols cost the same.",
        differ="whether the radio is awake anyway",
    ),
    Claim(
        "C09",
        "IKEv2's common pitfall is a DNS split that leaks look-ups.",
        "comparisons of protocols",
        {
            **_rows("split-dns-corporate", ikev2=None, whole="match-all"),
            "wireguard": Run("split-dns-corporate", None, (("vpn.protocol", "wireguard"),)),
        },
        (
            Part("with a split, look-ups leak", "ikev2:look_ups.leaked > 0"),
            Part("without a split they do, too", "whole:look_ups.leaked > 0", beside=True),
            Part("fewer leak with WireGuard and the same split", "wireguard:look_ups.leaked < ikev2:look_ups.leaked"),
        ),
        (Unknown("device.behaviour.split_dns_fallback"),),
        note="It is the split, not the protocol: WireGuard with the same split leaks the same names.",
        differ="the split, not the protocol",
    ),
    Claim(
        "C10",
        "WireGuard's common pitfall is a pause in the background that drops the tunnel silently.",
        "comparisons of protocols",
        {
            **_rows("overnight-sleep", night=None, ikev2="ikev2"),
            "walk": Run("wifi-to-lte-walk"),
            "stuck": Run("wifi-to-lte-walk-twin"),
        },
        (
            Part("it is silent for over a second in a night while it says Connected", "night:stalled.seconds > 1 s"),
            Part(
                "it is silent longer than IKEv2 in that night",
                "night:stalled.seconds > ikev2:stalled.seconds",
                beside=True,
            ),
            Part("it is silent after a change of networks", "walk:stalled.seconds > 5 s"),
            Part("it is, if its socket stays behind", "stuck:stalled.seconds > 5 s", beside=True),
            Part("anything leaks by that", "stuck:exposure.by_owner.app.flows > 0", beside=True),
        ),
        (Unknown("vpn.wireguard.rebind"), Unknown("cellular.nat_udp", ("30 s", "5 min"))),
        note="Silence with the status Connected is real in a night of sleep, where what is pushed waits for the "
        "phone's next word once the carrier's NAT has forgotten the tunnel, and where the socket stays behind after a "
        "change of networks. An ordinary change of networks does not show it.",
        differ="whether the phone sleeps or moves",
    ),
    Claim(
        "C11",
        "OpenVPN's overhead heats the phone on 5G.",
        "comparisons of protocols",
        {name: run._replace(settings=(NR,)) for name, run in GOOD.items() if name != "ikev2"},
        (
            Part("OpenVPN adds more energy on 5G", "openvpn:energy.vpn_added_j > 1.5 * wireguard:energy.vpn_added_j"),
            Part(
                "the processor's part of it is more than half",
                "openvpn:energy.by_component.vpn_data_path + openvpn:energy.by_component.vpn_crypto + "
                "openvpn:energy.by_component.vpn_wakeups > 50 % * openvpn:energy.vpn_added_j",
            ),
        ),
        outside="The model counts joules and has no temperature, which also depends on case, sun and charger.",
        note="The energy behind it is asked all the same.",
    ),
    Claim(
        "C12",
        "If 5G drains the battery, IKEv2 behaves more predictably.",
        "advice on batteries",
        _hyphened({name: run._replace(settings=(NR,)) for name, run in POOR.items()}),
        (
            Part(
                "IKEv2's added energy spreads less over the days than WireGuard's",
                "poor-ikev2:energy.vpn_added_j < poor:energy.vpn_added_j",
                spread=True,
            ),
            Part(
                "IKEv2's spreads less than OpenVPN's",
                "poor-ikev2:energy.vpn_added_j < poor-openvpn:energy.vpn_added_j",
                spread=True,
            ),
        ),
        (Unknown("cellular.radio", ("lte-2020", "nsa-verizon-2020")), Unknown("vpn.ikev2.retransmit_tries")),
        days=20,
    ),
    Claim(
        "C13",
        "Drain comes mostly from radio conditions, not from encryption.",
        "advice on batteries",
        _hyphened(
            {
                "poor": Run("poor-5g-day"),
                **_rows("poor-5g-day", wireguard="good", openvpn="good-openvpn"),
                **AWAKE,
                "poor_awake": Run("poor-5g-day-twin"),
            }
        ),
        (
            Part(
                "encryption is less than a hundredth of what the VPN adds",
                "wireguard:energy.by_component.vpn_crypto < 1 % * wireguard:energy.vpn_added_j",
            ),
            Part(
                "a poor signal costs more than all of the VPN's processor",
                "poor:energy.total_j - wireguard:energy.total_j > wireguard:energy.by_component.vpn_crypto + "
                "wireguard:energy.by_component.vpn_data_path + wireguard:energy.by_component.vpn_wakeups",
            ),
            Part(
                "the signal costs more than the choice of protocol",
                "poor:energy.total_j - wireguard:energy.total_j > openvpn:energy.total_j - wireguard:energy.total_j",
            ),
            Part(
                "it does when the radio is awake anyway",
                "poor-awake:energy.total_j - wireguard-awake:energy.total_j > "
                "openvpn-awake:energy.total_j - wireguard-awake:energy.total_j",
            ),
        ),
        (
            Unknown("vpn.power.chacha20_poly1305_nj_per_byte"),
            Unknown("vpn.power.per_packet_uj"),
            Unknown("vpn.power.wake_mj"),
            RADIOS,
        ),
        note="Encryption never matters. But a protocol that pings matters more than the signal, unless the radio is "
        "awake anyway.",
    ),
    Claim(
        "C14",
        "Bad 5G means retransmissions, drops and reconnects; LTE or another protocol helps.",
        "advice on batteries",
        _hyphened(
            {
                **_rows("poor-5g-day", NR, poor=None, poor_openvpn="openvpn", wireguard="good"),
                "lte": Run("poor-5g-day", None, (LTE,)),
            }
        ),
        (
            Part("the tunnel is interrupted more often", "poor:reconnects.count > 10 * wireguard:reconnects.count"),
            Part("LTE at the same signal costs less energy", "lte:energy.total_j < poor:energy.total_j"),
            Part(
                "LTE at the same signal is interrupted less",
                "lte:reconnects.count < 90 % * poor:reconnects.count",
                beside=True,
            ),
            Part("another protocol leaks less", "poor:exposure.bytes < poor-openvpn:exposure.bytes"),
            Part("another protocol costs less", "poor:energy.total_j < 90 % * poor-openvpn:energy.total_j"),
        ),
        (Unknown("cellular.radio", ("nsa-verizon-2020", "nsa-tmobile-2020")),),
        note="The holes and handovers are the day's, not the radio's, so they are the same on LTE here: whether LTE "
        "has fewer of them at a place is a matter of that place. Retransmissions of an app's own packets are not "
        "modelled.",
    ),
    Claim(
        "C15",
        "A chatty app's many small connections cost more than its bytes.",
        "advice on batteries",
        _rows("poor-5g-day", few="good") | _rows("poor-5g-day-twin", many="good"),
        (
            Part(
                "the same bytes in twelve times the bursts cost over a third more",
                "many:energy.total_j > 1.33 * few:energy.total_j",
            ),
        ),
        (RADIOS, Unknown("device.power.idle_mw")),
        note="Both play 1.9 MB of music a minute, in one burst or in twelve.",
    ),
    Claim(
        "C16",
        "Failed DNS queries cost battery and slow pages down; the VPN's own DNS helps.",
        "advice on speed",
        {},
        (),
        outside="Resolvers always answer here: a look-up may be leaked, blocked or stalled with the network, but "
        "a resolver that loses queries is not modelled, nor is the time that a page takes to load.",
    ),
    Claim(
        "C17",
        "A closer server helps.",
        "advice on speed",
        {
            name: Run("commute-flapping", policy, (server,))
            for name, policy, server in (
                ("near", "openvpn", NEAR),
                ("far", "openvpn", FAR),
                ("near-wireguard", None, NEAR),
                ("far-wireguard", None, FAR),
            )
        },
        (
            Part("OpenVPN is back sooner", "near:reconnects.delay_s < 90 % * far:reconnects.delay_s"),
            Part("so is WireGuard", "near-wireguard:reconnects.delay_s < 90 % * far-wireguard:reconnects.delay_s"),
            Part("OpenVPN is outside for a tenth less time", "near:exposure.seconds < 90 % * far:exposure.seconds"),
            Part("it costs a tenth less energy", "near:energy.vpn_added_j < 90 % * far:energy.vpn_added_j"),
        ),
        (RADIOS,),
        note="It shortens the gap, and not what the gap lets out: a socket that was opened in it stays outside until "
        "it ends.",
        differ="whether delay, exposure or energy is meant",
    ),
    Claim(
        "C18",
        "A consumer's kill switch handles a dropped tunnel; it does not rewrite every socket.",
        "explanations of kill switches",
        {
            **_rows("legacy-apps-first", plain=None),
            "switch": Run("legacy-apps-first", None, (("vpn.client.kill_switch", "app"),)),
            **_hyphened(_rows("server-blackhole", silent=None, silent_switch="kill-switch")),
            **_hyphened(_rows("10-kill-switch", crash=None, crash_switch="app-switch", crash_sealed="sealed")),
        },
        (
            Part("it changes nothing for old sockets", "switch:exposure.bytes == plain:exposure.bytes"),
            Part("it leaks less when the server falls silent", "silent-switch:exposure.bytes < silent:exposure.bytes"),
            Part(
                "it is no help when its own process crashes",
                "crash-switch:exposure.bytes > 50 % * crash:exposure.bytes",
            ),
            Part("the system's seal is", "crash-sealed:exposure.bytes == 0", beside=True),
        ),
        (Unknown("vpn.client.engage_delay"),),
    ),
    Claim(
        "C19",
        "The nearest thing to a hard kill switch is a supervised phone with Always-On.",
        "explanations of kill switches",
        {
            **_rows("managed-always-on", strict="strict", sealed="sealed"),
            **_hyphened(_rows("reboot-locked", boot_always="always-on", boot_sealed="sealed")),
        },
        (
            Part("nothing at all is seen outside", "strict:exposure.flows + strict:bypassed.bytes == 0"),
            Part("less is seen outside than on a sealed phone", "strict:bypassed.bytes < sealed:bypassed.bytes"),
            Part("it blocks more than the seal does", "strict:blocked.seconds > sealed:blocked.seconds", beside=True),
            Part("after a restart it leaks nothing", "boot-always:exposure.flows == 0"),
            Part("and is there before the seal's tunnel", "boot-always:blocked.seconds < boot-sealed:blocked.seconds"),
        ),
        (Unknown("device.behaviour.sealing_closes_legacy"), Unknown("device.behaviour.apple_bypass_share_sealed")),
    ),
    Claim(
        "C20",
        "A per-app VPN is easy to misconfigure, and then leaks.",
        "advice for companies",
        _rows("per-app-miss", plain=None, listed="listed", suffix="wrong-suffix"),
        (
            Part("a helper that is not listed is outside", "plain:exposure.by_cause.L10.bytes > 0"),
            Part("so is a domain that is not listed", "suffix:exposure.by_cause.L10.bytes > 0"),
            Part("listed, nothing leaks", "listed:exposure.bytes == 0", beside=True),
            Part("a leak check of the app itself finds it", "plain:leak_checks_fine_share < 50 %", beside=True),
        ),
    ),
    Claim(
        "C21",
        "On-demand rules reduce the error of having forgotten to connect.",
        "advice on habits",
        {
            **_rows("10-kill-switch", crash=None, rule="on-demand"),
            **_hyphened(_rows("jetsam-streaming", film=None, film_rule="on-demand")),
            **_rows("trusted-ssid", trusting=None, everywhere="everywhere"),
        },
        (
            Part("after a crash, less than half leaks", "rule:exposure.bytes < 50 % * crash:exposure.bytes"),
            Part(
                "through a film with a provider that is killed, too",
                "film-rule:exposure.bytes < 50 % * film:exposure.bytes",
            ),
            Part(
                "a rule for everywhere leaks less than half of one that trusts a name",
                "everywhere:exposure.bytes < 50 % * trusting:exposure.bytes",
            ),
            Part(
                "a rule that trusts a name never leaves an app outside",
                "trusting:exposure.by_owner.app.flows == 0",
                beside=True,
            ),
        ),
        (Unknown("device.behaviour.gates_new_flows"), Unknown("limits.first_trigger_delay")),
        note="A rule connects where a person forgets. A rule that trusts a network's name is a way of forgetting on "
        "purpose: any network may call itself so.",
    ),
    Claim(
        "C22",
        "Profiles enforce on-demand and per-app rules consistently.",
        "advice for companies",
        {
            "open": Run("legacy-apps-first", "connect-first", (RULE, SWITCHED_OFF)),
            "locked": Run(
                "legacy-apps-first",
                "connect-first",
                (RULE, ("vpn.on_demand_override_disabled", True), SWITCHED_OFF),
            ),
            "second": Run("second-vpn", None, (("vpn.on_demand_override_disabled", True),)),
        },
        (
            Part("a user who switches off stays connected, locked", "locked:connected_s > 95 % * locked:horizon_s"),
            Part("and does not, unlocked", "open:connected_s < 50 % * open:horizon_s"),
            Part(
                "locked, another VPN does not take the tunnel's place", "second:connected_s > 95 % * second:horizon_s"
            ),
        ),
        note="The lock holds against the switch in the settings, and not against a second VPN that is enabled.",
        differ="the way in which it is switched off",
    ),
    Claim(
        "C23",
        "A leak test after reconnecting validates that everything is routed.",
        "advice on checks",
        {
            **_rows("legacy-apps-first", old=None),
            **_rows("two-radios", pinned=None),
            **_rows("split-dns-corporate", split=None),
            **_rows("server-switch", change=None),
        },
        (
            Part("it finds old sockets in half of the time", "old:leak_checks_fine_share < 50 %"),
            Part("it finds sockets that an app pins to cellular", "pinned:leak_checks_fine_share < 50 %"),
            Part("it finds names that leak", "split:leak_checks_fine_share < 50 %"),
            Part("it finds what a change of servers left outside", "change:leak_checks_fine_share < 50 %"),
        ),
        (Unknown("device.behaviour.legacy_survival"),),
        note="A test opens a new socket, and a new socket is inside. It validates itself.",
    ),
    Claim(
        "C24",
        "Verify both the address and DNS.",
        "advice on checks",
        {
            **_rows("split-dns-corporate", split=None),
            **_rows("per-app-miss", helper=None),
            **_rows("legacy-apps-first", old=None),
        },
        (
            Part(
                "names leak while the address is fine",
                "split:look_ups.leaked > 0 == split:exposure.by_owner.app.bytes",
            ),
            Part("the address test says fine of these", "split:leak_checks_fine_share > 95 %"),
            Part("the address is wrong while no name leaks", "helper:leak_checks_fine_share < 5 %"),
            Part("no name leaks there", "helper:look_ups.leaked == 0"),
            Part("both together find old sockets", "old:leak_checks_fine_share < 50 %", beside=True),
            Part("or a look-up leaks with them", "old:look_ups.leaked > 0", beside=True),
        ),
        (Unknown("device.behaviour.split_dns_fallback"), Unknown("device.behaviour.legacy_survival")),
        note="Each of the two finds what the other misses, so both are better than one. Old sockets pass both.",
    ),
    Claim(
        "C25",
        "Check that the server can be reached before looking for the fault in the phone.",
        "advice on checks",
        {
            **_rows("server-blackhole", openvpn=None, wireguard="wireguard", ikev2="ikev2"),
            **_rows("10-kill-switch", crash=None),
        },
        (
            Part(
                "a silent server: Connected, and nothing passes for minutes",
                "wireguard:stalled.seconds > 5 min",
            ),
            Part("and it leaks nothing", "wireguard:exposure.flows == 0"),
            Part(
                "in the first half minute nor do the others",
                "openvpn:exposure.first_s > 12.5 min < ikev2:exposure.first_s",
            ),
            Part(
                "a crashed client: no silence, but traffic outside",
                "crash:stalled.seconds < 1 s < crash:exposure.seconds",
            ),
            Part(
                "a silent server leaks nothing with OpenVPN and IKEv2, either",
                "openvpn:exposure.flows + ikev2:exposure.flows == 0",
                beside=True,
            ),
        ),
        (Unknown("limits.reasserting_timeout"),),
        note="Silence under Connected speaks for the server, pages that load with the phone's own address for the "
        "phone. Some minutes later, a client that reacts has turned the first into the second.",
    ),
)
"""All of them."""
