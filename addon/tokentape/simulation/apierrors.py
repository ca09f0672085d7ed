"""Errors that an API gives before it looks at what is asked, in each provider's words: keys and deployments.

The rule: the words are those that the APIs send; a key that was given is not repeated, not even in part.
"""

from tokentape.generate.problems import Invalid, usual
from tokentape.generate.route import ANTHROPIC, AZURE

_NO_DEPLOYMENT = (
    "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
    "please wait a moment and try again."
)


def no_key(provider: str, *, given: bool) -> Invalid:
    """The error for a request without a key, or with one that is not taken."""
    if not given and provider == ANTHROPIC:
        return Invalid("x-api-key header is required", status=401)
    if not given and provider != AZURE:
        message = (
            "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer "
            "auth (i.e. Authorization: Bearer YOUR_KEY). You can obtain an API key from "
            "https://platform.openai.com/account/api-keys."
        )
        return Invalid(message, status=401)
    return usual(provider, 401)


def not_found(provider: str, name: str) -> Invalid:
    """The error for a deployment or model that there is not."""
    if provider == AZURE:
        return Invalid(_NO_DEPLOYMENT, code="DeploymentNotFound", status=404, kind="")
    if provider == ANTHROPIC:
        return Invalid(f"model: {name}", status=404)
    message = f"The model `{name}` does not exist or you do not have access to it."
    return Invalid(message, code="model_not_found", status=404)
