"""Generators of the user's own: ``own`` loads the file and asks its functions, ``returned`` reads what they give."""
