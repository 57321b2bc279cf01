"""What our own benchmarks share: the programs that they measure, and other ones' output."""

import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def output(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def build(*what):
    """Builds it for release, and says in which folder it lies."""
    subprocess.run(["cargo", "build", "--release", "--locked", *what], check=True, cwd=ROOT)
    metadata = output("cargo", "metadata", "--format-version", "1", "--no-deps", cwd=ROOT)
    return pathlib.Path(json.loads(metadata)["target_directory"]) / "release"


def sharewell():
    return build("--package", "sharewell-cli") / "sharewell"
