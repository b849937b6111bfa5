"""The command line in tests: run in this process, with what it printed and its exit status."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from sim.faces import cli

SMALL = """
name = "small"
duration = "10 min"
[[wifi]]
ssid = "home"
[[stays]]
wifi = "home"
[[apps]]
name = "mail"
background = "always"
[[apps.sockets]]
lifetime = "1 h"
traffic = { law = "periodic", every = "10 s", up = "100 B", down = "1 kB" }
[[timeline]]
at = "2 min"
do = "vpn_on"
[[timeline]]
at = "5 min"
do = "leak_check"
[policies.sealed]
vpn.include_all_networks = true
"""


class Result(NamedTuple):
    status: int
    out: str
    err: str


class Command:
    """Runs the command in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str | Path) -> Result:
        with pytest.raises(SystemExit) as ended:
            cli.main([str(w) for w in words])
        out, err = self._capsys.readouterr()
        return Result(int(ended.value.code or 0), out, err)

    def refused(self, *words: str | Path) -> str:
        """The one message of a refusal."""
        status, out, err = self(*words)
        assert status == 2, (out, err)
        assert out == ""
        assert "Traceback" not in err
        return err
