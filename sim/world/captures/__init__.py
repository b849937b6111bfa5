"""Recorded traffic: from a packet capture of a phone to the flows that a scenario plays.

`files` reads records, `packets` their headers, `table` makes columns of them, `flows` makes flows and bursts, with
`services` for what they are for and `names` for what DNS called them; `traffic` is the result, and its CSV.
"""
