"""What is decided about a request, in memory: no disk, no clock.

``deck`` decides (``decisions``) by the mode, by what is on the ``shelf`` (of each recording its ``marks``) and by which
of equal ones is due (``positions``); ``sessions`` keep one client's positions, takes and counts apart, ``accounts``
makes them a report · ``memo`` keeps what was made of a request for when it comes again · ``nearest`` and ``explain``
say why nothing answered.
"""
