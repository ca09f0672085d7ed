"""What Azure OpenAI puts into answers beyond OpenAI's own fields: the verdicts of its content filter.

The rule: texts, ready to be put into JSON. Source: Azure OpenAI's REST reference, "Content filtering".
"""

_KINDS = ("hate", "self_harm", "sexual", "violence")
_SAFE = ",".join(f'"{kind}":{{"filtered":false,"severity":"safe"}}' for kind in _KINDS)

CHOICE_FILTER = f"{{{_SAFE}}}"
EMPTY_FILTER = "{}"
PROMPT_FILTER = (
    f'[{{"prompt_index":0,"content_filter_results":{{{_SAFE},"jailbreak":{{"filtered":false,"detected":false}}}}}}]'
)
