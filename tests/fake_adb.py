"""An `adb` that knows one device, which is this machine."""

from __future__ import annotations

import sys
from pathlib import Path

PROGRAM = """#!/bin/sh
echo "$@" >> {folder}/calls
[ "$1" = -s ] || exit 64
if [ "$2" != FAKE ] || [ -e {folder}/gone ]; then
    echo "adb: device '$2' not found" >&2
    exit 1
fi
if [ -e {folder}/unauthorized ]; then
    echo "error: device unauthorized." >&2
    exit 1
fi
shift 2
case "$1" in
shell) [ "$2" = -T ] || exit 64; exec sh -c "$3" ;;
push) cp "$2" "$3" ;;
*) exit 64 ;;
esac
"""


def write_adb(folder: Path) -> str:
    """Write the program `adb` into `folder`; returns the address of its device."""
    program = folder / "adb"
    program.write_text(PROGRAM.format(folder=folder))
    program.chmod(0o755)
    return f"adb://FAKE?python={sys.executable}&cache={folder}/cache"
