"""The tables by name; where two give the same column, the one that comes first is taken."""

from __future__ import annotations

from archcast.collect.tables import (
    accel_nasbench,
    hailo,
    hat,
    help,
    hw_nas_bench,
    hw_nas_bench_360,
    hwgpt,
    mobile_ml_bench,
    nas_bench_macro,
    nasbench201_accuracy,
    ncnn,
    ofa_accuracy,
    paddleclas,
    qai_hub,
    rknn,
    timm,
    vitis_ai,
)
from archcast.collect.tables.base import Recipe
from archcast.collect.tables.own import STORE, store_recipe
from archcast.collect.tables.shipped import shipped_recipes
from archcast.core.registry import Registry

RECIPES: Registry[Recipe] = Registry("table", group="archcast.tables")
for _recipe in (
    help.RECIPE,
    nasbench201_accuracy.RECIPE,
    accel_nasbench.RECIPE,
    nas_bench_macro.RECIPE,
    hat.RECIPE,
    ofa_accuracy.RECIPE,
    hw_nas_bench_360.RECIPE,
    hw_nas_bench.RECIPE,
    timm.RECIPE,
    mobile_ml_bench.RECIPE,
    qai_hub.RECIPE,
    ncnn.RECIPE,
    hwgpt.RECIPE,
    hailo.RECIPE,
    vitis_ai.RECIPE,
    paddleclas.RECIPE,
    rknn.RECIPE,
    *shipped_recipes(),
):
    RECIPES.register(_recipe.name, _recipe)


def recipe_of(name: str) -> Recipe:
    """The table of that name, or the user's own measurements for `store`.

    Raises:
        UnknownNameError: there is no such table.
    """
    return store_recipe() if name == STORE else RECIPES[name]
