//! The half of a symmetric matrix that says everything: its lower triangle, column after column.

/// Where the half's elements stand in the whole matrix.
pub(super) fn half(n: usize) -> Vec<usize> {
    (0..n).flat_map(|j| (j..n).map(move |i| i * n + j)).collect()
}

/// Where the whole matrix' elements stand in the half.
pub(super) fn whole(n: usize) -> Vec<usize> {
    (0..n).flat_map(|i| (0..n).map(move |j| place(n, i.max(j), i.min(j)))).collect()
}

/// Where the half's diagonal stands in it.
pub(super) fn diagonal(n: usize) -> Vec<usize> {
    (0..n).map(|i| place(n, i, i)).collect()
}

/// Row and column of each of the half's elements.
pub(super) fn rows_and_columns(n: usize) -> [Vec<usize>; 2] {
    let all = half(n).into_iter();
    [all.clone().map(|at| at / n).collect(), all.map(|at| at % n).collect()]
}

/// Where element `i, j` stands, for `i >= j`: before it are columns of `n`, `n - 1` and so on.
fn place(n: usize, i: usize, j: usize) -> usize {
    j * (2 * n + 1 - j) / 2 + i - j
}
