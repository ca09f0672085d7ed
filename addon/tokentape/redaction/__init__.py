"""Secrets are taken out of an interaction before anything is compared or written.

``redact`` does it, in passes (``onepass``) that put a placeholder (``placeholders``) where a secret stood (``edits``).
Where they are looked for: in the known places of headers and bodies (``headerspans``, ``spans``), and anywhere else
(``hidden``): the secrets of this run in every disguise (``taints``, ``views``), in pieces through a stream
(``spelled``), a large text stretch by stretch (``stretches``), and what a library asks for besides (``wanted``).
"""
