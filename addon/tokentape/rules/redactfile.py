"""``[redact]`` in ``library.toml``: what a library has redacted beyond what everybody's has, and what it says is none.

    [redact]
    names = ["x-team-token"]              # headers, query pairs, fields, members: what goes by the name is a secret
    patterns = ["acme_[a-z0-9]{32}"]      # what they find is one, wherever it stands; a group is the secret in it
    env = ["ACME_KEY"]                    # the value of this variable, in any disguise

    [redact.personal]                     # personal data in prompts and answers
    email = true                          # a kind that is known here, or ...
    employee = "E[0-9]{6}"                # ... one of your own, with what it looks like

    [[redact.allow]]                      # what looks like a secret and is none
    match = "sk-example-[a-z0-9]+"
    because = "stands in the vendor's public documentation"

The rule: an exception gives its reason, or the file can't be used; and a mistake is said without repeating a value that
may be a secret.
"""

import re
from collections.abc import Mapping

from tokentape.redaction.wanted import PERSONAL
from tokentape.rules.extra import Allowed, ExtraRedaction
from tokentape.rules.spots import Spot, did_you_mean, shown, table_of, tables_of, texts

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ROLE = re.compile(r"[a-z]{2,20}(?:-[a-z]{1,20}){0,3}")
_KEYS = ("names", "patterns", "env", "personal", "allow")
_SHORTEST_REASON = 10


def read_redact(tree: Mapping[str, object], spot: Spot) -> ExtraRedaction:
    """The table of the whole file's tree. Raises BadSetting."""
    table = table_of(tree, "redact", spot)
    spot.at("redact").refuse_unknown(table, _KEYS)
    lists = {key: texts(table.get(key, []), spot.at("redact", key)) for key in _KEYS[:3]}
    for source in lists["patterns"]:
        _expression(source, spot.at("redact", "patterns"), "a pattern")
    for name in lists["env"]:
        if not _VARIABLE.fullmatch(name):
            # Somebody may have written the secret itself here, so the text is not repeated.
            problem = "holds something that is no name of a variable"
            raise spot.at("redact", "env").wrong(problem, 'e.g. env = ["ACME_KEY"]')
    personal = table_of(table, "personal", spot.at("redact"))
    return ExtraRedaction(
        **lists,
        personal=tuple(_kind(role, value, spot.at("redact.personal", role)) for role, value in personal.items()),
        allow=tuple(
            _allowed(one, spot.at("redact.allow", number=number))
            for number, one in enumerate(tables_of(table, "allow", spot.at("redact")), 1)
        ),
    )


def _kind(role: str, value: object, spot: Spot) -> tuple[str, str]:
    if not _ROLE.fullmatch(role):
        raise spot.wrong("is no name for a kind of data", "small letters, and - between words")
    if value is True:
        if role not in PERSONAL:
            raise spot.wrong("is no kind that is known here", did_you_mean(role, tuple(PERSONAL)))
        return role, PERSONAL[role]
    if not isinstance(value, str) or not value:
        raise spot.wrong(f"must be true or an expression, got {shown(value)}", 'e.g. employee = "E[0-9]{6}"')
    _expression(value, spot, "it")
    return role, value


def _allowed(table: Mapping[str, object], spot: Spot) -> Allowed:
    spot.refuse_unknown(table, ("match", "because"))
    found = {}
    for key in ("match", "because"):
        value = table.get(key, "")
        if not isinstance(value, str) or not value.strip():
            problem = f"must be a text, got {shown(value)}" if key in table else "is missing"
            raise spot.of(key).wrong(problem, _EXAMPLE)
        found[key] = value.strip()
    if len(found["because"]) < _SHORTEST_REASON:
        raise spot.of("because").wrong("says too little: why is it no secret?", _EXAMPLE)
    _expression(found["match"], spot.of("match"), "it")
    return Allowed(**found)


_EXAMPLE = 'e.g. because = "stands in the vendor\'s public documentation"'


def _expression(source: str, spot: Spot, what: str) -> None:
    try:
        re.compile(source)  # of a value, where the other is of a text
        pattern = re.compile(source.encode())
    except (re.error, OverflowError, RecursionError, UnicodeEncodeError):
        hint = "a literal string needs no doubled \\: '…'"
        raise spot.wrong(f"'{what}' is no regular expression", hint) from None
    if pattern.fullmatch(b""):
        raise spot.wrong(f"'{what}' fits an empty text, so it would fit anywhere", "use + in place of *")
