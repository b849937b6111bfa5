"""Questions put to the simulator, and its benchmark."""
