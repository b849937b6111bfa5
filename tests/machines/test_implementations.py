"""Named client implementations: every value is understood, overridden by what is stated beside it, and does something."""

from __future__ import annotations

import json
from functools import reduce
from typing import Any

import pytest
from pydantic import ValidationError

from sim.base.sources import SOURCES
from sim.machines.ios.implementations import BY_PROTOCOL, IMPLEMENTATIONS
from sim.machines.ios.provider import Client
from sim.machines.protocols import PROTOCOLS
from sim.world.scenario import Vpn

NAMES = [name for name in IMPLEMENTATIONS if name != BY_PROTOCOL]


def vpn(**fields: Any) -> Vpn:
    """The `[vpn]` table that a file with this content means."""
    return Vpn.model_validate_json(json.dumps(fields))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_sets_its_protocol_and_all_its_values(name: str) -> None:
    found = vpn(client=name)
    assert found.protocol == IMPLEMENTATIONS[name].protocol
    for key, (value, cited) in IMPLEMENTATIONS[name].values.items():
        table, *_, last = key.split(".")
        assert table in ("client", found.protocol)
        parent = reduce(getattr, key.split(".")[:-1], found)
        said = type(parent).model_validate({last: value})
        assert getattr(parent, last) == getattr(said, last), key
        assert cited.source in SOURCES


@pytest.mark.parametrize("name", NAMES)
def test_a_named_client_survives_being_written_and_read(name: str) -> None:
    found = vpn(client=name)
    assert Vpn.model_validate_json(found.model_dump_json()) == found
    assert Vpn.model_validate_json(found.model_dump_json(exclude_unset=True)) == found


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_has_a_named_implementation(protocol: str) -> None:
    assert any(found.protocol == protocol for found in IMPLEMENTATIONS.values())


def test_the_usual_programs_are_the_defaults() -> None:
    """A protocol without a name behaves as the program that most phones run."""
    for name in ("wireguard-apple", "apple-ikev2", "openvpn3"):
        found, protocol = vpn(client=name), IMPLEMENTATIONS[name].protocol
        assert getattr(found, protocol) == getattr(vpn(protocol=protocol), protocol)


def test_values_beside_the_name_override_it() -> None:
    found = vpn(
        client={"implementation": "mullvad", "reasserts": False, "monitor": {"ping_timeout": "20 s"}},
        wireguard={"persistent_keepalive": "25 s"},
    )
    assert (found.client.reasserts, found.client.monitor.active) == (False, True)
    assert (found.client.monitor.ping_timeout, found.client.monitor.heartbeat) == (20_000_000, 10_000_000)
    assert (found.wireguard.persistent_keepalive, found.wireguard.clock) == (25_000_000, "boot")
    assert vpn(client="nordlynx", wireguard={"persistent_keepalive": "0 s"}).wireguard.persistent_keepalive == 0


def test_models_may_be_given_instead_of_tables() -> None:
    assert Vpn(client=Client(implementation="nordlynx")).wireguard.persistent_keepalive == 25_000_000


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"client": "mullvda"}, "unknown client implementation 'mullvda'; there is: by-protocol, wireguard-apple"),
        ({"client": "openvpn3", "protocol": "wireguard"}, "'openvpn3' speaks openvpn, and protocol is 'wireguard'"),
    ],
)
def test_a_name_that_cannot_be(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        vpn(**fields)
