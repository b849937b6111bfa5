"""Time. The only floor that imports SimPy."""
