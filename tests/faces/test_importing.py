"""Importing real configurations: what they mean, what is refused, and that nothing secret ever comes out."""

from __future__ import annotations

import base64
import json
import pickle
import plistlib
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from ipaddress import IPv4Network, collapse_addresses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sim.faces.importing import Imported, ImportRefused, read_profile, to_toml
from sim.faces.importing.openvpn_conf import NO_EFFECT as OPENVPN_NO_EFFECT
from sim.faces.importing.openvpn_conf import split
from sim.faces.importing.reading import LIMIT, TEXT_LIMIT, host_of, spread
from sim.faces.importing.wireguard_conf import NO_EFFECT as WIREGUARD_NO_EFFECT
from sim.world.scenario import Server, Vpn

SAMPLES = Path(__file__).parents[1] / "samples"
PROFILES = sorted(path.name for path in SAMPLES.glob("*.mobileconfig"))
TEXTS = sorted(path.name for pattern in ("*.conf", "*.ovpn") for path in SAMPLES.glob(pattern))
SHARED = Path(__file__).parents[2].parent / "shared" / "data"
SECRET = "s3cr3tmarker"
"""Stands in every field of the samples that may hold a secret."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("configurations")


def checked(imported: Imported) -> Imported:
    """What holds for every import: its overlay is valid, its TOML says the same, and its texts fit on a terminal."""
    Vpn.model_validate_json(json.dumps(imported.vpn))
    names = [Server.model_validate(server).name for server in imported.servers]
    assert len(set(names)) == len(names) > 0
    assert imported.vpn["server"] == names[0]
    written = to_toml(imported)
    assert tomllib.loads(written) == {"vpn": imported.vpn, "servers": imported.servers}
    for note in imported.notes:
        assert (note.key + note.text).isprintable()
    assert imported.name.isprintable()
    return imported


def read(folder: Path, content: bytes | str, name: str = "file") -> Imported:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return checked(read_profile(path))


def refusal(folder: Path, content: bytes | str, name: str = "file") -> str:
    with pytest.raises(ImportRefused) as caught:
        read(folder, content, name)
    return str(caught.value)


def outcome(folder: Path, content: bytes) -> str:
    """Everything that a user could see of this file, whether it was imported or refused."""
    path = folder / "any"
    path.write_bytes(content)
    try:
        imported = checked(read_profile(path))
    except ImportRefused as refused:
        return str(refused) + repr(refused) + repr(refused.args)
    return repr(imported) + to_toml(imported)


def sample(name: str) -> Imported:
    return checked(read_profile(SAMPLES / name))


def profile_of(name: str) -> dict[str, Any]:
    found = plistlib.loads((SAMPLES / name).read_bytes())
    assert isinstance(found, dict)
    return found


def effects(imported: Imported, key: str) -> list[bool]:
    return [note.effect for note in imported.notes if note.key == key]


# WireGuard ------------------------------------------------------------------------------------------------------------


def test_a_wireguard_phone() -> None:
    imported = sample("wireguard-phone.conf")
    assert imported.kind == "WireGuard configuration"
    assert imported.name == "wireguard-phone"
    assert imported.servers == [{"name": "vpn.example.net"}]
    assert imported.vpn == {
        "protocol": "wireguard",
        "server": "vpn.example.net",
        "endpoint": "name",
        "routes": ["0.0.0.0/0", "::/0"],
        "excluded_routes": [],
        "dns": {"servers": ["10.9.0.1", "fd00:9::1"], "match_domains": [""]},
        "wireguard": {"persistent_keepalive": "25 s"},
    }
    assert effects(imported, "PrivateKey") == [False]
    assert effects(imported, "PersistentKeepalive") == [True]


def test_a_wireguard_split_tunnel_with_the_keys_of_a_computer() -> None:
    imported = sample("wireguard-split.conf")
    assert imported.vpn["routes"] == ["10.20.0.0/16", "192.168.7.0/24"]
    assert imported.vpn["endpoint"] == "address"
    assert imported.vpn["dns"] == {"servers": [], "match_domains": []}
    assert imported.vpn["wireguard"] == {"persistent_keepalive": "0 s"}
    assert effects(imported, "PostUp") == effects(imported, "Jc") == effects(imported, "line 8") == [False]


@pytest.mark.parametrize(
    ("networks", "routes", "excluded"),
    [
        ("0.0.0.0/1, 128.0.0.0/1, ::/1, 8000::/1", ["0.0.0.0/0", "::/0"], []),
        ("0.0.0.0/1", ["0.0.0.0/1"], []),
        ("128.0.0.0/1, 64.0.0.0/2, 32.0.0.0/3, 16.0.0.0/4, 0.0.0.0/5, 8.0.0.0/7, 11.0.0.0/8, 12.0.0.0/6",
         ["0.0.0.0/0"], ["10.0.0.0/8"]),
        ("0.0.0.0/0, 2000::/3", ["0.0.0.0/0", "::/0"], ["::/3", "4000::/2", "8000::/1"]),
        ("10.0.0.0/24, 10.0.1.0/24, fd00::/8", ["10.0.0.0/23", "fd00::/8"], []),
    ],
)  # fmt: skip
def test_everything_but_is_a_default_route_with_exceptions(
    folder: Path, networks: str, routes: list[str], excluded: list[str]
) -> None:
    vpn = read(folder, f"[Interface]\n[Peer]\nEndpoint = a.example:1\nAllowedIPs = {networks}\n").vpn
    assert (vpn["routes"], vpn["excluded_routes"]) == (routes, excluded)


@given(st.lists(st.builds(lambda at, size: f"{at >> 24}.{at >> 16 & 255}.{at >> 8 & 255}.{at & 255}/{size}",
                          st.integers(0, 2**32 - 1), st.integers(0, 32)), max_size=8))  # fmt: skip
def test_spreading_keeps_every_destination(items: list[str]) -> None:
    networks = [IPv4Network(item, strict=False) for item in items]
    routes, excluded = spread(networks)
    inside = sum(IPv4Network(n).num_addresses for n in routes) - sum(IPv4Network(n).num_addresses for n in excluded)
    assert inside == sum(n.num_addresses for n in collapse_addresses(networks))
    assert not any(IPv4Network(n).overlaps(other) for n in excluded for other in networks)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[Peer]\nEndpoint = a.example:1\n", "no [Interface]"),
        ("[Interface]\nPrivateKey = x\n", "no [Peer]"),
        ("[Interface]\n[Peer]\nEndpoint =\nAllowedIPs = 0.0.0.0/0\n", "server"),
        ("[Interface]\n[Peer]\nEndpoint = a.example:1\nAllowedIPs = <yours>\n", "AllowedIPs"),
    ],
)
def test_a_wireguard_file_that_is_no_clients(folder: Path, text: str, reason: str) -> None:
    assert reason in refusal(folder, text)


@pytest.mark.parametrize(
    ("keepalive", "expected"), [("off", "0 s"), ("0", "0 s"), ("120", "2 min"), ("70000", "0 s"), ("soon", "0 s")]
)
def test_persistent_keepalive(folder: Path, keepalive: str, expected: str) -> None:
    text = f"[Interface]\n[Peer]\nEndpoint = a.example:1\nAllowedIPs = ::/0\nPersistentKeepalive = {keepalive}\n"
    assert read(folder, text).vpn["wireguard"]["persistent_keepalive"] == expected


def test_every_wireguard_key_has_a_note(folder: Path) -> None:
    interface = "\n".join(f"{key} = {SECRET}" for key in WIREGUARD_NO_EFFECT)
    imported = read(folder, f"[Interface]\n{interface}\n[Peer]\nEndpoint = a.example:1\nAllowedIPs = ::/0\n")
    assert set(WIREGUARD_NO_EFFECT) <= {note.key for note in imported.notes if not note.effect}


# OpenVPN --------------------------------------------------------------------------------------------------------------


def test_an_openvpn_phone() -> None:
    imported = sample("openvpn-phone.ovpn")
    assert imported.kind == "OpenVPN configuration"
    assert imported.servers == [{"name": "first.example.net"}, {"name": "192.0.2.7"}]
    assert imported.vpn == {
        "protocol": "openvpn",
        "server": "first.example.net",
        "endpoint": "name",
        "routes": ["0.0.0.0/0", "::/0"],
        "excluded_routes": ["192.168.50.0/24"],
        "dns": {"servers": ["10.8.0.1"], "match_domains": [""]},
        "openvpn": {
            "transport": "udp",
            "ping": "10 s",
            "ping_restart": "1 min",
            "renegotiation": "30 min",
            "server_poll_v3": "5 s",
            "server_poll_v2": "5 s",
            "retry_wait_v2": "3 s",
        },
        "client": {"routes_while_reconnecting": "kept"},
    }
    assert effects(imported, "block-outside-dns") == effects(imported, "ca") == effects(imported, "line 24") == [False]


def test_an_openvpn_split_tunnel() -> None:
    imported = sample("openvpn-split.ovpn")
    assert imported.vpn["routes"] == ["10.20.0.0/16", "fd00:20::/32"]
    assert imported.vpn["dns"] == {
        "servers": ["10.20.0.53", "fd00:20::53"],
        "match_domains": ["corp.example", "lab.example"],
    }
    assert imported.vpn["openvpn"] == {"transport": "tcp", "ping": "15 s", "ping_restart": "2 min"}
    assert imported.vpn["client"] == {"routes_while_reconnecting": "removed"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("client\ndev tap\nremote a.example 1\n", "layer 2"),
        ("dev tun\nremote a.example 1\nsecret key.txt\n", "static key"),
        ("client\ndev tun\nnobind\n", "no remote"),
        ("mode server\nproto udp\ndev tun\n", "server"),
        ("client\nremote a.example 1\n<ca>\nabc\n", "line 3 is not closed"),
        ("client\nremote\ndev tun\n", "no remote"),
    ],
)
def test_an_openvpn_file_that_is_not_modelled(folder: Path, text: str, reason: str) -> None:
    assert reason in refusal(folder, text)


@pytest.mark.parametrize(
    ("flags", "routes"),
    [
        ("", ["0.0.0.0/0"]),
        ("def1 bypass-dhcp", ["0.0.0.0/0"]),
        ("ipv6", ["0.0.0.0/0", "::/0"]),
        ("!ipv4 ipv6", ["::/0"]),
    ],
)
def test_redirect_gateway(folder: Path, flags: str, routes: list[str]) -> None:
    assert read(folder, f"client\nremote a.example 1\nredirect-gateway {flags}\n").vpn["routes"] == routes


def test_what_an_openvpn_server_pushes_stays_the_scenarios(folder: Path) -> None:
    imported = read(folder, "client\nremote a.example 1\nreneg-sec 0\nping never\n")
    assert "routes" not in imported.vpn
    assert "dns" not in imported.vpn
    assert imported.vpn["openvpn"] == {"transport": "udp"}
    assert effects(imported, "reneg-sec") == effects(imported, "ping") == [False]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('verify-x509-name "a b" name # c', ["verify-x509-name", "a b", "name"]),
        ("a 'b \\ c' d", ["a", "b \\ c", "d"]),
        ("a b\\ c;d", ["a", "b c;d"]),
        ("; all of it", []),
        ('a "" b', ["a", "", "b"]),
    ],
)
def test_words_of_an_openvpn_line(line: str, words: list[str]) -> None:
    assert split(line) == words


def test_every_openvpn_directive_has_a_note(folder: Path) -> None:
    harmless = [name for name in OPENVPN_NO_EFFECT if name not in ("secret", "mode", "dev", "dev-type")]
    imported = read(folder, "client\nremote a.example 1\n" + "\n".join(f"{name} {SECRET}" for name in harmless))
    assert set(harmless) <= {note.key for note in imported.notes if not note.effect}
    assert SECRET not in repr(imported)


# Profiles -------------------------------------------------------------------------------------------------------------


def test_an_ikev2_profile_with_rules() -> None:
    imported = sample("ikev2-on-demand.mobileconfig")
    assert imported.kind == "Apple configuration profile"
    assert imported.name == "Office VPN"
    assert imported.servers == [{"name": "gate.example.net"}]
    assert imported.vpn == {
        "protocol": "ikev2",
        "server": "gate.example.net",
        "endpoint": "name",
        "include_all_networks": True,
        "enforce_routes": False,
        "exclude_local_networks": False,
        "exclude_cellular_services": True,
        "exclude_apns": False,
        "exclude_device_communication": True,
        "on_demand_override_disabled": True,
        "disconnect_on_sleep": False,
        "ikev2": {
            "dpd_interval": "1 min",
            "mobike": False,
            "auth": "eap",
            "nat_keepalive_offload": False,
            "nat_keepalive_wifi": "20 s",
            "nat_keepalive_cellular": "20 s",
            "ike_lifetime": "60 min",
            "child_lifetime": "1440 min",
        },
        "dns": {"servers": ["10.0.0.53", "fd00::53"], "match_domains": ["corp.example"]},
        "on_demand": [
            {"action": "disconnect", "interface": "wifi", "ssid": ["Home  Wi-Fi", "Office"]},
            {
                "action": "evaluate",
                "dns_domain": ["*.corp.example"],
                "evaluate": [
                    {
                        "domains": ["corp.example"],
                        "action": "connect-if-needed",
                        "required_dns": ["10.0.0.53"],
                        "required_probe": "required probe",
                    },
                    {"domains": ["public.example"], "action": "never-connect"},
                ],
            },
            {"action": "connect", "interface": "cellular", "probe": True},
            {"action": "ignore", "dns_server": ["17.*"]},
            {"action": "connect"},
            {"action": "ignore"},
        ],
    }
    assert any("never reached" in note.text for note in imported.notes)


def test_what_a_profile_leaves_out_is_apples_default() -> None:
    vpn = sample("ikev2-minimal.mobileconfig").vpn
    assert vpn["ikev2"] == {
        "dpd_interval": "10 min",
        "mobike": True,
        "auth": "certificate",
        "ike_lifetime": "1440 min",
        "child_lifetime": "1440 min",
    }
    assert vpn["on_demand"] == []
    assert (vpn["include_all_networks"], vpn["exclude_local_networks"], vpn["exclude_apns"]) == (False, True, True)


def test_an_always_on_profile() -> None:
    imported = sample("always-on.mobileconfig")
    assert imported.vpn["protocol"] == "ikev2"
    assert imported.vpn["always_on"] == {
        "allow": ["voicemail", "device-communication"],
        "captive_sheet": True,
        "user_may_switch_off": False,
        "allow_apps": [],
        "allow_apps_udp": ["com.example.voice"],
    }
    assert imported.vpn["ikev2"]["nat_keepalive_wifi"] == "60 s"


def test_a_per_app_profile_names_no_apps_and_an_unknown_plug_in_no_protocol() -> None:
    imported = sample("per-app.mobileconfig")
    assert "per_app" not in imported.vpn
    assert "protocol" not in imported.vpn
    assert imported.vpn["include_all_networks"] is False
    assert effects(imported, "per-app VPN") == effects(imported, "VPNSubType") == [True]


def test_the_wireguard_apps_profile() -> None:
    imported = sample("wireguard-app.mobileconfig")
    plain = sample("wireguard-phone.conf")
    assert plain.vpn.items() <= imported.vpn.items()
    assert imported.vpn["include_all_networks"] is True
    assert imported.vpn["on_demand"] == [{"action": "connect"}]


def test_openvpn_connects_profile() -> None:
    imported = sample("openvpn-connect.mobileconfig")
    assert imported.servers == [{"name": "first.example.net"}, {"name": "second.example.net"}]
    assert imported.vpn["openvpn"] == {"transport": "udp", "ping": "20 s"}
    assert imported.vpn["on_demand"] == [{"action": "connect", "interface": "cellular"}]
    assert imported.vpn["client"] == {"routes_while_reconnecting": "kept"}


def test_rules_without_on_demand_enabled_are_not_in_force(folder: Path) -> None:
    profile = profile_of("wireguard-app.mobileconfig")
    profile["PayloadContent"][0]["VPN"]["OnDemandEnabled"] = 0
    imported = read(folder, plistlib.dumps(profile))
    assert imported.vpn["on_demand"] == []
    assert effects(imported, "OnDemandRules") == [False]


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ("Connect", "OnDemandRules[0]"),
        ({}, "OnDemandRules[0].Action"),
        ({"Action": "Explode"}, "OnDemandRules[0].Action"),
        ({"Action": "Connect", "InterfaceTypeMatch": "Satellite"}, "OnDemandRules[0].InterfaceTypeMatch"),
        ({"Action": "Connect", "SSIDMatch": 7}, "OnDemandRules[0].SSIDMatch"),
        ({"Action": "Connect", "SSIDMatch": ["x" * 90]}, "on_demand.0.ssid.0"),
        ({"Action": "EvaluateConnection", "ActionParameters": {}}, "OnDemandRules[0].ActionParameters"),
    ],
)
def test_a_rule_that_cannot_be_read_refuses_the_profile(folder: Path, rule: Any, place: str) -> None:
    profile = profile_of("ikev2-minimal.mobileconfig")
    profile["PayloadContent"][0]["IKEv2"] |= {"OnDemandEnabled": 1, "OnDemandRules": [rule]}
    assert place in refusal(folder, plistlib.dumps(profile))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"VPNType": "L2TP"}, "L2TP is not modelled"),
        ({"VPNType": "IPSec"}, "IKEv1"),
        ({"VPNType": "PPTP"}, "PPTP"),
        ({"VPNType": "TransparentProxy"}, "proxy"),
        ({"VPNType": ""}, "VPNType"),
        ({"VPNType": 5}, "VPNType"),
        ({"IKEv2": "later"}, "no IKEv2 dictionary"),
        ({"VPNType": "AlwaysOn", "AlwaysOn": {}}, "no tunnel"),
        ({"VPNType": "VPN", "VPN": {}, "VPNSubType": "com.wireguard.ios"}, "WgQuickConfig"),
    ],
)
def test_a_vpn_that_is_not_modelled(folder: Path, change: dict[str, Any], reason: str) -> None:
    profile = profile_of("ikev2-minimal.mobileconfig")
    profile["PayloadContent"][0] |= change
    assert reason in refusal(folder, plistlib.dumps(profile))


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        ({}, "it holds: nothing"),
        ({"PayloadContent": "x"}, "it holds: nothing"),
        ({"PayloadContent": [{"PayloadType": "com.apple.wifi.managed"}]}, "a Wi-Fi network"),
        ({"PayloadContent": [{"PayloadType": f"{SECRET} {SECRET}"}]}, "a payload without a type"),
        ({"EncryptedPayloadContent": b"x"}, "encrypted"),
        ([], "not a dictionary"),
    ],
)
def test_a_profile_without_a_vpn(folder: Path, profile: Any, reason: str) -> None:
    said = refusal(folder, plistlib.dumps(profile))
    assert reason in said
    assert SECRET not in said


def test_of_several_vpns_the_first_that_is_modelled(folder: Path) -> None:
    first, second = profile_of("l2tp.mobileconfig"), profile_of("ikev2-minimal.mobileconfig")
    first["PayloadContent"] += second["PayloadContent"]
    imported = read(folder, plistlib.dumps(first))
    assert imported.vpn["protocol"] == "ikev2"
    assert any("another VPN (L2TP)" in note.text for note in imported.notes)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, True),
        (0, False),
        (1.0, True),
        ("1", True),
        ('"true"', True),
        ("no", False),
        (2, False),
        ("x", False),
        ([], False),
    ],
)
def test_flags_as_files_write_them(folder: Path, value: Any, expected: bool) -> None:
    profile = profile_of("ikev2-minimal.mobileconfig")
    profile["PayloadContent"][0]["IKEv2"]["IncludeAllNetworks"] = value
    assert read(folder, plistlib.dumps(profile)).vpn["include_all_networks"] is expected


# Wrappings ------------------------------------------------------------------------------------------------------------


def element(tag: int, content: bytes, *, indefinite: bool = False) -> bytes:
    """One element of ASN.1 in BER."""
    if indefinite:
        return bytes([tag, 0x80]) + content + b"\0\0"
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes(3, "big")
    return bytes([tag, 0x83]) + length + content


def signed(content: bytes, kind: str = "2a864886f70d010702", *, indefinite: bool) -> bytes:
    """A CMS SignedData structure around `content`, without signers."""

    def part(tag: int, inner: bytes) -> bytes:
        return element(tag, inner, indefinite=indefinite)

    if indefinite:
        octets = part(0x24, b"".join(element(0x04, content[i : i + 1000]) for i in range(0, len(content), 1000)))
    else:
        octets = element(0x04, content)
    held = part(0x30, element(0x06, bytes.fromhex("2a864886f70d010701")) + part(0xA0, octets))
    data = part(0x30, element(0x02, b"\x01") + part(0x31, element(0x30, b"")) + held + element(0x31, b""))
    return part(0x30, element(0x06, bytes.fromhex(kind)) + part(0xA0, data))


PROFILE = (SAMPLES / "ikev2-on-demand.mobileconfig").read_bytes()
TEXT = (SAMPLES / "wireguard-phone.conf").read_bytes()
OVPN = (SAMPLES / "openvpn-phone.ovpn").read_bytes()


@pytest.mark.parametrize("indefinite", [False, True], ids=["DER", "BER"])
def test_a_signed_profile(folder: Path, indefinite: bool) -> None:
    imported = read(folder, signed(PROFILE, indefinite=indefinite))
    assert imported.vpn == sample("ikev2-on-demand.mobileconfig").vpn
    assert effects(imported, "signature") == [False]


def test_a_signed_profile_as_text(folder: Path) -> None:
    body = base64.encodebytes(signed(PROFILE, indefinite=True))
    text = b"-----BEGIN PKCS7-----\n" + body + b"-----END PKCS7-----\n"
    assert read(folder, text).vpn == sample("ikev2-on-demand.mobileconfig").vpn


@pytest.mark.parametrize("cut", [2, 20, 60, 500])
def test_a_signed_profile_cut_short(folder: Path, cut: int) -> None:
    assert refusal(folder, signed(PROFILE, indefinite=False)[:cut])


def test_an_encrypted_container_is_no_signed_profile(folder: Path) -> None:
    assert "no signed profile" in refusal(folder, signed(PROFILE, "2a864886f70d010703", indefinite=False))


@pytest.mark.parametrize(
    "wrapped",
    [
        b"\xef\xbb\xbf" + PROFILE,
        PROFILE.replace(b"\n", b"\r\n"),
        b"<!-- made by hand -->\n\n" + PROFILE,
        PROFILE + b"\n<!-- the end -->\x00\x00",
        PROFILE.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        PROFILE.decode().replace("UTF-8", "UTF-16").encode("utf-16-be"),
        PROFILE[PROFILE.index(b"<plist") :],
        plistlib.dumps(plistlib.loads(PROFILE), fmt=plistlib.FMT_BINARY),
    ],
    ids=["BOM", "CRLF", "leading text", "trailing text", "UTF-16", "UTF-16BE", "no declaration", "binary"],
)
def test_a_profile_in_another_spelling(folder: Path, wrapped: bytes) -> None:
    assert read(folder, wrapped).vpn == sample("ikev2-on-demand.mobileconfig").vpn


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text.replace(b"\n", b"\r"),
        lambda text: text.decode().encode("utf-16"),
        lambda text: text.replace(b"Written", b"\xc4\xe3\xba\xc3"),
        lambda text: text.replace(b"tests", b"te\0sts"),
        lambda text: text.replace(b" = ", b"=\t"),
    ],
    ids=["BOM", "CRLF", "CR", "UTF-16", "GBK comment", "stray zero", "tabs"],
)
def test_a_text_in_another_spelling(folder: Path, change: Any) -> None:
    assert read(folder, change(TEXT)).vpn == sample("wireguard-phone.conf").vpn
    assert read(folder, change(OVPN)).vpn == sample("openvpn-phone.ovpn").vpn


# Bad input ------------------------------------------------------------------------------------------------------------

LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE plist [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<plist version="1.0"><dict><key>PayloadContent</key><string>&c;</string></dict></plist>"""
OUTSIDE = b"""<?xml version="1.0"?>
<!DOCTYPE plist [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<plist version="1.0"><dict><key>PayloadContent</key><string>&x;</string></dict></plist>"""


def shared_references() -> bytes:
    """A binary property list of 70 lists, each holding the next one twice: 2^70 values in a few hundred bytes."""
    objects = [bytes([0xA2, i + 1, i + 1]) for i in range(70)] + [b"\x09"]
    offsets, body = [], b"bplist00"
    for one in objects:
        offsets.append(len(body))
        body += one
    table = b"".join(offset.to_bytes(2, "big") for offset in offsets)
    return (
        body + table + bytes(6) + bytes([2, 1]) + b"".join(n.to_bytes(8, "big") for n in (len(objects), 0, len(body)))
    )


def itself() -> bytes:
    """A binary property list that holds itself."""
    body = b"bplist00" + bytes([0xA1, 0])
    return body + b"\x08" + bytes(6) + bytes([1, 1]) + b"".join(n.to_bytes(8, "big") for n in (1, 0, len(body)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (bytes(range(256)) * 40, "binary"),
        (b"\x00" * 1000, "binary"),
        (b"Dear diary, nothing happened today.\n", "no VPN configuration"),
        (b'{"type": "vpn"}', "no VPN configuration"),
        (b"<html><body>404</body></html>", "no VPN configuration"),
        (LAUGHS, "entities"),
        (LAUGHS.decode().encode("utf-16"), "entities"),
        (OUTSIDE, "entities"),
        (b'<?xml version="1.0"?><plist version="1.0"><dict><key>a</key>', "line 1"),
        (b'<?xml version="1.0"?><plist><date>x</date></plist>', "cannot be read"),
        (b'<?xml version="1.0" encoding="klingon"?><plist><dict/></plist>', ""),
        (b"<plist>" + b"<array>" * 100_000 + b"</array>" * 100_000 + b"</plist>", "nested"),
        (b"<plist><array>" + b"<true/>" * 100_000 + b"</array></plist>", "far more values"),
        (shared_references(), "far more values"),
        (itself(), "nested"),
        (b"bplist00" + b"\xff" * 60, "damaged"),
        (b"bplist00" + bytes(22) + b"\x01\x01" + (2**40).to_bytes(8, "big") + bytes(16), "damaged"),
        (b"\x30\x80" * 1000, "no signed profile"),
        (b"\x30\x84\xff\xff\xff\xff", "no signed profile"),
        (b"[Interface]\n" + b"# x\n" * (TEXT_LIMIT // 4), "larger"),
        (b"[Interface]\n[Peer]\nEndpoint=a.b:1\nAllowedIPs=" + b",".join(b"10.0.%d.%d" % (i // 200, i % 200) for i in range(3000)), "3000 networks"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_bad_input_is_refused_with_a_reason(folder: Path, content: bytes, reason: str) -> None:
    assert reason in refusal(folder, content)


def test_a_huge_file_is_not_read(folder: Path) -> None:
    path = folder / "huge.mobileconfig"
    with path.open("wb") as stream:
        stream.truncate(50_000_000)
    with pytest.raises(ImportRefused, match=f"larger than {LIMIT // 1_000_000} MB"):
        read_profile(path)
    path.unlink()


def test_what_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path, reason in (
        (tmp_path, "directory"),
        (tmp_path / "absent.conf", "no such file"),
        (tmp_path / "loop", "cannot be read"),
        (tmp_path / ("x" * 300), "cannot be read"),
        (tmp_path / "zero\0byte", "cannot be read"),
        (Path("/dev/zero"), "not a file"),
    ):
        with pytest.raises(ImportRefused, match=reason):
            read_profile(path)


def test_no_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: Any, **__: Any) -> Any:
        raise PermissionError

    monkeypatch.setattr(Path, "open", deny)
    with pytest.raises(ImportRefused, match="no permission"):
        read_profile(SAMPLES / "wireguard-phone.conf")


def test_a_refusal_can_be_rebuilt_from_its_arguments() -> None:
    refused = ImportRefused("file", "reason", "hint")
    assert str(type(refused)(*refused.args)) == str(pickle.loads(pickle.dumps(refused))) == "file: reason\nhint"


# Secrets --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*PROFILES, *TEXTS])
def test_no_secret_of_a_sample_comes_out(folder: Path, name: str) -> None:
    content = (SAMPLES / name).read_bytes()
    said = outcome(folder, content)
    assert SECRET not in said
    assert base64.b64encode(SECRET.encode()).decode() not in said


SHOWN = {
    "RemoteAddress", "ServerAddresses", "SupplementalMatchDomains", "SSIDMatch", "DNSDomainMatch", "DNSServerAddressMatch",
    "Domains", "SafariDomains", "BundleIdentifier", "UserDefinedName", "PayloadDisplayName", "VPNSubType", "PayloadType", "VPNType", "remote.1",
    "remote.2",
}  # fmt: skip
"""Keys whose values may be shown: names, addresses, and types."""


def leaves(value: Any, keys: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from leaves(value[key], (*keys, key))
    else:
        yield keys


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("kind", [str, bytes])
def test_a_secret_in_any_field_of_a_profile_stays_inside(folder: Path, name: str, kind: type) -> None:
    for keys in leaves(profile_of(name)):
        if SHOWN & set(keys):
            continue
        changed = deepcopy(profile_of(name))
        place: Any = changed
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = SECRET if kind is str else SECRET.encode()
        assert SECRET not in outcome(folder, plistlib.dumps(changed)), keys


@pytest.mark.parametrize("name", TEXTS)
def test_a_secret_on_any_line_of_a_text_stays_inside(folder: Path, name: str) -> None:
    lines = (SAMPLES / name).read_text().split("\n")
    for i, line in enumerate(lines):
        key, separator, _ = line.partition(" = " if " = " in line else "=" if "=" in line else " ")
        for changed in (
            f"{SECRET}",
            f"{SECRET}=",
            f"{SECRET} = 1",
            f"[{SECRET}]",
            f"<{SECRET}>",
            f"{key}{separator}{SECRET}=",
        ):
            said = outcome(folder, "\n".join([*lines[:i], changed, *lines[i + 1 :]]).encode())
            assert SECRET not in said, (i, changed)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("vpn.example.net", "vpn.example.net"),
        ("vpn.example.net:51820", "vpn.example.net"),
        ("192.0.2.1:443", "192.0.2.1"),
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        (f"https://user:{SECRET}@vpn.example.net:8443/{SECRET}?{SECRET}#{SECRET}", "vpn.example.net"),
        (f"{SECRET}@vpn.example.net", "vpn.example.net"),
        ("fe80::1%eth0", None),
        ("{vps_ip}", None),
        ("the address of your server", None),
        ("", None),
        ("-x.example", None),
    ],
)
def test_the_host_of_an_endpoint(text: str, host: str | None) -> None:
    assert host_of(text) == host


# Anything at all ------------------------------------------------------------------------------------------------------

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ALL = [(SAMPLES / name).read_bytes() for name in [*PROFILES, *TEXTS]]
ALL += [signed(PROFILE, indefinite=True), plistlib.dumps(plistlib.loads(PROFILE), fmt=plistlib.FMT_BINARY)]
BEGINNINGS = [
    b"",
    b"bplist00",
    b"<?xml version='1.0'?><plist>",
    b"\x30\x80",
    b"[Interface]\n",
    b"client\nremote a\n",
    b"\xff\xfe",
]


@FUZZ
@given(beginning=st.sampled_from(BEGINNINGS), rest=st.binary(max_size=600))
def test_any_bytes_are_imported_or_refused(folder: Path, beginning: bytes, rest: bytes) -> None:
    outcome(folder, beginning + rest)


@FUZZ
@given(which=st.sampled_from(ALL), at=st.floats(0, 1), drop=st.integers(0, 40), add=st.binary(max_size=20))
def test_a_damaged_sample_is_imported_or_refused(folder: Path, which: bytes, at: float, drop: int, add: bytes) -> None:
    place = int(at * len(which))
    outcome(folder, which[:place] + add + which[place + drop :])


@FUZZ
@given(
    which=st.sampled_from(TEXTS),
    lines=st.lists(st.text(max_size=60), max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_shuffled_lines_are_imported_or_refused(folder: Path, which: str, lines: list[str], order: Any) -> None:
    all_lines = [*(SAMPLES / which).read_text().split("\n"), *lines]
    order.shuffle(all_lines)
    outcome(folder, "\n".join(all_lines).encode())


odd = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats() | st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=10)
    | st.binary(max_size=10) | st.sampled_from(["IKEv2", "VPN", "Connect", "0.0.0.0/0", "a.example", '"1"', "None", "", "com.wireguard.ios"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Action", "Domains", "ServiceName", "RemoteAddress", "x"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def without_none(value: Any) -> Any:
    """Property lists have no null."""
    if isinstance(value, dict):
        return {key: without_none(one) for key, one in value.items()}
    return [without_none(one) for one in value] if isinstance(value, list) else "" if value is None else value


@FUZZ
@given(name=st.sampled_from(PROFILES), at=st.floats(0, 1, exclude_max=True), depth=st.integers(1, 8), value=odd)
@example(name="ikev2-minimal.mobileconfig", at=0.0, depth=1, value=float("nan"))
def test_a_value_of_any_kind_anywhere_is_imported_or_refused(
    folder: Path, name: str, at: float, depth: int, value: Any
) -> None:
    profile = profile_of(name)
    all_leaves = list(leaves(profile))
    keys = all_leaves[int(at * len(all_leaves))][:depth]
    place: Any = profile
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = without_none(value)
    for form in (plistlib.FMT_XML, plistlib.FMT_BINARY):
        outcome(folder, plistlib.dumps(profile, fmt=form))


# Real files -----------------------------------------------------------------------------------------------------------

KINDS = ("mobileconfig", "wireguard", "openvpn")
REAL = sorted(path for kind in KINDS for path in (SHARED / kind).glob("*"))
ABSENT = [pytest.param(SHARED, marks=pytest.mark.skip(reason=f"the shared data is not at {SHARED}"))]


@pytest.mark.parametrize("path", REAL or ABSENT, ids=lambda path: path.name)
def test_a_real_file_is_imported_or_refused_with_a_reason(path: Path) -> None:
    try:
        imported = checked(read_profile(path))
    except ImportRefused as refused:
        said, told = str(refused), bool(refused.reason)
    else:
        said, told = repr(imported) + to_toml(imported), any(not note.effect for note in imported.notes)
    assert told
    assert "PLACEHOLDER" not in said.replace(str(path), "")
