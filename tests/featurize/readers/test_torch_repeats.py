"""What is written down of calls that were seen before is what running them writes."""

import pytest

torch = pytest.importorskip("torch")
nn = torch.nn
repeats = pytest.importorskip("archcast.featurize.readers.torch_repeats")

import archcast  # noqa: E402
from archcast.featurize.readers.torch_build import built  # noqa: E402


class Mixed(nn.Module):
    """Layers, functions, views, work in place, and one tensor twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(4, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.act, self.flat = nn.ReLU(inplace=True), nn.Flatten()
        self.shared, self.tied = nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)
        self.tied.weight = self.shared.weight
        self.head = nn.Linear(8 * 36, 5)
        self.factor = 1

    def forward(self, x):
        x = self.act(self.norm(self.conv(x)))
        x = self.tied(self.shared(self.shared(x)))
        first, second = (x * x).chunk(2, dim=1)
        x = torch.cat([first.sigmoid_() + second, second], dim=1)
        x = x.transpose(2, 3).contiguous() * self.factor
        return self.head(self.flat(x)).softmax(-1), first


def test_what_was_seen_is_written_as_what_runs(monkeypatch):
    def written():
        return archcast.network(Mixed(), example=(2, 4, 6, 6))

    monkeypatch.setattr(repeats, "_MOST", 0)  # nothing stays known
    runs = written()
    monkeypatch.undo()
    first, again = written(), written()
    assert first.key == again.key == runs.key
    assert again.nodes == first.nodes
    assert again.values == first.values
    told = [(node.op, node.attributes, node.part) for node in again.nodes]
    assert told == [(node.op, node.attributes, node.part) for node in runs.nodes]
    assert {node.part for node in again.nodes if node.op == "Conv"} == {"conv", "shared", "tied"}


def test_a_users_own_module_runs_each_time():
    module = Mixed()
    before = archcast.network(module, example=(2, 4, 6, 6))
    module.factor = 2
    assert archcast.network(module, example=(2, 4, 6, 6)).key != before.key


def test_hooks_run_each_time():
    seen, layer = [], nn.Linear(3, 3)
    layer.register_forward_hook(lambda module, args, out: seen.append(out) or out + 1)
    ops = [node.op for node in archcast.network(nn.Sequential(layer), example=(1, 3)).nodes]
    assert [node.op for node in archcast.network(nn.Sequential(layer), example=(1, 3)).nodes] == ops
    assert len(seen) == 2
    assert ops[-1] == "Add"


def test_a_module_on_meta_keeps_its_tensors():
    module = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)).to("meta")
    call = nn.Module.__call__
    before = list(module.state_dict(keep_vars=True).items())
    archcast.network(module, example=(4, 3))
    after = list(module.state_dict(keep_vars=True).items())
    assert all(one[0] == other[0] and one[1] is other[1] for one, other in zip(before, after, strict=True))
    assert nn.Module.__call__ is call


def test_batch_norm_has_the_forms_that_torch_gives():
    from archcast.featurize.readers import torch_shapes as shapes

    for shape in ((1, 8, 5, 5), (2, 8, 2, 1), (4, 3), (2, 3, 7), (1, 1, 4, 4)):
        each = [torch.empty(shape[1], device="meta") for _ in range(4)]
        args = (torch.empty(shape, device="meta"), *each, True, 0.1, 1e-5)
        out = torch.ops.aten.native_batch_norm.default(*args)
        assert shapes._normalized(args) == tuple(map(shapes.tensor_form, out))
    assert not shapes._normalized((args[0].transpose(2, 3), *args[1:]))


def _layers():
    return [
        *(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Linear(4, 5, bias=False), nn.LayerNorm(7)),
        *(nn.Embedding(9, 3), nn.LSTM(3, 4), nn.MultiheadAttention(8, 2), nn.PReLU(), nn.GRUCell(2, 3)),
    ]


def test_layers_built_as_copies_are_as_their_constructors_make_them():
    first, copies, own = built(_layers), built(_layers), _layers()
    for one, copy, plain in zip(first, copies, own, strict=True):
        held, others = (layer.state_dict(keep_vars=True) for layer in (copy, one))
        forms = {name: (t.shape, type(t), t.requires_grad) for name, t in held.items()}
        assert forms == {
            name: (t.shape, type(t), t.requires_grad) for name, t in plain.state_dict(keep_vars=True).items()
        }
        assert all(t.is_meta and t is not others[name] for name, t in held.items())
        assert repr(copy) == repr(plain)
        assert copy.__dict__.keys() == plain.__dict__.keys()
    copies[0].padding = (2, 2)
    assert built(_layers)[0].padding == (1, 1)
    assert not nn.Linear(2, 2).weight.is_meta
    for _ in range(2):
        with pytest.raises(ValueError, match="groups"):
            built(lambda: nn.Conv2d(3, 8, 3, groups=2))
