"""The app's kill switch against the system's, faults of settings, and guests of the hotspot."""

from __future__ import annotations

from typing import Any

import sim
from sim.engine.simulate import Run
from sim.machines.routing import Cause, Fate
from sim.measure.leaks import leak_windows
from sim.world.loading import merge, validate

PHONE: dict[str, Any] = {
    "name": "kill switches",
    "duration": "20 min",
    "vpn_on": True,
    "device": {"behaviour": {"look_ups_at_network_change": 0.0}},
    "servers": [{"name": "server"}, {"name": "other"}],
    "wifi": [{"ssid": "home"}],
    "stays": [{"wifi": "home"}],
    "apps": [
        {
            "name": "app",
            "background": "always",
            "sockets": [
                {
                    "transport": "udp-unconnected",
                    "lifetime": "1 h",
                    "traffic": {"law": "periodic", "every": "0.1 s", "up": "100 B", "down": "900 B"},
                }
            ],
        }
    ],
}


def play(vpn: dict[str, Any], **tables: Any) -> Run:
    return sim.simulate(validate(merge(PHONE, {"vpn": vpn, **tables}), "kill-switches.toml"))


def exposed(run: Run) -> float:
    found: float = sim.summarise(run).as_dict()["exposure"]["seconds"]
    return found


# OpenVPN takes its routes away while it reconnects; its server is silent for more than a minute.
OPENVPN: dict[str, Any] = {"protocol": "openvpn"}
SILENCE = {"timeline": [{"at": "5 min", "do": "server_silent", "lasts": "80 s"}]}


def test_an_engage_delay_leaves_at_most_that_long() -> None:
    bare, switch = play(OPENVPN, **SILENCE), OPENVPN | {"client": {"kill_switch": "app", "engage_delay": "2 s"}}
    armed = play(switch, **SILENCE)
    assert exposed(bare) > 10
    assert 0 < exposed(armed) <= 2
    assert armed.ledger.bytes_by_fate()[Fate.BLOCKED] > 0
    assert exposed(play(OPENVPN | {"client": {"kill_switch": "app", "engage_delay": "0 s"}}, **SILENCE)) == 0


def test_the_apps_kill_switch_goes_with_what_carries_it() -> None:
    """At provider death, update and boot; the system's stays."""
    app: dict[str, Any] = {"client": {"kill_switch": "app", "engage_delay": "0 s"}}
    sealed: dict[str, Any] = {"include_all_networks": True}
    causes = {"provider_crash": Cause.PROVIDER_DEATH, "update_vpn_app": Cause.NO_ENFORCER, "reboot": Cause.NO_ENFORCER}
    for deed, cause in causes.items():
        timeline = {"timeline": [{"at": "5 min", "do": deed}]}
        run = play(app, **timeline)
        assert {w.cause for w in leak_windows(run)} == {cause}, deed
        safe = play(sealed, **timeline)
        assert exposed(safe) == 0, deed
        assert safe.ledger.bytes_by_fate()[Fate.BLOCKED] > 0, deed


CLEARED = {"timeline": [{"at": "5 min", "do": "clear_settings"}, {"at": "10 min", "do": "rotate_key"}]}


def test_settings_without_routes_leak_until_the_next_apply_while_the_status_stays_connected() -> None:
    run = play({}, **CLEARED)
    (window,) = leak_windows(run)
    assert window.cause is Cause.TUNNEL_GAP
    assert 300 <= (window.end - window.begin) / 1e6 < 310
    assert all(s.situation.connected for s in run.standings if s.begin < 600_000_000)
    assert exposed(play({"include_all_networks": True}, **CLEARED)) == 0


def test_guests_of_the_hotspot_go_around_or_nowhere() -> None:
    guest = {**PHONE["apps"][0], "name": "laptop", "kind": "tethered"}
    tables = {"apps": [*PHONE["apps"], guest]}
    around = sim.summarise(play({}, **tables)).as_dict()
    assert around["bypassed"]["by_reason"]["tethered"]["bytes"] == around["bypassed"]["bytes"] == 12_000 * 1000
    sealed = sim.summarise(play({"include_all_networks": True}, **tables)).as_dict()
    assert sealed["blocked"]["attempts"] == 12_000
    assert "tethered" not in sealed["bypassed"]["by_reason"]
    android = play({"include_all_networks": True}, **tables, device={"behaviour": {"profile": "android-block"}})
    assert sim.summarise(android).as_dict()["bypassed"]["by_reason"]["tethered"]["flows"] == 1
