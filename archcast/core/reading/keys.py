"""Text of YAML as keys and values, each key once: YAML's own readers take the last of two without a word."""

from __future__ import annotations

from typing import Any

from archcast.core.errors import InputError, shorten
from archcast.core.optional import require


def read_yaml(text: str, what: str, *, extra: str) -> Any:
    """What a YAML text says.

    Args:
        what: names it in errors.
        extra: that PyYAML comes with.

    Raises:
        InputError: it is no YAML, or has a key twice; names the key and its line.
        MissingPackageError: PyYAML is not installed.
    """
    yaml = require("yaml", extra=extra, purpose=f"reading {what}")
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check_once(node, what, set())
        return loader.construct_document(node)
    except InputError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date of month 13 is a ValueError
        raise InputError(f"{what} must be YAML: {' '.join(str(error).split())}") from error
    finally:
        loader.dispose()


def _check_once(node: Any, what: str, seen: set[int]) -> None:
    """Raise InputError for the first key that stands twice; `seen` are the nodes that were looked at."""
    if id(node) in seen or not isinstance(node.value, list):
        return
    seen.add(id(node))
    lines: dict[tuple[str, str], int] = {}
    for entry in node.value:
        for part in entry if isinstance(entry, tuple) else (entry,):
            _check_once(part, what, seen)
        if not isinstance(entry, tuple) or not isinstance(entry[0].value, str):
            continue
        key, line = (entry[0].tag, entry[0].value), entry[0].start_mark.line + 1
        if key in lines:
            place = f"line {lines[key]}" + (f" and again at line {line}" if line != lines[key] else " twice")
            raise InputError(f"{what} must have each key once, got {shorten(key[1])} at {place}")
        lines[key] = line
