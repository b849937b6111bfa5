"""How sure: intervals for means of days, for paired differences, for ratios; corrected for many arms and many looks.

What days are like decides the method. A day's exposed seconds are *zero-inflated* (nothing leaks on many days) and have
a *heavy right tail* (now and then a socket stays outside for hours). So do their paired differences between two arms.
Student's t treats the mean of n such days as normal; it is not for n below a few hundred, and its interval then misses
the truth on the side of the tail, up to four times as often as it says. The remedy is the skewness: Hall (1992)
corrects the statistic by a cubic in the sample's own skewness, which is what the studentised bootstrap converges to,
without its noise and in microseconds; where the sample is symmetric it is Student's t. The tests hold it beside both,
and docs/background/statistics.md shows how often each covers the truth.

Every interval is for one number, with an error rate `1 - confidence`. Where several are read together (`arms`,
`looks`), each is made wider so that *all* hold at once with the stated confidence (Bonferroni: valid whatever the
dependence between them).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Sample = NDArray[np.float64]
CONFIDENCE = 0.95
FIRST_LOOK = 10
"""Days before an interval is looked at for the first time; every later look has twice as many."""


class Interval(NamedTuple):
    """An estimate and its confidence interval."""

    mean: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of its length."""
        return (self.high - self.low) / 2

    @property
    def sign(self) -> int:
        """1 or -1 if the whole interval is on that side of zero; 0 if it is not."""
        return 1 if self.low > 0 else -1 if self.high < 0 else 0

    def __str__(self) -> str:
        return f"{self.mean:.4g} [{self.low:.4g}, {self.high:.4g}]"


def mean_interval(values: Sequence[float] | Sample, confidence: float = CONFIDENCE) -> Interval:
    """Interval for the mean of independent values, corrected for their skewness.

    Parameters
    ----------
    values : (n,), 1 <= n. The interval of a single value is everything

    Notes
    -----
    Hall, P. (1992), "On the removal of skewness by transformation", J. R. Statist. Soc. B 54(1), 221-228: the cubic
    g(W) = W + s W²/3 + s² W³/27 + s/(6n) of W = (mean - µ)/σ̂ with skewness s is monotone, so that it has an inverse and
    the interval is never empty. A small sample's own skewness is too small; here it is that of the unbiased third
    moment, as in Willink, R. (2005), "A confidence interval and test for the mean of an asymmetric distribution",
    Commun. Statist. Theory Methods 34(4), 753-766.
    """
    x = np.asarray(values, dtype=np.float64)
    n, mean, error = len(x), float(x.mean()), _standard_error(x)
    if n < 2:
        return Interval(mean, -math.inf, math.inf)
    if error == 0.0:
        return Interval(mean, mean, mean)
    deviation = error * n**0.5
    skewness = float((((x - mean) / deviation) ** 3).sum()) * n / ((n - 1) * max(n - 2, 1))  # of two values it is 0
    quantile = _t(n, confidence) / n**0.5

    def inverse(w: float) -> float:
        if abs(skewness) < 1e-8:
            return w
        return 3 / skewness * (float(np.cbrt(1 + skewness * (w - skewness / (6 * n)))) - 1)

    return Interval(mean, mean - deviation * inverse(quantile), mean - deviation * inverse(-quantile))


def paired_interval(differences: Sequence[float] | Sample, confidence: float = CONFIDENCE) -> Interval:
    """Interval for the mean of paired differences, many of which may be zero.

    Where two arms differ on few days only, those days may all point one way by chance: k of them do with probability
    2^(1-k) even if neither way is likelier. Where that is more than the error rate, the interval reaches to zero.

    Parameters
    ----------
    differences : (n,), 1 <= n
    """
    x = np.asarray(differences, dtype=np.float64)
    found, differ = mean_interval(x, confidence), int(np.count_nonzero(x))
    if 0 < differ < len(x) and 2.0 ** (1 - differ) > 1 - confidence:
        return found._replace(low=min(found.low, 0.0), high=max(found.high, 0.0))
    return found


def ratio_interval(
    numerator: Sequence[float] | Sample, denominator: Sequence[float] | Sample, confidence: float = CONFIDENCE
) -> Interval:
    """Interval for the ratio of two means over the same days, by the delta method.

    Parameters
    ----------
    numerator, denominator : (n,), 1 <= n, paired. The mean of the denominator must not be 0

    Notes
    -----
    To first order, the error of R = a/b is that of the mean of (a_i - R b_i)/b: paired days keep what they share.
    """
    a, b = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    ratio = float(a.mean() / b.mean())
    around = mean_interval((a - ratio * b) / b.mean(), confidence)
    return Interval(ratio, ratio + around.low, ratio + around.high)


def shared_confidence(confidence: float, numbers: int) -> float:
    """The confidence that each of several intervals needs, so that all of them hold at once with `confidence`.

    Parameters
    ----------
    numbers : 1 <= numbers: how many are read together: arms compared with one baseline, times looks at the data
    """
    return 1 - (1 - confidence) / max(numbers, 1)


def looks(most: int) -> list[int]:
    """Numbers of days at which a sequential comparison looks at its intervals: 10, 20, 40, … and the last.

    Looking again and again at an interval, and stopping when it is narrow, makes it miss more often than it says. With
    few looks, each at its share of the error rate (:func:`shared_confidence`), the rate holds for the whole procedure.
    """
    doubling = (FIRST_LOOK << i for i in range(64))
    return [*takewhile(lambda days: days < most, doubling), most]


def variance_ratio(a: Sequence[float] | Sample, b: Sequence[float] | Sample) -> float:
    """Variance of the paired difference, as a share of that with independent days: what common days save.

    1 says that pairing saves nothing; 0.2 that a fifth of the runs gives the same interval. nan if nothing varies.
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    apart = float(x.var(ddof=1) + y.var(ddof=1))
    return float((x - y).var(ddof=1)) / apart if apart else float("nan")


def least_variance_ratio(a: Sequence[float] | Sample, b: Sequence[float] | Sample) -> float:
    """The least that :func:`variance_ratio` can be with days like these, however they were paired.

    It is that of the smallest value against the smallest, and so on up to the largest: no coupling of two distributions
    has a larger covariance (Hoeffding 1940; Whitt, W. (1976), "Bivariate distributions with given marginals", Ann.
    Statist. 4(6), 1280-1289). Where one arm hardly varies, there is nothing to share.
    """
    return variance_ratio(np.sort(np.asarray(a, dtype=np.float64)), np.sort(np.asarray(b, dtype=np.float64)))


def _standard_error(x: Sample) -> float:
    return float(x.std(ddof=1)) / len(x) ** 0.5 if len(x) > 1 else 0.0


def _t(n: int, confidence: float) -> float:
    """Student's quantile of n - 1 degrees of freedom."""
    from scipy.special import stdtrit  # heavy, and only needed by those who compare

    return float(stdtrit(n - 1, (1 + confidence) / 2))
