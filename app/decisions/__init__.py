"""The pure core: what a signal means, when something is owed, and whether it may be done now.

Nothing here reads a clock, does I/O or draws a random number; everything arrives as data and the
same input gives the same output, ids included. Live work, dry run, backtest and simulation differ
only in who supplies the snapshots and who applies the decisions.
"""
