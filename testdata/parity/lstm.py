"""A language model of an embedding, an LSTM and a linear layer."""

import math

import torch.nn as nn

from formula import Tensor


class LSTMLM(nn.Module):
    """Tokens (N, T) and the hidden state, a pair of (layers, N, hidden), to
    logits (N, T, vocab) and the next hidden state. Tied: the decoder's weight is
    the encoder's, and hidden is dim."""

    def __init__(self, vocab, dim, hidden, layers, tied=False):
        super().__init__()
        self.encoder = nn.Embedding(vocab, dim)
        self.rnn = nn.LSTM(dim, hidden, layers, batch_first=True)
        self.decoder = nn.Linear(hidden, vocab)
        if tied:
            self.decoder.weight = self.encoder.weight

    def forward(self, tokens, hidden=None):
        y, hidden = self.rnn(self.encoder(tokens), hidden)
        return self.decoder(y), hidden

    def tensors(self):
        """The formula's tensor for every parameter, in the order of the state
        dict. The scales keep the gates between closed and open."""
        return [Tensor(k, p.shape, self.scale(k, p)) for k, p in self.named_parameters()]

    def scale(self, name, p):
        if name == "encoder.weight":
            return 1.0
        if "bias" in name:
            return 0.3
        return math.sqrt(3 / p.shape[1])
