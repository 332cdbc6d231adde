#!/usr/bin/env python3
"""Trains a ResNet of torchvision's with the settings of its first weights, which are
those of zoo-train --recipe torchvision-v1, on a folder of images. docs/results.md has
the results of both.

    torch_recipe.py --data FOLDER [--model resnet18] [--input-size 224] [--epochs 90] [--seed 1]
"""

import argparse
import os
import sys
import time

sys.dont_write_bytecode = True

import torch
import torchvision
from torchvision import transforms

SCALE = transforms.Compose([
    transforms.ToTensor(),
    transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
])


def loaders(folder, size, batch):
    """Batches for training, of which the last is left out if it is smaller, and for
    evaluation."""
    train = torchvision.datasets.ImageFolder(folder + "/train", transforms.Compose([
        transforms.RandomResizedCrop(size), transforms.RandomHorizontalFlip(), SCALE,
    ]))
    val = torchvision.datasets.ImageFolder(folder + "/val", transforms.Compose([
        transforms.Resize((size * 256 + 112) // 224), transforms.CenterCrop(size), SCALE,
    ]))
    return (
        torch.utils.data.DataLoader(train, batch, shuffle=True, drop_last=True),
        torch.utils.data.DataLoader(val, batch),
    )


def evaluate(model, batches):
    """The mean cross-entropy and the fraction that is right."""
    model.eval()
    loss, right, n = 0.0, 0, 0
    with torch.no_grad():
        for x, y in batches:
            logits = model(x)
            loss += torch.nn.functional.cross_entropy(logits, y, reduction="sum").item()
            right += (logits.argmax(1) == y).sum().item()
            n += len(y)
    return loss / n, right / n


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--input-size", type=int, default=224)
    parser.add_argument("--epochs", type=int, default=90)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    torch.set_num_threads(os.cpu_count())
    torch.manual_seed(args.seed)
    train, val = loaders(args.data, args.input_size, args.batch_size)
    model = getattr(torchvision.models, args.model)(num_classes=len(train.dataset.classes))
    solver = torch.optim.SGD(model.parameters(), 0.1 * args.batch_size / 256, momentum=0.9, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.StepLR(solver, 30, 0.1)
    for epoch in range(1, args.epochs + 1):
        begin, losses, right, n = time.time(), 0.0, 0, 0
        model.train()
        for x, y in train:
            logits = model(x)
            loss = torch.nn.functional.cross_entropy(logits, y)
            solver.zero_grad()
            loss.backward()
            solver.step()
            losses += loss.item() * len(y)
            right += (logits.argmax(1) == y).sum().item()
            n += len(y)
        schedule.step()
        print("epoch %d  training loss %.4f, top-1 %.2f %%  %.1f s" % (
            epoch, losses / n, 100 * right / n, time.time() - begin), flush=True)
        if epoch % 15 == 0 or epoch == args.epochs:
            loss, right = evaluate(model, val)
            print("epoch %d  validation loss %.4f, top-1 %.2f %%" % (epoch, loss, 100 * right), flush=True)


main()
