"""How sure a model was of its tokens, and what it might have said instead.

The rule: the chosen token is the likeliest of its alternatives, all of which together are at most as likely as the
whole; bytes are those of the token.
"""

import math
from collections.abc import Sequence

from tokentape.generate.material.dice import Dice
from tokentape.generate.shapes import quoted

# Tokens that could stand in many places: what the alternatives are made of.
_OTHERS = (
    *(
        " the",
        " a",
        " and",
        " to",
        " of",
        " it",
        " in",
        " is",
        ",",
        ".",
        " that",
        " for",
        " this",
        " with",
        " as",
        " on",
    ),
    *(" be", " one", " by", " or", " from", " at", " an", " more", " most", " you"),
)


def _drawn(token: str, top: int, dice: Dice) -> list[tuple[str, float]]:
    """The token with its logprob, then the alternatives, likeliest first."""
    sure = 0.55 + 0.449 * dice.share()
    listed = [(token, math.log(sure))]
    left, at = 1 - sure, dice.below(len(_OTHERS))
    while len(listed) < max(top, 1):
        other = _OTHERS[at % len(_OTHERS)]
        at += 1
        if other != token:
            left *= 0.6
            listed.append((other, math.log(left * 0.6)))
    return listed


def _entry(token: str, logprob: float, rest: str = "") -> str:
    held = ",".join(map(str, token.encode("utf-8", "replace")))
    return f'{{"token":{quoted(token)},"logprob":{round(logprob, 7)},"bytes":[{held}]{rest}}}'


def chat_tokens(tokens: Sequence[str], top: int, dice: Dice) -> list[str]:
    """An entry of ``logprobs.content`` for each token."""
    entries = []
    for token in tokens:
        drawn = _drawn(token, top, dice)
        others = ",".join(_entry(*one) for one in drawn[:top])
        entries.append(_entry(*drawn[0], f',"top_logprobs":[{others}]'))
    return entries


def chat(tokens: Sequence[str], top: int, dice: Dice) -> str:
    """The ``logprobs`` of a choice."""
    return f'{{"content":[{",".join(chat_tokens(tokens, top, dice))}],"refusal":null}}'


def completion(tokens: Sequence[str], top: int, dice: Dice, offset: int) -> str:
    """The ``logprobs`` of the older completions: four lists, the last with the place of each token in the text."""
    drawn = [_drawn(token, top, dice) for token in tokens]
    places = []
    for token in tokens:
        places.append(offset)
        offset += len(token)
    alternatives = (
        "{" + ",".join(f"{quoted(one)}:{round(odd, 7)}" for one, odd in dict(entry[: max(top, 1)]).items()) + "}"
        for entry in drawn
    )
    shown = f"[{','.join(alternatives)}]" if top else "null"
    odds = ",".join(str(round(entry[0][1], 7)) for entry in drawn)
    return (
        f'{{"text_offset":[{",".join(map(str, places))}],"token_logprobs":[{odds}],'
        f'"tokens":[{",".join(map(quoted, tokens))}],"top_logprobs":{shown}}}'
    )
