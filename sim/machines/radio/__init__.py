"""Radios, one file each, and their named parameter sets: power for 2012 and for 2020 differs about five-fold.

A set is one phone in one network, as one source has it. Two sources that disagree are two sets, never a mean.
"""

from __future__ import annotations

from sim.base.citing import Cited, Parameters
from sim.machines.radio import lte_sets, nr_sets, umts_sets
from sim.machines.radio.air import Changes
from sim.machines.radio.cellular import CellularRadio
from sim.machines.radio.lte import LTE_2020_CITED, Lte
from sim.machines.radio.nr import NrNsa, NrSa
from sim.machines.radio.umts import Umts
from sim.machines.radio.wifi import WIFI_2012_CITED, WIFI_ENERGYBOX, WIFI_HUANG_2012, WIFI_POWERTUTOR, WifiPsm

_CELLULAR: dict[str, tuple[type[Parameters], Changes]] = {
    "lte-2020": (Lte, LTE_2020_CITED),
    "lte-2012": (Lte, {}),
    "lte-huang-2012": (Lte, lte_sets.LTE_HUANG_2012),
    "lte-verizon-2020": (Lte, lte_sets.LTE_VERIZON_2020),
    "lte-tmobile-2020": (Lte, lte_sets.LTE_TMOBILE_2020),
    "umts-i997": (Umts, {}),
    "umts-captivate": (Umts, umts_sets.UMTS_CAPTIVATE),
    "umts-inspire": (Umts, umts_sets.UMTS_INSPIRE),
    "umts-thrill": (Umts, umts_sets.UMTS_THRILL),
    "umts-aro": (Umts, umts_sets.UMTS_ARO),
    "umts-teliasonera": (Umts, umts_sets.UMTS_TELIASONERA),
    "umts-nexus-one": (Umts, umts_sets.UMTS_NEXUS_ONE),
    "umts-htc-dream": (Umts, umts_sets.UMTS_HTC_DREAM),
    "umts-huang-2012": (Umts, umts_sets.UMTS_HUANG_2012),
    "umts-tailender-2009": (Umts, umts_sets.UMTS_TAILENDER_2009),
    "gsm-tailender-2009": (Umts, umts_sets.GSM_TAILENDER_2009),
    "nsa-tmobile-2020": (NrNsa, {}),
    "nsa-power-log-2020": (NrNsa, nr_sets.NSA_POWER_LOG_2020),
    "nsa-verizon-2020": (NrNsa, nr_sets.NSA_VERIZON_2020),
    "nsa-mmwave-2020": (NrNsa, nr_sets.NSA_MMWAVE_2020),
    "sa-tmobile-2020": (NrSa, {}),
}
_WIFI: dict[str, Changes] = {
    "wifi-2020": {},
    "wifi-2012": WIFI_2012_CITED,
    "wifi-energybox": WIFI_ENERGYBOX,
    "wifi-huang-2012": WIFI_HUANG_2012,
    "wifi-powertutor": WIFI_POWERTUTOR,
}


def _values(changes: Changes) -> dict[str, str | int | float]:
    return {name: value for name, (value, _) in changes.items()}


SETS: dict[str, CellularRadio] = {name: of.model_validate(_values(c)) for name, (of, c) in _CELLULAR.items()}  # type: ignore[misc]  # each of these classes is one
"""Cellular radios by the name that a scenario uses. A radio of another generation is a file and a line here."""

WIFI_SETS: dict[str, WifiPsm] = {name: WifiPsm.model_validate(_values(c)) for name, c in _WIFI.items()}
"""Wi-Fi radios by name."""

RADIOS: dict[str, Parameters] = {**SETS, **WIFI_SETS}  # type: ignore[dict-item]  # all of them are
"""All of them, as parameters."""

CITED: dict[str, dict[str, Cited]] = {
    name: {field: cited for field, (_, cited) in changes.items()}
    for name, changes in {**{n: c for n, (_, c) in _CELLULAR.items()}, **_WIFI}.items()
}
"""The sources of a set's values where they are not the defaults of its class: set → field → source."""
