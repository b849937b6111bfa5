"""What every refusal of the user's input has in common, so that it can be told apart from a fault of ours."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - a refusal, not a fault of ours
    """What the user gave is wrong. Its text is the whole message: what, where, what is allowed and what to do."""
