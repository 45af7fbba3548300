"""Pictures of profiles: heat maps of blocks by unit and layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.errors import InputError
from archcast.core.optional import require
from archcast.core.pictures import LINE, new_figure
from archcast.featurize.spaces.places import Places
from archcast.search.blocks.gain import gains
from archcast.search.blocks.profile import Profile
from archcast.search.records_file import check_file

_TITLES = ("mean", "5 % quantile", "95 % quantile")
_CELL, _MOST = 0.34, 40
_TEXT = 300
"""Cells above which values are not written into them."""


def draw_profile(profile: Profile) -> Any:
    """Heat maps of the responses of mean and quantiles, and beside them the blocks' means over places.

    Returns:
        A matplotlib figure.
    """
    places, effects = profile.places, profile.found
    figure = _figure(places, maps=3)
    axes = figure.subplots(3, 1)
    reach = float(np.nanmax(np.abs(effects.response))) or 1.0
    for s, axis in enumerate(axes):
        values = np.column_stack([effects.response[:, :, s].T, effects.block[:, s]])
        base = f"{effects.baseline[s]:.4g} {profile.unit}"
        _map(figure, axis, places, values, reach, f"response of the {_TITLES[s]} (random networks: {base})")
        axis.images[0].colorbar.set_label(profile.unit, fontsize=8)
    looked = f"{effects.networks:,} {'networks, all' if profile.exact else 'random networks'}"
    figure.suptitle(
        f"{profile.metric} of {profile.space} on {profile.device}: blocks by unit and layer\n"
        f"{profile.of}; {looked}",
        fontsize=10,
    )
    return figure


def draw_gain(cost: Profile, accuracy: Profile) -> Any:
    """A heat map of the accuracy gained per unit of cost.

    Returns:
        A matplotlib figure.
    """
    gain, _ = gains(cost, accuracy)
    known = np.abs(gain[~np.isnan(gain)])
    reach = float(np.quantile(known, 0.95)) if len(known) else 1.0
    figure = _figure(cost.places, maps=1)
    axis = figure.subplots()
    _map(figure, axis, cost.places, gain.T, reach or 1.0, "")
    axis.images[0].colorbar.set_label(f"% per {cost.unit}", fontsize=8)
    figure.suptitle(
        f"accuracy gained per {cost.unit} of {cost.metric} on {cost.device}, {cost.space}\n"
        "against the cheapest block in the place, which is left blank",
        fontsize=10,
    )
    return figure


def save_figure(figure: Any, path: str | Path) -> None:
    """Write a picture (`.png`, `.svg` or `.pdf`).

    Raises:
        InputError: another ending, or the file cannot be written.
    """
    path = Path(path)
    check_picture(path)
    try:
        figure.savefig(path)
    except OSError as error:
        raise InputError(f"picture cannot be written to {str(path)!r}: {error}") from error


def check_picture(path: Path | None) -> None:
    """Raise InputError as `check_file` does, or when matplotlib is missing; None is no picture."""
    if path is not None:
        check_file(path, "a picture", (".png", ".svg", ".pdf"))
        require("matplotlib.figure", extra="plot", purpose="pictures of profiles")


def _figure(places: Places, *, maps: int) -> Any:
    width = 2.8 + _CELL * 1.25 * min(len(places.places) + 1, _MOST)
    height = 1.2 + maps * (0.9 + _CELL * 0.75 * min(len(places.blocks), _MOST))
    return new_figure(width, height)


def _map(figure: Any, axis: Any, places: Places, values: Doubles, reach: float, title: str) -> None:
    """One heat map; a column beyond the places holds the means over them."""
    units, _ = places.numbers
    image = axis.imshow(values, cmap="RdBu_r", vmin=-reach, vmax=reach, aspect="auto")
    names = [places.layers[p] for p in range(len(units))]
    names += ["all"] * (values.shape[1] - len(names))
    axis.set_xticks(range(len(names)), names, fontsize=7, rotation=90 if len(names) > 30 else 0)
    axis.set_yticks(range(len(places.blocks)), places.blocks, fontsize=7)
    for unit, name in enumerate(places.units):
        own = np.flatnonzero(units == unit)
        axis.text(own.mean(), -0.7, name, ha="center", va="bottom", fontsize=7)
        axis.axvline(own[-1] + 0.5, color=LINE, linewidth=0.8)
    if values.size <= _TEXT:
        for row, column in np.argwhere(~np.isnan(values)).tolist():
            strong = abs(values[row, column]) > 0.6 * reach
            text = f"{values[row, column]:.2g}"
            colour = "white" if strong else LINE
            axis.text(column, row, text, ha="center", va="center", fontsize=5.5, color=colour)
    axis.set_title(title, fontsize=8, pad=14)
    axis.tick_params(length=0)
    bar = figure.colorbar(image, ax=axis, shrink=0.85, pad=0.01)
    bar.ax.tick_params(labelsize=7)
