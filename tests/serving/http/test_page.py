"""The files of the page: what they may load, and who may have them."""

import re
from importlib.resources import files

import pytest
from service_cases import Service, save_boards, serving

from archcast.serving.http.page.files import page_routes

STATIC = files("archcast.serving.http.page") / "static"
ADDRESSES = sorted(route.path for route in page_routes())


@pytest.fixture
def service(shared: Service) -> Service:
    return shared


def test_the_page_is_at_the_root(service: Service) -> None:
    answer = service.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text.startswith("<!doctype html>")


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_file_is_served_under_a_strict_policy(service: Service, path: str) -> None:
    answer = service.get(path)
    assert answer.status_code == 200
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert not any("unsafe" in allowed or "http" in allowed for allowed in policy.values())
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = service.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_page_names_only_files_that_are_there(service: Service) -> None:
    text = service.get("/").text
    named = re.findall(r'(?:src|href)="([^"#]+)"', text)
    assert "/page/main.js" in named
    for address in named:
        assert address in ADDRESSES or service.get(address).status_code == 200, address
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=", text)


def test_modules_import_only_each_other() -> None:
    modules = [entry for entry in STATIC.iterdir() if entry.name.endswith(".js")]
    assert modules
    for module in modules:
        text = module.read_text(encoding="utf-8")
        assert "http://" not in re.sub(r"http://www\.w3\.org\S*", "", text), module.name
        assert "https://" not in text, module.name
        for name in re.findall(r'from "([^"]+)"', text):
            assert (STATIC / name.removeprefix("./")).is_file(), (module.name, name)


def test_what_is_vendored_says_its_licence() -> None:
    vendored = [entry.name for entry in (STATIC / "vendor").iterdir()]
    told = (STATIC / "vendor" / "LICENCES.txt").read_text(encoding="utf-8")
    assert len(vendored) > 1
    for name in vendored:
        assert name == "LICENCES.txt" or name in told
    assert "The MIT License" in told


def test_the_page_needs_no_token_but_what_it_asks_does(shared_home) -> None:
    save_boards("board_a", "board_b")
    with serving(token="s3cret", refresh_s=60.0) as closed:
        for path in ADDRESSES:
            assert closed.get(path).status_code == 200
        assert closed.get("/page/nothing.js").status_code == 404
        asked = (
            closed.get("/spaces"),
            closed.post("/overview", json={"architecture": "x"}),
            closed.post("/front"),
        )
        assert [answer.status_code for answer in asked] == [401, 401, 401]
