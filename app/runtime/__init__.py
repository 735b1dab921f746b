"""The clocks, and the ways to run lanes: embedded in one process, or driven by a simulation."""
