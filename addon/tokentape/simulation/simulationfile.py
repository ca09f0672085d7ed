"""The file that ``vcr_simulation`` names, as data: its grammar, and what to say about a mistake.

The rule: a file with a mistake in it simulates nothing. A limit that is silently left out would let a test pass that
should not. The same tree may come as JSON (``PATCH /settings``): then there are no lines to name.

Pure: text and environment are arguments.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tokentape.formats.durations import parse_duration
from tokentape.generate import rules_from
from tokentape.generate.route import OPERATIONS
from tokentape.rules.spots import (
    Spot,
    choice,
    did_you_mean,
    flag,
    glob,
    number,
    shown,
    table_of,
    tables_of,
    text,
    texts,
    whole,
)
from tokentape.simulation.faults import KINDS, Fault, FaultRule
from tokentape.simulation.latency import Latency, Spread
from tokentape.simulation.limits import Limit
from tokentape.simulation.parts import Deployment, Latencies, Simulation
from tokentape.simulation.speeds import PROFILES

_TOP = ("seed", "keys", "only_deployments", "latency", "limits", "deployment", "fault", "answer")
_ALL_OPERATIONS = tuple(dict.fromkeys(row.name for rows in OPERATIONS.values() for row in rows))
_PERS = ("deployment", "key")


def read(toml_text: str, path: str, environ: Mapping[str, str]) -> Simulation:
    """What the text of a file says; ``path`` is what messages call it. Raises BadSetting."""
    spot = Spot(path, toml_text)
    return from_tree(spot.load(), spot, environ)


def from_tree(tree: Mapping[str, object], spot: Spot, environ: Mapping[str, str]) -> Simulation:
    """What a tree says that was read from a file or came as JSON. Raises BadSetting."""
    spot.refuse_unknown(tree, _TOP)
    latencies = _latencies(table_of(tree, "latency", spot), spot.at("latency"), Latencies())
    limits = table_of(tree, "limits", spot)
    spot.at("limits").refuse_unknown(limits, tuple(_LIMIT_KEYS))
    return Simulation(
        seed=whole(tree.get("seed", 0), spot.of("seed"), lowest=None),
        keys=_keys(tree.get("keys", []), spot.of("keys"), environ),
        only_deployments=flag(tree.get("only_deployments", False), spot.of("only_deployments")),
        deployments=tuple(
            _deployment(table, spot.at("deployment", number=place), latencies)
            for place, table in enumerate(tables_of(tree, "deployment", spot), 1)
        ),
        limit=_limit(limits, spot.at("limits")),
        latencies=latencies,
        faults=tuple(
            _fault_rule(table, spot.at("fault", number=place))
            for place, table in enumerate(tables_of(tree, "fault", spot), 1)
        ),
        answers=rules_from(tree.get("answer", []), f"{spot.path}: answer"),
        tree=tree,
    )


# --- keys and deployments ---------------------------------------------------------------------------------------------


def _keys(value: object, spot: Spot, environ: Mapping[str, str]) -> frozenset[str]:
    keys = []
    for key in texts(value, spot):
        start, colon, name = key.partition(":")
        if start == "env" and colon and not environ.get(name):
            raise spot.wrong(f"the variable {name} is not set", f"set {name}, or take it out of the list", key)
        keys.append(environ[name] if start == "env" and colon else key)
    return frozenset(keys)


def _deployment(table: Mapping[str, object], spot: Spot, usual: Latencies) -> Deployment:
    spot.refuse_unknown(table, ("name", "model", "latency", *_LIMIT_KEYS))
    name = text(table.get("name", ""), spot.of("name"))
    if not name:
        raise spot.wrong("has no `name`", 'e.g. name = "gpt-4o-10k"; name = "gpt-4o*" is for all that begin so')
    limit = _limit(table, spot)
    return Deployment(
        name,
        glob(name),
        text(table.get("model", ""), spot.of("model")),
        None if limit.is_none else limit,
        _own_latencies(table["latency"], spot, usual) if "latency" in table else None,
    )


# --- limits -----------------------------------------------------------------------------------------------------------


def _limit(table: Mapping[str, object], spot: Spot) -> Limit:
    said = {_LIMIT_KEYS[key]: table[key] for key in table if key in _LIMIT_KEYS}
    counts = {
        name: whole(said[name], spot.of(key), lowest=1)
        for key, name in _LIMIT_KEYS.items()
        if name in said and name not in ("window", "per")
    }
    window = _seconds(said.get("window", "10s"), spot.of("requests_window"))
    if not 0 < window <= 60:
        raise spot.of("requests_window").wrong("must be above 0s and at most 60s", "Azure's is 10s, or 1s")
    per = choice(said.get("per", ""), ("", *_PERS), spot.of("per"))
    return Limit(**counts, window=window, per=per)


_LIMIT_KEYS: Mapping[str, str] = {
    "requests_per_minute": "requests",
    "tokens_per_minute": "tokens",
    "input_tokens_per_minute": "input_tokens",
    "output_tokens_per_minute": "output_tokens",
    "requests_window": "window",
    "per": "per",
}


# --- latency ----------------------------------------------------------------------------------------------------------


def _latencies(table: Mapping[str, object], spot: Spot, base: Latencies) -> Latencies:
    own = {key: value for key, value in table.items() if key not in _ALL_OPERATIONS}
    usual = _latency(own, spot, base.usual)
    by_operation = {operation: _latency(own, spot, latency) for operation, latency in base.by_operation.items()}
    for operation in (key for key in table if key in _ALL_OPERATIONS):
        rows = table[operation]
        here = spot.at(f"{spot.table}.{operation}")
        if not isinstance(rows, dict):
            raise spot.of(operation).wrong(f"must be a table, got {shown(rows)}", f"write [{here.table}]")
        by_operation[operation] = _latency(rows, here, usual)
    return Latencies(usual, by_operation)


def _own_latencies(value: object, spot: Spot, usual: Latencies) -> Latencies:
    """A deployment's: the name of a profile, or a table. What it does not say is as for all."""
    if isinstance(value, str):
        return Latencies(_profile(value, spot.of("latency")))
    if not isinstance(value, dict):
        raise spot.of("latency").wrong(f"must be the name of a profile or a table, got {shown(value)}")
    return _latencies(value, replace(spot, key=""), usual)


def _latency(table: Mapping[str, object], spot: Spot, base: Latency) -> Latency:
    spot.refuse_unknown(table, ("profile", *_LATENCY_KEYS, *_SPREADS, *(f"{key}_spread" for key in _SPREADS)))
    if "profile" in table:
        base = _profile(table["profile"], spot.of("profile"))
    said: dict[str, Any] = {name: _spread(table, name, spot, getattr(base, name)) for name in _SPREADS}
    said |= {key: read_it(table[key], spot.of(key)) for key, read_it in _LATENCY_KEYS.items() if key in table}
    return replace(base, **said)


def _spread(table: Mapping[str, object], name: str, spot: Spot, base: Spread) -> Spread:
    mean = _seconds(table[name], spot.of(name)) if name in table else base.mean
    spread = f"{name}_spread"
    if spread in table and not mean:
        raise spot.of(spread).wrong(f"there is no `{name}` that it could be the spread of")
    deviation = _seconds(table[spread], spot.of(spread)) if spread in table else base.deviation
    return Spread(mean, deviation if name not in table or spread in table else 0.0)


def _profile(value: object, spot: Spot) -> Latency:
    if not isinstance(value, str) or value not in PROFILES:
        problem = f"there is no profile {value!r}" if isinstance(value, str) else f"must be a text, got {shown(value)}"
        raise spot.wrong(problem, did_you_mean(str(value), tuple(PROFILES)))
    return PROFILES[value]


# --- faults -----------------------------------------------------------------------------------------------------------


def _fault_rule(table: Mapping[str, object], spot: Spot) -> FaultRule:
    spot.refuse_unknown(table, ("kind", "rate", "every", "deployments", "paths", "status", "event", "delay"))
    if "kind" not in table:
        raise spot.wrong("has no `kind`", f"one of {', '.join(KINDS)}")
    kind = choice(table["kind"], tuple(KINDS), spot.of("kind"))
    taken = KINDS[kind].takes
    for key in ("status", "event", "delay"):
        if key in table and key not in taken:
            raise spot.of(key).wrong(f"a fault of kind {kind} has none", f"it takes {', '.join(taken) or 'nothing'}")
    if "rate" in table and "every" in table:
        raise spot.of("every").wrong("there is a `rate` as well", "a fault has one of them")
    return FaultRule(
        fault_of(kind, table, spot),
        rate=_share(table.get("rate", 1), spot.of("rate")),
        every=whole(table.get("every", 0), spot.of("every"), lowest=0),
        names=_pattern(table, "deployments", spot),
        paths=_pattern(table, "paths", spot),
    )


def fault_of(kind: str, said: Mapping[str, object], spot: Spot) -> Fault:
    """A fault of that kind with the parameters that were said. Raises BadSetting."""
    status = whole(said.get("status", 500), spot.of("status"), lowest=400)
    if status > 599:
        raise spot.of("status").wrong(f"{status} is no status of an error", "400 to 599")
    event = whole(said.get("event", 1), spot.of("event"), lowest=1)
    return Fault(kind, status, event, _seconds(said.get("delay", "0s"), spot.of("delay")))


# --- values -----------------------------------------------------------------------------------------------------------


def _seconds(value: object, spot: Spot) -> float:
    hint = f'a number and its unit, e.g. {spot.key} = "350ms"'
    if not isinstance(value, str):
        raise spot.wrong(f"must be a time, got {shown(value)}", hint)
    try:
        seconds = parse_duration(value)
    except ValueError:
        raise spot.wrong("is no time", hint) from None
    if seconds < 0:
        raise spot.wrong("must not be below zero", hint)
    return seconds


def _share(value: object, spot: Spot) -> float:
    share = number(value, spot)
    if not 0 <= share <= 1:
        raise spot.wrong(f"must be from 0 to 1, got {share:g}", "0.05 is five of a hundred")
    return share


def _factor(value: object, spot: Spot) -> float:
    factor = number(value, spot)
    if factor < 0:
        raise spot.wrong(f"must not be below zero, got {factor:g}")
    return factor


def _load(value: object, spot: Spot) -> float:
    factor = number(value, spot)
    if factor < 1:
        raise spot.wrong(f"must be 1 or more, got {factor:g}", "2 is: twice as long when it is busy")
    return factor


def _pattern(table: Mapping[str, object], key: str, spot: Spot) -> re.Pattern[str] | None:
    return glob(text(table[key], spot.of(key))) if key in table else None


_SPREADS = ("first_token", "token", "whole", "megabyte")
_LATENCY_KEYS: Mapping[str, Callable[[object, Spot], float]] = {
    "prompt_token": _seconds,
    "own_speed": _factor,
    "under_load": _load,
    "busy_at": lambda value, spot: whole(value, spot, lowest=1),
}
