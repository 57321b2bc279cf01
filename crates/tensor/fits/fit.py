"""Fits of the polynomials in `crates/tensor/src/function/`.

Remez' exchange in decimal arithmetic of 60 digits, nothing but the standard library:

    python3 crates/tensor/fits/fit.py exponential|sigmoid|normal|quantile

prints each table as Rust source, with the worst error of each fit on a grid. Coefficients
are those of powers of `t`, the distance from the middle of the piece, lowest first.
"""

import sys
from decimal import Decimal as D, getcontext

getcontext().prec = 60
PI = D("3.14159265358979323846264338327950288419716939937510582097494")


def solve(rows, right):
    """Gaussian elimination with the largest pivot."""
    n = len(rows)
    m = [row + [r] for row, r in zip(rows, right)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda k: abs(m[k][i]))
        m[i], m[pivot] = m[pivot], m[i]
        for k in range(i + 1, n):
            by = m[k][i] / m[i][i]
            m[k] = [a - by * b for a, b in zip(m[k], m[i])]
    x = [D(0)] * n
    for i in reversed(range(n)):
        x[i] = (m[i][n] - sum(m[i][k] * x[k] for k in range(i + 1, n))) / m[i][i]
    return x


def cos(x):
    term, total, k = D(1), D(1), 0
    while abs(term) > D(10) ** -58:
        k += 2
        term *= -x * x / (k * (k - 1))
        total += term
    return total


def horner(c, t):
    total = D(0)
    for a in reversed(c):
        total = total * t + a
    return total


def exchange(at, value, weight, degree, rounds):
    """Coefficients and the worst error in units of the weights, on a grid of points."""
    grid, n = len(at) - 1, degree + 2
    picked = [round(i * grid / (n - 1)) for i in range(n)]
    best = None
    for _ in range(rounds):
        rows = [[at[i] ** k for k in range(degree + 1)] + [(-1) ** j * weight[i]]
                for j, i in enumerate(picked)]
        c = solve(rows, [value[i] for i in picked])[:-1]
        error = [(horner(c, t) - v) / w for t, v, w in zip(at, value, weight)]
        worst = max(map(abs, error))
        if best is None or worst < best[1]:
            best = (c, worst)
        # One extremum between each two changes of sign.
        runs, start = [], 0
        for i in range(1, grid + 2):
            if i > grid or error[i] * error[start] < 0:
                runs.append(max(range(start, i), key=lambda k: abs(error[k])))
                start = i
        while len(runs) > n:
            runs.pop(0 if abs(error[runs[0]]) < abs(error[runs[-1]]) else -1)
        if len(runs) < n or runs == picked:
            break
        picked = runs
    return best


def remez(f, low, high, degree, relative=False, grid=160, rounds=6):
    """Coefficients in t = x - (low + high) / 2 and the worst error on the grid."""
    middle, half = (low + high) / 2, (high - low) / 2
    # Dense towards the ends, where the error turns fastest.
    at = [-cos(PI * i / grid) * half for i in range(grid + 1)]
    value = [f(middle + t) for t in at]
    weight = [abs(v) if relative else D(1) for v in value]
    return exchange(at, value, weight, degree, rounds)


def literal(x):
    """A double as Rust prints it."""
    return repr(float(x))


def row(head, c, foot):
    """A row of a table, in lines that fit a table inside another."""
    print(f"    {head} &[")
    line = "       "
    for word in (literal(a) + "," for a in c):
        if len(line) + 1 + len(word) > 95:
            print(line)
            line = "       "
        line += " " + word
    print(line)
    print(f"    ]{foot},")


def exponential():
    """2^(t + 1/2) for t in [-1/2, 1/2 + 1/64], relative errors."""
    two, low, high = D(2).ln(), D(0), D(1) + D(1) / 64
    for degree in range(3, 11):
        # In t = x - 1/2, not in the distance from the middle.
        middle = (low + high) / 2
        c, error = remez(lambda x: (x * two).exp(), low, high, degree, relative=True)
        shift = D("0.5") - middle
        moved = moved_by(c, shift)
        row(f"({literal(-error.ln() / two)[:5]},", moved, ")")


def moved_by(c, by):
    """Coefficients of p(t + by)."""
    out = [D(0)] * len(c)
    for a in reversed(c):
        out = [x * by + (out[i - 1] if i else D(0)) for i, x in enumerate(out)]
        out[0] += a
    return out


def worst_of(f, low, high, c):
    """The worst error between the fit's own points."""
    middle, n = (low + high) / 2, 700
    at = [low + (high - low) * i / n for i in range(n + 1)]
    return max(abs(horner(c, x - middle) - f(x)) for x in at)


def pieces(f, ends, degree, unit, margin, tail=None):
    """A table of pieces, each fitted a margin beyond both its ends.

    A piece's polynomial is in `t / 2^shift`, with `2^shift` the least power of two above
    the greatest distance from its middle.
    """
    worst = D(0) if tail is None else abs(tail - f(ends[-1] - margin))
    for low, high in zip(ends, ends[1:]):
        c, _ = remez(f, low - margin, high + margin, degree)
        worst = max(worst, worst_of(f, low - margin, high + margin, c))
        reach = (high - low) / 2 + margin
        shift = next(s for s in range(-40, 40) if D(2) ** s >= reach)
        c = [a * D(2) ** (shift * k) for k, a in enumerate(c)]
        row(f"Piece {{ end: {int(high * unit)}, shift: {shift}, coefficients:", c, " }")
    print(f"// worst {float(worst):.3e}")


def cover(f, degree, target, unit, margin, last):
    """Ends of the fewest pieces with errors below the target, multiples of 1/unit."""
    ends = [D(0)]
    while ends[-1] < last:
        low, high = 1, int((last - ends[-1]) * unit)
        good = 1
        while low <= high:
            middle = (low + high) // 2
            end = ends[-1] + D(middle) / unit
            _, error = remez(f, ends[-1] - margin, end + margin, degree, grid=60, rounds=4)
            if error <= target:
                good, low = middle, middle + 1
            else:
                high = middle - 1
        ends.append(ends[-1] + D(good) / unit)
    return ends


def cut(f, tail, target, unit):
    """The least multiple of 1/unit past which the tail is as good."""
    k = 1
    while abs(tail - f(D(k) / unit)) > target:
        k += 1
    return D(k) / unit


HALF = D("0.5")


def odd_sigmoid(x):
    return 1 / (1 + (-x).exp()) - HALF


def normal_density(x):
    return (-x * x / 2).exp() / (2 * PI).sqrt()


def odd_normal(x):
    """The integral of the density from 0: density(x) (x + x^3/3 + x^5/15 + ...)."""
    term, total, k = x, x, 1
    while abs(term) > D(10) ** -50:
        k += 2
        term *= x * x / k
        total += term
    return total * normal_density(x)


def upper_quantile(q):
    """The point above which the normal distribution has mass q: Halley's iteration."""
    z = max(D("0.1"), -2 * q.ln()).sqrt()
    for _ in range(60):
        gap = (HALF - odd_normal(z) - q) / normal_density(z)
        step = gap / (1 + z * gap / 2) if abs(gap) < 1 else gap / abs(gap)
        z += step
        if abs(step) < D(10) ** -40:
            break
    return z


def balanced(f, degree, count, unit, margin, last=None):
    """Ends of so many pieces with as small an error as they can have, the tail's included."""
    low, high = -12.0, -2.0
    for _ in range(14):
        middle = (low + high) / 2
        target = D(10) ** D(middle)
        ends = cover(f, degree, target, unit, margin, last or cut(f, HALF, target, unit))
        if len(ends) - 1 <= count:
            best, high = ends, middle
        else:
            low = middle
    return best


def sigmoid():
    """1 / (1 + e^-x) - 1/2 for x >= 0, in eighths."""
    for degree, count, last in ((3, 3, D(8)), (5, 4, None), (7, 6, None), (9, 9, None)):
        print(f"// degree {degree}")
        ends = balanced(odd_sigmoid, degree, count, 8, D(1) / 32, last)
        pieces(odd_sigmoid, ends, degree, 8, D(1) / 32, HALF)


def normal():
    """The normal distribution's mass between 0 and x >= 0, in eighths."""
    ends = balanced(odd_normal, 7, 5, 8, D(1) / 64)
    pieces(odd_normal, ends, 7, 8, D(1) / 64, HALF)


def quantile():
    """The normal distribution's upper quantile of q in [2^-30, 1/2], one piece per octave."""
    pieces(upper_quantile, [D(2) ** k for k in range(-30, 0)], 7, 2 ** 30, D(2) ** -35)


if __name__ == "__main__":
    globals()[sys.argv[1]](*map(int, sys.argv[2:]))
