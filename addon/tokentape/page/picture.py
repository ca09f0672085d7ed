"""The picture of a stream: how many bytes had come at which moment, and a mark for each chunk."""

from collections.abc import Sequence

from tokentape.model import Interaction
from tokentape.page.markup import Markup, joined, tag
from tokentape.reporting.timeline import Point, points, summary

_WIDTH, _HEIGHT, _MARKS = 600, 72, 8
# More than there are columns of the picture can't be told apart.
_MOST = 300


def timeline(interaction: Interaction) -> Markup | None:
    """The picture; None for an answer that came whole."""
    came = points(interaction)
    if len(came) < 2:
        return None
    seconds, size = max(came[-1].at, 1e-9), max(came[-1].total, 1)
    told = summary(came)
    drawing = tag(
        "svg",
        tag("title", told),
        _curve(_thinned(came), seconds, size),
        joined(_mark(point.at / seconds) for point in _thinned(came)),
        class_="timeline",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT + _MARKS + 4}",
        role="img",
        preserveAspectRatio="none",
    )
    return tag("figure", drawing, tag("figcaption", told))


def _curve(came: Sequence[Point], seconds: float, size: int) -> Markup:
    """A step at each chunk, from nothing to all of it."""
    corners, before = [f"M0 {_HEIGHT}"], 0
    for point in came:
        x = _x(point.at / seconds)
        corners += [f"L{x} {_y(before / size)}", f"L{x} {_y(point.total / size)}"]
        before = point.total
    return tag("path", class_="area", d=" ".join([*corners, f"L{_WIDTH} {_HEIGHT} Z"]))


def _mark(share: float) -> Markup:
    x = _x(share)
    return tag("line", class_="mark", x1=x, x2=x, y1=str(_HEIGHT + 3), y2=str(_HEIGHT + 3 + _MARKS))


def _thinned(came: Sequence[Point]) -> Sequence[Point]:
    if len(came) <= _MOST:
        return came
    step = -(-len(came) // _MOST)
    return [*came[::step], came[-1]]


def _x(share: float) -> str:
    return f"{share * _WIDTH:.1f}"


def _y(share: float) -> str:
    return f"{_HEIGHT - share * (_HEIGHT - 4):.1f}"
