"""Loops over predictions. The package is callable: `archcast.search(...)` is `search.loop.run.search`.

`archcast.search` would otherwise be the function until something imports a module of this package, and the
package from then on.
"""

import sys
from types import ModuleType
from typing import Any

from archcast.search.loop.run import search

__all__ = ["search"]


class _CallablePackage(ModuleType):
    """A package that is called as its function."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return search(*args, **kwargs)


sys.modules[__name__].__class__ = _CallablePackage
