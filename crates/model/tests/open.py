"""Runs the examples that train networks and opens what they give in onnxruntime.

    open.py SHAREWELL EXAMPLES OUT
"""

import csv
import json
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime

STUDIES = [
    ("tumour-network", "study", "malignant", ["0", "1"]),
    ("digits", "study", "digit", [str(digit) for digit in range(10)]),
    ("digits", "lenet", "digit", [str(digit) for digit in range(10)]),
]
# A run's fixed point and onnxruntime's single precision may disagree where two classes are level.
LEVEL = 1e-3


def held_out(folder, features, label):
    for path in sorted((folder / "sources").glob("party_*.csv")):
        with open(path) as file:
            for row in csv.DictReader(file):
                if row["held_out"] == "1":
                    yield [float(row[name]) for name in features], row[label]


def check(sharewell, folder, study, label, classes, out):
    command = [sharewell, "run", folder / f"{study}.toml", "--local", "--out", out, "--json"]
    run = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True)
    tables = {table["name"]: table for table in json.loads(run.stdout)["results"]}
    model = onnx.load(out / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    features = next(of.value for of in model.metadata_props if of.key == "inputs").split("\n")
    rows = list(held_out(folder, features, label))
    session = onnxruntime.InferenceSession(out / "model.onnx")
    x = np.array([row for row, _ in rows], dtype=np.float32)
    (probabilities,) = session.run(None, {"features": x})
    told = probabilities.argmax(1)
    two = np.sort(probabilities, 1)[:, -2:]
    level = int((two[:, 1] - two[:, 0] < LEVEL).sum())
    confusion = np.zeros((len(classes), len(classes)), dtype=int)
    for (_, right), found in zip(rows, told):
        confusion[classes.index(right), found] += 1
    theirs = np.array([row[1:] for row in tables["confusion"]["rows"]])
    apart = np.abs(confusion - theirs).sum() / 2
    accuracy = confusion.trace() / len(rows)
    print(f"{folder.name}/{study}: {len(rows)} records, accuracy {accuracy:.4f}, {apart:.0f} told otherwise, {level} level")
    if apart > level + 1:
        sys.exit(f"onnxruntime takes {apart} records for other classes than the run")


def main():
    sharewell, examples, out = map(pathlib.Path, sys.argv[1:])
    for example, study, label, classes in STUDIES:
        folder = out / f"{example}-{study}"
        folder.mkdir(parents=True, exist_ok=True)
        check(sharewell.resolve(), examples / example, study, label, classes, folder)


if __name__ == "__main__":
    main()
