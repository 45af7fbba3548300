"""`define_space`: a search space of the user's own."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from archcast.core.errors import ArchcastWarning, InputError, shorten
from archcast.featurize.networks import NETWORK
from archcast.featurize.spaces.catalog import SPACES
from archcast.featurize.spaces.defined import Build, Choice, DefinedSpace
from archcast.featurize.spaces.saved import NAME, save_space


def define_space(
    name: str,
    decisions: Mapping[str, Sequence[Choice]],
    build: Build,
    example: Any = None,
    *,
    save: bool = True,
) -> DefinedSpace:
    """Make a search space of decisions and of a function that builds a member.

    The space is known by its name at once, here and, where it is saved, in other processes of the same
    `ARCHCAST_HOME`; one that was defined before under this name is replaced. Another process looks for the
    function when it needs a network: of a script it takes what the function stands on and runs nothing else.
    So it should be a module's or a file's; of any other only the tables that were made of it can be used
    there.

    Args:
        name: letters, digits, `_`, `.` and `-`; none of a space that archcast or a package has.
        decisions: decision -> its values (whole numbers, fractions, text or truth values), at most 128.
        build: called with a dict of decisions and values; gives a torch module or a network. Modules are
            built without memory for their weights where they can be.
        example: of modules: shape of the input, a tensor, or several; see `archcast.network`.
        save: keep it under `ARCHCAST_HOME`.

    Raises:
        InputError: a name, decision or function that cannot be used; says which and why.
    """
    if name == NETWORK:
        raise InputError(
            f"name of a space must be another than {NETWORK}, which is that of networks of any form"
        )
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise InputError(
            f"name of a space must be of letters, digits, _, . and - and begin with a letter, "
            f"got {shorten(name)}"
        )
    if name in SPACES and not isinstance(SPACES[name], DefinedSpace):
        raise InputError(f"name of a space must be a new one, got {name}, which archcast or a package has")
    if not isinstance(decisions, Mapping) or not decisions:
        raise InputError(
            f"decisions of {name} must map at least one name to its values, got {shorten(decisions)}"
        )
    if not callable(build):
        raise InputError(f"build of {name} must be a function of a dict, got {shorten(build)}")
    space = DefinedSpace(name, decisions, build, example)
    SPACES.replace(name, space)
    if save:
        try:
            save_space(space, build)
        except OSError as error:
            warnings.warn(
                f"{name} is known in this process alone, as it could not be saved: {error}",
                ArchcastWarning,
                stacklevel=2,
            )
    return space
