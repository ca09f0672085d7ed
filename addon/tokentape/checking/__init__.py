"""What is wrong in a library's files.

``checks`` finds damage, edits and dead rules; ``leaks`` finds what is left of secrets, and takes it out; ``lengths``
is what a file says of the length of its bodies.
"""
