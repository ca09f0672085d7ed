"""How fast common models are: named latencies to begin with.

The rule: each row says where its figures come from, and holds what was measured there: the median time to the first
token, and the tokens a second after it. Such figures differ by day, place and prompt; who knows his own sets his own.
Of the spread little is published: where somebody gives a median and a 95th percentile of the first token, the second is
2.0 to 2.9 times the first (deploybase.ai, March 2026), so 2.4 times is taken for all; for the gaps twice is.
"""

import math
from dataclasses import dataclass

from tokentape.simulation.latency import Latency, Spread

_NINETY_FIFTH = 1.645  # of the standard normal distribution
_FIRST_SHAPE = math.log(2.4) / _NINETY_FIFTH
_GAP_SHAPE = math.log(2.0) / _NINETY_FIFTH


@dataclass(frozen=True, slots=True)
class Speed:
    """What was measured of a model: seconds to the first token (median), tokens a second after it, and by whom."""

    name: str
    first_token: float
    tokens_a_second: float
    source: str

    @property
    def latency(self) -> Latency:
        """The times that make such answers."""
        first = Spread.about(self.first_token, _FIRST_SHAPE)
        return Latency(first, _gaps(self.tokens_a_second), whole=first)


def _gaps(tokens_a_second: float) -> Spread:
    """A speed over many tokens is a mean of their gaps, not a median."""
    mean = 1 / tokens_a_second
    return Spread(mean, mean * math.sqrt(math.exp(_GAP_SHAPE**2) - 1))


_ANALYSIS = "artificialanalysis.ai, page of the model's providers"
_HOURLY = "jonathanwrede.de, hourly probes of 2026, median of 17"

SPEEDS: tuple[Speed, ...] = (
    Speed("gpt-3.5-turbo-instruct", 0.63, 110, _ANALYSIS),
    Speed("gpt-4o", 0.39, 81, _ANALYSIS),
    Speed("azure-gpt-4o", 0.77, 115, _ANALYSIS),
    Speed("gpt-4.1-mini", 0.93, 77.2, _ANALYSIS),
    Speed("azure-gpt-4.1-mini", 1.14, 107.9, _ANALYSIS),
    Speed("gpt-5-minimal", 0.89, 80, _ANALYSIS),
    Speed("azure-gpt-5-minimal", 1.70, 155, _ANALYSIS),
    Speed("gpt-5.4", 0.912, 44.8, _HOURLY),
    Speed("gpt-5.5", 1.158, 44.0, _HOURLY),
    Speed("claude-sonnet-4-6", 2.120, 44.3, _HOURLY),
    Speed("claude-opus-4-6", 1.709, 70.4, _HOURLY),
    Speed("claude-opus-4-7", 2.494, 94.9, _HOURLY),
    Speed("gemini-2.5-flash", 0.412, 235.6, _HOURLY),
    Speed("gemini-2.5-flash-lite", 0.321, 191.9, _HOURLY),
)
PROFILES: dict[str, Latency] = {speed.name: speed.latency for speed in SPEEDS}
