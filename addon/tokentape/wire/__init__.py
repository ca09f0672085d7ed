"""What is on the wire, without the wire: bytes and times come in as values, plans go out as values.

``encoding`` undoes compression · ``multipart``, ``sse`` and ``eventstream`` know where parts and events end,
``framing`` which bodies are streams · ``received`` is a request as a door got it · ``tape`` takes an answer down piece
by piece · ``answers`` is a recording as an answer, ``pace`` when each piece of it leaves, ``certify`` whether it came
as it should.
"""
