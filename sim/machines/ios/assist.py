"""Wi-Fi Assist: when Wi-Fi is poor and somebody looks at the screen, iOS uses cellular instead.

It is on by default and works for the app in front only. Its thresholds are not published, so they are assumed here:
a signal below `weaker_than_dbm`, or a Wi-Fi that carries nothing, for as long as `after`. Where Wi-Fi stays weak but
alive, the phone goes back to it after a while, and so on: it flaps.

# MODEL: the default path moves for all apps while one is in front; on iOS background transfers stay on Wi-Fi. Bias: a
# tunnel that follows the default path moves as on iOS, but background sockets are opened on cellular too often.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.base.citing import ASSUMED, REPORTED, Cited, Parameters
from sim.base.laws import DurationLaw, lognormal
from sim.base.units import seconds


class WifiAssist(Parameters):
    """When cellular takes over from a poor Wi-Fi."""

    on: Annotated[bool, Cited("apple-wifi-assist", "on by default", REPORTED, "false", "true")] = True
    weaker_than_dbm: Annotated[
        float, Field(ge=-100, le=-40), Cited("judgement", "RSSI; not published", ASSUMED, "-85 dBm", "-75 dBm")
    ] = -80.0
    after: Annotated[
        DurationLaw, Cited("judgement", "a stall of three time-outs, and a little longer", ASSUMED, "1 s", "10 s")
    ] = lognormal(seconds(3), 0.4, seconds(10))
    back_after: Annotated[
        DurationLaw, Cited("adguard-404", "it flapped every five seconds or so", ASSUMED, "5 s", "30 s")
    ] = lognormal(seconds(10), 0.6, seconds(30))
