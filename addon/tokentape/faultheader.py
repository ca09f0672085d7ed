"""The header ``X-Cassette-Fault``, by which a request asks for a fault of its own.

The rule: it is read as a fault in the file is; what can't be read is refused, for a test that meant to meet a fault
must not pass without one.
"""

from tokentape.faults import FAULT_HEADER, KINDS, Fault
from tokentape.simulationfile import fault_of
from tokentape.spots import Spot, did_you_mean


def fault_from_header(text: str) -> Fault:
    """The fault that the header of a request asks for: ``reset``, ``status=503; delay=2s``, ``cut=3``. Raises
    BadSetting."""
    spot = Spot(FAULT_HEADER, "")
    first, *others = (part.strip().partition("=") for part in text.split(";"))
    kind = first[0].strip().lower()
    if kind not in KINDS:
        raise spot.wrong(f"{kind[:30]!a} is no fault", did_you_mean(kind[:30], tuple(KINDS)))
    taken = KINDS[kind].takes
    said: dict[str, object] = {}
    pairs = [(key.strip().lower(), value) for key, _, value in others]
    for key, value in ([(taken[0] if taken else "a value", first[2])] if first[1] else []) + pairs:
        if key not in taken:
            raise spot.wrong(f"a fault of kind {kind} does not take {key[:30]}", f"it takes {', '.join(taken)}")
        text = value.strip()
        said[key] = int(text) if key != "delay" and text.isascii() and text.isdigit() else text
    return fault_of(kind, said, spot)
