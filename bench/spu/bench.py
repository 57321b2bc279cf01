"""Primitive operations of SecretFlow SPU, in the form of `sharewell bench --json`.

Three party processes run ABY3 over the 64-bit ring on loopback, as SPU is installed: its links
are plain TCP. This process compiles the operation, deals out shares of random inputs and checks
the reconstructed result; none of that is timed. What is timed is the operation alone: shares in
the parties' memory before, shares in the parties' memory after, from the first party's start to
the last one's end. One run that nobody times comes first.

One JSON object per line: {"op", "n", "wall_s", "cpu_s", "bytes_per_party", "peak_mb", "error"}.
CPU is summed over the parties. Bytes are what the loopback device carried, headers included,
divided by three; they are null where the system does not grant a network of our own. The error is
the worst over all elements, relative to results above one and absolute to those below.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import resource
import socket
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from loopback import cpu_s, isolate, loopback_bytes

PARTIES = 3
RECEIVE_TIMEOUT_MS = 600_000

def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def serve(rank, ports, config, pipe):
    """One party: holds shares by name and runs compiled programs over them."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # its log
    from spu import api, libspu

    link = libspu.link.Desc()
    link.recv_timeout_ms = RECEIVE_TIMEOUT_MS
    for party, port in enumerate(ports):
        link.add_party(f"p{party}", f"127.0.0.1:{port}")
    link = libspu.link.create_brpc(link, rank)
    settings = libspu.RuntimeConfig()
    settings.ParseFromString(config)
    runtime = api.Runtime(link, settings)

    def put(name, meta, chunks):
        share = libspu.Share()
        share.meta, share.share_chunks = meta, chunks
        runtime.set_var(name, share)

    def get(name):
        share = runtime.get_var(name)
        return share.meta, share.share_chunks

    def run(program):
        executable = libspu.Executable()
        executable.ParseFromString(program)
        link.barrier()
        cpu, start = cpu_s(), time.monotonic()
        runtime.run(executable)
        return start, time.monotonic(), cpu_s() - cpu

    def peak_mb():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    verbs = {"put": put, "get": get, "run": run, "peak_mb": peak_mb, "forget": runtime.del_var}
    pipe.send(None)
    while (request := pipe.recv()) is not None:
        verb, *arguments = request
        pipe.send(verbs[verb](*arguments))
    link.stop_link()


class Parties:
    """The party processes, and the little that is needed to have them compute a function."""

    def __init__(self):
        from spu import api, libspu

        self.libspu = libspu
        config = libspu.RuntimeConfig(libspu.ProtocolKind.ABY3, libspu.FieldType.FM64)
        self.io = api.Io(PARTIES, config)
        context = multiprocessing.get_context("spawn")
        ports = free_ports(PARTIES)
        self.pipes = []
        for rank in range(PARTIES):
            ours, theirs = context.Pipe()
            arguments = (rank, ports, config.SerializeToString(), theirs)
            context.Process(target=serve, args=arguments, daemon=True).start()
            self.pipes.append(ours)
        for pipe in self.pipes:
            pipe.recv()

    def ask(self, *requests):
        """One request for all parties, or one for each."""
        requests = requests * PARTIES if len(requests) == 1 else requests
        for pipe, request in zip(self.pipes, requests):
            pipe.send(request)
        return [pipe.recv() for pipe in self.pipes]

    def share(self, name, values):
        shares = self.io.make_shares(values, self.libspu.Visibility.VIS_SECRET)
        self.ask(*[("put", name, share.meta, share.share_chunks) for share in shares])

    def reconstruct(self, name):
        shares = []
        for meta, chunks in self.ask(("get", name)):
            share = self.libspu.Share()
            share.meta, share.share_chunks = meta, chunks
            shares.append(share)
        return self.io.reconstruct(shares)

    def compile(self, function, inputs):
        from spu.utils import frontend

        names = [f"in{i}" for i in range(len(inputs))]
        for name, values in zip(names, inputs):
            self.share(name, values)
        secret = [self.libspu.Visibility.VIS_SECRET] * len(inputs)
        program, _ = frontend.compile(
            frontend.Kind.JAX, function, inputs, {}, names, secret, lambda outputs: [f"out{i}" for i in range(len(outputs))],
            copts=self.libspu.CompilerOptions(),
        )
        return program.SerializeToString(), [f"out{i}" for i in range(len(program.output_names))]

    def stop(self):
        for pipe in self.pipes:
            pipe.send(None)


def logistic(x, y, w):
    """Ten epochs of gradient descent in batches of 100, as our `logistic` makes them."""
    import jax

    for _ in range(10):
        for start in range(0, x.shape[0], 100):
            batch, labels = x[start : start + 100], y[start : start + 100]
            w = w - (batch.T @ (jax.nn.sigmoid(batch @ w) - labels)) / 256
    return w


def dense(x, *weights):
    """Rectifiers between layers of sums, as our `train` has them."""
    import jax

    *hidden, last = zip(weights[::2], weights[1::2])
    for w, b in hidden:
        x = jax.nn.relu(x @ w + b)
    return x @ last[0] + last[1]


def lenet(x, k1, c1, k2, c2, *weights):
    """Convolutions with maxima of squares before that, as our `train LeNet` has them."""
    import jax

    layout = ("NHWC", "HWIO", "NHWC")
    for kernel, bias in ((k1, c1), (k2, c2)):
        x = jax.lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=layout) + bias
        lowest = -jax.numpy.inf
        x = jax.lax.reduce_window(x, lowest, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        x = jax.nn.relu(x)
    return dense(x.reshape(x.shape[0], -1), *weights)


def training(network):
    """A step with momentum: new weights and velocities."""
    import jax

    def step(x, y, *state):
        half = len(state) // 2
        weights, velocities = state[:half], state[half:]

        def loss(*weights):
            shares = jax.nn.log_softmax(network(x, *weights))
            return -jax.numpy.mean(jax.numpy.sum(y * shares, axis=1))

        gradients = jax.grad(loss, argnums=tuple(range(half)))(*weights)
        velocities = [0.9 * v + g for v, g in zip(velocities, gradients)]
        return (*[w - 0.05 * v for w, v in zip(weights, velocities)], *velocities)

    return step


def operations():
    """Each operation: the function, its inputs for a size, and the largest error that is right;
    none where SPU's own is to be reported."""
    import jax
    import numpy as np

    random = np.random.default_rng(1)

    def integers(bits):
        return lambda *shape: random.integers(-(2**bits), 2**bits, shape)

    def normal(*shape):
        return random.normal(size=shape).astype(np.float32)

    def uniform(low, high):
        return lambda n: [random.uniform(low, high, n).astype(np.float32)]

    def pair(of):
        return lambda n: [of(n), of(n)]

    def square(of):
        return lambda n: [of(n, n), of(n, n)]

    def quotient(n):
        return uniform(-64, 64)(n) + uniform(0.1, 64)(n)

    def samples(n):
        x = np.append(random.uniform(-2, 2, (n, 100)), np.ones((n, 1)), axis=1)
        y = x[:, 0] + x[:, 1] - x[:, 2] + random.normal(size=n) > 0
        return [part.astype(np.float32) for part in (x, y.reshape(-1, 1), np.zeros((101, 1)))]

    def images(shape, sizes):
        """A batch as large as `shape` says, and fresh weights."""
        x = (random.random(shape) * (random.random(shape) < 0.2)).astype(np.float32)
        y = np.eye(10, dtype=np.float32)[random.integers(0, 10, shape[0])]
        weights = []
        for size in sizes:
            most = np.sqrt(6 / np.prod(size[:-1]))
            weights += [random.uniform(-most, most, size), np.zeros(size[-1])]
        return x, y, [weight.astype(np.float32) for weight in weights]

    def dense_images(n):
        inputs = 49 * n // 8
        return images((n, inputs), [(inputs, n), (n, n), (n, 10)])

    def lenet_images(n):
        sizes = [(5, 5, 1, 20), (5, 5, 20, 50), (800, 500), (500, 10)]
        return images((n, 28, 28, 1), sizes)

    def learning(of):
        def inputs(n):
            x, y, weights = of(n)
            return [x, y, *weights, *[np.zeros_like(weight) for weight in weights]]

        return inputs

    def told(of):
        def inputs(n):
            x, _, weights = of(n)
            return [x, *weights]

        return inputs

    def predicted(network):
        return lambda x, *weights: jax.nn.softmax(network(x, *weights))

    def sort_rows(x, y):
        return jax.lax.sort((x, y), num_keys=1)

    return {
        "mul": (lambda x, y: x * y, pair(integers(20)), 0),
        "mul_trunc": (lambda x, y: x * y, pair(normal), 1e-3),
        "less_than": (lambda x, y: x < y, pair(integers(40)), 0),
        "equal": (lambda x, y: x == y, pair(integers(3)), 0),
        "matmul": (lambda x, y: x @ y, square(integers(10)), 0),
        "matmul_trunc": (lambda x, y: x @ y, square(normal), 1e-1),
        "divide": (lambda x, y: x / y, quotient, None),
        "sqrt": (jax.numpy.sqrt, uniform(0.01, 1000), None),
        "ln": (jax.numpy.log, uniform(0.01, 1000), None),
        "exp": (jax.numpy.exp, uniform(-8, 8), None),
        "sigmoid": (jax.nn.sigmoid, uniform(-8, 8), None),
        "sort": (jax.numpy.sort, lambda n: [integers(62)(n)], 0),
        "sort with payload": (sort_rows, lambda n: [integers(31)(n), integers(31)(n)], 0),
        "logistic": (logistic, samples, None),
        "train": (training(dense), learning(dense_images), None),
        "train LeNet": (training(lenet), learning(lenet_images), None),
        "predict": (predicted(dense), told(dense_images), None),
        "predict LeNet": (predicted(lenet), told(lenet_images), None),
    }


def worst_error(got, expected):
    import numpy as np

    if expected.dtype.kind in "iub":
        return float(np.abs(np.subtract(got, expected, dtype=np.float64)).max())
    return float((np.abs(got - expected) / np.maximum(1, np.abs(expected))).max())


def measure(parties, op, n, repetitions, counted):
    import jax
    import numpy as np

    function, draw, tolerance = operations()[op]
    inputs = draw(n)
    program, outputs = parties.compile(function, inputs)
    runs = []
    for repetition in range(repetitions + 1):
        before = loopback_bytes() if counted else 0
        times = parties.ask(("run", program))
        if repetition > 0:
            wall = max(end for _, end, _ in times) - min(start for start, _, _ in times)
            carried = loopback_bytes() - before if counted else 0
            runs.append((wall, sum(cpu for _, _, cpu in times), carried))
    exact = [x.astype(np.float64) if x.dtype == np.float32 else x for x in inputs]
    expected = [np.asarray(leaf) for leaf in jax.tree_util.tree_leaves(function(*exact))]
    error = max(worst_error(parties.reconstruct(name), want) for name, want in zip(outputs, expected))
    if tolerance is not None and error > tolerance:
        sys.exit(f"SPU's {op} of {n} is off by {error}")
    peak_mb = max(parties.ask(("peak_mb",)))
    for name in [f"in{i}" for i in range(len(inputs))] + outputs:
        parties.ask(("forget", name))
    wall_s, cpu, carried = (statistics.median(column) for column in zip(*runs))
    return {
        "op": op,
        "n": n,
        "wall_s": round(wall_s, 6),
        "cpu_s": round(cpu, 6),
        "bytes_per_party": round(carried / PARTIES) if counted else None,
        "peak_mb": round(peak_mb),
        "error": error,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--op", action="append", required=True, help="OP:N, may be given several times")
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    counted = isolate()
    import jax

    jax.config.update("jax_enable_x64", True)
    parties = Parties()
    for case in arguments.op:
        op, n = case.rsplit(":", 1)
        print(json.dumps(measure(parties, op, int(n), arguments.repetitions, counted)), flush=True)
    parties.stop()


if __name__ == "__main__":
    main()
