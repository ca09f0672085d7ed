"""The one async layer: joins the deck that decides with the disk, and answers either door.

``engine`` takes a request from a door (``exchange``): ``asking`` what it asks, ``refusing`` what nothing answers,
``simulating`` what may be made up (``making``, loaded late), ``ready`` for what was asked before. ``recording`` is fed
by a door, ``recorder`` brings it from the last byte to the journal and ``publishing`` on to its cassette
(``opentakes``, ``keying``, ``tasks``), past the ``vault`` of this run's secrets and a ``secondlook`` for those learned
late · ``upkeep`` keeps the shelf as the disk is · ``holding``, ``deciding`` and ``byhand`` are what a person does,
``control`` and ``metrics`` what a program asks.
"""
