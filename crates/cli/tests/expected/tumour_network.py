"""The network of examples/tumour-network by PyTorch in double precision, from the same fresh weights
and in the same order of records: writes tumour_network.json beside this file.

Needs torch (2.x), numpy and cryptography. Both the weights and the order are drawn as docs/study.md
says, from the study's seed by AES-128.
"""

import csv
import json
from pathlib import Path

import numpy as np
import torch
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

torch.set_default_dtype(torch.float64)
ROOT = Path(__file__).resolve().parents[4]
SOURCES = ROOT / "examples" / "tumour-network" / "sources"
SEED, ROWS, EPOCHS, BATCH, RATE, MOMENTUM = 1, 200, 20, 50, 0.25, 0.5
SIZES = [30, 8, 2]


def drawn(high, stream, count):
    """Numbers of 64 bits: AES of (block, stream) under the key (seed, high), little endian."""
    key = SEED.to_bytes(8, "little") + high.to_bytes(8, "little")
    aes = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    blocks = b"".join(
        block.to_bytes(8, "little") + stream.to_bytes(8, "little")
        for block in range((count + 1) // 2)
    )
    return np.frombuffer(aes.update(blocks), dtype="<u8")[:count]


def fresh(at, inputs, outputs):
    most = np.sqrt(6 / inputs)
    whole = (drawn(at, 2, inputs * outputs) >> np.uint64(11)).astype(float) / 2**53
    return most * (2 * whole.reshape(inputs, outputs) - 1)


def order(epoch, rows):
    places = list(range(rows))
    for i, x in zip(range(rows - 1, 0, -1), drawn(epoch, 3, rows)):
        j = int(x) * (i + 1) >> 64
        places[i], places[j] = places[j], places[i]
    return places


def records():
    """Features, labels, and whether a place is trained on or tested on: 200 for each hospital."""
    x, y, kind = [], [], []
    for name in "abc":
        with open(SOURCES / f"party_{name}.csv") as file:
            rows = list(csv.reader(file))[1:]
        for row in rows:
            x.append([float(value) for value in row[:30]])
            y.append(int(row[30]))
            kind.append(2 if row[31] == "1" else 1)
        for _ in range(ROWS - len(rows)):
            x.append([0.0] * 30)
            y.append(0)
            kind.append(0)
    return np.array(x), np.array(y), np.array(kind)


def main():
    x, y, kind = records()
    train = x[kind == 1]
    x = np.clip((x - train.mean(0)) / train.std(0), -8, 8)
    x, y = torch.tensor(x), torch.tensor(y)
    layers = []
    for at, (inputs, outputs) in enumerate(zip(SIZES, SIZES[1:])):
        linear = torch.nn.Linear(inputs, outputs)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(fresh(at, inputs, outputs)).t())
            linear.bias.zero_()
        layers += [linear, torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    descent = torch.optim.SGD(network.parameters(), lr=RATE, momentum=MOMENTUM)
    for epoch in range(EPOCHS):
        places = order(epoch, len(x))
        for at in range(0, len(places), BATCH):
            batch = places[at : at + BATCH]
            mine = torch.tensor(kind[batch] == 1, dtype=torch.float64)
            losses = torch.nn.functional.cross_entropy(network(x[batch]), y[batch], reduction="none")
            descent.zero_grad()
            ((losses * mine).sum() / len(batch)).backward()
            descent.step()
    tested = kind == 2
    told = network(x[tested]).argmax(1)
    right = y[tested]
    confusion = [[int(((right == i) & (told == j)).sum()) for j in (0, 1)] for i in (0, 1)]
    weights = []
    for linear in network[::2]:
        weights += [*linear.weight.t().reshape(-1).tolist(), *linear.bias.tolist()]
    found = {
        "trained": int((kind == 1).sum()),
        "tested": int(tested.sum()),
        "mean": train.mean(0).tolist(),
        "deviation": train.std(0).tolist(),
        "accuracy": float((told == right).double().mean()),
        "confusion": confusion,
        "weights": weights,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
