"""The rate that a file means: rates of television are fractions, whatever number a container rounds them to."""

from __future__ import annotations

from fractions import Fraction

#: 23.98 is how people write 24000/1001; a whole rate lies six times as far away
_SLACK = Fraction(2, 10_000)


def meant_rate(stated: Fraction, slack: Fraction = _SLACK) -> Fraction:
    """Frames per second: 24000/1001 for 23.976 or 23.98, 30 for 30.0001, any other rate as stated; 0 stays 0.

    `slack` is the share by which the file may have rounded it.

    >>> meant_rate(Fraction("29.97"))
    Fraction(30000, 1001)
    """
    whole, television = Fraction(round(stated)), Fraction(1000 * round(stated * 1001 / 1000), 1001)
    meant = min(whole, television, key=lambda rate: abs(stated - rate))
    return meant if abs(stated - meant) <= max(slack, _SLACK) * meant else stated
