"""What is kept of operations on meta tensors is what torch gives, and what may not be kept is run."""

import pytest

torch = pytest.importorskip("torch")
shapes = pytest.importorskip("archcast.featurize.readers.torch_shapes")
aten = torch.ops.aten


def _meta(*shape, dtype=torch.float32):
    return torch.empty(shape, dtype=dtype, device="meta")


CASES = [
    (aten.add.Tensor, (_meta(2, 3), _meta(3)), {"alpha": 2}),
    (aten.add.Tensor, (_meta(2, 3).t(), 1), {}),
    (aten.mul.Tensor, (_meta(2, 3), _meta(2, 3, dtype=torch.float64)), {}),
    (aten.native_layer_norm.default, (_meta(2, 3), [3], _meta(3), _meta(3), 1e-5), {}),
    (aten.cat.default, ([_meta(2, 3), _meta(4, 3)],), {}),
    (aten._to_copy.default, (_meta(2, 3),), {"dtype": torch.float16}),
]


@pytest.mark.parametrize(("func", "args", "kwargs"), CASES)
def test_a_second_call_gives_new_tensors_of_the_same_form(func, args, kwargs):
    wanted = func(*args, **kwargs)
    for _ in range(2):
        made = shapes.run_on_meta(func, args, kwargs)
        assert type(made) is type(wanted)
        for one, other in zip(_listed(made), _listed(wanted), strict=True):
            assert (one.shape, one.stride(), one.dtype) == (other.shape, other.stride(), other.dtype)
            assert one.device.type == "meta"
    assert _listed(made)[0] is not _listed(shapes.run_on_meta(func, args, kwargs))[0]


def test_one_and_one_point_nought_and_true_are_told_apart():
    whole = _meta(2, dtype=torch.int64)
    types = [shapes.run_on_meta(aten.add.Tensor, (whole, n), {}).dtype for n in (1, 1.0, 1)]
    assert types == [torch.int64, torch.float32, torch.int64]


def test_views_and_writes_are_run():
    x = _meta(2, 3)
    assert shapes.run_on_meta(aten.view.default, (x, [6]), {})._is_view()
    assert shapes.run_on_meta(aten.add_.Tensor, (x, 1), {}) is x
    with pytest.raises(RuntimeError):
        shapes.run_on_meta(aten.mm.default, (x, x), {})


def test_what_writes_into_its_first_operand_is_run_once_for_a_form(monkeypatch):
    monkeypatch.setattr(shapes, "_written", set())
    x, y = _meta(2, 3), _meta(2, 3)
    for operand in (x, y, x):
        assert shapes.run_on_meta(aten.mul_.Tensor, (operand, 2), {}) is operand
    assert len(shapes._written) == 1
    with pytest.raises(RuntimeError):
        shapes.run_on_meta(aten.add_.Tensor, (x, _meta(4, 4)), {})
    narrow = _meta(2, 3).t()
    assert shapes.run_on_meta(aten.t_.default, (narrow,), {}).shape == (2, 3)
    assert shapes.run_on_meta(aten.t_.default, (narrow,), {}).shape == (3, 2)


def test_functions_are_kept_unless_they_give_their_operands():
    calls = []

    def doubled(x, way):
        calls.append(way)
        return {"new": x * 2, "same": x, "view": x.t(), "flat": (x * 2).t()}[way]

    x = _meta(2, 3)
    for way, times in (("new", 1), ("same", 2), ("view", 2), ("flat", 1)):
        calls.clear()
        made = [shapes.call_on_meta(doubled, (x, way), {}, [x]) for _ in range(2)]
        assert len(calls) == times
        assert made[0].shape == made[1].shape == doubled(x, way).shape
        assert (made[1] is x) == (way == "same")
    view = x.t()
    calls.clear()
    assert [shapes.call_on_meta(doubled, (view, "view"), {}, [view])._base is x for _ in range(2)] == [
        True
    ] * 2


def _listed(made):
    return made if isinstance(made, tuple) else (made,)
