"""Radios, one file each, and their named parameter sets: power for 2012 and for 2020 differs about five-fold."""

from __future__ import annotations

from sim.base.citing import Cited
from sim.machines.radio.lte import LTE_2012, LTE_2020, LTE_2020_CITED, Lte
from sim.machines.radio.wifi import WIFI_2012, WIFI_2012_CITED, WIFI_2020, WifiPsm

SETS: dict[str, Lte] = {"lte-2020": LTE_2020, "lte-2012": LTE_2012}
"""Cellular radios by the name that a scenario uses. A radio of another generation is a file and a line here."""

WIFI_SETS: dict[str, WifiPsm] = {"wifi-2020": WIFI_2020, "wifi-2012": WIFI_2012}
"""Wi-Fi radios by name."""

CITED: dict[str, dict[str, Cited]] = {
    "lte-2020": {name: cited for name, (_, cited) in LTE_2020_CITED.items()},
    "lte-2012": {},
    "wifi-2020": {},
    "wifi-2012": {name: cited for name, (_, cited) in WIFI_2012_CITED.items()},
}
"""The sources of a set's values where they are not the defaults of its class: set → field → source."""
