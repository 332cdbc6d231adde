"""The language models: one forward and backward step of each, and ten steps of
training."""

import torch
import torch.nn.functional as F

from formula import Tensor, norm, number, positions, want
from lstm import LSTMLM
from models import load, sampled, strays
from transformer import TransformerLM

CLASSES = {"lstm-lm": LSTMLM, "transformer-lm": TransformerLM}
IGNORED = -100  # the label of a place that counts for nothing
STEPS = 10


def lstm(vocab, dim, hidden, layers, tied=False):
    return "lstm-lm", {"vocab": vocab, "dim": dim, "hidden": hidden, "layers": layers, "tied": tied}


def transformer(
    vocab, width, heads, ff, layers, context, positions="learned", pre_norm=False, causal=True, activation="relu",
    tied=False,
):
    return "transformer-lm", dict(locals())


# By the name of the fixture: the model, the shape (N, T) of the tokens.
VARIANTS = {
    "lstm_1": (lstm(11, 8, 12, 1), (3, 5)),
    "lstm_1_wide": (lstm(65, 24, 40, 1), (4, 12)),
    "lstm_1_one_token": (lstm(13, 5, 7, 1), (1, 1)),
    "lstm_1_tied": (lstm(17, 9, 9, 1, tied=True), (1, 6)),
    "lstm_2": (lstm(65, 16, 33, 2), (4, 9)),
    "lstm_2_tied": (lstm(23, 20, 20, 2, tied=True), (2, 7)),
    "transformer_post_relu_learned": (transformer(31, 16, 4, 40, 2, 12), (3, 9)),
    "transformer_post_gelu_sinusoidal": (transformer(11, 24, 3, 33, 2, 7, "sinusoidal", activation="gelu"), (2, 7)),
    "transformer_post_relu_none_open": (transformer(19, 12, 2, 25, 1, 8, "none", causal=False), (4, 8)),
    "transformer_post_gelu_learned_tied": (transformer(65, 16, 2, 64, 1, 16, activation="gelu", tied=True), (2, 12)),
    "transformer_pre_relu_sinusoidal": (transformer(23, 20, 5, 48, 2, 16, "sinusoidal", True), (2, 11)),
    "transformer_pre_gelu_learned": (transformer(65, 32, 4, 64, 3, 10, "learned", True, activation="gelu"), (4, 10)),
    "transformer_pre_gelu_learned_open": (
        transformer(29, 16, 4, 36, 2, 9, "learned", True, causal=False, activation="gelu"), (3, 7),
    ),
    "transformer_pre_relu_none_tied": (transformer(37, 8, 1, 19, 2, 6, "none", True, tied=True), (1, 6)),
    "transformer_one_token": (transformer(11, 8, 2, 16, 1, 4), (1, 1)),
}

# By name: the model, the shape of a batch, PyTorch's optimiser and its settings;
# max_norm is that of clip_grad_norm_. In the first some steps are clipped and
# some are not.
RUNS = {
    "sgd_lstm": (lstm(23, 12, 20, 2), (4, 7), "SGD", {"lr": 1, "max_norm": 0.3}),
    "sgd_lstm_tied": (lstm(31, 16, 16, 1, tied=True), (3, 8), "SGD", {"lr": 0.5, "max_norm": 0.25}),
    "adamw_transformer": (
        transformer(23, 16, 4, 32, 2, 12), (4, 12),
        "AdamW", {"lr": 1e-3, "betas": [0.9, 0.95], "weight_decay": 0.1, "max_norm": 1},
    ),
}


def build(model, options, dtype=torch.float32):
    """The model of that type, whose tables have the type's precision too."""
    torch.set_default_dtype(dtype)
    net = CLASSES[model](**options).to(dtype)
    torch.set_default_dtype(torch.float32)
    return net


def text(name, shape, vocab):
    """Tokens, rows of shape."""
    n, t = shape
    flat = positions(name, vocab, n * t)
    return [flat[i * t : (i + 1) * t] for i in range(n)]


def labels(name, shape, vocab):
    """Labels, flat; every fifth is ignored."""
    return [IGNORED if i % 5 == 3 else v for i, v in enumerate(positions(name, vocab, shape[0] * shape[1]))]


def cross_entropy(logits, labels):
    """The mean over all places that are not ignored."""
    return F.cross_entropy(logits.flatten(0, 1), torch.tensor(labels), ignore_index=IGNORED)


def real(t, dtype):
    return torch.from_numpy(t.array().copy()).to(dtype)


class Step:
    """What a model computes for one batch."""

    def __init__(self, name, dtype):
        (self.model, self.options), shape = VARIANTS[name]
        net = build(self.model, self.options, dtype)
        self.state = net.tensors()
        load(net, self.state)
        vocab = self.options["vocab"]
        self.tokens, self.labels = text("tokens", shape, vocab), labels("labels", shape, vocab)
        self.hidden = {}
        tokens = torch.tensor(self.tokens)
        if self.model == "lstm-lm":
            size = (self.options["layers"], shape[0], self.options["hidden"])
            self.hidden = {k: Tensor(k, size, 0.8) for k in ("h0", "c0")}
            logits, after = net(tokens, tuple(real(t, dtype) for t in self.hidden.values()))
            after = dict(zip(("hn", "cn"), after))
        else:
            logits, after = net(tokens), {}
        loss = cross_entropy(logits, self.labels)
        loss.backward()
        self.results = {
            "logits": {"logits": logits.detach().numpy()},
            "hidden": {k: v.detach().numpy() for k, v in after.items()},
            "loss": {"": loss.item()},
            "grads": {k: p.grad.numpy() for k, p in net.named_parameters()},
        }


def record(name):
    """The fixture of one step."""
    step = Step(name, torch.float64)
    true, single = step.results, Step(name, torch.float32).results
    return {
        "name": name,
        "model": step.model,
        "options": step.options,
        "tokens": step.tokens,
        "labels": step.labels,
        **{k: t.spec() for k, t in step.hidden.items()},
        "state": [t.spec() for t in step.state],
        "logits": want("logits", true["logits"]["logits"], whole=1024, samples=256),
        **{k: want(k, v) for k, v in true["hidden"].items()},
        "loss": number(true["loss"][""]),
        "grads": sampled(true["grads"], 16),
        "deviation": {k: number("%.2g" % strays(single[k], true[k])) for k in true if true[k]},
    }


class Run:
    """Ten steps of training on windows of one text; the hidden state of an LSTM
    is zero at the start and goes from step to step."""

    def __init__(self, name, dtype):
        (self.model, self.options), shape, self.optimiser, settings = RUNS[name]
        settings = dict(settings)
        max_norm = settings.pop("max_norm")
        net = build(self.model, self.options, dtype)
        self.state = net.tensors()
        load(net, self.state)
        self.batches = self.windows(shape)
        opt = getattr(torch.optim, self.optimiser)(net.parameters(), **settings)
        hidden = None
        self.losses, self.norms = [], []
        for tokens, labels in self.batches:
            opt.zero_grad()
            if self.model == "lstm-lm":
                logits, hidden = net(torch.tensor(tokens), hidden)
                hidden = tuple(h.detach() for h in hidden)
            else:
                logits = net(torch.tensor(tokens))
            loss = cross_entropy(logits, labels)
            loss.backward()
            self.norms.append(float(torch.nn.utils.clip_grad_norm_(net.parameters(), max_norm)))
            opt.step()
            self.losses.append(loss.item())
        self.after = {t.name: net.state_dict()[t.name].numpy() for t in self.state}
        self.hidden = {k: v.numpy() for k, v in zip(("hn", "cn"), hidden or ())}

    def windows(self, shape):
        """The batches: step i takes columns iT to (i+1)T of the text, and the
        labels are the columns that follow."""
        n, t = shape
        rows = text("text", (n, STEPS * t + 1), self.options["vocab"])
        for i in range(STEPS):
            tokens = [r[i * t : (i + 1) * t] for r in rows]
            yield tokens, [v for r in rows for v in r[i * t + 1 : (i + 1) * t + 1]]


def run_record(name):
    """The fixture of one training."""
    true, single = Run(name, torch.float64), Run(name, torch.float32)
    settings = RUNS[name][3]

    def relative(a, b):
        return number("%.2g" % max(abs(x - y) / y for x, y in zip(a, b)))

    norms = [[norm(v) for v in r.after.values()] for r in (single, true)]
    return {
        "name": name,
        "model": true.model,
        "options": true.options,
        "optimizer": {"name": true.optimiser, **settings},
        "batches": [{"tokens": t, "labels": l} for t, l in true.windows(RUNS[name][1])],
        "state": [t.spec() for t in true.state],
        "losses": [number(v) for v in true.losses],
        "norms": [number(v) for v in true.norms],
        "after": [want(k, v, whole=0, samples=0) for k, v in true.after.items()],
        **{k: want(k, v) for k, v in true.hidden.items()},
        "deviation": {
            "losses": relative(single.losses, true.losses),
            "norms": relative(single.norms, true.norms),
            "after": relative(*norms),
            **({"hidden": number("%.2g" % strays(single.hidden, true.hidden))} if true.hidden else {}),
        },
    }
