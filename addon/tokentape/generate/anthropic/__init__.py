"""Anthropic's API: each request checked in its words and answered in its shapes.

``asked`` checks a request and its ``messages``, ``claude`` answers it, in one piece or as a stream of named events.
"""
