import math
import re
import sys

import pytest

from archcast.core.errors import MissingPackageError
from archcast.core.installed import install_line
from archcast.core.optional import require, require_installed


def test_gives_the_module():
    assert require("math", extra="train", purpose="sums") is math
    assert require("os.path", extra="train", purpose="paths").join("a", "b") == "a/b"


@pytest.mark.parametrize("module", ["no_such_package", "no_such_package.part.of_it"])
def test_a_missing_package_is_named_with_its_extra(module):
    with pytest.raises(MissingPackageError) as caught:
        require(module, extra="train", purpose="fitting")
    assert str(caught.value) == (f"fitting needs the package no_such_package: run {install_line('train')}")


def test_a_package_that_is_blocked_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingPackageError, match="the package lightgbm"):
        require("lightgbm", extra="train", purpose="fitting")


def test_what_an_installed_package_lacks_is_its_own_fault(monkeypatch, tmp_path):
    (tmp_path / "archcast_made_up.py").write_text("import no_such_package\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError) as caught:
        require("archcast_made_up", extra="train", purpose="fitting")
    assert not isinstance(caught.value, MissingPackageError)
    assert caught.value.name == "no_such_package"


def test_a_broken_package_is_not_missing(monkeypatch, tmp_path):
    (tmp_path / "archcast_made_up_broken.py").write_text("raise ImportError('broken')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match="broken") as caught:
        require("archcast_made_up_broken", extra="train", purpose="fitting")
    assert not isinstance(caught.value, MissingPackageError)


def test_a_package_that_another_process_imports_is_looked_for(monkeypatch):
    assert require_installed("math", extra="train", purpose="sums") is None
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    for package in ("lightgbm", "no_such_package"):
        with pytest.raises(MissingPackageError, match=re.escape(f"{package}: run {install_line('train')}")):
            require_installed(package, extra="train", purpose="measuring")
