import numpy as np
import pytest

from archcast.core.errors import InputError, ParseError, UnknownNameError
from archcast.featurize.spaces.catalog import SPACES, infer_space, parse, resolve_space, spaces


def test_names_and_sizes():
    sizes = {space.name: space.size for space in SPACES.values()}
    assert sizes == {
        "nasbench201": 15_625,
        "fbnet": 9**22,
        "ofa_mbv3": 25 * (9**2 + 9**3 + 9**4) ** 5,
        "mnasnet": (3 * 2 * 3 * 2) ** 6 * (3 * 2 * 4 * 2),
        "macro": 6_561,
        "hat": 450_669_744,
        "skipnet": (10 * 6) ** 3 * 17 * 33 * 33,
    }
    assert all(type(size) is int for size in sizes.values())
    assert spaces("macro") is SPACES["macro"]


@pytest.mark.parametrize("name", ["nasbench", None, 3, "OFA_MBV3", ["fbnet"]])
def test_unknown_space_lists_the_choices(name):
    with pytest.raises(UnknownNameError, match="fbnet, hat, macro, mnasnet, nasbench201, ofa_mbv3, skipnet"):
        spaces(name)


@pytest.mark.parametrize("name", SPACES.names())
def test_space_is_inferred_from_each_form(name):
    space = SPACES[name]
    codes = space.sample(3, seed=0)
    texts = space.to_text(codes)
    forms = (space.format(codes), texts, codes, np.array(space.format(codes), dtype=object), np.array(texts))
    for batch in forms:
        assert infer_space(batch) is space
        np.testing.assert_array_equal(parse(batch), codes)
    assert resolve_space(name, space.format(codes)) is space


def test_mixed_batch_is_refused_and_named():
    batch = [SPACES[name].format(SPACES[name].sample(1, seed=0))[0] for name in ("macro", "macro", "fbnet")]
    with pytest.raises(InputError, match="got fbnet after macro") as caught:
        infer_space(batch)
    assert caught.value.item == 2


@pytest.mark.parametrize(
    "batch", [[None], ["hello"], [{"a": 1}], [30_000], np.zeros((2, 7), int), [{}], [object()]]
)
def test_what_fits_no_space_is_refused(batch):
    with pytest.raises(InputError, match="notation of one of nasbench201"):
        parse(batch)


@pytest.mark.parametrize("batch", ["00000000", {"r": 224}, [], None, 4])
def test_one_architecture_is_no_batch(batch):
    with pytest.raises(InputError, match="arch_batch must"):
        parse(batch)


def test_a_dict_of_two_spaces_is_ambiguous():
    with pytest.raises(InputError, match="fits the spaces ofa_mbv3, mnasnet"):
        parse([{"r": 224, "block0_e": 1}])


def test_named_space_overrules_inference():
    with pytest.raises(ParseError, match="macro architecture"):
        parse([[0] * 22], space="macro")
