"""A language model of an embedding, nn.TransformerEncoder and a linear layer."""

import math

import torch
import torch.nn as nn

from formula import Tensor


class TransformerLM(nn.Module):
    """Tokens (N, T), T at most context, to logits (N, T, vocab). Positions are
    "learned", "sinusoidal" (Vaswani et al. 2017: sine and cosine of one
    frequency side by side) or "none". The embedding is not scaled."""

    def __init__(
        self, vocab, width, heads, ff, layers, context, positions="learned", pre_norm=False, causal=True,
        activation="relu", tied=False, dropout=0.0,
    ):
        super().__init__()
        self.encoder = nn.Embedding(vocab, width)
        self.positions, self.causal = positions, causal
        if positions == "learned":
            self.pos_encoder = nn.Embedding(context, width)
        self.dropout = nn.Dropout(dropout)
        layer = nn.TransformerEncoderLayer(
            width, heads, ff, dropout, activation, batch_first=True, norm_first=pre_norm
        )
        self.transformer_encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width) if pre_norm else None)
        self.decoder = nn.Linear(width, vocab)
        if tied:
            self.decoder.weight = self.encoder.weight
        # What does not change from step to step is computed once.
        if positions == "sinusoidal":
            self.register_buffer("sines", sinusoidal(context, width), persistent=False)
        mask = torch.full((context, context), -math.inf).triu(1)
        self.register_buffer("mask", mask, persistent=False)

    def embed(self, tokens, first=0):
        """What enters the layers; the first of the tokens has that position."""
        x, last = self.encoder(tokens), first + tokens.shape[1]
        if self.positions == "learned":
            x = x + self.pos_encoder.weight[first:last]
        if self.positions == "sinusoidal":
            x = x + self.sines[first:last]
        return self.dropout(x)

    def forward(self, tokens):
        t = tokens.shape[1]
        mask = self.mask[:t, :t] if self.causal else None
        return self.decoder(self.transformer_encoder(self.embed(tokens), mask))

    def tensors(self):
        """The formula's tensor for every parameter, in the order of the state
        dict. The scales make the attention choose, but not only one token."""
        return [Tensor(k, p.shape, *self.scale(k, p)) for k, p in self.named_parameters()]

    def scale(self, name, p):
        if name == "encoder.weight":
            return (1.0,)
        if name == "pos_encoder.weight":
            return (0.5,)
        if "norm" in name and name.endswith("weight"):
            return 0.2, 1.0
        if "bias" in name:
            return (0.2,)
        return (math.sqrt(3 / p.shape[1]),)


def sinusoidal(context, width):
    """(context, width); width is even."""
    position = torch.arange(context, dtype=torch.float64)[:, None]
    frequency = torch.exp(torch.arange(0, width, 2, dtype=torch.float64) * (-math.log(10000.0) / width))
    table = torch.stack([torch.sin(position * frequency), torch.cos(position * frequency)], 2)
    return table.flatten(1).to(torch.get_default_dtype())
