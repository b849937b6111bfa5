"""Popular claims about VPNs on the iPhone, answered by simulation."""
