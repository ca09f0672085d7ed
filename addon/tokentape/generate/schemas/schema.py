"""Values that a JSON schema (draft 2020-12 and its elders) allows, about the words of a question.

The rule: what comes out is valid against the schema, or ``Unsatisfiable`` says why there is none; nothing is handed out
on hope. Keywords that can only be tried (``oneOf``, ``not``, ``if`` …) are tried, with a bounded number of draws.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tokentape.generate.material.dice import Dice
from tokentape.generate.schemas.merging import Unsatisfiable, merged, resolved
from tokentape.generate.schemas.validity import fits
from tokentape.generate.schemas.wellformed import check
from tokentape.generate.schemas.words import number_for, text_for

__all__ = ["Unsatisfiable", "value_for"]

# Optional parts are left out below this depth, so a schema that holds itself comes to an end; the deepest is for one
# that can't end, as an object that requires itself.
_MODEST_DEPTH, _DEEPEST = 5, 48
_PLENTY, _MOST_VALUES = 400, 20_000  # parts of a value: from the first on only what is required is drawn
_DRAWS = 60
_TRIED = frozenset({"oneOf", "not", "if", "contains", "dependentRequired", "dependentSchemas", "propertyNames"}) | {
    *("patternProperties", "uniqueItems", "minProperties", "maxProperties", "unevaluatedProperties"),
    *("minContains", "maxContains", "dependencies", "unevaluatedItems", "multipleOf", "pattern", "allOf", "anyOf"),
}


def value_for(schema: Any, dice: Dice, topics: Sequence[str] = ()) -> Any:
    """A value of the schema. Raises Unsatisfiable."""
    check(schema)
    try:
        return _drawn(schema, dice, topics)
    except RecursionError:
        raise Unsatisfiable("its references lead back to themselves") from None


def _drawn(schema: Any, dice: Dice, topics: Sequence[str]) -> Any:
    if not _is_tricky(schema):
        return _Maker(schema, dice, topics).value(schema, "", 0)
    for _ in range(_DRAWS):
        value = _Maker(schema, dice, topics).value(schema, "", 0)
        if fits(value, schema, schema):
            return value
    raise Unsatisfiable("no value was found that all of its keywords allow")


def _is_tricky(schema: Any) -> bool:
    level = [schema]
    while level:
        if any(isinstance(value, dict) and not _TRIED.isdisjoint(value) for value in level):
            return True
        level = [
            below
            for value in level
            if isinstance(value, dict | list)
            for below in (value.values() if isinstance(value, dict) else value)
        ]
    return False


class _Maker:
    """Draws values of one schema."""

    def __init__(self, root: Any, dice: Dice, topics: Sequence[str]) -> None:
        self.root, self.dice, self.topics = root, dice, topics
        self.drawn = 0

    def value(self, schema: Any, name: str, depth: int) -> Any:
        """A value for the place ``name`` (a property), ``depth`` levels below the root."""
        if depth > _DEEPEST:
            raise Unsatisfiable("it holds itself without an end")
        self.drawn += 1
        if self.drawn > _MOST_VALUES:
            raise Unsatisfiable(f"its smallest value has more than {_MOST_VALUES} parts")
        if self.drawn > _PLENTY:
            depth = max(depth, _MODEST_DEPTH)
        rules = self._settled(schema, depth)
        if "const" in rules:
            return rules["const"]
        if "enum" in rules:
            return self._enumerated(rules)
        match self._kind(rules, depth):
            case "object":
                return self._object(rules, depth)
            case "array":
                return self._array(rules, name, depth)
            case "string":
                return text_for(rules, name, self.dice, self.topics)
            case "integer" | "number" as kind:
                return number_for(rules, name, self.dice, whole=kind == "integer")
            case "boolean":
                return bool(self.dice.below(2))
            case _:
                return None

    def _settled(self, schema: Any, depth: int) -> Mapping[str, Any]:
        """The schema with its references followed, and one of its alternatives chosen."""
        rules = resolved(schema, self.root)
        for _ in range(_DEEPEST):
            if parts := rules.get("allOf"):
                rules = merged([{key: rules[key] for key in rules if key != "allOf"}, *parts], self.root)
            elif branches := rules.get("anyOf") or rules.get("oneOf"):
                others = {key: rules[key] for key in rules if key not in ("anyOf", "oneOf")}
                rules = merged([others, self._branch(branches, depth)], self.root)
            elif "$ref" in rules:
                rules = resolved(rules, self.root)
            else:
                return self._conditional(rules)
        raise Unsatisfiable("its parts refer to each other without an end")

    def _branch(self, branches: Sequence[Any], depth: int) -> Any:
        if depth >= _MODEST_DEPTH:  # the one that ends soonest: null, a plain value, no reference
            return min(branches, key=_weight)
        return self.dice.pick(branches)

    def _conditional(self, rules: Mapping[str, Any]) -> Mapping[str, Any]:
        """Of ``if``, ``then`` and ``else`` one side, so that a draw has a chance to fit."""
        if "if" not in rules:
            return rules
        others = {key: rules[key] for key in rules if key not in ("if", "then", "else")}
        if self.dice.below(2):
            return merged([others, rules["if"], rules.get("then", True)], self.root)
        return merged([others, rules.get("else", True)], self.root)

    def _enumerated(self, rules: Mapping[str, Any]) -> Any:
        bare = {key: rules[key] for key in rules if key != "enum"}
        allowed = [value for value in rules["enum"] if fits(value, bare, self.root)]
        if not allowed:
            raise Unsatisfiable("its enum holds no value that its other keywords allow")
        return self.dice.pick(allowed)

    def _kind(self, rules: Mapping[str, Any], depth: int) -> str:
        kinds = rules.get("type")
        if isinstance(kinds, str):
            return kinds
        if isinstance(kinds, list) and kinds:
            filled = [kind for kind in kinds if kind != "null"]
            # A value that may be null is there three times in four, and null where that ends a recursion.
            is_null = "null" in kinds and (depth >= _MODEST_DEPTH or not filled or self.dice.below(4) == 0)
            return "null" if is_null else str(self.dice.pick(filled))
        return _implied(rules)

    def _object(self, rules: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = rules.get("properties", {})
        required = rules.get("required", [])
        made: dict[str, Any] = {}
        for name, schema in properties.items():
            if name in required or (depth < _MODEST_DEPTH and schema is not False and self.dice.below(4)):
                made[name] = self.value(schema, name, depth + 1)
        for name in required:
            if name not in made:
                made[name] = self.value(self._extra(rules, name), name, depth + 1)
        self._fill_up(made, rules, depth)
        return made

    def _extra(self, rules: Mapping[str, Any], name: str) -> Any:
        """The schema of a property that is not among the named ones."""
        if name in rules.get("properties", {}):
            return rules["properties"][name]
        if patterns := rules.get("patternProperties"):
            return merged([{}, *patterns.values()], self.root) if len(patterns) == 1 else {"type": "string"}
        extra = rules.get("additionalProperties", {"type": "string"})
        return {"type": "string"} if extra is True else extra

    def _fill_up(self, made: dict[str, Any], rules: Mapping[str, Any], depth: int) -> None:
        """Properties of free names, where an object needs more, or holds nothing but such."""
        wanted = int(rules.get("minProperties", 0))
        extra = rules.get("additionalProperties")
        if not rules.get("properties") and isinstance(extra, dict) and extra and depth < _MODEST_DEPTH:
            wanted = max(wanted, min(2, int(rules.get("maxProperties", 2))))
        left = [name for name in rules.get("properties", {}) if name not in made]
        names = [*left, *(word.replace(" ", "_") for word in self.topics)]
        names += [f"key{index}" for index in range(1, wanted + 1)]
        for name in names:
            if len(made) >= wanted:
                return
            if name not in made:
                made[name] = self.value(self._extra(rules, name), name, depth + 1)

    def _array(self, rules: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        places = rules.get("prefixItems") or []
        rest = rules.get("items", rules.get("contains", {}))
        if isinstance(rest, list):  # as drafts before 2020-12 write prefixItems
            places, rest = rest, rules.get("additionalItems", {})
        low = int(rules.get("minItems", 0))
        most = int(rules.get("maxItems", max(low, 3)))
        wanted = low if depth >= _MODEST_DEPTH else max(low, min(most, self.dice.between(1, 3)))
        if "minItems" not in rules and places:
            wanted = min(len(places), most)
        if rest is False:
            wanted = min(wanted, len(places))
        return self._items([*places[:wanted], *[rest] * (wanted - len(places))], rules, name, depth)

    def _items(self, schemas: Sequence[Any], rules: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        made: list[Any] = []
        is_set = bool(rules.get("uniqueItems"))
        for schema in schemas:
            value = self.value(schema, name.removesuffix("s"), depth + 1)
            for _ in range(_DRAWS if is_set else 0):
                if value not in made:
                    break
                value = self.value(schema, "", depth + 1)
            if is_set and value in made and len(made) >= int(rules.get("minItems", 0)):
                break
            made.append(value)
        return made


def _weight(branch: Any) -> int:
    if not isinstance(branch, Mapping):
        return 1
    if branch.get("type") == "null":
        return 0
    return 9 if "$ref" in branch else 5 if branch.get("type") in ("object", "array") else 2


_IMPLIED = (
    ("object", ("properties", "required", "additionalProperties", "minProperties", "patternProperties")),
    ("array", ("items", "prefixItems", "minItems", "maxItems", "contains", "uniqueItems")),
    ("string", ("pattern", "format", "minLength", "maxLength")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
)


def _implied(rules: Mapping[str, Any]) -> str:
    """The type that the keywords speak of, where none is said."""
    return next((kind for kind, keys in _IMPLIED if any(key in rules for key in keys)), "string")
