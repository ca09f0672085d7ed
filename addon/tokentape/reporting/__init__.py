"""What there is to tell, as data and as text: about a run, a cassette, a recording, or two of them.

``reports`` are the numbers of a run, ``summary`` says them, ``merging`` adds up those of several processes, ``unused``
reads out of them what was never played, ``usage`` counts tokens · ``glance`` is what happened to one request ·
``telling`` a recording as a person reads it, ``timeline`` its stream · ``overview`` a cassette · ``comparison`` two
recordings side by side, ``shape`` in what their answers drifted apart.
"""
