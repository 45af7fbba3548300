"""Reading of target files, and of targets named on the command line.

A file's keys:

| key | meaning |
|---|---|
| name, version, estimator | text, whole number, name of an estimator |
| description, source | text |
| hardware | parameters of the accelerator, checked by the estimator |
| mapping | how work is laid on the array (ZigZag only) |
| energy | `watts: 7.0` for power times latency |
| conventions | how each class of operator is priced |
| grid | parameter -> list of values |
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from archcast.collect.estimate.catalog import ESTIMATORS
from archcast.collect.estimate.target import Target, convert
from archcast.collect.estimate.work import check_conventions
from archcast.core.device import DeviceName
from archcast.core.errors import InputError, UnknownNameError, shorten
from archcast.core.pairs import parse_pairs
from archcast.core.reading.keys import read_yaml

_KEYS = {
    "name": str,
    "version": int,
    "estimator": str,
    "description": str,
    "source": str,
    "hardware": dict,
    "mapping": dict,
    "energy": dict,
    "conventions": dict,
    "grid": dict,
}
_NEEDED = ("name", "version", "estimator", "hardware", "conventions")
_LARGEST = 2**20


def target_names() -> tuple[str, ...]:
    """Names of the targets that ship with the package."""
    folder = files("archcast.collect.estimate") / "targets"
    return tuple(sorted(file.name[:-5] for file in folder.iterdir() if file.name.endswith(".yaml")))


def load_target(spec: str, settings: Mapping[str, str] | None = None) -> Target:
    """A target by name or file, with settings.

    Args:
        spec: a shipped target's name or a YAML file, and settings after a colon:
            `roofline:peak_gmacs=500,bandwidth_gbs=10`.
        settings: more settings, e.g. `{"array": "8x8"}`.

    Raises:
        UnknownNameError: no such target, key, parameter or convention; names it and lists the choices.
        InputError: the file cannot be read or a value is not what it must be.
    """
    place, inline = _split(spec)
    target = read_target(place)
    known = ESTIMATORS[target.estimator]
    target = target.with_settings({**inline, **(settings or {})}, known.settable)
    known.check(target)
    return target


def read_target(place: str) -> Target:
    """A target as its file has it, by shipped name or path; parameters may still be missing."""
    if place in target_names():
        text = (files("archcast.collect.estimate") / "targets" / f"{place}.yaml").read_text("utf-8")
        return parse_target(text, place)
    if place.endswith((".yaml", ".yml")) or "/" in place:
        return parse_target(_read(Path(place)), place)
    raise UnknownNameError("target", place, [*target_names(), "a path to a YAML file"])


def parse_target(text: str, where: str) -> Target:
    """The target that a YAML text describes; `where` names it in errors."""
    given = read_yaml(text, f"target {where}", extra="collect")
    if not isinstance(given, dict):
        raise InputError(f"target {where} must hold keys and values, got {shorten(given)}")
    for key, value in given.items():
        if key not in _KEYS:
            raise UnknownNameError(f"key of target {where}", key, _KEYS)
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool):
            kind = {dict: "keys and values", int: "a whole number", str: "text"}[_KEYS[key]]
            raise InputError(f"{key} of target {where} must be {kind}, got {shorten(value)}")
    for key in _NEEDED:
        if key not in given:
            raise InputError(f"target {where} must have the key {key}")
    try:
        DeviceName.parse(given["name"])
    except InputError as error:
        raise InputError(f"name of target {where} must name a device: {error}") from error
    known = ESTIMATORS[given["estimator"]]
    check_keys(given["hardware"], known.hardware_keys, f"hardware key of target {where}")
    check_keys(given.get("mapping", {}), known.mapping_keys, f"mapping key of target {where}")
    return Target(
        name=given["name"],
        version=given["version"],
        estimator=given["estimator"],
        hardware={
            key: convert(value, known.settable[key], f"hardware.{key} of target {where}")
            if key in known.settable
            else value
            for key, value in given["hardware"].items()
        },
        conventions=check_conventions(given["conventions"], where),
        mapping=given.get("mapping", {}),
        energy=_energy(given.get("energy", {}), where),
        grid=_grid(given.get("grid", {}), known.settable, where),
        description=" ".join(given.get("description", "").split()),
        source=" ".join(given.get("source", "").split()),
    )


def check_keys(given: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    """Raise UnknownNameError for the first key that is not `known`."""
    for key in given:
        if key not in known:
            raise UnknownNameError(what, key, known)


def _split(spec: str) -> tuple[str, dict[str, str]]:
    if Path(spec).is_file():
        return spec, {}
    place, colon, rest = spec.rpartition(":") if "=" in spec else (spec, "", "")
    return (place, parse_pairs(rest.split(","))) if colon else (spec, {})


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"target file must be at most {_LARGEST} bytes, {path} is larger")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"target file {str(path)!r} cannot be read: {error}") from error


def _energy(given: Mapping[str, Any], where: str) -> dict[str, float]:
    check_keys(given, ("watts",), f"energy key of target {where}")
    return {key: convert(value, float, f"energy.{key} of target {where}") for key, value in given.items()}


def _grid(given: Mapping[str, Any], settable: Mapping[str, type], where: str) -> dict[str, tuple[str, ...]]:
    check_keys(given, tuple(settable), f"grid key of target {where}")
    for key, values in given.items():
        if not isinstance(values, list) or not values:
            raise InputError(f"grid.{key} of target {where} must be a list of values, got {shorten(values)}")
        for value in values:
            convert(value, settable[key], f"grid.{key} of target {where}")
    return {key: tuple(str(value) for value in values) for key, values in given.items()}
