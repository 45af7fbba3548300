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


def _listed(made):
    return made if isinstance(made, tuple) else (made,)
