"""Which networks of a space a command works on: some drawn at random, or those of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archcast.cli.inputs import given_architectures
from archcast.core.errors import InputError

if TYPE_CHECKING:
    from archcast.core.arrays import Codes
    from archcast.featurize.spaces import Space


def chosen_networks(
    space: Space, n: int | None, archs: str | None, *, seed: int, notation: str | None = None
) -> Codes:
    """Codes of `n` different networks drawn with `seed`, or of the file's networks.

    Raises:
        InputError: both or neither are given, the file cannot be read, or the space has fewer networks.
    """
    if (n is None) == (archs is None):
        raise InputError("either --n or --archs must be given, and not both")
    if archs is None and notation is not None:
        raise InputError("--notation goes with --archs")
    if archs is not None:
        given = given_architectures(None, archs, "--archs", space=space.name, notation=notation)
        with given.naming():
            return space.parse(given.archs)
    wanted = n or 0
    drawn = space.sample(4 * wanted + 64, seed=seed)
    _, first = np.unique(drawn, axis=0, return_index=True)
    if len(first) < wanted:
        raise InputError(f"--n must be at most {len(first)} for {space.name} by drawing, got {wanted}")
    chosen: Codes = drawn[np.sort(first)[:wanted]]
    return chosen
