"""Floor 5: many runs. Evidence, comparisons, sweeps; pure functions of runs and of what they measured."""
