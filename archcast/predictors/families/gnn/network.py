"""The graph network: one trunk for every architecture, one embedding for every device.

| symbol | meaning | shape |
|---|---|---|
| n, N, E | graphs; nodes and edges of all of them | |
| m | targets (devices) | |
| H | hidden width | |
| h_v | state of node v | (N, H) |
| x | graph-level features, standardised | (n, d) |
| h | trunk embedding of an architecture | (n, H) |
| e_d | embedding of device d | (m, R) |

Node states are updated by residual message passing over edges in both directions, each with weights of
its own: h_v <- h_v + MLP(LN(h_v), sum over predecessors of LN(h_u), sum over successors of LN(h_u)), a
GraphSAGE layer (Hamilton et al., NeurIPS 2017) with sums, which tell multisets apart (Xu et al., ICLR
2019). A prediction is z_d = <W h, e_d> + <v_d, x> + b_d: bilinear in architecture and device, as in
matrix factorisation (Koren et al., IEEE Computer 2009), plus a linear model of each device on x.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch_geometric.nn import SimpleConv, global_add_pool


@dataclass(frozen=True, slots=True)
class Sizes:
    """Everything that fixes the shapes of a network's weights.

    Attributes:
        types: node types; node_features, graph_features: columns after standardisation.
        targets: devices m; rank: width R of a device embedding.
        nodes: mean number of nodes of a graph, which sums over nodes are divided by.
        dropout: share of the embedding that is dropped while training.
    """

    types: int
    node_features: int
    graph_features: int
    targets: int
    hidden: int
    layers: int
    rank: int
    nodes: float
    dropout: float


class MessageLayer(nn.Module):
    """One round of residual message passing; predecessors and successors are told apart.

    Shapes:
        input: (N, H) and edges (2, E); output: (N, H)
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden)
        self.from_sources = SimpleConv(aggr="sum", flow="source_to_target")
        self.from_targets = SimpleConv(aggr="sum", flow="target_to_source")
        self.mix = nn.Linear(3 * hidden, hidden)
        self.out = nn.Linear(hidden, hidden)

    def forward(self, state: Tensor, edge_index: Tensor) -> Tensor:
        """New states of all nodes."""
        x = self.norm(state)
        around = [x, self.from_sources(x, edge_index), self.from_targets(x, edge_index)]
        mixed: Tensor = self.out(nn.functional.silu(self.mix(torch.cat(around, dim=1))))
        return state + mixed


class Network(nn.Module):
    """Scaled values of every target, and the embedding they are read from."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width = sizes.hidden
        self.dropout = sizes.dropout
        self.nodes: Tensor
        self.register_buffer("nodes", torch.tensor(sizes.nodes))
        self.node_type = nn.Embedding(sizes.types, width)
        self.node_features = nn.Linear(sizes.node_features, width)
        self.layers = nn.ModuleList(MessageLayer(width) for _ in range(sizes.layers))
        self.last_norm = nn.LayerNorm(width)
        self.read_node = nn.Linear(width, width)
        self.trunk_in = nn.Linear(2 * width + sizes.graph_features, 2 * width)
        self.trunk_out = nn.Linear(2 * width, width)
        self.project = nn.Linear(width, sizes.rank)
        # Devices start at zero, so a target that never varies is predicted as its constant.
        self.devices = nn.Parameter(torch.zeros(sizes.targets, sizes.rank))
        self.lines = nn.Parameter(torch.zeros(sizes.targets, sizes.graph_features))
        self.bias = nn.Parameter(torch.zeros(sizes.targets))

    def forward(
        self,
        node_type: Tensor,
        node_features: Tensor,
        edge_index: Tensor,
        batch: Tensor,
        graph_features: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Predictions and embeddings.

        Shapes:
            node_type: (N,); node_features: (N, F); edge_index: (2, E); batch: (N,), graph of each node;
            graph_features: (n, d); output: z (n, m) and h (n, H)
        """
        state = self.node_type(node_type) + self.node_features(node_features)
        for layer in self.layers:
            state = layer(state, edge_index)
        state = nn.functional.silu(self.read_node(self.last_norm(state)))
        n = graph_features.shape[0]
        total = global_add_pool(state, batch, size=n)
        count = global_add_pool(torch.ones_like(state[:, :1]), batch, size=n)
        joined = torch.cat([total / self.nodes, total / count.clamp(min=1.0), graph_features], dim=1)
        h = nn.functional.silu(self.trunk_out(nn.functional.silu(self.trunk_in(joined))))
        projected = self.project(nn.functional.dropout(h, self.dropout, self.training))
        bilinear = nn.functional.linear(projected, self.devices, self.bias)
        return bilinear + nn.functional.linear(graph_features, self.lines), h
