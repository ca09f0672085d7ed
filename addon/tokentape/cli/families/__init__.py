"""The commands as they are typed, a module for each family: their words, their flags, their help.

The rule: no work is done here, and nothing is imported at the top but click and the tables that the help shows. A
command puts its settings together, then imports the module that does the work and hands over; so ``--help`` and shell
completion stay fast, whatever the commands need.
"""
