//! Principal components from opened sums of products.

use super::{Result, Undefined, at_least};

/// A value whose variance is a smaller share of its mean square is constant but for rounding.
const CONSTANT: f64 = 1e-12;
/// Sweeps converge quadratically: six to ten suffice for hundreds of values.
const SWEEPS_MAX: usize = 60;

/// Directions in which values vary together, those of most variance first.
#[derive(Clone, Debug, PartialEq)]
pub struct Principal {
    /// Mean of each value, around the centre that was taken off it.
    pub means: Vec<f64>,
    /// Standard deviation of each value, with n - 1.
    pub deviations: Vec<f64>,
    /// Variances along the components: the eigenvalues.
    pub variances: Vec<f64>,
    /// Each component's share of the whole variance.
    pub explained: Vec<f64>,
    /// `[component][value]`: eigenvectors of length 1, whose loading of largest size is positive.
    pub loadings: Vec<Vec<f64>>,
}

/// Principal components of values from their number, sums and sums of products of every two, by
/// the eigenvectors of their correlations, or of their covariances (with n - 1).
///
/// Reference: `sklearn.decomposition.PCA` of the values, standardised or as they are, with its
/// signs (`svd_flip` by the components); R `prcomp`, whose signs are arbitrary. Of equal
/// eigenvalues the eigenvectors are any that are orthogonal.
///
/// # Errors
/// If there are fewer than two records or values, or, naming it, a value does not vary.
pub fn principal(
    n: u64,
    sums: &[f64],
    products: &[Vec<f64>],
    standardise: bool,
) -> Result<Principal> {
    let size = sums.len();
    at_least("records", 2, n)?;
    at_least("values", 2, size as u64)?;
    if products.len() != size || products.iter().any(|row| row.len() != size) {
        return Err(Undefined::Shape("sums of products"));
    }
    if !products.iter().flatten().chain(sums).all(|x| x.is_finite()) {
        return Err(Undefined::Argument("a sum of products"));
    }
    let n = n as f64;
    let means: Vec<f64> = sums.iter().map(|sum| sum / n).collect();
    let covariance = |i: usize, j: usize| (products[i][j] - n * means[i] * means[j]) / (n - 1.0);
    let constant = |i: &usize| covariance(*i, *i) * (n - 1.0) <= CONSTANT * products[*i][*i];
    if let Some(column) = (0..size).find(constant) {
        return Err(Undefined::Singular { column });
    }
    let deviations: Vec<f64> = (0..size).map(|i| covariance(i, i).sqrt()).collect();
    let unit = |i: usize| if standardise { deviations[i] } else { 1.0 };
    let entry = |i: usize, j: usize| match (standardise, i == j) {
        (true, true) => 1.0,
        _ => covariance(i, j) / unit(i) / unit(j),
    };
    let matrix: Vec<Vec<f64>> =
        (0..size).map(|i| (0..size).map(|j| entry(i, j)).collect()).collect();
    let trace: f64 = (0..size).map(|i| matrix[i][i]).sum();
    let (variances, loadings): (Vec<f64>, _) = eigen(matrix)?.into_iter().map(upright).unzip();
    let explained = variances.iter().map(|variance| variance / trace).collect();
    Ok(Principal { means, deviations, variances, explained, loadings })
}

/// No variance is negative, whatever rounding says; the loading of largest size is positive.
fn upright((variance, mut loadings): (f64, Vec<f64>)) -> (f64, Vec<f64>) {
    let largest = loadings.iter().copied().reduce(|x, y| if y.abs() > x.abs() { y } else { x });
    if largest.is_some_and(|x| x < 0.0) {
        loadings.iter_mut().for_each(|x| *x = -*x);
    }
    (variance.max(0.0), loadings)
}

/// Eigenvalues, greatest first, each with its eigenvector of length 1, of a symmetric matrix, by
/// cyclic Jacobi rotations: Golub and Van Loan, Matrix Computations (2013), section 8.5.
fn eigen(mut a: Vec<Vec<f64>>) -> Result<Vec<(f64, Vec<f64>)>> {
    let size = a.len();
    // Rows are the eigenvectors.
    let mut vectors: Vec<Vec<f64>> =
        (0..size).map(|i| (0..size).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    let norm: f64 = a.iter().flatten().map(|x| x * x).sum();
    let pairs = || (0..size).flat_map(|p| (p + 1..size).map(move |q| (p, q)));
    let mut sweeps = 0;
    while pairs().map(|(p, q)| a[p][q] * a[p][q]).sum::<f64>() > norm * f64::EPSILON.powi(2) {
        if sweeps == SWEEPS_MAX {
            return Err(Undefined::NotConverged { steps: SWEEPS_MAX });
        }
        sweeps += 1;
        pairs().for_each(|(p, q)| rotate(&mut a, &mut vectors, p, q));
    }
    let mut found: Vec<(f64, Vec<f64>)> =
        vectors.into_iter().enumerate().map(|(i, vector)| (a[i][i], vector)).collect();
    found.sort_by(|(x, _), (y, _)| y.total_cmp(x));
    Ok(found)
}

/// Turns the plane of two coordinates so that their entry vanishes.
fn rotate(a: &mut [Vec<f64>], vectors: &mut [Vec<f64>], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let tau = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let t = tau.signum() / (tau.abs() + tau.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    for row in a.iter_mut() {
        (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
    }
    for matrix in [a, vectors] {
        let (above, below) = matrix.split_at_mut(q);
        for (x, y) in above[p].iter_mut().zip(&mut below[0]) {
            (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clear::close;

    /// Sums and products of rows of values.
    fn sums(rows: &[[f64; 4]]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let product = |i: usize, j: usize| rows.iter().map(|row| row[i] * row[j]).sum();
        let sums = (0..4).map(|i| rows.iter().map(|row| row[i]).sum()).collect();
        (sums, (0..4).map(|i| (0..4).map(|j| product(i, j)).collect()).collect())
    }

    const ROWS: [[f64; 4]; 7] = [
        [1.0, 2.0, -3.0, 7.0],
        [2.0, 1.5, -1.0, 9.0],
        [4.0, 7.0, 0.5, -3.0],
        [3.0, 3.5, 2.0, 1.0],
        [6.0, 5.0, 1.0, 0.0],
        [5.0, 9.0, 4.0, -8.0],
        [0.0, 2.5, -2.0, 4.0],
    ];

    /// Whether of the correlations, eigenvalues, first and last component.
    type Reference = (bool, [f64; 4], [f64; 4], [f64; 4]);

    const REFERENCE_CORRELATION: Reference = (
        true,
        [3.435126626179771, 0.35452005983637797, 0.19211352647637855, 0.0182397875074734],
        [-0.4688677845455225, -0.5143471516228111, -0.4994131502856384, 0.5159423548756673],
        [-0.12038067525190314, 0.6622854172148197, 0.17357846470035537, 0.7188581471770042],
    );
    const REFERENCE_COVARIANCE: Reference = (
        false,
        [48.69644713059346, 2.5573951958840495, 1.1036460105173542, 0.2258449963383952],
        [-0.23890060429169258, -0.3917669676667294, -0.30463821141234737, 0.8346500490994802],
        [-0.23398454032849747, 0.8381273768446974, 0.257186229810628, 0.42029629818317893],
    );

    #[test]
    fn components_are_those_of_scikit_learn() {
        let (s, p) = sums(&ROWS);
        for (standardise, variances, first, last) in [REFERENCE_CORRELATION, REFERENCE_COVARIANCE] {
            let found = principal(7, &s, &p, standardise).unwrap();
            for i in 0..4 {
                close(Some(found.variances[i]), variances[i], 1e-11);
                close(Some(found.loadings[0][i]), first[i], 1e-11);
                close(Some(found.loadings[3][i]), last[i], 1e-11);
            }
            close(Some(found.explained.iter().sum()), 1.0, 1e-14);
        }
    }

    #[test]
    fn eigenvectors_of_any_matrix_give_it_back() {
        for size in [1, 2, 3, 17, 60] {
            let entry = |i: usize, j: usize| (((i * j + i + j) * 7919) % 101) as f64 - 50.0;
            let matrix: Vec<Vec<f64>> =
                (0..size).map(|i| (0..size).map(|j| entry(i, j)).collect()).collect();
            let found = eigen(matrix.clone()).unwrap();
            assert!(found.windows(2).all(|pair| pair[0].0 >= pair[1].0));
            for i in 0..size {
                for j in 0..size {
                    let of = |(value, v): &(f64, Vec<f64>)| value * v[i] * v[j];
                    let back: f64 = found.iter().map(of).sum();
                    assert!((back - matrix[i][j]).abs() < 1e-9 * size as f64, "{size} {i} {j}");
                    let dot: f64 = (0..size).map(|k| found[i].1[k] * found[j].1[k]).sum();
                    assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-12, "{size} {i} {j}");
                }
            }
        }
    }

    #[test]
    fn dependent_values_have_a_component_without_variance() {
        let rows = ROWS.map(|[x, y, ..]| [x, y, x + y, x - y]);
        let (s, p) = sums(&rows);
        let found = principal(7, &s, &p, false).unwrap();
        assert!(found.variances[2] < 1e-13 && found.variances[3] < 1e-13);
        assert!(found.variances.iter().all(|variance| *variance >= 0.0));
    }

    #[test]
    fn what_has_no_components_says_why() {
        let (s, p) = sums(&ROWS.map(|[x, _, y, z]| [x, 0.1, y, z]));
        assert_eq!(principal(7, &s, &p, true), Err(Undefined::Singular { column: 1 }));
        let few = Undefined::TooFew { what: "records", needed: 2, found: 1 };
        assert_eq!(principal(1, &s, &p, true), Err(few));
        let shape = Err(Undefined::Shape("sums of products"));
        assert_eq!(principal(7, &s, &p[..3], true), shape);
    }
}
