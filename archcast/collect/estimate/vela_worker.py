"""A process that compiles networks with Vela's compiler, one a line of JSON; it runs alone, without archcast.

The compiler, which is no Python, writes to the file descriptors of standard output and error. Here both are
a file of this process, so that nobody else's output is moved; answers go out by a copy of the first.

| line | keys |
|---|---|
| request | name, system, options of the compiler; file, the TFLite network in base 64 |
| answer | cycles, cpu_ops, rows (name, operator, op_cycles of each operator made), printed (lines) |
| answer to a network that cannot be compiled | error, printed |
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import sys
import tempfile
from typing import IO, Any

_COLUMNS = ("name", "operator", "op_cycles")


def compile_network(request: dict[str, Any]) -> dict[str, Any]:
    """What the compiler made of one network."""
    regor = importlib.import_module("ethosu.regor")
    file = base64.b64decode(request["file"])
    try:
        compiled = regor.compile(
            request["name"], file, "TFLITE", request["system"], options=request["options"], verbose=False
        )
    except Exception as error:  # the compiler raises its own kinds, without a common base
        return {"error": str(error) or type(error).__name__}
    report, table = compiled.perf_report, compiled.opt_database.tables["perf"]
    rows = [dict(zip(table.header, row, strict=False)) for row in table.data]
    return {
        "cycles": int(report.totalCycles),
        "cpu_ops": int(report.cpuOps),
        "rows": [{column: str(row[column]) for column in _COLUMNS} for row in rows],
    }


def main() -> None:
    """Answer requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    with tempfile.TemporaryFile() as printed:
        for descriptor in (1, 2):
            os.dup2(printed.fileno(), descriptor)
        for line in sys.stdin:
            answer = compile_network(json.loads(line))
            answers.write(json.dumps(answer | {"printed": _taken(printed)}) + "\n")
            answers.flush()


def _taken(printed: IO[bytes]) -> list[str]:
    """Lines that were written since the last call."""
    sys.stdout.flush()
    sys.stderr.flush()
    printed.seek(0)
    lines = printed.read().decode("utf-8", "replace").splitlines()
    printed.seek(0)
    printed.truncate()
    return lines


if __name__ == "__main__":
    main()
