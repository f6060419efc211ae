"""How new messages are announced: AT+CNMI from what the modem offers, and AT+CSMS (3GPP TS 27.005 clause 3.4.1)."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from . import commands, replies
from .errors import AtFailed, ResultError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .at import AtChannel

#: <mode>, best first: buffer while the line is taken, discard then, forward inside, buffer always.
_MODES: Final = (2, 1, 3, 0)
#: <mt>, best first: store and tell, hand over directly, store in silence.
_DELIVERIES: Final = (1, 2, 0)
#: <ds>, stored reports first, and direct reports first.
_REPORTS_STORED: Final = (2, 1, 0)
_REPORTS_DIRECT: Final = (1, 2, 0)
#: What is taken for a value whose range the modem does not tell.
_UNTOLD: Final = (2, 1, 0, 0, 0)
#: What is tried where the modem does not tell its ranges.
_USUAL: Final = ([2, 1], [1], [0], [1, 2, 0], [0])


def _preferred(order: Sequence[int], offered: Sequence[int]) -> list[int]:
    return [value for value in order if value in offered] or list(offered[:1])


def choices(offered: Sequence[Sequence[int]], *, direct_reports: bool) -> Iterator[tuple[int, ...]]:
    """Yield AT+CNMI values to try, best first, from the ranges of AT+CNMI=? (mode, mt, bm, ds, bfr)."""
    ranges = [list(each) for each in offered]
    count = len(ranges)
    orders = (_MODES, _DELIVERIES, (0,), _REPORTS_DIRECT if direct_reports else _REPORTS_STORED, (0, 1))
    mode, mt, bm, ds, bfr = [
        _preferred(order, ranges[position]) if position < count and ranges[position] else [_UNTOLD[position]]
        for position, order in enumerate(orders)
    ]
    for delivery, reports, how, buffer in product(mt, ds, mode, bfr):
        yield (how, delivery, bm[0], reports, buffer)[: max(count, 2)]


async def announce_messages(channel: AtChannel, *, direct_reports: bool) -> str | None:
    """Choose and set AT+CNMI; return the values accepted, ``None`` if the modem takes none. Raises ``Interrupted``."""
    try:
        offered = replies.read_indication_test(await channel.execute(commands.INDICATIONS_TEST))
    except (AtFailed, ResultError):
        offered = []
    ranges = offered if any(offered) else list(_USUAL)
    for values in choices(ranges, direct_reports=direct_reports):
        try:
            await channel.execute(commands.set_indications(values))
        except (AtFailed, ResultError):
            continue
        return ",".join(map(str, values))
    return None


async def acknowledgement_wanted(channel: AtChannel) -> bool:
    """Ask for service without acknowledgements; return whether they are wanted all the same. Raises ``Interrupted``."""
    try:
        await channel.execute(commands.UNACKNOWLEDGED)
    except (AtFailed, ResultError):
        try:
            return replies.read_service(await channel.execute(commands.SERVICE)) == 1
        except (AtFailed, ResultError):
            return False
    return False
