"""The search spaces; one file each."""

from archcast.featurize.spaces.base import Space
from archcast.featurize.spaces.catalog import SPACES, infer_space, parse, spaces

__all__ = ["SPACES", "Space", "infer_space", "parse", "spaces"]
