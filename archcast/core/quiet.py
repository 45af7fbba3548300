"""Keeping a talkative package quiet: what is process-wide about that stands here and nowhere else."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

_one_at_a_time = threading.RLock()


@contextmanager
def quiet(loggers: Sequence[str] = (), environment: Mapping[str, str | None] | None = None) -> Iterator[None]:
    """Let only errors of some loggers through, and set variables of the environment, until the block ends.

    Levels of loggers and the environment belong to the process: other threads see them changed while the
    block runs, and get back what they were. Blocks of several threads run one after the other, so that each
    finds the process as it was; a block inside a block of the same thread is fine.

    Args:
        loggers: names whose messages below an error are held back.
        environment: variables and their values; None takes a variable away.
    """
    with _one_at_a_time:
        held = [logging.getLogger(name) for name in loggers]
        levels = [logger.level for logger in held]
        before = {name: os.environ.get(name) for name in environment or {}}
        for logger in held:
            logger.setLevel(logging.ERROR)
        _set(environment or {})
        try:
            yield
        finally:
            for logger, level in zip(held, levels, strict=True):
                logger.setLevel(level)
            _set(before)


def _set(environment: Mapping[str, str | None]) -> None:
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
