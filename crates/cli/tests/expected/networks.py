"""What PyTorch's float run makes of a study of digits: the same fresh weights, the same order of
records, the same steps. Prints the accuracy on the records held out.

    networks.py examples/digits/study.toml examples/digits/lenet.toml examples/mnist/study.toml

Needs torch (2.x), numpy and cryptography; the examples' `fetch` before it.
"""

import csv
import math
import sys
import tomllib
from pathlib import Path

import numpy as np
import torch
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

SEED = 1


def drawn(high, stream, count):
    """Numbers of 64 bits: AES of (block, stream) under the key (seed, high), little endian."""
    key = SEED.to_bytes(8, "little") + high.to_bytes(8, "little")
    aes = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    blocks = np.zeros(((count + 1) // 2, 2), dtype="<u8")
    blocks[:, 0], blocks[:, 1] = np.arange(len(blocks)), stream
    return np.frombuffer(aes.update(blocks.tobytes()), dtype="<u8")[:count]


def fresh(at, inputs, outputs):
    whole = (drawn(at, 2, inputs * outputs) >> np.uint64(11)).astype(float) / 2**53
    return torch.tensor(np.sqrt(6 / inputs) * (2 * whole.reshape(inputs, outputs) - 1))


def order(epoch, rows):
    places = list(range(rows))
    for i, x in zip(range(rows - 1, 0, -1), drawn(epoch, 3, rows).tolist()):
        j = x * (i + 1) >> 64
        places[i], places[j] = places[j], places[i]
    return places


def records(folder, rows):
    """Pixels, digits and kinds (0 none, 1 trained on, 2 tested on) of all places."""
    x, y, kind = [], [], []
    for name in "abc":
        if (folder / f"images_{name}.npy").exists():
            pixels = np.load(folder / f"images_{name}.npy").reshape(-1, 784)
            digits, held_out = np.load(folder / f"labels_{name}.npy").T
        else:
            with open(folder / f"party_{name}.csv") as file:
                all_of = np.array([[int(value) for value in row] for row in list(csv.reader(file))[1:]])
            pixels, digits, held_out = all_of[:, :784], all_of[:, 784], all_of[:, 785]
        none = rows - len(pixels)
        x.append(np.pad(pixels / 127.5 - 1, ((0, none), (0, 0))))
        y.append(np.pad(digits, (0, none)))
        kind.append(np.pad(1 + held_out.astype(int), (0, none)))
    return [torch.tensor(np.concatenate(of)) for of in (x, y, kind)]


def network(layers, image):
    (height, width, channels), made, matrices = image, [], 0
    for layer in layers:
        kind = layer["kind"]
        if kind == "convolution":
            side, outputs = layer["kernel"], layer["channels"]
            of = torch.nn.Conv2d(channels, outputs, side, layer.get("stride", 1), layer.get("padding", 0))
            weights = fresh(matrices, side * side * channels, outputs)
            of.weight.data = weights.reshape(side, side, channels, outputs).permute(3, 2, 0, 1).contiguous()
            height, width, channels = height - side + 1, width - side + 1, outputs
        elif kind == "dense":
            inputs, outputs = height * width * channels, layer["outputs"]
            weights = fresh(matrices, inputs, outputs)
            if height * width > 1:
                # Pixels with their channels, where PyTorch has channels with their pixels.
                weights = weights.reshape(height, width, channels, outputs).permute(2, 0, 1, 3)
                weights = weights.reshape(inputs, outputs)
            if not any(isinstance(of, torch.nn.Flatten) for of in made):
                made.append(torch.nn.Flatten())
            of = torch.nn.Linear(inputs, outputs)
            of.weight.data = weights.t().contiguous()
            height, width, channels = 1, 1, outputs
        elif kind == "max_pool":
            of = torch.nn.MaxPool2d(layer["size"])
            height, width = height // layer["size"], width // layer["size"]
        else:
            of = {"relu": torch.nn.ReLU}[kind]()
        if kind in ("convolution", "dense"):
            of.bias.data = torch.zeros(outputs)
            matrices += 1
        made.append(of)
    return torch.nn.Sequential(*made)


def trained(path):
    study = tomllib.loads(path.read_text())
    objective = study["objective"]
    x, y, kind = records(path.parent / "sources", study["table"]["max_rows"])
    x, image = x.float(), objective.get("image", [28, 28, 1])
    x = x.reshape(-1, image[2], image[0], image[1])
    model = network(objective["layer"], image).float()
    rate, epochs, batch = objective["learning_rate"], objective["epochs"], objective["batch"]
    descent = torch.optim.SGD(model.parameters(), lr=rate, momentum=objective.get("momentum", 0))
    for epoch in range(epochs):
        if "schedule" in objective:
            for group in descent.param_groups:
                group["lr"] = rate * (1 + math.cos(math.pi * epoch / epochs)) / 2
        places = torch.tensor(order(epoch, len(x)))
        for at in range(0, len(places), batch):
            of = places[at : at + batch]
            each = torch.nn.functional.cross_entropy(model(x[of]), y[of].long(), reduction="none")
            descent.zero_grad()
            ((each * (kind[of] == 1)).sum() / len(of)).backward()
            descent.step()
    tested = kind == 2
    with torch.no_grad():
        told = torch.cat([model(part).argmax(1) for part in x[tested].split(1000)])
    return int((told == y[tested]).sum()), int(tested.sum())


if __name__ == "__main__":
    torch.set_num_threads(1)
    for path in map(Path, sys.argv[1:]):
        right, of = trained(path)
        print(f"{path}: {right} of {of} right, {right / of:.4f}")
