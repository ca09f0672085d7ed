"""What answers are made of: ``prose`` (from ``phrases``), ``pictures`` and ``sounds``.

``tokens`` counts and cuts texts as models do; ``dice`` is the chance that follows from a request and a seed.
"""
