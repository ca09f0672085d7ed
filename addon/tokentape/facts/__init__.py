"""What is known about LLM APIs and their secrets, as tables: no logic that could be wrong, and a reason for each row.

``providers`` are the APIs: hosts, where keys go, what varies between equal requests · ``places`` the names of headers,
fields and query pairs that hold secrets · ``shapes`` how keys look that stand in no known place.
"""
