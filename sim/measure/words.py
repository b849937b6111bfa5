"""The field's words: each with the meaning that the glossary gives it, and how to see it in a sentence.

The glossary's section "In explanations" is written from this table, and `leakwindow explain` lists those that it used.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Word(NamedTuple):
    """A term."""

    term: str
    """As the glossary writes it."""
    meaning: str
    seen: str
    """A pattern of the term and its forms in a sentence."""

    @property
    def anchor(self) -> str:
        """Its place in the glossary: `includeallnetworks`."""
        return re.sub(r"[^\w-]", "", self.term.split(",")[0].lower().replace(" ", "-"))


WORDS: tuple[Word, ...] = (
    Word(
        "Always-On",
        "Apple's payload for supervised devices: IKEv2 only; without a tunnel, whatever its exceptions do not name is "
        "dropped.",
        r"Always-On",
    ),
    Word("APNs", "Apple's push service. One socket, open for hours.", r"\bpush\b|APNs"),
    Word(
        "captive portal",
        "a network that lets nothing through until a sign-in page has been dealt with.",
        r"captive portal|sign-in",
    ),
    Word("DHCP", "how a network gives the phone its address, and sometimes routes.", r"\bDHCP\b"),
    Word("DNS", "the look-up of a name's address.", r"\bDNS\b|\blook-ups?\b"),
    Word("DPD, liveness check", "asking a silent peer whether it is still there (IKEv2).", r"liveness|still there"),
    Word(
        "enforceRoutes",
        "Apple's flag that holds flows to the tunnel's routes even if an app chose an interface.",
        r"\benforceRoutes\b",
    ),
    Word(
        "excludeAPNs, excludeCellularServices, excludeLocalNetworks",
        "Apple's exceptions from sealing; all are on by default on iOS.",
        r"\bexclude[A-Z]\w+",
    ),
    Word(
        "handshake",
        "the messages in which both ends prove who they are and make a key. WireGuard's are the *initiation* and the "
        "*response*.",
        r"\bhandshakes?\b",
    ),
    Word("handover", "a change of cell. *Vertical handover*: between Wi-Fi and cellular.", r"\bhandovers?\b"),
    Word("IKE SA, Child SA", "IKEv2's two associations: for its own messages, and for data.", r"\bSAs?\b"),
    Word(
        "includeAllNetworks, sealed",
        "Apple's flag that sends nearly everything into the tunnel and drops it when there is none. A device with it "
        "is called *sealed* here.",
        r"\bincludeAllNetworks\b|\b[Ss]eal(?:ed)?\b",
    ),
    Word(
        "interface",
        "a way out of the phone: Wi-Fi, cellular, or the tunnel. Each has addresses of its own.",
        r"\binterfaces?\b",
    ),
    Word("IPv6", "the internet's newer, longer addresses. A network may offer both kinds.", r"\bIPv6\b"),
    Word("jetsam", "the system ends a process that takes too much memory.", r"\bjetsam\b|system's limit"),
    Word(
        "keepalive",
        "a small packet whose only purpose is not to be silent. *Passive*: WireGuard's answer to data when there is "
        "nothing to say. *Persistent*: one each so many seconds. *NAT keepalive*: keeps a translation alive.",
        r"\bkeepalives?\b",
    ),
    Word(
        "kill switch",
        "whatever keeps traffic in while the tunnel is down; in an app, or in the system (*sealed*, *Always-On*).",
        r"\bkill switch\b",
    ),
    Word(
        "match domains",
        "the names for which the tunnel's resolver is asked. Fewer than all: split DNS.",
        r"[Mm]atch (?:all )?domains",
    ),
    Word(
        "MOBIKE",
        "IKEv2's way to take an SA to another address; its message is UPDATE_SA_ADDRESSES.",
        r"\bMOBIKE\b|UPDATE_SA_ADDRESSES",
    ),
    Word(
        "NAT", "a router's translation of many addresses into one. It forgets who says nothing for long.", r"\bNAT\b"
    ),
    Word("on-demand rule", "what the system does by itself with the VPN on the network it is on.", r"[Oo]n-demand"),
    Word(
        "provider, packet tunnel provider",
        "the process of a VPN app that owns the tunnel's interface.",
        r"\bprovider(?:'s)?\b|VPN's process",
    ),
    Word("path", "what the phone makes of its interfaces: SATISFIED or UNSATISFIED.", r"\bpath\b"),
    Word("per-app VPN", "a VPN for the apps on a list, and for no others.", r"\bper-app VPN\b"),
    Word("ping-restart", "OpenVPN starts over after so long without a word from its server.", r"\bping.restart\b"),
    Word(
        "reasserting",
        "the provider says that it is making its session anew; iOS holds the traffic meanwhile.",
        r"\b[Rr]easserting\b",
    ),
    Word("rekey", "new keys for a session that goes on.", r"\brekey\w*\b"),
    Word("resolver", "the server that is asked for a name's address.", r"\bresolver\b"),
    Word(
        "route",
        "which destinations go out of which interface. It is looked at when a socket is opened.",
        r"\broutes?\b",
    ),
    Word("session", "what client and server have agreed on: keys, and where the other one is.", r"\bsession\b"),
    Word(
        "socket",
        "an app's open connection. It keeps the address that it was opened with.",
        r"\bsockets?\b",
    ),
)  # fmt: skip


def words_in(text: str) -> list[Word]:
    """The words that a text uses, in the order in which they come."""
    found = {word: match.start() for word in WORDS if (match := re.search(word.seen, text))}
    return sorted(found, key=lambda word: found[word])
