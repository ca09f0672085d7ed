"""Measure what the project promises: ``scripts/bench [ROW ...]``.

The rule: a figure is worth something only beside another one. Whatever is compared is started together and driven in
turns, a slice each (A B A B), and what is reported is the median of the ratios within the turns. CPU time a request is
what the bars are about; requests a second say how busy the machine was.
"""
