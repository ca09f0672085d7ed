"""The variables of the Azure OpenAI simulator that say how long its answers take.

The rule: they mean here what they mean there, and where its documents and its code disagree, what the documents say.
Pure: the environment is an argument.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tokentape.errors import BadSetting
from tokentape.simulation.latency import Latency, Spread
from tokentape.simulation.parts import Latencies


@dataclass(frozen=True, slots=True)
class _Seed:
    """One of its latencies: the word in its variables, our operation, its defaults in milliseconds."""

    word: str
    operation: str
    mean: float
    deviation: float


_SEEDS = (
    _Seed("CHAT_COMPLETIONS", "chat", 19, 6),
    _Seed("COMPLETIONS", "completions", 15, 2),
    _Seed("EMBEDDINGS", "embeddings", 100, 30),
    _Seed("TRANSLATIONS", "translations", 15000, 1000),
)


def variables_of_simulator(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Those of ``LATENCY_OPENAI_*_MEAN`` and ``_STD_DEV`` that are set."""
    names = (f"LATENCY_OPENAI_{seed.word}_{part}" for seed in _SEEDS for part in ("MEAN", "STD_DEV"))
    return tuple(name for name in names if environ.get(name))


def latencies_of_simulator(environ: Mapping[str, str]) -> Latencies:
    """The times that its variables say: milliseconds a token (a request for embeddings, a megabyte for translations).

    As there, one draw is for the whole of a request. What is not said has that simulator's default. Raises BadSetting.
    """
    times: dict[str, Latency] = {}
    for seed in _SEEDS:
        mean = _milliseconds(environ, f"LATENCY_OPENAI_{seed.word}_MEAN", seed.mean)
        deviation = _milliseconds(environ, f"LATENCY_OPENAI_{seed.word}_STD_DEV", seed.deviation)
        each = Spread(mean)
        own_speed = deviation / mean if mean else 0.0
        match seed.operation:
            case "embeddings":
                times[seed.operation] = Latency(whole=Spread(mean, deviation))
            case "translations":
                times[seed.operation] = Latency(megabyte=each, own_speed=own_speed)
            case _:
                times[seed.operation] = Latency(first_token=each, token=each, own_speed=own_speed)
    return Latencies(by_operation=times)


def _milliseconds(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name)
    if not text:
        return default / 1000
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise BadSetting(f"{name} is no number of milliseconds", f"e.g. {name}={default:g}")
    return number / 1000
