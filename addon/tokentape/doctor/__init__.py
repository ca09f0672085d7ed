"""Is this machine set up? Each runtime that is here is started and asks for a page through a proxy of its own.

``probes`` is the table of runtimes, and what mends each (pure) · ``canary`` the page, and a probe run to its end ·
``surroundings`` what can be told without running anything.
"""
