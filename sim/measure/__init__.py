"""What a run means: pure functions of a :class:`sim.engine.simulate.Run`."""
