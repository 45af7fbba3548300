import pytest
import yaml
from zoo_recipe import RECIPE, read_recipe

from archcast.core.errors import InputError
from archcast.training.protocols import load_protocol
from archcast.training.train import make_predictor

ENTRIES = read_recipe().entries


def test_entries_are_named_after_what_they_predict():
    names = [entry.name for entry in ENTRIES]
    assert all(entry.name.startswith(f"{entry.space}-{entry.metric}") for entry in ENTRIES)
    assert len(set(names)) == len(names) == 17


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.name for entry in ENTRIES])
def test_candidates_can_be_made_and_devices_ship_where_they_cost(entry):
    recipe = read_recipe()
    candidates = recipe.candidates_of(entry)
    assert candidates
    for candidate in candidates:
        assert make_predictor(candidate.family, candidate.settings).family == candidate.family
    own = entry.tables[0] in ("skipnet_digits", "host_cpu", "estimates")
    assert entry.candidates == (("accuracy" if entry.metric == "accuracy" else "cost",) + ("few",) * own)
    assert entry.sources == (not own and entry.metric != "accuracy")
    assert (recipe.teaching_of(entry) is None) == (entry.teaching is None)


def test_intervals_are_measured_of_what_ships():
    keys = ("name", "space", "metric", "tables", "datasets")
    shipped = load_protocol("intervals").shipped
    assert [[getattr(e, k) for k in keys] for e in shipped] == [
        [getattr(e, k) for k in keys] for e in ENTRIES
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r.update(seeds=3), "seeds Extra inputs"),
        (lambda r: r["entries"][0].update(table="help"), r"entries\.0\.table Extra inputs"),
        (lambda r: r.pop("choice"), "choice Field required"),
        (lambda r: r["entries"][0].update(candidates=["costs"]), "candidates costs, which are not in"),
        (lambda r: r["entries"][0].update(teaching="longer"), "taught longer, which is not in"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, words):
    recipe = yaml.safe_load(RECIPE.read_text())
    change(recipe)
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(recipe))
    with pytest.raises(InputError, match=words) as caught:
        read_recipe(path)
    assert "mine.yaml" in str(caught.value)
