"""Keeping a talkative package quiet: what is process-wide about that stands here and nowhere else."""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

_one_at_a_time = threading.RLock()


@contextmanager
def quiet(
    loggers: Sequence[str] = (),
    environment: Mapping[str, str | None] | None = None,
    *,
    ignored: Sequence[type[Warning]] = (),
) -> Iterator[None]:
    """Let only errors of some loggers through, set variables, ignore warnings, until the block ends.

    Levels of loggers, the environment and filters of warnings belong to the process: other threads see them
    changed while the block runs, and get back what they were. Blocks of several threads run one after the
    other, so that each finds the process as it was; a block inside a block of the same thread is fine.

    Args:
        loggers: names whose messages below an error are held back.
        environment: variables and their values; None takes a variable away.
        ignored: categories of warnings.
    """
    with _one_at_a_time:
        held = [logging.getLogger(name) for name in loggers]
        levels = [logger.level for logger in held]
        before = {name: os.environ.get(name) for name in environment or {}}
        for logger in held:
            logger.setLevel(logging.ERROR)
        _set(environment or {})
        try:
            with warnings.catch_warnings():
                for category in ignored:
                    warnings.simplefilter("ignore", category)
                yield
        finally:
            for logger, level in zip(held, levels, strict=True):
                logger.setLevel(level)
            _set(before)


@contextmanager
def quiet_root(package: str) -> Iterator[None]:
    """Hold back what a package says by the root logger below an error in this thread, until the block ends.

    What others say passes. `logging.warning` and the like would also give the root logger a handler where it
    has none, for good: while the block runs it has the one that logging uses where there is none.

    Args:
        package: name of the folder that the package's modules are in.
    """
    thread, folder = threading.get_ident(), f"{os.sep}{package}{os.sep}"

    def passes(record: logging.LogRecord) -> bool:
        held = record.thread == thread and record.levelno < logging.ERROR and folder in record.pathname
        return not held

    root, last = logging.getLogger(), logging.lastResort
    with _one_at_a_time:
        bare = not root.handlers and last is not None
        if bare and last is not None:
            root.addHandler(last)
        root.addFilter(passes)
        try:
            yield
        finally:
            root.removeFilter(passes)
            if bare and last is not None:
                root.removeHandler(last)


def _set(environment: Mapping[str, str | None]) -> None:
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
