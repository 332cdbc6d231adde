"""Parameters and multiply-adds of the networks that are no classifiers."""

import torch
import torch.nn as nn

import gan
import lm

LMS = {
    "lstm-lm": {"vocab": 65, "dim": 256, "hidden": 256, "layers": 2},
    "transformer-lm": {"vocab": 65, "width": 128, "heads": 4, "ff": 512, "layers": 4, "context": 64},
}


def params(net):
    return sum(p.numel() for p in net.parameters())


def per_token(net):
    """Multiply-adds of all products with a weight for one token: each number of
    a matrix is used once. Embeddings are looked up, and attention has no weight
    in its own products, which grow with the number of tokens."""
    tables = {m.weight for m in net.modules() if isinstance(m, nn.Embedding)}
    return sum(p.numel() for p in net.parameters() if p.dim() == 2 and p not in tables)


def per_image(net, x):
    """Multiply-adds of linear layers and convolutions for x, one image or its
    noise. A transposed convolution counts what the convolution counts whose
    gradient it is, rows that padding cuts off included."""
    total = [0]

    def count(m, ins, out):
        small = ins[0] if isinstance(m, nn.ConvTranspose2d) else out
        total[0] += small.numel() * m.weight[0].numel()

    for m in net.modules():
        if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            m.register_forward_hook(count)
    with torch.no_grad():
        net.eval()(x)
    return total[0]


def records():
    rows = []
    for name in gan.MODELS:
        net = gan.build(name)
        sides = (("generator", net.generator, net.noise), ("discriminator", net.discriminator, net.image))
        for side, m, shape in sides:
            macs = per_image(m, torch.zeros(1, *shape))
            rows.append({"model": "%s-%s" % (name, side), "input": shape, "params": params(m), "macs": macs})
    for name, options in LMS.items():
        net = lm.build(name, options)
        rows.append({"model": name, "options": options, "params": params(net), "macs": per_token(net)})
    # The two sides of pytorch/examples/dcgan.
    assert [r["params"] for r in rows if r["model"].startswith("dcgan")] == [3576704, 2765568]
    return rows
