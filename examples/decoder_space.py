"""HW-GPT-Bench's decoders as a space of one's own: embedding, layers, heads and MLP of each layer, bias.

python examples/decoder_space.py rtx2080-b8        # any device that `archcast devices --space network` lists
"""

import sys

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention, silu

import archcast

LAYERS, TOKENS, HEAD, VOCABULARY = (10, 11, 12), 1024, 64, 50304


class Block(nn.Module):
    """Attention and a gated MLP, each added to what it reads."""

    def __init__(self, width: int, heads: int, ratio: int, bias: bool) -> None:
        super().__init__()
        self.heads, inner = heads, heads * HEAD
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * inner, bias), nn.Linear(inner, width, bias)
        self.gate, self.up = nn.Linear(width, ratio * width, bias), nn.Linear(width, ratio * width, bias)
        self.down = nn.Linear(ratio * width, width, bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        qkv = self.qkv(self.norm1(x)).unflatten(-1, (3, self.heads, HEAD))
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        x = x + self.out(scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))
        y = self.norm2(x)
        return x + self.down(silu(self.gate(y)) * self.up(y))


def build(choice: dict) -> nn.Module:
    """The decoder of a choice."""
    width, bias = choice["embed"], choice["bias"]
    chosen = [(choice[f"heads{i}"], choice[f"ratio{i}"]) for i in range(choice["layers"])]
    blocks = [Block(width, heads, ratio, bias) for heads, ratio in chosen]
    return nn.Sequential(
        nn.Embedding(VOCABULARY, width),
        *blocks,
        nn.LayerNorm(width),
        nn.Linear(width, VOCABULARY, bias=False),
    )


DECISIONS = {"embed": [192, 384, 768], "layers": list(LAYERS), "bias": [True, False]}
for layer in range(max(LAYERS)):
    DECISIONS |= {f"heads{layer}": [4, 8, 12], f"ratio{layer}": [2, 3, 4]}

if __name__ == "__main__":
    example = torch.zeros(1, TOKENS, dtype=torch.int64)
    space = archcast.define_space("decoders", DECISIONS, build, example)
    codes = space.sample(1000, seed=0)
    print(archcast.predict(codes, device=sys.argv[1], space=space)[:5], "ms")
