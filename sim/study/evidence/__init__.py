"""Every published result that the model claims to reproduce, as a check that can fail.

One module for each field of evidence. A check sets inputs as a scenario or a machine's parameters would, and reads
ordinary outputs; no parameter exists for a check. `checks` says what a check is, `played` plays scenarios for those
that are claims about them, `register` lists all, and `examine` runs them on several processors.
"""
