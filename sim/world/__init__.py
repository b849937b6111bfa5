"""What there is before anything happens: the scenario, the day that nature draws, the machines."""
