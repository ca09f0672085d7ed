"""Which profile a cassette's requests are compared under: the rules of ``library.toml``, put together by name.

The rule: rules apply in the order of the file, all those whose ``cassettes`` pattern fits the name; lists add up, and
of single values (``match_on``, ``model_aliases``) the last one said wins. What was asked for on the command line or in
the environment wins over the file.

``form_of`` can collect the entries of the file that had an effect; what no request ever collects is a dead rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from tokentape.redaction.hidden import Search
from tokentape.rules.extra import ExtraRedaction
from tokentape.rules.profile import DEFAULT_MATCH_ON, Profile, host_entry

if TYPE_CHECKING:
    from tokentape.rules.rulesfile import Rule


@dataclass(frozen=True, slots=True)
class Rules:
    """A whole ``library.toml``. ``Rules()`` is that of a library without the file."""

    rules: "tuple[Rule, ...]" = ()
    hosts: tuple[tuple[str, str], ...] = ()
    redact: ExtraRedaction = field(default_factory=ExtraRedaction)
    override: tuple[str, ...] | None = None
    text: str = field(default="", compare=False, repr=False)
    """What they were read from."""
    # Profiles by the rules that make them; there are few, while names are many.
    _profiles: dict[tuple[int, ...], Profile] = field(default_factory=dict, init=False, compare=False, repr=False)
    _search: Search = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_search", self.redact.search())

    @classmethod
    def parse(cls, toml_text: str, path: str) -> Self:
        """Read the text of a ``library.toml``; ``path`` is what messages call it.

        Raises BadSetting for what is no TOML, an unknown key, a wrong type or value.
        """
        if not toml_text:
            return cls()  # as in most libraries; the reader takes its time to import
        from tokentape.rules.rulesfile import read

        file = read(toml_text, path)
        return cls(file.rules, file.hosts, file.redact, text=toml_text)

    @property
    def search(self) -> Search:
        """What is redacted in this library beyond known places."""
        return self._search

    def matching_on(self, match_on: Sequence[str]) -> Self:
        """These rules, but with a ``match_on`` that was asked for on the command line or in the environment."""
        return replace(self, override=tuple(match_on))

    def profile_for(self, cassette_name: str | None) -> Profile:
        """The profile of a cassette; None is a request that names none."""
        # With no rules, as in most libraries, there is nothing to go through, and a library has many names.
        fitting = tuple([rule for rule in self.rules if rule.covers(cassette_name or "")]) if self.rules else ()
        key = tuple([rule.number for rule in fitting]) if fitting else ()
        found = self._profiles.get(key)
        if found is None:
            found = self._profiles[key] = self._profile(fitting)
        return found

    def entries(self) -> tuple[str, ...]:
        """Every entry that can have an effect, in the order of the file."""
        found: dict[str, None] = {}
        for rule in self.rules:
            found.update(dict.fromkeys(place.entry for place in rule.ignore))
            found.update(dict.fromkeys(same.entry for same in rule.same))
            if rule.model_aliases:
                found[rule.aliases_entry] = None
            if rule.match_on is not None:
                found[rule.match_on_entry] = None
        found.update(dict.fromkeys(host_entry(host) for host, _ in self.hosts))
        return tuple(found)

    def _profile(self, fitting: "tuple[Rule, ...]") -> Profile:
        match_on, aliases, applied = DEFAULT_MATCH_ON, "", []
        for rule in fitting:
            if rule.match_on is not None:
                match_on = rule.match_on
                applied.append(rule.match_on_entry)
            if rule.model_aliases is not None:
                aliases = rule.aliases_entry if rule.model_aliases else ""
        return Profile(
            match_on=match_on if self.override is None else self.override,
            ignore=tuple(place for rule in fitting for place in rule.ignore),
            same=tuple(same for rule in fitting for same in rule.same),
            model_aliases=aliases,
            hosts=self.hosts,
            search=self.search,
            applied=tuple(applied),
        )
