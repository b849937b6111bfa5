"""TOML in, a scenario out, and errors that say what, where, what was expected and what to do."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from sim.base.refusal import Refusal
from sim.base.units import SECOND, write_duration
from sim.world.recordings import read as read_recording
from sim.world.recordings.recording import NO_NETWORK, Recording, median
from sim.world.scenario import Cellular, Scenario, Wifi

MOST_BYTES = 2_000_000
"""A scenario file larger than this is refused; the largest shipped one has 20 kB."""
MOST_CAPTURED = 200_000_000
"""A file of captured traffic: some hundred bytes for each burst."""
MOST_DEPTH = 40
_MOST_EXTENDS = 4
MOST_REPEATED = 2_000_000
"""Rows of a recording that is repeated."""


class ScenarioError(Refusal):
    """The user's file is wrong.

    Parameters
    ----------
    file : which file
    key : path of the key inside it, "" for the file as a whole
    problem : what was found and what is allowed
    hint : what to do, "" if there is nothing to add
    """

    def __init__(self, file: str, key: str, problem: str, hint: str = "") -> None:
        super().__init__(file, key, problem, hint)
        self.file, self.key, self.problem, self.hint = file, key, problem, hint

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}: " if self.key else f"{self.file}: "
        return where + self.problem + (f"\n  {self.hint}" if self.hint else "")


def load(
    path: str | Path,
    policy: str | None = None,
    settings: Mapping[str, Any] | None = None,
    vpn: Mapping[str, Any] | None = None,
    recording: str | Path | None = None,
) -> Scenario:
    """Read a scenario file, and the recording that it names.

    Parameters
    ----------
    policy : name of one of the file's policies, merged over it
    settings : key paths and values that replace what the file says, as `--set` does
    vpn : the `[vpn]` table that a real configuration means; it replaces the file's keys
    recording : a recorded drive instead of the file's own, from anywhere. A scenario shorter than it becomes as long
        as it is, unless `settings` say how long

    Raises
    ------
    ScenarioError
        When the file cannot be read or says something that has no meaning.
    RecordingRefused
        When its recording cannot be read.
    """
    file = Path(path)
    tree = read_tree(file)
    if policy is not None:
        policies = tree.get("policies", {})
        if not isinstance(policies, dict) or policy not in policies:
            names = list(policies) if isinstance(policies, dict) else []
            raise ScenarioError(str(file), "policies", f"there is no policy {policy!r}", did_you_mean(policy, names))
        tree = merge(tree, policies[policy])
    if vpn:
        tree = merge(tree, {"vpn": vpn})
    if recording is not None:
        tree["recording"] = {"file": str(recording)}  # what the file cuts from its own means nothing in this one
    for key, value in (settings or {}).items():
        put(tree, key, value, str(file))
    tree = _with_captures(tree, file)
    scenario = with_recording(validate(tree, str(file)), file, None if recording is None else Path(recording))
    if recording is None or scenario.recording is None or "duration" in (settings or {}):
        return scenario
    return scenario.model_copy(update={"duration": max(scenario.duration, scenario.recording.drive.end)})


def with_recording(scenario: Scenario, file: Path, given: Path | None = None) -> Scenario:
    """The scenario with what is in its recording.

    Parameters
    ----------
    file : the scenario's, beside which its recording is
    given : a recording's file from anywhere, instead of the one that the scenario names

    Raises
    ------
    ScenarioError
        When the scenario may not read that file, or wants a part that is not there.
    RecordingRefused
    """
    wanted = scenario.recording
    if wanted is None:
        return scenario
    path = given or _below(file, wanted.file)
    drive = read_recording(path, wanted.part)
    if wanted.start >= drive.end or (wanted.until is not None and wanted.until <= wanted.start):
        raise ScenarioError(
            str(file),
            "recording",
            f"nothing is left between start ({write_duration(wanted.start)}) and until "
            f"({write_duration(min(wanted.until or drive.end, drive.end))}); {path} is {drive.end / SECOND:g} s long",
        )
    drive = drive.cut(wanted.start, wanted.until)
    if wanted.repeat and scenario.duration // drive.end * len(drive.at) > MOST_REPEATED:
        raise ScenarioError(
            str(file),
            "recording.repeat",
            f"{drive.end / SECOND:g} s of recording would be repeated {scenario.duration // drive.end:,} times",
            f"Shorten duration: {MOST_REPEATED:,} rows in all are allowed.",
        )
    return scenario.model_copy(
        update={
            "recording": wanted.holding(drive),
            "cellular": _at_its_rate(scenario.cellular, drive),
            "wifi": (*scenario.wifi, *_unknown_wifi(scenario, drive)),
        }
    )


def _below(file: Path, name: str) -> Path:
    """A file that a scenario names: beside it or below its folder, wherever links may lead."""
    folder = file.parent.resolve()
    try:
        inside = not Path(name).is_absolute() and (folder / name).resolve().is_relative_to(folder)
    except (OSError, ValueError):
        inside = False
    if not inside:
        raise ScenarioError(
            str(file),
            "recording.file",
            f"found {_show(name)}; allowed: a file beside the scenario or below its folder",
            "Any file may be given on the command line: --recording FILE",
        )
    return file.parent / name


def _at_its_rate(cellular: Cellular, drive: Recording) -> Cellular:
    """Cellular with the recording's rate."""
    if drive.rate_down_mbps is None:
        return cellular
    # MODEL: all of a recorded day has the recording's median rate in the energy account. Bias: air time too short
    # where the link was slow, too long where it was fast.
    return cellular.model_copy(update={"rate_mbps": median(drive.rate_down_mbps)})


def _unknown_wifi(scenario: Scenario, drive: Recording) -> list[Wifi]:
    """Networks of the recording that the scenario does not describe: with the usual values."""
    known = {NO_NETWORK, *(w.ssid for w in scenario.wifi)}
    return [Wifi(ssid=ssid) for ssid in dict.fromkeys(drive.wifi or ()) if ssid not in known]


def read_tree(file: Path, depth: int = 0) -> dict[str, Any]:
    """The tables of a file, merged over those of the file it extends."""
    tree = _read_toml(file)
    base = tree.pop("extends", None)
    if base is None:
        return tree
    if not isinstance(base, str) or Path(base).name != base:
        raise ScenarioError(str(file), "extends", f"found {_show(base)}; allowed: the name of a file beside this one")
    if depth >= _MOST_EXTENDS:
        raise ScenarioError(str(file), "extends", f"more than {_MOST_EXTENDS} files extend each other")
    beside = file.with_name(base)
    if not beside.exists():
        raise ScenarioError(str(file), "extends", f"there is no {base} beside this file")
    return merge(read_tree(beside, depth + 1), tree)


def _with_captures(tree: dict[str, Any], file: Path) -> dict[str, Any]:
    """The tables, and the files with captured traffic that apps name."""
    apps = tree.get("apps")
    found = tree.get("captures", {})
    if not isinstance(apps, list) or not isinstance(found, dict):
        return tree
    named = [app["captured"] for app in apps if isinstance(app, dict) and isinstance(app.get("captured"), str)]
    for name in dict.fromkeys(named):
        if name not in found:
            if Path(name).name != name:
                raise ScenarioError(
                    str(file), "captured", f"found {_show(name)}; allowed: the name of a file beside this one"
                )
            found = {**found, name: _read_text(file.with_name(name), MOST_CAPTURED, "captured traffic is a CSV file")}
    return {**tree, "captures": found} if found else tree


def _read_toml(file: Path) -> dict[str, Any]:
    text = _read_text(file, MOST_BYTES, "a scenario is a TOML file")
    name = str(file)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(name, "", f"this is not TOML: {error}") from None
    except ValueError:  # Python refuses integers of thousands of digits
        raise ScenarioError(name, "", "the file contains a number that is too long") from None
    except RecursionError:
        raise ScenarioError(name, "", "the file nests too deeply") from None
    if _depth(tree) > MOST_DEPTH:
        raise ScenarioError(name, "", "the file nests too deeply")
    return tree


def _read_text(file: Path, most: int, expected: str) -> str:
    """The text of a file of at most so many bytes."""
    name = str(file)
    try:
        if file.is_dir():
            raise ScenarioError(name, "", f"this is a directory; {expected}")
        if file.exists() and not file.is_file():
            raise ScenarioError(name, "", f"this is not an ordinary file; {expected}")
        if file.stat().st_size > most:
            raise ScenarioError(name, "", f"the file is larger than {most // 1_000_000} MB; {expected}")
        raw = file.read_bytes()
    except FileNotFoundError:
        raise ScenarioError(name, "", "there is no such file", _beside(file)) from None
    except PermissionError:
        raise ScenarioError(name, "", "no permission to read it") from None
    except OSError as error:
        raise ScenarioError(name, "", f"cannot be read: {error.strerror or error}") from None
    if not raw.strip():
        raise ScenarioError(name, "", "the file is empty")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ScenarioError(name, "", f"this is not text in UTF-8; {expected}") from None


def _beside(file: Path) -> str:
    """A hint for a name that does not exist: a scenario that is called nearly so."""
    try:
        names = [p.name for p in file.parent.glob("*.toml")]
    except OSError:
        return ""
    return did_you_mean(file.name, names) or "The shipped scenarios: leakwindow scenarios"


def _depth(value: Any) -> int:
    level, stack = 0, [value]
    while stack and level <= MOST_DEPTH:
        level += 1
        stack = [c for v in stack for c in (v.values() if isinstance(v, dict) else v if isinstance(v, list) else ())]
    return level


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`: tables are merged, everything else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def put(tree: dict[str, Any], key: str, value: Any, file: str) -> None:
    """Set the value at a key path such as `vpn.wireguard.persistent_keepalive` or `apps.mail.kind`, in place.

    Inside a list an entry is meant by its number, counted from 0, or by its name.
    """
    parts = key.split(".")
    here: Any = tree
    for i, part in enumerate(parts[:-1]):
        if isinstance(here, list):
            index = _index(here, part)
            if index is None:
                raise ScenarioError(
                    file,
                    ".".join(parts[: i + 1]),
                    f"there is no entry {part!r} here",
                    did_you_mean(part, _names(here)),
                )
            here[index] = dict(here[index]) if isinstance(here[index], dict) else here[index]
            here = here[index]
        elif isinstance(here, dict):
            below = here.get(part, {})
            here[part] = dict(below) if isinstance(below, dict) else list(below) if isinstance(below, list) else below
            here = here[part]
        else:
            raise ScenarioError(file, ".".join(parts[: i + 1]), "there is nothing below this key")
    last = parts[-1]
    if isinstance(here, list):
        index = _index(here, last)
        if index is None:
            raise ScenarioError(file, key, f"there is no entry {last!r} here", did_you_mean(last, _names(here)))
        here[index] = value
    elif isinstance(here, dict):
        here[last] = value
    else:
        raise ScenarioError(file, key, "there is nothing below this key")


def _names(entries: Sequence[Any]) -> list[str]:
    return [
        str(e.get("name") or e.get("ssid")) for e in entries if isinstance(e, dict) and (e.get("name") or e.get("ssid"))
    ]


def _index(entries: Sequence[Any], part: str) -> int | None:
    if part.isdigit() and int(part) < len(entries):
        return int(part)
    for i, entry in enumerate(entries):
        if isinstance(entry, dict) and part in (entry.get("name"), entry.get("ssid")):
            return i
    return None


def read_setting(text: str) -> tuple[str, Any]:
    """Split `key=value`; the value is read as TOML where it is TOML, and is text otherwise.

    Raises
    ------
    ScenarioError
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ScenarioError("--set", text, "expected key.path=value, such as vpn.include_all_networks=true")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()
    except (ValueError, RecursionError):
        raise ScenarioError("--set", key.strip(), "the value is too long or nests too deeply") from None


def validate(tree: Mapping[str, Any], file: str) -> Scenario:
    """The scenario that the tables mean.

    Raises
    ------
    ScenarioError
        The first thing that is wrong, and how many more there are.
    """
    try:
        # As JSON: lists may stand for tuples and text for enumerations, and nothing else is converted.
        return Scenario.model_validate_json(json.dumps(tree, default=_plain))
    except ValidationError as error:
        raise _translated(error, tree, file) from None


def _plain(value: Any) -> str:
    if isinstance(value, time | date | datetime):
        return value.isoformat()
    raise TypeError(f"unexpected {type(value).__name__}")


def _translated(error: ValidationError, tree: Mapping[str, Any], file: str) -> ScenarioError:
    errors = error.errors(include_url=False)
    # A misspelt key explains the ones that are then missing, so it goes first.
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
    key = _key(first["loc"], tree)
    more = f" ({len(errors) - 1} more after this)" if len(errors) > 1 else ""
    kind, context = first["type"], first.get("ctx", {})
    match kind:
        case "extra_forbidden":
            allowed = _fields_at(first["loc"][:-1])
            hint = did_you_mean(str(first["loc"][-1]), allowed)
            return ScenarioError(file, key, f"unknown key{more}", hint or f"Allowed here: {', '.join(allowed)}.")
        case "missing":
            return ScenarioError(file, key, f"this key is missing{more}")
        case "literal_error" | "enum":
            allowed_text = str(context.get("expected", ""))
            found = first["input"]
            hint = did_you_mean(str(found), [a.strip("' ") for a in allowed_text.replace(" or ", ", ").split(",")])
            return ScenarioError(file, key, f"found {_show(found)}; allowed: {allowed_text}{more}", hint)
        case "union_tag_invalid":
            return ScenarioError(
                file, key, f"found law = {_show(context.get('tag'))}; allowed: {context.get('expected_tags')}{more}"
            )
        case "union_tag_not_found":
            return ScenarioError(
                file, key, f'found {_show(first["input"])}; expected a table with a key law = "…"{more}'
            )
        case "value_error":
            found = "" if _is_large(first["input"]) else f"found {_show(first['input'])}; "
            return ScenarioError(file, key, f"{found}{str(first['msg']).removeprefix('Value error, ')}{more}")
        case _:
            message = str(first["msg"])
            return ScenarioError(file, key, f"found {_show(first['input'])}; {message[0].lower()}{message[1:]}{more}")


def _is_large(value: Any) -> bool:
    """Whether it says nothing to show its beginning: a table, or a text of several lines."""
    return isinstance(value, dict) or (isinstance(value, str) and "\n" in value)


def _show(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"


def _key(loc: tuple[int | str, ...], tree: Any) -> str:
    """The key path in the user's terms: without the tags that unions add."""
    parts, here = [], tree
    for i, part in enumerate(loc):
        if isinstance(here, Mapping) and part not in here and i < len(loc) - 1 and isinstance(part, str):
            continue
        if isinstance(here, list) and isinstance(part, str):
            continue
        parts.append(str(part))
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        else:
            here = None
    return ".".join(parts)


def _fields_at(loc: tuple[int | str, ...]) -> list[str]:
    """The keys that a model has at this place."""
    models: list[Any] = [Scenario]
    for part in loc:
        if isinstance(part, int):
            continue
        found: list[Any] = []
        for model in models:
            if isinstance(model, type) and issubclass(model, BaseModel):
                field = model.model_fields.get(str(part))
                found += _models_in(field.annotation) if field else [model]  # a union's tag is no key
        models = found or models
    names = [n for m in models if isinstance(m, type) and issubclass(m, BaseModel) for n in m.model_fields]
    return list(dict.fromkeys(names))


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [m for a in getattr(annotation, "__args__", ()) for m in _models_in(a)]


def did_you_mean(found: str, allowed: Sequence[str]) -> str:
    """A hint for a misspelt name, "" if nothing allowed is like it."""
    near = get_close_matches(found, list(allowed), n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}?" if near else ""
