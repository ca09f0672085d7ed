"""OpenAI's API, and Azure's: each endpoint checked in its words and answered in its shapes.

``chat``, ``completions`` and ``responses`` (``responseitems`` in, ``responseoutput`` and ``responsestream`` out) hold
conversations, of ``messages``, with a ``toolset``, in one piece or streamed (``chatstream``) · ``embeddings``,
``images``, ``audio`` and ``moderations`` · ``azure`` is what Azure adds; ``forms`` and ``logprobs`` several share.
"""
