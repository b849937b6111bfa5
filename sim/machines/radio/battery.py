"""The battery, and what the phone and a VPN draw from it beside the radios.

Nobody has published the watts of an iPhone's parts: the base loads are our judgement, anchored on Android profiles, and
every result in percent inherits their ranges. What a VPN *adds* is a difference of two runs, in which they cancel.

The idle numbers leave out what the radios draw: paging and Wi-Fi power save are counted by their own machines.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from sim.base.citing import ASSUMED, MEASURED, REPORTED, Cited, Parameters
from sim.base.units import Share

_NANOJOULES_PER_WATT_HOUR = 3_600 * 10**9

BATTERIES: dict[str, float] = {
    # 9to5mac's table of capacities (battery-table-9to5mac); of the two minis it has none that can be right: theirs are
    # from memory.
    "iPhone 12": 10.78,
    "iPhone 12 mini": 8.57,
    "iPhone 12 Pro Max": 14.13,
    "iPhone 13 mini": 9.3,
    "iPhone 13": 12.41,
    "iPhone 13 Pro": 11.97,
    "iPhone 13 Pro Max": 16.75,
    "iPhone SE (3rd generation)": 7.82,
    "iPhone 14": 12.68,
    "iPhone 14 Plus": 16.68,
    "iPhone 14 Pro": 12.38,
    "iPhone 14 Pro Max": 16.68,
    "iPhone 15": 12.98,
    "iPhone 15 Plus": 16.95,
    "iPhone 15 Pro": 12.70,
    "iPhone 15 Pro Max": 17.10,
    # European energy labels in mAh (macrumors-eu-labels), at a nominal 3.86 V.
    "iPhone 16": 13.7,
    "iPhone 16 Plus": 18.0,
    "iPhone 16 Pro": 13.8,
    "iPhone 16 Pro Max": 18.1,
    "iPhone 17": 14.3,
    "iPhone Air": 12.2,
    "iPhone 17 Pro": 16.4,
    "iPhone 17 Pro Max": 19.6,
}
"""Nominal energy of a new battery by model. [Wh]"""

Power = Annotated[int, Field(ge=0, le=20_000)]
"""[mW]"""
PerByte = Annotated[float, Field(ge=0, le=10_000)]
"""[nJ per byte]"""
Amount = Annotated[int, Field(ge=0, le=10_000_000)]


class PhonePower(Parameters):
    """What the phone draws without its radios and without a VPN."""

    idle_mw: Annotated[
        Power,
        Cited(
            "aosp-power-profiles",
            "Pixel 4 XL, cpu.suspend and cpu.idle: 11 mA at 3.7 V",
            ASSUMED,
            "20 mW",
            "90 mW",
            "awake, screen off, nothing running",
        ),
    ] = 40
    asleep_mw: Annotated[
        Power,
        Cited(
            "hassan2022",
            "figure 10 data, screen off: 42.7 mW, less paging and Wi-Fi power save",
            ASSUMED,
            "6 mW",
            "60 mW",
        ),
    ] = 18
    airplane_mw: Annotated[Power, Cited("judgement", "asleep in airplane mode", ASSUMED, "6 mW", "18 mW")] = 12
    screen_mw: Annotated[
        Power,
        Cited("hassan2022", "figure 10 data: screen at 50 % 503 mW, 100 % 584 mW", MEASURED, "350 mW", "900 mW"),
    ] = 500
    dark_wake_mj: Annotated[
        Amount, Cited("judgement", "tens of daemons at a little core's power", ASSUMED, "50 mJ", "1000 mJ")
    ] = 200
    usable_share: Annotated[Share, Cited("judgement", "of the nominal energy, before ageing", ASSUMED, "0.75", "1")] = (
        0.95
    )

    @model_validator(mode="after")
    def _ordered(self) -> PhonePower:
        if not self.airplane_mw <= self.asleep_mw <= self.idle_mw:
            raise ValueError("airplane_mw, asleep_mw and idle_mw must be in this order")
        return self


class VpnPower(Parameters):
    """What a VPN on the phone draws beside the radio that its packets use."""

    data_path_nj_per_byte: Annotated[
        PerByte,
        Cited(
            "xeovo-2019",
            "1 % of the battery for 1 GB, WireGuard as OpenVPN",
            REPORTED,
            "100 nJ/B",
            "600 nJ/B",
            "copies and crossings between processes; a hundred times the cipher",
        ),
    ] = 300.0
    per_packet_uj: Annotated[Amount, Cited("judgement", "the same test, split", ASSUMED, "5 µJ", "60 µJ")] = 20
    chacha20_poly1305_nj_per_byte: Annotated[
        PerByte,
        Cited("openssl-asm", "cycles per byte, times a core's power", ASSUMED, "0.3 nJ/B", "2 nJ/B"),
    ] = 1.0
    aes_gcm_nj_per_byte: Annotated[
        PerByte,
        Cited("openssl-asm", "cycles per byte, times a core's power", ASSUMED, "0.2 nJ/B", "1.5 nJ/B"),
    ] = 0.6
    handshake_uj: Annotated[Amount, Cited("judgement", "X25519, the phone's side", ASSUMED, "100 µJ", "3000 µJ")] = 500
    wake_mj: Annotated[
        Amount,
        Cited("aosp-power-profiles", "50 ms of a little core at about 266 mW", ASSUMED, "5 mJ", "60 mJ"),
    ] = 15

    def crypto_nj_per_byte(self, aes: bool) -> float:
        """Cost of the cipher: AES-GCM or ChaCha20-Poly1305. [nJ per byte]"""
        return self.aes_gcm_nj_per_byte if aes else self.chacha20_poly1305_nj_per_byte


def usable_nj(model: str, usable_share: float) -> float:
    """Energy that a full battery of `model` gives. [nJ]"""
    return BATTERIES[model] * usable_share * _NANOJOULES_PER_WATT_HOUR
