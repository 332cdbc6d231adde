"""Two generators with their discriminators, and a few alternating steps of each,
as pytorch/examples/dcgan takes them."""

import functools
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from formula import NUDGE, Tensor, norm, number, want
from models import clearance, load, sampled, specs, strays

NOISE = 100  # numbers that a generator starts from


class Generator(nn.Module):
    """Noise (N, 100) to images (N, 1, 28, 28) in (-1, 1)."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(NOISE, 128 * 7 * 7)
        self.conv1 = nn.ConvTranspose2d(128, 64, 4, 2, 1)
        self.conv2 = nn.ConvTranspose2d(64, 1, 4, 2, 1)

    def forward(self, z):
        x = self.fc(z).view(-1, 128, 7, 7)
        return torch.tanh(self.conv2(F.relu(self.conv1(x))))


class Discriminator(nn.Module):
    """Images (N, 1, 28, 28) to logits (N): above zero for real."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 64, 4, 2, 1)
        self.conv2 = nn.Conv2d(64, 128, 4, 2, 1)
        self.fc = nn.Linear(128 * 7 * 7, 1)

    def forward(self, x):
        x = F.leaky_relu(self.conv1(x), 0.2)
        x = F.leaky_relu(self.conv2(x), 0.2)
        return self.fc(x.flatten(1)).view(-1)


class DCGenerator(nn.Module):
    """The generator of pytorch/examples/dcgan: noise (N, 100, 1, 1) to images
    (N, 3, 64, 64) in (-1, 1)."""

    def __init__(self):
        super().__init__()
        layers, c = [], NOISE
        for i, out in enumerate((512, 256, 128, 64)):
            stride, padding = (2, 1) if i else (1, 0)
            layers += [nn.ConvTranspose2d(c, out, 4, stride, padding, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
            c = out
        self.main = nn.Sequential(*layers, nn.ConvTranspose2d(c, 3, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, z):
        return self.main(z)


class DCDiscriminator(nn.Module):
    """Its discriminator, without the sigmoid at the end: images (N, 3, 64, 64) to
    logits (N)."""

    def __init__(self):
        super().__init__()
        layers, c = [nn.Conv2d(3, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)], 64
        for out in (128, 256, 512):
            layers += [nn.Conv2d(c, out, 4, 2, 1, bias=False), nn.BatchNorm2d(out), nn.LeakyReLU(0.2)]
            c = out
        self.main = nn.Sequential(*layers, nn.Conv2d(c, 1, 4, 1, 0, bias=False))

    def forward(self, x):
        return self.main(x).view(-1)


class GAN(nn.Module):
    """Both sides: their names begin with generator. and discriminator."""

    def __init__(self, generator, discriminator, noise, image):
        super().__init__()
        self.generator, self.discriminator = generator(), discriminator()
        self.noise, self.image = noise, image  # shapes of one of each

    def tensors(self):
        """The formula's tensors, in the order of the state dict. The scales keep
        activations near 1 and the images between 0 and the ends of tanh."""
        return [t for prefix, m in self.named_modules() for t in self.own(prefix, m)]

    def own(self, prefix, m):
        """The tensors of one module."""
        values = {**dict(m.named_parameters(recurse=False)), **dict(m.named_buffers(recurse=False))}
        for k, v in values.items():
            if k != "num_batches_tracked":
                yield Tensor(prefix + "." + k, v.shape, *self.scale(m, k))

    @staticmethod
    def scale(m, key):
        if isinstance(m, nn.BatchNorm2d):
            return {"weight": (0.2, 1), "bias": (0.2,), "running_mean": (0.1,), "running_var": (0.5, 1)}[key]
        if key == "bias":
            return (0.2,)
        if isinstance(m, nn.ConvTranspose2d):
            # Of the 4x4 taps, stride 2 leaves 2x2 for each pixel.
            taps = m.in_channels * math.prod(m.kernel_size) / math.prod(m.stride)
            return (math.sqrt((1.5 if m.out_channels <= 3 else 4.5) / taps),)
        return (math.sqrt(4.5 / m.weight[0].numel()),)


MODELS = {
    "gan": (Generator, Discriminator, (NOISE,), (1, 28, 28)),
    "dcgan": (DCGenerator, DCDiscriminator, (NOISE, 1, 1), (3, 64, 64)),
}
BATCH = {"gan": 5, "dcgan": 4}
STEPS = 3
# Adam's first step is the sign of the gradient, and where that is rounding the
# weight goes up or down by chance: with 2.8 million of them the generator's
# gradient, through the updated discriminator, differed by percents between
# float32 and float64. A larger eps makes it smooth. So does a lower rate, which
# also keeps four images from being told apart after one step.
OPTIMIZERS = {
    "gan": {"lr": 2e-4, "betas": [0.5, 0.999]},
    "dcgan": {"lr": 2e-5, "betas": [0.5, 0.999], "eps": 1e-4},
}
# The letter in the names of the batches: of some thirty the one that keeps farthest
# from the kinks of all activations in the first step, beside what settle does.
LETTERS = {"gan": "b", "dcgan": "C"}


def build(name):
    return GAN(*MODELS[name])


def batch(name, net, i):
    """The noise and the real images of step i."""
    suffix, size = "%d%s" % (i, LETTERS[name]), BATCH[name]
    z = Tensor("z" + suffix, (size, *net.noise), math.sqrt(3))
    return z, Tensor("real" + suffix, (size, *net.image), 0.9)


def bent(net):
    """The modules with a bias, by name, whose result goes into a ReLU or a
    LeakyReLU."""
    return {
        k: m
        for k, m in net.named_modules()
        if isinstance(m, nn.BatchNorm2d) or k in ("generator.conv1", "discriminator.conv1", "discriminator.conv2")
    }


def settle(net, tensors, z, real):
    """Move the biases before the ReLUs a little, as models.settle does, for the
    first batch before the update."""
    net = net.double()
    load(net, tensors)
    tensors = {t.name: t for t in tensors}

    def clear(name, m, _, y):
        nudge = clearance(y.transpose(0, 1).flatten(1))
        tensors[name + ".bias"].nudge = nudge.tolist()
        return y + (nudge * NUDGE)[None, :, None, None]

    def halves(forward, x):
        """Real and generated images have batch statistics of their own."""
        return torch.cat([forward(h) for h in x.chunk(2)])

    for name, m in bent(net).items():
        m.register_forward_hook(functools.partial(clear, name))
        if name.startswith("discriminator."):
            m.forward = functools.partial(halves, m.forward)
    z, real = (torch.from_numpy(t.array()).double() for t in (z, real))
    with torch.no_grad():
        net.discriminator(torch.cat([real, net.generator(z)]))


class Trainer:
    """Alternating steps of Adam: pytorch/examples/dcgan/main.py."""

    def __init__(self, net, settings):
        self.net = net
        self.d = torch.optim.Adam(net.discriminator.parameters(), **settings)
        self.g = torch.optim.Adam(net.generator.parameters(), **settings)

    def step(self, z, real):
        """First the discriminator: real images and generated ones in passes, and
        so with batch statistics, of their own; the gradients of both losses add
        up. Then the generator, through the discriminator as it now is. Returns
        what the example prints, and the tensors behind it."""
        g, d = self.net.generator, self.net.discriminator
        self.d.zero_grad()
        on_real = d(real)
        loss_real = F.binary_cross_entropy_with_logits(on_real, torch.ones_like(on_real))
        loss_real.backward()
        fake = g(z)
        on_fake = d(fake.detach())
        loss_fake = F.binary_cross_entropy_with_logits(on_fake, torch.zeros_like(on_fake))
        loss_fake.backward()
        self.d.step()
        grads = {k: p.grad.numpy().copy() for k, p in self.net.named_parameters() if k.startswith("discriminator.")}

        self.g.zero_grad()
        after = d(fake)
        loss_g = F.binary_cross_entropy_with_logits(after, torch.ones_like(after))
        loss_g.backward()
        self.g.step()
        grads.update({k: p.grad.numpy().copy() for k, p in g.named_parameters("generator")})
        printed = {
            "loss_d": (loss_real + loss_fake).item(),
            "loss_g": loss_g.item(),
            "d_x": torch.sigmoid(on_real).mean().item(),
            "d_g_z1": torch.sigmoid(on_fake).mean().item(),
            "d_g_z2": torch.sigmoid(after).mean().item(),
        }
        results = {"samples": fake, "real_logits": on_real, "fake_logits": on_fake}
        return printed, {k: v.detach().numpy().copy() for k, v in results.items()}, grads


class Run:
    """What a model computes: with running statistics, then steps of training.
    Results are those of the first step, but for what is printed."""

    def __init__(self, name, dtype):
        net = build(name).to(dtype)
        self.net, self.tensors = net, net.tensors()
        self.batches = [batch(name, net, i) for i in range(STEPS)]
        settle(build(name), self.tensors, *self.batches[0])
        load(net, self.tensors)
        self.results = {"eval": self.evaluate(*self.real(0, dtype))}
        trainer = Trainer(net.train(), OPTIMIZERS[name])
        self.steps = []
        for i in range(STEPS):
            printed, outputs, grads = trainer.step(*self.real(i, dtype))
            self.steps.append(printed)
            if i == 0:
                self.results["outputs"] = outputs
                self.results["grads"] = {k: grads[k] for k, _ in net.named_parameters()}
                after = {t.name: net.state_dict()[t.name].numpy().copy() for t in self.tensors}
                buffers = dict(net.named_buffers())
                self.results["running"] = {k: v for k, v in after.items() if k in buffers}
                self.results["after"] = {k: v for k, v in after.items() if k not in buffers}

    def real(self, i, dtype):
        return [torch.from_numpy(t.array().copy()).to(dtype) for t in self.batches[i]]

    def evaluate(self, z, real):
        net = self.net.eval()
        with torch.no_grad():
            fake = net.generator(z)
            results = {"samples": fake, "real_logits": net.discriminator(real), "fake_logits": net.discriminator(fake)}
        return {k: v.numpy() for k, v in results.items()}


def record(name):
    """The fixture of one model."""
    run, single = Run(name, torch.float64), Run(name, torch.float32)
    true = run.results
    deviations = {k: number("%.2g" % strays(single.results[k], true[k])) for k in true if true[k] and k != "after"}
    deviations["steps"] = number(
        "%.2g" % max(abs(a[k] / b[k] - 1) for a, b in zip(single.steps, run.steps) for k in b)
    )
    deviations["after"] = number(
        "%.2g" % max(abs(norm(single.results["after"][k]) / norm(true["after"][k]) - 1) for k in true["after"])
    )
    return {
        "name": name,
        "model": name,
        "optimizer": {"name": "Adam", **OPTIMIZERS[name]},
        "batches": [{"z": z.spec(), "real": real.spec()} for z, real in run.batches],
        "state": specs(run.net, run.tensors),
        "eval": {k: want("eval_" + k, v) for k, v in true["eval"].items()},
        "outputs": {k: want(k, v) for k, v in true["outputs"].items()},
        "grads": sampled(true["grads"], 8),
        "running": sampled(true["running"], 4),
        "after": [want(k, v, whole=0, samples=0) for k, v in true["after"].items()],
        "steps": [{k: number(v) for k, v in s.items()} for s in run.steps],
        "deviation": deviations,
    }
