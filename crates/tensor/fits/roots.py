"""Fits of the polynomials with which reciprocals, roots and logarithms begin.

Remez' exchange with a weight, in decimal arithmetic of 60 digits:

    python3 crates/tensor/fits/roots.py

prints coefficients as Rust source, with the worst error of each fit on a grid.
"""

from decimal import Decimal as D

from fit import exchange, horner


def remez(f, weight, low, high, degree, grid=601, rounds=8):
    """Coefficients in powers of x and the worst weighted error on the grid."""
    at = [low + (high - low) * i / grid for i in range(grid + 1)]
    return exchange(at, [f(x) for x in at], [1 / weight(x) for x in at], degree, rounds)


def bits(error):
    return f"{float(-error.ln() / D(2).ln()):.2f}"


def factored_cubic(f, low, high, leading):
    """A cubic of given leading coefficient, as (x (x + a) + b) (leading x + c)."""
    c, error = remez(lambda x: f(x) - leading * x**3, lambda x: 1 / f(x), low, high, 2)
    cubic = [a / leading for a in c] + [D(1)]
    left, right = D(-100), D(100)
    for _ in range(180):
        middle = (left + right) / 2
        left, right = (left, middle) if horner(cubic, middle) > 0 else (middle, right)
    # (x - root) (x^2 + a x + b)
    a = cubic[2] + left
    b = cubic[1] + left * a
    print(f"// {bits(error)} bits on [{low}, {high}]")
    print(f"// a {a:.20f}, b {b:.20f}, leading {leading}, c {-left * leading:.20f}")


def logarithm(degree):
    """ln(3/4 + t) for t in [-1/4, 1/4]."""
    middle, quarter = D("0.75"), D("0.25")
    c, error = remez(lambda t: (middle + t).ln(), lambda t: D(1), -quarter, quarter, degree)
    print(f"    // {bits(error)} bits")
    print("    (" + f"{float(error):.3e}, &[" + ", ".join(repr(float(x)) for x in c) + "]),")


if __name__ == "__main__":
    factored_cubic(lambda x: 1 / x, D("0.5"), D(1), D("-3.5"))
    factored_cubic(lambda x: 1 / x.sqrt(), D("0.25"), D(1), D("-2.5"))
    for degree in (7, 11, 15, 19):
        logarithm(degree)
