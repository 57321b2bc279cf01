"""The network of examples/tumour-network as tumour_network.py trains it, watched: a validation set, a
falling learning rate, the best epoch kept, the loss of every epoch, and by scikit-learn how good the
probabilities are. Writes tumour_watched.json beside this file.

Needs torch (2.x), numpy, scikit-learn and cryptography.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from tumour_network import BATCH, EPOCHS, MOMENTUM, RATE, SIZES, fresh, order, records


def main():
    x, y, kind = records()
    kind = np.where((kind == 1) & (x[:, 1] > 22), 3, kind)
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
    cross_entropy = torch.nn.functional.cross_entropy
    losses, validations, best, kept = [], [], math.inf, None
    for epoch in range(EPOCHS):
        for group in descent.param_groups:
            group["lr"] = RATE * (1 + math.cos(math.pi * epoch / EPOCHS)) / 2
        places, total = order(epoch, len(x)), 0.0
        for at in range(0, len(places), BATCH):
            batch = places[at : at + BATCH]
            mine = torch.tensor(kind[batch] == 1, dtype=torch.float64)
            each = cross_entropy(network(x[batch]), y[batch], reduction="none")
            descent.zero_grad()
            ((each * mine).sum() / len(batch)).backward()
            descent.step()
            total += (each * mine).sum().item()
        losses.append(total / int((kind == 1).sum()))
        validation = cross_entropy(network(x[kind == 3]), y[kind == 3]).item()
        validations.append(validation)
        if validation < best:
            best = validation
            kept = {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(kept)
    told = network(x[kind == 2]).softmax(1)[:, 1].detach().numpy()
    right = y[kind == 2].numpy()
    weights = []
    for linear in network[::2]:
        weights += [*linear.weight.t().reshape(-1).tolist(), *linear.bias.tolist()]
    found = {
        "records": [int((kind == of).sum()) for of in (1, 3, 2)],
        "losses": losses,
        "validations": validations,
        "best": int(np.argmin(validations)),
        "auc": float(roc_auc_score(right, told)),
        "average precision": float(average_precision_score(right, told)),
        "told": told.tolist(),
        "right": right.tolist(),
        "weights": weights,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
