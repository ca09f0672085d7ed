"""The only room that touches the disk: cassettes, the journal of takes, locks.

``files`` writes whole or not at all · ``locks`` keeps two processes apart · ``store`` reads and publishes cassettes
(``growing`` makes their files longer), ``rulestext`` is ``library.toml`` · ``journal`` makes each finished interaction
durable (``takelines``) before its take is published, ``recovery`` brings back what a crash left · ``index`` keeps what
a ``survey`` found for the next run, ``contents`` reads recordings when they are asked for · ``spare`` gives memory that
is free again back to the system, ``unswept`` keeps Python from looking for garbage where there is none.
"""
