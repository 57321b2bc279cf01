"""Steps of small networks by PyTorch in double precision: writes reference.json beside this file.

Needs torch (2.x). Weights are written as the crate keeps them: a matrix for each layer, a row for
each input in the order kernel row, kernel column, channel, and a last row of biases.
"""

import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


class Residual(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x + self.inner(x)


class Flatten(nn.Module):
    """Pixels and channels one after the other, channels last."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).reshape(len(x), -1)


def build(layers, shape):
    """Modules for layers, and the shape of what comes out: (height, width, channels)."""
    modules = []
    for layer in layers:
        kind, (h, w, c) = layer["kind"], shape
        if kind == "dense":
            if not any(isinstance(m, (nn.Linear, Flatten)) for m in modules):
                modules.append(Flatten())
            modules.append(nn.Linear(h * w * c, layer["outputs"]))
            shape = (1, 1, layer["outputs"])
        elif kind == "convolution":
            k, s, p = layer["kernel"], layer["stride"], layer["padding"]
            modules.append(nn.Conv2d(c, layer["channels"], k, s, p))
            out = lambda n: (n + 2 * p - k) // s + 1
            shape = (out(h), out(w), layer["channels"])
        elif kind in ("average_pool", "max_pool"):
            size = layer["size"]
            modules.append((nn.AvgPool2d if kind == "average_pool" else nn.MaxPool2d)(size))
            shape = (h // size, w // size, c)
        elif kind == "residual":
            inner, end = build(layer["layers"], shape)
            assert end == shape
            modules.append(Residual(inner))
        elif kind == "flatten":
            modules.append(Flatten())
            shape = (1, 1, h * w * c)
        else:
            made = {
                "relu": nn.ReLU,
                "leaky_relu": lambda: nn.LeakyReLU(layer["slope"]),
                "sigmoid": nn.Sigmoid,
                "tanh": nn.Tanh,
            }
            modules.append(made[kind]())
    return nn.Sequential(*modules), shape


def flat(network):
    found = []
    for module in network.modules():
        if isinstance(module, nn.Linear):
            found.append(module.weight.t())
        elif isinstance(module, nn.Conv2d):
            found.append(module.weight.permute(2, 3, 1, 0).reshape(-1, module.out_channels))
        else:
            continue
        found.append(module.bias.reshape(1, -1))
    return torch.cat([part.reshape(-1) for part in found]).detach()


LOSSES = {
    "cross_entropy": lambda z, y: F.cross_entropy(z, y),
    "binary_cross_entropy": lambda z, y: F.binary_cross_entropy_with_logits(
        z, y, reduction="sum"
    ) / len(z),
    "hinge": lambda z, y: F.relu(1 - (2 * y - 1) * z).sum() / len(z),
    "squared": lambda z, y: F.mse_loss(z, y, reduction="sum") / 2 / len(z),
    "detection": lambda z, y: F.cross_entropy(z[:, :3], y[:, :3])
    + F.smooth_l1_loss(z[:, 3:], y[:, 3:], reduction="sum") / len(z),
    "smooth_l1": lambda z, y: F.smooth_l1_loss(z, y, reduction="sum") / len(z),
}


def case(name, shape, layers, loss="cross_entropy", batch=6, steps=3, rate=0.25, **options):
    torch.manual_seed(len(name))
    network, end = build(layers, shape)
    outputs = end[0] * end[1] * end[2]
    h, w, c = shape
    examples = []
    for _ in range(steps):
        x = (torch.rand(batch, h, w, c) * 2 - 1).mul(4096).round() / 4096
        if loss == "cross_entropy":
            y = F.one_hot(torch.randint(outputs, (batch,)), outputs).double()
        elif loss in ("binary_cross_entropy", "hinge"):
            y = torch.randint(2, (batch, outputs)).double()
        elif loss == "detection":
            y = F.one_hot(torch.randint(3, (batch,)), 3).double()
            y = torch.cat([y, (torch.rand(batch, outputs - 3) * 4 - 2).mul(1024).round() / 1024], 1)
        else:
            y = (torch.rand(batch, outputs) * 4 - 2).mul(1024).round() / 1024
        examples.append((x, y))
    optimiser = torch.optim.SGD(network.parameters(), lr=rate, **options)
    before, after, first, losses = flat(network), [], None, []
    for x, y in examples:
        z = network(x.permute(0, 3, 1, 2))
        first = z.detach() if first is None else first
        optimiser.zero_grad()
        lost = LOSSES[loss](z, y)
        losses.append(lost.item() * len(z))
        lost.backward()
        optimiser.step()
        after.append(flat(network))
    numbers = lambda tensor: [float(f"{x:.12g}") for x in tensor.reshape(-1).tolist()]
    return {
        "name": name,
        "shape": shape,
        "layers": layers,
        "loss": loss,
        "batch": batch,
        "rate": rate,
        "options": options,
        "examples": [{"x": numbers(x), "y": numbers(y)} for x, y in examples],
        "before": numbers(before),
        "outputs": numbers(first),
        "losses": losses,
        "after": [numbers(weights) for weights in after],
    }


def dense(outputs):
    return {"kind": "dense", "outputs": outputs}


def convolution(channels, kernel, stride=1, padding=0):
    return {
        "kind": "convolution",
        "channels": channels,
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
    }


RELU, FLATTEN = {"kind": "relu"}, {"kind": "flatten"}

CASES = [
    case("softmax regression", (1, 1, 5), [dense(3)]),
    case("two hidden layers", (1, 1, 6), [dense(7), RELU, dense(5), RELU, dense(3)], momentum=0.9),
    case(
        "leaky, with Nesterov's momentum and decay",
        (1, 1, 4),
        [dense(6), {"kind": "leaky_relu", "slope": 0.125}, dense(2)],
        momentum=0.5,
        nesterov=True,
        weight_decay=0.01,
    ),
    case(
        "sigmoids for several answers",
        (1, 1, 4),
        [dense(5), {"kind": "sigmoid"}, dense(3)],
        loss="binary_cross_entropy",
    ),
    case("curves", (1, 1, 3), [dense(5), {"kind": "tanh"}, dense(2)], loss="squared"),
    case("a support vector machine", (1, 1, 4), [dense(3)], loss="hinge", weight_decay=0.01),
    case("margins", (1, 1, 3), [dense(4), RELU, dense(2)], loss="hinge", momentum=0.5),
    case("what and where", (1, 1, 4), [dense(5), RELU, dense(5)], loss="detection"),
    case("far targets", (1, 1, 3), [dense(4), RELU, dense(2)], loss="smooth_l1", rate=0.5),
    case(
        "a small LeNet",
        (8, 8, 2),
        [
            convolution(3, 3),
            RELU,
            {"kind": "max_pool", "size": 2},
            convolution(4, 2),
            RELU,
            {"kind": "average_pool", "size": 2},
            FLATTEN,
            dense(3),
        ],
        batch=3,
        momentum=0.9,
    ),
    case(
        "strides, edges and a square of nine",
        (7, 6, 1),
        [convolution(2, 3, 1, 1), {"kind": "max_pool", "size": 3}, RELU, dense(2)],
        batch=3,
    ),
    case("a stride of two", (7, 5, 2), [convolution(3, 3, 2, 1), RELU, dense(2)], batch=3),
    case(
        "a residual block",
        (4, 4, 2),
        [
            {"kind": "residual", "layers": [convolution(2, 3, 1, 1), RELU, convolution(2, 3, 1, 1)]},
            RELU,
            {"kind": "average_pool", "size": 3},
            FLATTEN,
            dense(2),
        ],
        batch=3,
    ),
]

if __name__ == "__main__":
    to = Path(__file__).with_name("reference.json")
    to.write_text("[\n" + ",\n".join(json.dumps(case) for case in CASES) + "\n]\n")
