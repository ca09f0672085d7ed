"""What a real API would do besides answering: look at the key, count tokens, take its time, fail now and then.

``simulator`` joins the others and knows neither clock nor disk: ``parts`` is what it is made of, ``simulationfile`` the
file that says so, ``seedvariables`` the Azure simulator's way to say it · ``calls`` is what a request asks for,
``estimates`` what it counts for, ``limits`` and ``meters`` whether that is too much, ``limitwords`` how each provider
says so · ``latency`` and ``speeds`` · ``faults`` and ``faultheader`` · ``apierrors`` · ``figures`` for Prometheus.
"""
