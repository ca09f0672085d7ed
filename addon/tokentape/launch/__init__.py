"""Start a program so that what it says goes through the proxy.

``environment`` is the variables its runtime needs (pure) · ``certificates`` the file of trusted roots they point to ·
``command`` runs it and passes signals and its exit code through.
"""
