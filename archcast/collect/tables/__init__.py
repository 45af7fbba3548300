"""Public tables of measured architectures; one recipe a file."""

from archcast.collect.tables.base import Recipe, RemoteFile, Series
from archcast.collect.tables.catalog import RECIPES

__all__ = ["RECIPES", "Recipe", "RemoteFile", "Series"]
