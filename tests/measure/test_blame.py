"""Who caused what: by hand, and on whole days."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sim
from sim.base.units import SECOND
from sim.machines.radio import SETS, WIFI_SETS
from sim.measure.battery import battery
from sim.measure.bursts import Traffic
from sim.measure.cellular import spent_by_cellular
from sim.measure.wifi import spent_by_wifi
from sim.world.loading import validate

AT_ONCE = 1e9
DAY = np.array([[0, 100 * SECOND]])


def bursts(*at: float, up: int = 0) -> Traffic:
    instants = np.array([round(second * SECOND) for second in at], dtype=np.int64)
    return Traffic(instants, np.full_like(instants, up), np.zeros_like(instants))


def caused(name: str, traffic: Traffic, rate_mbps: float = AT_ONCE) -> list[float]:
    """What each burst caused, in the order of the traffic. [mJ]"""
    radio: Any = SETS.get(name) or WIFI_SETS[name]
    spent = spent_by_wifi if name in WIFI_SETS else spent_by_cellular
    return [nj / 1e6 for nj in spent(radio, traffic, DAY, rate_mbps).caused().tolist()]


def test_the_worked_example_of_the_energy_page() -> None:
    """A keepalive six seconds after an app's burst: it takes over the tail, and adds less than it is blamed for."""
    app, keepalive = caused("lte-2020", bursts(0, 6))
    assert app == pytest.approx(0.26 * 600 + 5.74 * 193)
    assert keepalive == pytest.approx(10 * 193)
    (alone,) = caused("lte-2020", bursts(0))
    idle = 5.74 * 15  # what standby has less of
    assert app + keepalive - alone == pytest.approx(5.74 * 193)
    assert idle < 0.1 * 5.74 * 193


def test_a_promotion_belongs_to_the_burst_that_began_it_and_the_tail_to_the_last() -> None:
    first, waiting, last = caused("lte-2020", bursts(0, 0.1, 0.2))
    assert first == pytest.approx(0.26 * 600 + 10 * 193)  # all three go out when it is done: they follow one another
    assert (waiting, last) == (0, 0)


def test_overlapping_transfers_are_paid_by_those_that_prolong_them() -> None:
    # At 8 Mbit/s, 1 MB is a second: the second transfer is on the air for 0.6 s after the first.
    traffic = bursts(0, 1.6, 1.61, up=1_000_000)
    traffic.up[2] = 0
    first, second, empty = caused("wifi-2012", traffic, 8.0)
    assert first == pytest.approx(403 * (1 + 0.25))
    assert second == pytest.approx(403 * (1 + 0.25))
    assert empty == 0  # it ends within the second's transfer
    closer = caused("wifi-2012", bursts(0, 0.6, up=1_000_000), 8.0)
    assert closer == pytest.approx([403 * 1.0, 403 * (0.6 + 0.25)])


def test_order_and_bursts_elsewhere_do_not_matter() -> None:
    for name in ("lte-2020", "umts-i997", "nsa-verizon-2020", "sa-tmobile-2020", "wifi-energybox"):
        sorted_, mixed = bursts(3, 20, 31, 120, up=700), bursts(31, 120, 3, 20, up=700)
        assert [caused(name, mixed)[i] for i in (2, 3, 0, 1)] == caused(name, sorted_)
        assert caused(name, sorted_)[3] == 0


def test_a_keepalive_on_the_own_channel_of_3g_does_not_take_the_tail() -> None:
    traffic = bursts(0, 4, up=1_000)
    assert caused("umts-i997", traffic)[1] > 0
    traffic.up[1] = 60  # too small to renew the timer
    assert caused("umts-i997", traffic) == [*caused("umts-i997", bursts(0, up=1_000)), 0]


def play(**vpn: Any) -> sim.Run:
    day = {
        "name": "a walk", "duration": "20 min", "vpn_on": True, "vpn": vpn,
        "apps": [{"name": "mail", "sockets": [{"name": "imap", "traffic": {"law": "periodic", "every": "90 s"}}]}],
    }  # fmt: skip
    return sim.simulate(validate(day, "a walk"))


def test_owners_of_a_day() -> None:
    blame = battery(play(wireguard={"persistent_keepalive": "25 s"})).by_blame
    assert {"mail", "standby", "vpn keepalive", "vpn handshake", "vpn data path", "vpn wake-ups"} <= set(blame)
    assert list(blame.values()) == sorted(blame.values(), reverse=True)
    # The keepalives keep LTE up all day: mail's bursts find it so, and share its power.
    assert blame["vpn keepalive"] > blame["mail"] > 0


def test_the_document_has_the_whole() -> None:
    document = sim.summarise(play()).as_dict()["energy"]
    assert sum(document["by_blame"].values()) == pytest.approx(document["total_j"], rel=1e-12)


def test_searching_for_a_cell() -> None:
    hour = {"name": "a cellar", "duration": "1 h", "stays": [{"cellular": False}]}
    parts = battery(sim.simulate(validate(hour, "a cellar"))).with_vpn.by_component
    assert parts["cellular_search"] == 3600 * SECOND * 500 // 10
    flight = hour | {"timeline": [{"at": "15 min", "do": "airplane_on"}]}
    parts = battery(sim.simulate(validate(flight, "a cellar"))).with_vpn.by_component
    assert parts["cellular_search"] == 900 * SECOND * 500 // 10
