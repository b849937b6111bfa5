"""The energy account: what a day's traffic, states and wake-ups drew from the battery, part by part.

Pure functions of columns. Each gives its components in whole nanojoules (milliwatts times microseconds), so that the
parts add up to the whole exactly. The radios' rules are those of the machines in :mod:`sim.machines.radio`, applied to
the whole day at once (:mod:`sim.measure.cellular`, :mod:`sim.measure.wifi`); stepping the machines packet by packet
gives the same integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sim.base.units import Bytes, Duration
from sim.machines.radio.air import NANOJOULES_PER_MICROJOULE, NANOJOULES_PER_MILLIJOULE, Nanojoules
from sim.machines.radio.battery import PhonePower, VpnPower, usable_nj
from sim.machines.radio.cellular import CellularRadio
from sim.machines.radio.wifi import WifiPsm
from sim.measure.bursts import Rate
from sim.measure.bursts import Traffic as Traffic
from sim.measure.cellular import by_the_piece, spent_by_cellular
from sim.measure.wifi import spent_by_wifi
from sim.world.intervals import Intervals, total

COMPONENTS: tuple[str, ...] = (
    "base_idle",
    "base_screen",
    "base_wakes",
    "cellular_idle",
    "cellular_promotion",
    "cellular_transfer",
    "cellular_tail",
    "cellular_handover",
    "cellular_attach",
    "cellular_weak_signal",
    "cellular_search",
    "wifi_idle",
    "wifi_promotion",
    "wifi_transfer",
    "wifi_tail",
    "wifi_high",
    "wifi_join",
    "vpn_data_path",
    "vpn_crypto",
    "vpn_handshakes",
    "vpn_wakeups",
)
"""Every component that an account may have, in the order of tables."""


@dataclass(frozen=True)
class EnergyAccount:
    """What was spent, by component. [nJ]"""

    by_component: Mapping[str, Nanojoules]

    @property
    def total_nj(self) -> Nanojoules:
        """The sum of the parts, exactly. [nJ]"""
        return sum(self.by_component.values())

    def added_to(self, other: EnergyAccount) -> dict[str, Nanojoules]:
        """What this run spent more than `other`, by component: with a VPN against without, the VPN's blame. [nJ]"""
        return {
            name: self.by_component.get(name, 0) - other.by_component.get(name, 0)
            for name in COMPONENTS
            if name in self.by_component or name in other.by_component
        }

    def battery_percent(self, model: str, power: PhonePower | None = None) -> float:
        """The total as a share of what a new battery of this iPhone model gives. [%]"""
        return 100.0 * self.total_nj / usable_nj(model, (power or PhonePower()).usable_share)


def cellular_energy(
    radio: CellularRadio,
    traffic: Traffic,
    attached: Intervals,
    rate_mbps: Rate,
    *,
    handovers: int = 0,
    attaches: int = 0,
) -> dict[str, Nanojoules]:
    """What the cellular radio spent while attached.

    Parameters
    ----------
    traffic : bursts on the cellular interface; those outside `attached` cost nothing
    attached : when the phone was registered. Leaving an interval ends the connection
    handovers, attaches : how many there were

    Returns
    -------
    dict
        The components ``cellular_*``. [nJ]
    """
    return spent_by_cellular(radio, traffic, attached, rate_mbps).parts | by_the_piece(radio, handovers, attaches)


def wifi_energy(
    radio: WifiPsm, traffic: Traffic, associated: Intervals, rate_mbps: Rate, joins: int = 0
) -> dict[str, Nanojoules]:
    """What the Wi-Fi radio spent while associated, and in joining.

    Parameters
    ----------
    traffic : bursts on the Wi-Fi interface; those outside `associated` cost nothing
    associated : when the phone was in a network
    joins : how many times a network was scanned for and joined

    Returns
    -------
    dict
        The components ``wifi_*``. [nJ]
    """
    return spent_by_wifi(radio, traffic, associated, rate_mbps, joins).parts


def phone_energy(
    power: PhonePower, duration: Duration, screen_on: Intervals, asleep: Intervals, airplane: Intervals, wakes: int
) -> dict[str, Nanojoules]:
    """What the phone spent whatever the traffic.

    Parameters
    ----------
    duration : 0 <= duration: the whole time accounted for. [µs]
    screen_on, asleep, airplane : intervals within it
    wakes : dark wakes of the system

    Returns
    -------
    dict
        The components ``base_*``. [nJ]
    """
    sleeping = total(asleep)
    base = duration * power.idle_mw - sleeping * (power.idle_mw - power.asleep_mw)
    # MODEL: airplane mode saves as much awake as asleep (what daemons do for the radios); nobody measured them apart.
    return {
        "base_idle": base - total(airplane) * (power.asleep_mw - power.airplane_mw),
        "base_screen": total(screen_on) * power.screen_mw,
        "base_wakes": wakes * power.dark_wake_mj * NANOJOULES_PER_MILLIJOULE,
    }


def vpn_energy(
    power: VpnPower, aes: bool, bytes_: Bytes, packets: int, handshakes: int, wakes: int
) -> dict[str, Nanojoules]:
    """What the VPN spent on the phone's processor.

    Parameters
    ----------
    aes : whether the cipher is AES-GCM
    bytes_ : 0 <= size: all that passed the tunnel, both directions. [bytes]
    packets, handshakes, wakes : packets through the tunnel, handshakes made, wake-ups of the provider's process

    Returns
    -------
    dict
        The components ``vpn_*``. [nJ]
    """
    return {
        "vpn_data_path": round(bytes_ * power.data_path_nj_per_byte)
        + packets * power.per_packet_uj * NANOJOULES_PER_MICROJOULE,
        "vpn_crypto": round(bytes_ * power.crypto_nj_per_byte(aes)),
        "vpn_handshakes": handshakes * power.handshake_uj * NANOJOULES_PER_MICROJOULE,
        "vpn_wakeups": wakes * power.wake_mj * NANOJOULES_PER_MILLIJOULE,
    }
