"""Values that a JSON schema allows: ``schema`` draws them.

``wellformed`` looks first whether it is a schema, ``merging`` puts its parts together, ``words`` and ``pattern`` fill
the places, ``validity`` checks what was drawn.
"""
