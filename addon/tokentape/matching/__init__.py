"""When are two requests the same, and if they are not, in what do they differ?

``form`` is what is compared; it is made of the address, of headers and of the body as what it is (``content``, JSON by
value: ``canonical``, a large one in pieces: ``largejson``), after the profile's rules (``rewrite``). ``differ`` finds
the differences (``findings``, ``treediff`` in JSON, ``conversation`` by its turns), ``showing`` makes them readable,
``sketch`` estimates them without the text, and ``accepting`` makes one a rule.
"""
