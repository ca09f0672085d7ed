"""Start a program so that what it says goes through the proxy.

``environment`` is the variables its runtime needs, ``java`` the part that Java reads (pure) · ``node.cjs`` what every
Node program loads · ``certificates`` and ``truststore`` the files of trusted roots that the variables point to ·
``command`` runs it and passes signals and its exit code through · ``silence`` says why nothing came through the proxy.
"""
