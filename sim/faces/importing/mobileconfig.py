"""Apple configuration profiles (.mobileconfig): the VPN payloads, as Apple's device-management schema describes them.

What a profile leaves out has a default in the schema, and that default is what is imported. Real profiles are looser
than the schema: booleans as 0 and 1, reals for integers, texts in extra quotes, on-demand keys beside the protocol's
dictionary. They are read as they are meant. A value of the wrong kind is noted and left out; but an on-demand rule that
cannot be read refuses the profile, because rules decide in order. A signature is taken off, not checked.

Left out: L2TP, Cisco IPSec and PPTP, transparent and DNS proxies, relays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from typing import Any

from sim.faces.importing import openvpn_conf, wireguard_conf
from sim.faces.importing.reading import (
    COMPUTERS,
    CRYPTOGRAPHY,
    IDENTITY,
    PACKETS,
    Draft,
    address_of,
    domain_of,
    each,
    flag_of,
    is_envelope,
    number_of,
    opened,
    plain,
    property_list,
    text_of,
    texts_of,
    word,
)

KIND = "Apple configuration profile"


def read(draft: Draft, raw: bytes) -> None:
    """Read a profile into the draft.

    Raises
    ------
    ImportRefused
        If it is no property list, is encrypted or hostile, or has no VPN payload that the model knows.
    """
    if is_envelope(raw):
        raw = opened(draft, raw)
        draft.ignore("signature", "the profile is signed; the signature was taken off and not checked")
    _fill(draft, property_list(draft, raw))


# The payloads ---------------------------------------------------------------------------------------------------------

VPN_PAYLOADS = ("com.apple.vpn.managed", "com.apple.vpn.managed.applayer")

OTHER_PAYLOADS = {
    "com.apple.wifi.managed": "a Wi-Fi network",
    "com.apple.dnsSettings.managed": "encrypted DNS",
    "com.apple.dnsProxy.managed": "a DNS proxy",
    "com.apple.relay.managed": "a relay",
    "com.apple.cellular": "cellular access points",
    "com.apple.cellularprivatenetwork.managed": "a private cellular network",
    "com.apple.vpn.managed.appmapping": "the apps of a per-app VPN (macOS)",
    "com.apple.security.pkcs12": "an identity",
    "com.apple.security.root": "a certificate",
    "com.apple.security.pem": "a certificate",
    "com.apple.security.pkcs1": "a certificate",
    "com.apple.security.scep": "an identity",
    "com.apple.webcontent-filter": "a content filter",
    "com.apple.proxy.http.global": "a proxy",
    "com.cloudflare.warp": "the settings of a VPN vendor's app",
}

ABOUT_THE_PROFILE = each(
    "PayloadIdentifier PayloadUUID PayloadType PayloadVersion PayloadDescription PayloadDisplayName PayloadScope "
    "PayloadOrganization PayloadEnabled PayloadRemovalDisallowed HasRemovalPasscode RemovalDate DurationUntilRemoval "
    "PayloadExpirationDate TargetDeviceType ConsentText IsEncrypted UserDefinedName",
    "describes the profile or how it is installed",
)


def _fill(draft: Draft, profile: dict[str, Any]) -> None:
    if "EncryptedPayloadContent" in profile or flag_of(profile.get("IsEncrypted")):
        draft.refuse("the profile is encrypted for one device", "Export it unencrypted from where it was made.")
    content = profile.get("PayloadContent", [profile] if "VPNType" in profile else [])
    payloads = [payload for payload in content if isinstance(payload, dict)] if isinstance(content, list) else []
    chosen = _choose(draft, payloads)
    for key in profile:
        if key not in chosen and key != "PayloadContent":
            draft.ignore(_label(key), ABOUT_THE_PROFILE.get(key, "not a key of a profile in Apple's schema"))
    draft.name = plain(_name(chosen, profile) or draft.name)
    _payload(draft, chosen)


def _name(*places: Mapping[str, Any]) -> str | None:
    names = (text_of(place.get(key)) for place in places for key in ("UserDefinedName", "PayloadDisplayName"))
    return next((name for name in names if name), None)


def _type(payload: Mapping[str, Any]) -> str:
    return text_of(payload.get("PayloadType")) or ""


def _is_vpn(payload: Mapping[str, Any]) -> bool:
    kind = text_of(payload.get("VPNType"))
    return _type(payload) in VPN_PAYLOADS or (kind is not None and isinstance(payload.get(kind), dict))


def _choose(draft: Draft, payloads: list[dict[str, Any]]) -> dict[str, Any]:
    """The VPN payload to import: the first that is modelled, or else the first; notes for all others."""
    vpns = [payload for payload in payloads if _is_vpn(payload)]
    if not vpns:
        kinds = [*dict.fromkeys(map(_shown_type, payloads))][:8]
        held = "; ".join(f"{OTHER_PAYLOADS[kind]} ({kind})" if kind in OTHER_PAYLOADS else kind for kind in kinds)
        draft.refuse(
            f"the profile has no VPN payload; it holds: {held or 'nothing'}", "Import the one that sets up the VPN."
        )
    chosen = next((payload for payload in vpns if text_of(payload.get("VPNType")) in PROTOCOLS), vpns[0])
    for payload in payloads:
        if payload is not chosen:
            kind = word(text_of(payload.get("VPNType"))) or "no type"
            other = f"another VPN ({kind}): only one is imported" if _is_vpn(payload) else "not part of the VPN"
            draft.ignore(_shown_type(payload), other)
    return chosen


def _shown_type(payload: Mapping[str, Any]) -> str:
    return word(_type(payload)) or "a payload without a type"


def _label(key: Any) -> str:
    return word(key) or "a key that is no name"


# A VPN payload --------------------------------------------------------------------------------------------------------

PAYLOAD_NO_EFFECT = {
    **ABOUT_THE_PROFILE,
    "IPv4": "OverridePrimary is for Cisco IPsec and L2TP only",
    "OverridePrimary": "belongs into IPv4, and is for Cisco IPsec and L2TP only",
    "Proxies": "a proxy for what goes through the tunnel: the flows are the same, only their next hop differs",
    "PPP": "for L2TP and PPTP",
    "IPSec": "for Cisco IPsec and L2TP",
    "TransparentProxy": "for macOS",
    "CellularSliceUUID": "a 5G slice is not modelled",
    "VPNUUID": "how managed apps name this VPN",
    **each(
        "MailDomains CalendarDomains ContactsDomains AssociatedDomains ExcludedDomains SMBDomains",
        "domains of a per-app VPN for one app or kind of use: the model has one list, taken from SafariDomains",
    ),
    "OnDemandMatchAppEnabled": "whether a managed app starts the tunnel: in the model its rules do",
}

_OWN_DICTIONARY = {"IKEv2": ("IKEv2",), "VPN": ("VPN", "VendorConfig"), "AlwaysOn": ("AlwaysOn",)}
"""The dictionaries of a payload that belong to a VPNType."""
_READ = ("VPNType", "VPNSubType", "DNS", "OnDemandEnabled", "OnDemandRules")


def _payload(draft: Draft, payload: dict[str, Any]) -> None:
    kind = text_of(payload.get("VPNType")) or ""
    if kind not in PROTOCOLS:
        draft.refuse(
            *NOT_MODELLED.get(kind, ("VPNType is missing, empty or unknown", "Modelled are IKEv2, VPN, AlwaysOn."))
        )
    settings = payload.get(kind)
    if not isinstance(settings, dict):
        draft.refuse(f"the payload has no {kind} dictionary", "Is the file complete?")
    if _type(payload) not in VPN_PAYLOADS:
        draft.ignore(
            "PayloadType", "not Apple's type of a VPN payload: iOS would ignore it, here it is read all the same"
        )
    per_app = _type(payload) == "com.apple.vpn.managed.applayer"
    for key in payload:
        if key in ("IKEv2", "VPN", "AlwaysOn", "VendorConfig") and key not in _OWN_DICTIONARY[kind]:
            draft.ignore(key, f"not used with VPNType {kind}")
        elif key not in (*_OWN_DICTIONARY[kind], *_READ) and not (per_app and key == "SafariDomains"):
            draft.ignore(_label(key), PAYLOAD_NO_EFFECT.get(key, "not a key of this payload in Apple's schema"))
    PROTOCOLS[kind](draft, payload, settings)
    _flags(draft, kind, settings, per_app=per_app)
    _on_demand(draft, kind, payload, settings)
    _dns(draft, payload.get("DNS"))
    if per_app:
        draft.tell(
            "per-app VPN", "the device's management says which apps use it: set vpn.per_app to apps of the scenario"
        )
        if domains := [one for one in texts_of(payload.get("SafariDomains", [])) or [] if domain_of(one)]:
            draft.put("SafariDomains", "per_app_domains", domains)
            draft.tell("SafariDomains", "for Safari only; the model holds them against every listed app")


def _at(where: str, key: str, settings: Mapping[str, Any]) -> str:
    """How notes call a key that has a default."""
    return f"{where}.{key}" if key in settings else f"{where}.{key} (absent)"


NOT_MODELLED = {
    "L2TP": ("L2TP is not modelled", "Modelled are IKEv2, WireGuard and OpenVPN."),
    "PPTP": ("PPTP is not modelled, and iOS dropped it", "Modelled are IKEv2, WireGuard and OpenVPN."),
    "IPSec": ("Cisco IPSec (IKEv1) is not modelled", "Modelled are IKEv2, WireGuard and OpenVPN."),
    "TransparentProxy": ("a transparent proxy is no VPN, and for macOS only", ""),
}

FLAGS = {
    "IncludeAllNetworks": ("include_all_networks", False),
    "EnforceRoutes": ("enforce_routes", False),
    "ExcludeLocalNetworks": ("exclude_local_networks", True),
    "ExcludeCellularServices": ("exclude_cellular_services", True),
    "ExcludeAPNs": ("exclude_apns", True),
    "ExcludeDeviceCommunication": ("exclude_device_communication", True),
    "OnDemandUserOverrideDisabled": ("on_demand_override_disabled", False),
    "DisconnectOnSleep": ("disconnect_on_sleep", False),
}
"""Flags of a protocol's dictionary, the setting they are, and Apple's default on iOS."""

PROTOCOL_NO_EFFECT = {
    **each(
        "AuthName AuthPassword Password SharedSecret LocalIdentifier RemoteIdentifier PayloadCertificateUUID PPK "
        "CertificateType ServerCertificateIssuerCommonName ServerCertificateCommonName PPKIdentifier PPKMandatory "
        "ProviderBundleIdentifier ProviderDesignatedRequirement",
        IDENTITY,
    ),
    **each(
        "EnablePFS TLSMinimumVersion TLSMaximumVersion AllowPostQuantumKeyExchangeFallback "
        "EnforceStrictAlgorithmSelection",
        CRYPTOGRAPHY,
    ),
    "MTU": PACKETS,
    "DisableRedirect": "redirection by the server is not modelled",
    "EnableCertificateRevocationCheck": "the look-up of revoked certificates is not modelled",
    "EnableFallback": "the second tunnel over cellular for Wi-Fi Assist is not modelled",
    "UseConfigurationAttributeInternalIPSubnet": "the server's subnets are not part of the file: set vpn.routes",
    **each("DisconnectOnIdle DisconnectOnIdleTimer", "ending an idle tunnel is not modelled"),
    "ProviderType": "the model has packet tunnels; an app proxy is treated as one",
    "OnDemandMatchAppEnabled": PAYLOAD_NO_EFFECT["OnDemandMatchAppEnabled"],
    **each(
        "OnDemandMatchDomainsAlways OnDemandMatchDomainsNever OnDemandMatchDomainsOnRetry",
        "replaced by OnDemandRules since iOS 7",
    ),
    "ProtocolType": "IKEv2, the only type an Always-On VPN may have",
    "Interfaces": "the model's tunnel follows the phone from Wi-Fi to cellular and back",
    "Order": COMPUTERS,
}
"""Keys of a protocol's dictionary that are understood and change nothing in the model."""
_ELSEWHERE = frozenset({"OnDemandEnabled", "OnDemandRules", "RemoteAddress", *FLAGS})


def _the_rest(draft: Draft, where: str, settings: Mapping[str, Any], used: Container[str]) -> None:
    for key in settings:
        if key not in used and key not in _ELSEWHERE:
            draft.ignore(
                f"{where}.{_label(key)}", PROTOCOL_NO_EFFECT.get(key, "not a key of this dictionary in Apple's schema")
            )


def _flags(draft: Draft, where: str, settings: Mapping[str, Any], *, per_app: bool) -> None:
    for key, (path, default) in FLAGS.items():
        value = flag_of(settings.get(key))
        if key in settings and value is None:
            draft.ignore(f"{where}.{key}", "neither 0 nor 1: Apple's default is used")
        if key == "IncludeAllNetworks" and per_app and value:
            draft.ignore(f"{where}.{key}", "a per-app VPN does not take all networks")
        elif value is not None:
            draft.put(f"{where}.{key}", path, value)
        draft.default(path, default)


# On demand ------------------------------------------------------------------------------------------------------------

ACTIONS = {
    "Connect": "connect",
    "Disconnect": "disconnect",
    "Ignore": "ignore",
    "EvaluateConnection": "evaluate",
    "Allow": "ignore",
}
INTERFACES = {"WiFi": "wifi", "Cellular": "cellular", "Ethernet": "ethernet"}
DOMAIN_ACTIONS = {"ConnectIfNeeded": "connect-if-needed", "NeverConnect": "never-connect"}


def _on_demand(draft: Draft, kind: str, payload: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Rules from the protocol's dictionary, or else from beside it; without OnDemandEnabled they are not in force."""
    where = f"{kind}.OnDemandRules"
    both = {**payload, **settings}
    rules = both.get("OnDemandRules", [])
    draft.default("on_demand", [])
    if any(key in payload for key in ("OnDemandEnabled", "OnDemandRules")):
        draft.tell(
            "OnDemandRules", f"they stand beside the {kind} dictionary, where iOS may not look: read all the same"
        )
    if not flag_of(both.get("OnDemandEnabled", 0)):
        if "OnDemandEnabled" in both:
            draft.tell("OnDemandEnabled", "off: nothing is started on demand")
        if rules:
            draft.ignore("OnDemandRules", "not in force, as OnDemandEnabled is not 1")
        return
    if not isinstance(rules, list):
        draft.refuse(f"{where} is not a list")
    read = [_rule(draft, f"{where}[{i}]", rule) for i, rule in enumerate(rules)]
    draft.tell("OnDemandEnabled", "on" if read else "on, but without rules: nothing is started on demand")
    draft.default("on_demand", read, overwrite=True)
    if read:
        draft.tell(
            "OnDemandRules",
            f"sets vpn.on_demand to {len(read)} rule{'s' * (len(read) > 1)}, the first that matches decides",
        )
    final = next((i for i, rule in enumerate(read) if rule.keys() <= {"action", "evaluate"}), len(read))
    if final + 1 < len(read):
        draft.tell("OnDemandRules", f"the rules after [{final}] are never reached: it matches always")


def _rule(draft: Draft, where: str, rule: Any) -> dict[str, Any]:
    if not isinstance(rule, dict):
        draft.refuse(f"{where} is not a dictionary")
    made: dict[str, Any] = {"action": _one_of(draft, where, rule, "Action", ACTIONS)}
    for key in rule:
        match key:
            case "Action":
                if made["action"] == "evaluate":
                    draft.tell(
                        f"{where}.Action",
                        "starts for its domains where a required resolver or probe is missing; names always resolve",
                    )
                elif text_of(rule[key]) == "Allow":
                    draft.tell(f"{where}.Action", "Allow is deprecated: taken as Ignore")
            case "InterfaceTypeMatch":
                made["interface"] = _one_of(draft, where, rule, key, INTERFACES)
            case "SSIDMatch":
                made["ssid"] = [name if name.isprintable() else plain(name) for name in _list(draft, where, rule, key)]
            case "DNSDomainMatch" | "DNSServerAddressMatch":
                made["dns_domain" if key == "DNSDomainMatch" else "dns_server"] = [
                    plain(one) for one in _list(draft, where, rule, key)
                ]
                draft.tell(f"{where}.{key}", "held against dns_domain and dns_servers of the scenario's networks")
            case "URLStringProbe":
                made["probe"] = True
            case "ActionParameters":
                made["evaluate"] = _parameters(draft, f"{where}.{key}", rule[key])
            case _:
                draft.ignore(f"{where}.{_label(key)}", "not a key of a rule in Apple's schema")
    return made


def _one_of(draft: Draft, where: str, rule: Mapping[str, Any], key: str, words: Mapping[str, str]) -> str:
    found = words.get(text_of(rule.get(key)) or "")
    return found or draft.refuse(
        f"{where}.{key} is none of {', '.join(words)}", "A rule that cannot be read would change which one decides."
    )


def _list(draft: Draft, where: str, rule: Mapping[str, Any], key: str) -> list[str]:
    found = texts_of(rule[key])
    if not found or not all(found):
        draft.refuse(
            f"{where}.{key} is not a list of texts", "A rule that cannot be read would change which one decides."
        )
    return found


def _parameters(draft: Draft, where: str, value: Any) -> list[dict[str, Any]]:
    made = []
    for i, entry in enumerate(value if isinstance(value, list) else draft.refuse(f"{where} is not a list")):
        if not isinstance(entry, dict):
            draft.refuse(f"{where}[{i}] is not a dictionary")
        action = _one_of(draft, f"{where}[{i}]", entry, "DomainAction", DOMAIN_ACTIONS)
        domains = (
            [domain for domain in _list(draft, f"{where}[{i}]", entry, "Domains") if domain_of(domain)]
            if "Domains" in entry
            else []
        )
        made.append({"domains": domains, "action": action})
        for key in entry:
            match key:
                case "Domains" | "DomainAction":
                    pass
                case "RequiredDNSServers":
                    servers = [
                        address for one in _list(draft, f"{where}[{i}]", entry, key) if (address := address_of(one))
                    ]
                    made[-1]["required_dns"] = servers
                    draft.tell(f"{where}[{i}].{key}", "held against dns_servers of the scenario's networks")
                case "RequiredURLStringProbe":
                    made[-1]["required_probe"] = "required probe"
                    draft.tell(f"{where}[{i}].{key}", 'answers only in networks with reaches = ["required probe"]')
                case _:
                    draft.ignore(f"{where}[{i}].{_label(key)}", "not a key of a rule's parameters in Apple's schema")
    return made


# DNS ------------------------------------------------------------------------------------------------------------------


def _dns(draft: Draft, settings: Any) -> None:
    if not isinstance(settings, dict):
        if settings is not None:
            draft.ignore("DNS", "not a dictionary: left out")
        return
    servers = [address for item in texts_of(settings.get("ServerAddresses", [])) or [] if (address := address_of(item))]
    domains = [
        item for item in texts_of(settings.get("SupplementalMatchDomains", [])) or [] if item == "" or domain_of(item)
    ]
    if servers:
        draft.put("DNS.ServerAddresses", "dns.servers", servers)
        draft.put("DNS.SupplementalMatchDomains", "dns.match_domains", domains or [""])
    for key in settings:
        if key in ("SearchDomains", "DomainName", "SupplementalMatchDomainsNoSearch"):
            draft.ignore(f"DNS.{key}", "completes short names only; the model's names are complete")
        elif key in ("DNSProtocol", "ServerURL", "ServerName", "PayloadCertificateUUID"):
            draft.ignore(f"DNS.{key}", "how the tunnel's resolver is asked: inside the tunnel nobody sees it")
        elif key in ("ServerAddresses", "SupplementalMatchDomains"):
            if not servers:
                draft.ignore(f"DNS.{key}", "empty or not as Apple's schema has it: left out")
        else:
            draft.ignore(f"DNS.{_label(key)}", "not a key of this dictionary in Apple's schema")


# Protocols ------------------------------------------------------------------------------------------------------------

DPD = {"None": "0 s", "Low": "30 min", "Medium": "10 min", "High": "1 min"}
"""DeadPeerDetectionRate: seconds between liveness checks."""
LIFETIME = 1440
"""LifeTimeInMinutes where a profile does not state it. [min]"""
_IKEV2_READ = frozenset(
    each(
        "DeadPeerDetectionRate DisableMOBIKE AuthenticationMethod ExtendedAuthEnabled NATKeepAliveInterval "
        "NATKeepAliveOffloadEnable IKESecurityAssociationParameters ChildSecurityAssociationParameters",
        "",
    )
)


def _ikev2(draft: Draft, payload: Mapping[str, Any], settings: Mapping[str, Any], where: str = "IKEv2") -> None:
    draft.put("VPNType", "protocol", "ikev2")
    draft.connect_to(_at(where, "RemoteAddress", settings), [text_of(settings.get("RemoteAddress")) or ""])
    rate = text_of(settings.get("DeadPeerDetectionRate", "Medium")) or ""
    if rate not in DPD:
        draft.ignore(
            f"{where}.DeadPeerDetectionRate", "none of None, Low, Medium, High: Apple's default, Medium, is used"
        )
    draft.put(_at(where, "DeadPeerDetectionRate", settings), "ikev2.dpd_interval", DPD.get(rate, DPD["Medium"]))
    draft.put(_at(where, "DisableMOBIKE", settings), "ikev2.mobike", not flag_of(settings.get("DisableMOBIKE")))
    _authentication(draft, where, settings)
    _keepalive(draft, where, settings)
    for key, path in (
        ("IKESecurityAssociationParameters", "ike_lifetime"),
        ("ChildSecurityAssociationParameters", "child_lifetime"),
    ):
        _lifetime(draft, f"{where}.{key}", settings.get(key), f"ikev2.{path}")
    _the_rest(draft, where, settings, _IKEV2_READ)
    draft.tell("routes (absent)", "an IKEv2 server says what it takes: the scenario's vpn.routes stay")
    if "DNS" not in payload:
        draft.tell("DNS (absent)", "an IKEv2 server assigns the resolver: the scenario's vpn.dns stays")


def _authentication(draft: Draft, where: str, settings: Mapping[str, Any]) -> None:
    method = text_of(settings.get("AuthenticationMethod")) or ""
    kind = {"Certificate": "certificate", "SharedSecret": "psk", "None": "psk"}.get(method)
    if flag_of(settings.get("ExtendedAuthEnabled")):
        draft.put(f"{where}.ExtendedAuthEnabled", "ikev2.auth", "eap")
        draft.ignore(_at(where, "AuthenticationMethod", settings), "EAP decides")
    elif kind:
        draft.put(f"{where}.AuthenticationMethod", "ikev2.auth", kind)
    else:
        draft.ignore(_at(where, "AuthenticationMethod", settings), "none of None, SharedSecret, Certificate: left out")


def _keepalive(draft: Draft, where: str, settings: Mapping[str, Any]) -> None:
    if (offload := flag_of(settings.get("NATKeepAliveOffloadEnable"))) is not None:
        draft.put(f"{where}.NATKeepAliveOffloadEnable", "ikev2.nat_keepalive_offload", offload)
    if "NATKeepAliveInterval" in settings:
        interval = number_of(settings["NATKeepAliveInterval"], 86_400)
        if interval is None:
            draft.ignore(f"{where}.NATKeepAliveInterval", "not a number of seconds: Apple's defaults are used")
            return
        for path in ("ikev2.nat_keepalive_wifi", "ikev2.nat_keepalive_cellular"):
            draft.put(f"{where}.NATKeepAliveInterval", path, f"{max(interval, 20)} s")
        if where == "IKEv2":
            draft.tell(f"{where}.NATKeepAliveInterval", "Apple documents it for Always-On VPN only")


def _lifetime(draft: Draft, where: str, parameters: Any, path: str) -> None:
    stated = parameters if isinstance(parameters, dict) else {}
    lifetime = number_of(stated.get("LifeTimeInMinutes", LIFETIME), LIFETIME)
    if lifetime is None or lifetime < 10:
        draft.ignore(f"{where}.LifeTimeInMinutes", "not from 10 to 1440: Apple's default is used")
        lifetime = LIFETIME
    draft.put(_at(where, "LifeTimeInMinutes", stated), path, f"{lifetime} min")
    for key in stated:
        if key != "LifeTimeInMinutes":
            draft.ignore(f"{where}.{_label(key)}", CRYPTOGRAPHY)


_ALWAYS_ON_READ = ("TunnelConfigurations", "ServiceExceptions", "AllowCaptiveWebSheet", "UIToggleEnabled", *FLAGS)
SERVICES = {
    "VoiceMail": "voicemail",
    "AirPrint": "airprint",
    "CellularServices": "cellular-services",
    "DeviceCommunication": "device-communication",
}


def _always_on(draft: Draft, payload: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    tunnels = settings.get("TunnelConfigurations")
    tunnels = [tunnel for tunnel in tunnels if isinstance(tunnel, dict)] if isinstance(tunnels, list) else []
    if not tunnels:
        draft.refuse("AlwaysOn.TunnelConfigurations holds no tunnel", "It must list at least one IKEv2 tunnel.")
    if (text_of(tunnels[0].get("ProtocolType", "IKEv2")) or "") != "IKEv2":
        draft.refuse(
            "AlwaysOn.TunnelConfigurations[0].ProtocolType is not IKEv2", "Always-On VPN works with IKEv2 only."
        )
    if len(tunnels) > 1:
        draft.tell("AlwaysOn.TunnelConfigurations", f"{len(tunnels)} tunnels: the model has one, the first")
    _ikev2(draft, payload, tunnels[0], "AlwaysOn.TunnelConfigurations[0]")
    _flags(draft, "AlwaysOn.TunnelConfigurations[0]", tunnels[0], per_app=False)
    draft.put(
        _at("AlwaysOn", "ServiceExceptions", settings),
        "always_on.allow",
        _services(draft, settings.get("ServiceExceptions", [])),
    )
    for key, path in (("AllowCaptiveWebSheet", "captive_sheet"), ("UIToggleEnabled", "user_may_switch_off")):
        draft.put(_at("AlwaysOn", key, settings), f"always_on.{path}", bool(flag_of(settings.get(key))))
    for key in settings:
        if key == "ApplicationExceptions":
            _app_exceptions(draft, settings[key])
        elif key in ("AllowAllCaptiveNetworkPlugins", "AllowedCaptiveNetworkPlugins"):
            draft.ignore(f"AlwaysOn.{key}", "apps that sign in to captive networks are not modelled; the web sheet is")
        elif key not in _ALWAYS_ON_READ:
            draft.ignore(f"AlwaysOn.{_label(key)}", "not a key of this dictionary in Apple's schema")


def _services(draft: Draft, value: Any) -> list[str]:
    allowed = []
    for i, entry in enumerate(value if isinstance(value, list) else []):
        name = SERVICES.get(text_of(entry.get("ServiceName")) or "") if isinstance(entry, dict) else None
        if name is None:
            draft.ignore(
                f"AlwaysOn.ServiceExceptions[{i}]", f"not an exception for one of {', '.join(SERVICES)}: left out"
            )
        elif text_of(entry.get("Action")) == "Allow":
            allowed.append(name)
    return list(dict.fromkeys(allowed))


def _app_exceptions(draft: Draft, value: Any) -> None:
    entries = [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
    names = {name: entry for entry in entries if (name := word(text_of(entry.get("BundleIdentifier"))))}
    udp = [name for name, entry in names.items() if texts_of(entry.get("LimitToProtocols", [])) == ["UDP"]]
    draft.put("AlwaysOn.ApplicationExceptions", "always_on.allow_apps", [name for name in names if name not in udp])
    if udp:
        draft.put("AlwaysOn.ApplicationExceptions.LimitToProtocols", "always_on.allow_apps_udp", udp)
    if names:
        draft.tell(
            "AlwaysOn.ApplicationExceptions",
            "bundle identifiers: rename the scenario's apps to them, or these to the apps",
        )
    if any("LimitToProtocols" in entry and name not in udp for name, entry in names.items()):
        draft.ignore("AlwaysOn.ApplicationExceptions.LimitToProtocols", "not UDP: the exception is for all of an app")


def _plug_in(draft: Draft, payload: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    _the_rest(draft, "VPN", settings, {"AuthenticationMethod"})
    if "AuthenticationMethod" in settings:
        draft.ignore("VPN.AuthenticationMethod", IDENTITY)
    vendor = payload.get("VendorConfig")
    vendor = vendor if isinstance(vendor, dict) else {}
    subtype = text_of(payload.get("VPNSubType")) or ""
    if "RemoteAddress" in settings and subtype.startswith(("com.wireguard.", "net.openvpn.")):
        draft.ignore("VPN.RemoteAddress", "what iOS shows; the server stands in VendorConfig")
    if subtype in ("com.wireguard.ios", "com.wireguard.macos"):
        _wireguard(draft, vendor)
    elif subtype.startswith("net.openvpn."):
        _openvpn(draft, vendor)
    else:
        shown = word(subtype) or "no name"
        draft.tell(
            "VPNSubType", f"the plug-in {shown}: its protocol is not known here, the scenario's vpn.protocol stays"
        )
        if vendor:
            draft.ignore("VendorConfig", "the plug-in's own settings; only WireGuard's and OpenVPN Connect's are known")
        draft.connect_to(_at("VPN", "RemoteAddress", settings), [text_of(settings.get("RemoteAddress")) or ""])


def _wireguard(draft: Draft, vendor: Mapping[str, Any]) -> None:
    text = vendor.get("WgQuickConfig")
    if not isinstance(text, str) or not wireguard_conf.looks_like_it(text):
        draft.refuse(
            "VendorConfig.WgQuickConfig holds no WireGuard configuration",
            "Is the profile a template that was not filled in?",
        )
    for key in vendor:
        if key != "WgQuickConfig":
            draft.ignore(f"VendorConfig.{_label(key)}", "not a key of the WireGuard app")
    wireguard_conf.fill(draft, text.replace("\r\n", "\n").replace("\r", "\n"))


def _openvpn(draft: Draft, vendor: Mapping[str, Any]) -> None:
    """A directive a key; NOARGS stands for none; a directive that repeats has a number behind a dot."""
    directives = []
    for key, value in vendor.items():
        words = openvpn_conf.split(text_of(value) or "")
        found = openvpn_conf.directive(
            re.sub(r"\.[0-9]+$", "", str(key)), () if words[:1] == ["NOARGS"] else tuple(words), 0
        )
        if openvpn_conf.is_known(found.name):
            directives.append(found)
        else:
            draft.ignore(f"VendorConfig.{_label(key)}", "a directive that is not known here")
    openvpn_conf.fill(draft, directives)


PROTOCOLS: dict[str, Callable[[Draft, Mapping[str, Any], Mapping[str, Any]], None]] = {
    "IKEv2": _ikev2,
    "VPN": _plug_in,
    "AlwaysOn": _always_on,
}
"""The types of VPN that are modelled, and what reads their dictionary."""
