"""The language models in PyTorch: a step of training, and generating text. Each
maker returns the function to time."""

import math
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "parity"))

import torch
import torch.nn.functional as F

from lstm import LSTMLM
from sizes import LMS
from transformer import TransformerLM

VOCAB = 65  # characters of tinyshakespeare


def lstm():
    torch.manual_seed(0)
    return LSTMLM(**LMS["lstm-lm"])


def transformer(context):
    """PyTorch's defaults: ReLU, norms after the sums, dropout of 0.1."""
    torch.manual_seed(0)
    return TransformerLM(**{**LMS["transformer-lm"], "context": context}, dropout=0.1)


def lstm_step(batch, steps):
    """Forward, backward, clipping, SGD; the hidden state goes from step to step."""
    net = lstm().train()
    text = torch.randint(VOCAB, (batch, steps + 1))
    opt = torch.optim.SGD(net.parameters(), lr=1)
    hidden = None

    def run():
        nonlocal hidden
        opt.zero_grad(set_to_none=True)
        logits, after = net(text[:, :-1], hidden)
        hidden = tuple(h.detach() for h in after)
        F.cross_entropy(logits.flatten(0, 1), text[:, 1:].flatten()).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 0.25)
        opt.step()

    return run


def transformer_step(batch, steps):
    """Forward, backward, AdamW."""
    net = transformer(steps).train()
    text = torch.randint(VOCAB, (batch, steps + 1))
    opt = torch.optim.AdamW(net.parameters(), lr=3e-4)

    def run():
        opt.zero_grad(set_to_none=True)
        F.cross_entropy(net(text[:, :-1]).flatten(0, 1), text[:, 1:].flatten()).backward()
        opt.step()

    return run


STEPS = {"lstm-lm": lstm_step, "transformer-lm": transformer_step}


def sample(logits):
    """The next token (N, 1) by the logits (N, vocab)."""
    return torch.multinomial(F.softmax(logits, 1), 1)


def lstm_text(batch, tokens):
    """Tokens one after the other; the hidden state knows the text so far."""
    net = lstm().eval()

    def run():
        with torch.inference_mode():
            token, hidden = torch.zeros(batch, 1, dtype=torch.long), None
            for _ in range(tokens):
                logits, hidden = net(token, hidden)
                token = sample(logits[:, -1])

    return run


def transformer_text(batch, tokens):
    """The whole text so far goes through the net for every token."""
    net = transformer(tokens).eval()

    def run():
        with torch.inference_mode():
            text = torch.zeros(batch, 1, dtype=torch.long)
            for _ in range(tokens):
                text = torch.cat([text, sample(net(text)[:, -1])], 1)

    return run


def cached_text(batch, tokens):
    """Keys and values of the text so far are kept, and one token goes through."""
    net = transformer(tokens).eval()

    def run():
        with torch.inference_mode():
            token, cache = torch.zeros(batch, 1, dtype=torch.long), Cache(net, batch, tokens)
            for _ in range(tokens):
                token = sample(cache.logits(token))

    return run


class Cache:
    """The keys and values of every layer, (N, heads, context, width / heads)."""

    def __init__(self, net, batch, context):
        self.net, self.length = net, 0
        layers = net.transformer_encoder.layers
        heads, width = layers[0].self_attn.num_heads, layers[0].self_attn.head_dim
        self.keys = [torch.empty(batch, heads, context, width) for _ in layers]
        self.values = [torch.empty(batch, heads, context, width) for _ in layers]

    def logits(self, token):
        """Takes the next token (N, 1) to the logits (N, vocab) of the one after."""
        x = self.net.embed(token, self.length)
        self.length += 1
        for i, layer in enumerate(self.net.transformer_encoder.layers):
            x = layer.norm1(x + self.attend(i, layer.self_attn, x))
            x = layer.norm2(x + layer.linear2(layer.activation(layer.linear1(x))))
        return self.net.decoder(x)[:, 0]

    def attend(self, i, attention, x):
        n, _, width = x.shape
        packed = F.linear(x, attention.in_proj_weight, attention.in_proj_bias)
        q, k, v = packed.view(n, 3, attention.num_heads, 1, -1).unbind(1)
        at = self.length - 1
        self.keys[i][:, :, at : at + 1], self.values[i][:, :, at : at + 1] = k, v
        keys, values = self.keys[i][:, :, : self.length], self.values[i][:, :, : self.length]
        weights = F.softmax(q @ keys.transpose(2, 3) / math.sqrt(attention.head_dim), 3)
        return attention.out_proj((weights @ values).reshape(n, 1, width))


TEXTS = {"lstm-lm": lstm_text, "transformer-lm": transformer_text}
CACHED_TEXTS = {"transformer-lm": cached_text}
