"""A cassette at a glance: how much is in it, whom it talks to, with which models, and when it was recorded.

The rule: it is read from the recordings alone. The time is what the newest answer says in its Date: a file's own time
is that of the last checkout.
"""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from tokentape import transcript
from tokentape.model import Cassette, Interaction, header
from tokentape.wire import framing


@dataclass(frozen=True, slots=True)
class Overview:
    """What is in a cassette. ``hosts`` and ``models`` each once, in order; ``recorded`` is in seconds since 1970, None
    where no answer says when it was made."""

    interactions: int = 0
    streams: int = 0
    hosts: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    recorded: float | None = None


def overview(cassette: Cassette) -> Overview:
    """A look at a whole cassette."""
    interactions = cassette.interactions
    times = [at for interaction in interactions if (at := recorded_at(interaction)) is not None]
    return Overview(
        len(interactions),
        sum(is_stream(interaction) for interaction in interactions),
        tuple(dict.fromkeys(host for one in interactions if (host := host_of(one.request.url)))),
        tuple(dict.fromkeys(model for one in interactions if (model := model_of(one)))),
        max(times, default=None),
    )


def is_stream(interaction: Interaction) -> bool:
    """Whether the answer came as events."""
    return framing.is_stream(header(interaction.response.headers, "content-type") or "")


def host_of(url: str) -> str:
    """The host (and port) of a URL; empty for what is none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def model_of(interaction: Interaction) -> str:
    """The model that is asked; empty where none is."""
    prompt = transcript.read_request(interaction.request)
    return prompt.model if prompt is not None else ""


def recorded_at(interaction: Interaction) -> float | None:
    """When an answer says it was made, in seconds since 1970."""
    said = header(interaction.response.headers, "date")
    try:
        return parsedate_to_datetime(said).timestamp() if said else None
    except (ValueError, OverflowError):
        return None
