"""The header ``X-Cassette-Fault``, by which a request asks for a fault of its own.

The rule: it is read as a fault in the file is; what can't be read is refused, for a test that meant to meet a fault
must not pass without one.
"""

from functools import lru_cache

from tokentape.errors import BadFault, BadSetting
from tokentape.names import FAULT_HEADER
from tokentape.rules.spots import Spot, did_you_mean
from tokentape.simulation.faults import KINDS, Fault
from tokentape.simulation.simulationfile import fault_of


@lru_cache(maxsize=256)
def fault_from_header(text: str) -> Fault:
    """The fault that the header of a request asks for: ``reset``, ``status=503; delay=2s``, ``cut=3``.

    What stands behind the kind is its most telling parameter. Raises BadFault.
    """
    try:
        return _fault(text)
    except BadSetting as error:
        raise BadFault(str(error), error.hint) from None


def _fault(text: str) -> Fault:
    spot = Spot(FAULT_HEADER, "")
    first, *others = (part.strip().partition("=") for part in text.split(";"))
    kind = first[0].strip().lower()
    if kind not in KINDS:
        raise spot.wrong(f"{kind[:30]!a} is no fault", did_you_mean(kind[:30], tuple(KINDS)))
    taken = KINDS[kind].takes
    pairs = [(key.strip().lower(), value.strip()) for key, _, value in others]
    if first[1]:
        pairs.insert(0, (taken[0] if taken else "a value", first[2].strip()))
    said: dict[str, object] = {}
    for key, value in pairs:
        if key not in taken:
            hint = f"it takes {', '.join(taken) or 'nothing'}"
            raise spot.wrong(f"a fault of kind {kind} does not take {key[:30]!a}", hint)
        said[key] = int(value) if key != "delay" and _is_number(value) else value
    return fault_of(kind, said, spot)


def _is_number(text: str) -> bool:
    """Python refuses to read one of thousands of digits."""
    return text.isascii() and text.isdigit() and len(text) <= 9
