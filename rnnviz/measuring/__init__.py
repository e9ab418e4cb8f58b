"""The real window, measured while it trains: the processes that `rnnviz bench --gui` starts.

Nothing in the program knows of this package; it presses keys and counts paint events from outside.
"""
