//! Symmetric positive definite systems, for matrices of tens of columns.

use super::{Result, Undefined};

/// Of a column scaled to length 1, the share that the columns before it must leave.
const INDEPENDENT: f64 = 1e-12;

/// The Cholesky factor of a matrix whose diagonal was scaled to 1.
#[derive(Clone, Debug)]
pub(super) struct Cholesky {
    lower: Vec<Vec<f64>>,
    scale: Vec<f64>,
}

impl Cholesky {
    /// # Errors
    /// If the matrix is not square or a column depends on those before it.
    pub(super) fn of(matrix: &[Vec<f64>]) -> Result<Self> {
        let size = matrix.len();
        if matrix.iter().any(|row| row.len() != size) {
            return Err(Undefined::Shape("the matrix"));
        }
        let diagonal = |j: usize| matrix[j][j].sqrt();
        let scale: Vec<f64> = (0..size).map(diagonal).collect();
        if let Some(column) = scale.iter().position(|s| !(*s > 0.0 && s.is_finite())) {
            return Err(Undefined::Singular { column });
        }
        let mut lower = vec![vec![0.0; size]; size];
        for i in 0..size {
            for j in 0..=i {
                let product: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
                let left = matrix[i][j] / scale[i] / scale[j] - product;
                if i > j {
                    lower[i][j] = left / lower[j][j];
                } else if left > INDEPENDENT {
                    lower[i][i] = left.sqrt();
                } else {
                    return Err(Undefined::Singular { column: i });
                }
            }
        }
        Ok(Self { lower, scale })
    }

    /// x with matrix x = `right`, which must be as long as the matrix.
    pub(super) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let size = self.lower.len();
        let mut x: Vec<f64> = right.iter().zip(&self.scale).map(|(r, s)| r / s).collect();
        for i in 0..size {
            let known: f64 = (0..i).map(|k| self.lower[i][k] * x[k]).sum();
            x[i] = (x[i] - known) / self.lower[i][i];
        }
        for i in (0..size).rev() {
            let known: f64 = (i + 1..size).map(|k| self.lower[k][i] * x[k]).sum();
            x[i] = (x[i] - known) / self.lower[i][i];
        }
        x.iter().zip(&self.scale).map(|(x, s)| x / s).collect()
    }

    /// The inverse of the matrix.
    pub(super) fn inverse(&self) -> Vec<Vec<f64>> {
        let size = self.lower.len();
        let unit = |j: usize| (0..size).map(|i| f64::from(u8::from(i == j))).collect::<Vec<_>>();
        (0..size).map(|j| self.solve(&unit(j))).collect()
    }
}

/// Inner product.
pub(super) fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// x' matrix x.
pub(super) fn quadratic(matrix: &[Vec<f64>], x: &[f64]) -> f64 {
    matrix.iter().zip(x).map(|(row, x_i)| x_i * dot(row, x)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_system_is_solved_whatever_its_units(
            rows in proptest::collection::vec(proptest::array::uniform3(-1.0..1.0f64), 8..20),
            x in proptest::array::uniform3(-5.0..5.0f64),
        ) {
            let units = [1e-6, 1.0, 1e7];
            let cell = |i: usize, j: usize| {
                let sum: f64 = rows.iter().map(|r| r[i] * r[j]).sum();
                (sum + f64::from(u8::from(i == j))) * units[i] * units[j]
            };
            let matrix: Vec<Vec<f64>> =
                (0..3).map(|i| (0..3).map(|j| cell(i, j)).collect()).collect();
            let right: Vec<f64> = matrix.iter().map(|row| dot(row, &x)).collect();
            let factor = Cholesky::of(&matrix).unwrap();
            let size = |v: &[f64]| (0..3).map(|i| (v[i] * units[i]).abs()).fold(0.0, f64::max);
            let error: Vec<f64> =
                factor.solve(&right).iter().zip(&x).map(|(got, want)| got - want).collect();
            prop_assert!(size(&error) <= 1e-12 * size(&x).max(1e-9));
        }
    }

    #[test]
    fn a_dependent_column_is_named() {
        let matrix = [vec![4.0, 2.0, 6.0], vec![2.0, 3.0, 5.0], vec![6.0, 5.0, 11.0]];
        assert_eq!(Cholesky::of(&matrix).err(), Some(Undefined::Singular { column: 2 }));
        let none = [vec![1.0, 0.0], vec![0.0, 0.0]];
        assert_eq!(Cholesky::of(&none).err(), Some(Undefined::Singular { column: 1 }));
        assert!(Cholesky::of(&[vec![1.0, 2.0]]).is_err());
        assert!(Cholesky::of(&[vec![f64::NAN]]).is_err());
    }
}
