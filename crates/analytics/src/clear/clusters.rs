//! Records in groups whose members are near each other: Lloyd's steps to k means. What a step takes
//! of the records are sums, so that parties add up theirs.
//!
//! Source: Lloyd 1982, Least squares quantization in PCM; reference: scikit-learn
//! `KMeans(algorithm = "lloyd")` from the same beginning.

/// Where the steps are: a unit for each value, in which distances are taken, and the centres.
#[derive(Clone, Debug, PartialEq)]
pub struct Centres {
    /// What distances along each value are divided by; 0 for a value that does not count.
    pub units: Vec<f64>,
    /// One value after the other, centre after centre.
    pub at: Vec<f64>,
}

/// What a step finds.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The means of the records nearest to each centre; a centre without records stays.
    pub means: Vec<f64>,
    /// How many records are nearest to each.
    pub sizes: Vec<f64>,
    /// The squared distances of all records to their nearest centres, before these move.
    pub within: f64,
}

impl Centres {
    /// Of units and centres one after the other.
    ///
    /// # Panics
    /// Unless there are units for so many values and a whole number of centres behind them.
    #[must_use]
    pub fn of(numbers: &[f64], values: usize) -> Self {
        let (units, at) = numbers.split_at(values);
        assert!(values > 0 && at.len().is_multiple_of(values), "centres of so many values");
        Self { units: units.to_vec(), at: at.to_vec() }
    }

    /// Centres on a line through the means along which all values grow together, evenly from two
    /// standard deviations below to two above.
    #[must_use]
    pub fn on_a_line(means: &[f64], deviations: &[f64], clusters: usize) -> Self {
        let share = |i: usize| 4.0 * (i as f64 + 0.5) / clusters as f64 - 2.0;
        let of = |i: usize| means.iter().zip(deviations).map(move |(m, d)| m + share(i) * d);
        Self { units: deviations.to_vec(), at: (0..clusters).flat_map(of).collect() }
    }

    /// Units and centres one after the other.
    #[must_use]
    pub fn numbers(&self) -> Vec<f64> {
        [&self.units[..], &self.at].concat()
    }

    fn values(&self) -> usize {
        self.units.len()
    }

    /// How many there are.
    #[must_use]
    pub fn clusters(&self) -> usize {
        self.at.len() / self.values()
    }

    /// How many sums a step takes.
    #[must_use]
    pub fn len(clusters: usize, values: usize) -> usize {
        clusters * (1 + values) + 1
    }

    /// What a step takes of these records: of each centre how many are nearest to it and the sums of
    /// their values; then the squared distances of all. Of two centres that are as near, the first.
    #[must_use]
    pub fn sums<'x>(&self, records: impl Iterator<Item = &'x [f64]>) -> Vec<f64> {
        let (k, d) = (self.clusters(), self.values());
        let mut sums = vec![0.0; Self::len(k, d)];
        for x in records {
            let distance = |of: usize| -> f64 {
                let centre = &self.at[of * d..(of + 1) * d];
                let along = x.iter().zip(centre).zip(&self.units);
                let along = along.filter(|(_, unit)| **unit > 0.0);
                along.map(|((x, c), unit)| ((x - c) / unit).powi(2)).sum()
            };
            let (mut nearest, mut least) = (0, distance(0));
            for of in 1..k {
                let other = distance(of);
                if other < least {
                    (nearest, least) = (of, other);
                }
            }
            let own = &mut sums[nearest * (1 + d)..(nearest + 1) * (1 + d)];
            own[0] += 1.0;
            own[1..].iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
            sums[k * (1 + d)] += least;
        }
        sums
    }

    /// What the sums over all records say.
    ///
    /// # Panics
    /// Unless there are [`Centres::len`] of them.
    #[must_use]
    pub fn step(&self, sums: &[f64]) -> Step {
        let (k, d) = (self.clusters(), self.values());
        assert_eq!(sums.len(), Self::len(k, d), "sums of a step");
        let mut step = Step { means: self.at.clone(), sizes: vec![], within: sums[k * (1 + d)] };
        for of in 0..k {
            let [size, rest @ ..] = &sums[of * (1 + d)..(of + 1) * (1 + d)] else { continue };
            step.sizes.push(size.round());
            if size.round() >= 1.0 {
                let means = step.means[of * d..(of + 1) * d].iter_mut().zip(rest);
                means.for_each(|(mean, sum)| *mean = sum / size.round());
            }
        }
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDS: [[f64; 2]; 6] =
        [[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [10.0, 9.0], [11.0, 10.0], [9.0, 11.0]];

    fn centres(at: &[f64]) -> Centres {
        Centres { units: vec![1.0, 2.0], at: at.to_vec() }
    }

    #[test]
    fn records_go_to_the_nearest_centre_in_the_units_of_each_value() {
        let centres = centres(&[0.0, 1.0, 10.0, 10.0, 50.0, 50.0]);
        let (first, second) = RECORDS.split_at(2);
        let of = |records: &[[f64; 2]]| centres.sums(records.iter().map(<[f64; 2]>::as_slice));
        let all: Vec<f64> = of(first).iter().zip(of(second)).map(|(a, b)| a + b).collect();
        assert_eq!(all, of(&RECORDS));
        let step = centres.step(&all);
        assert_eq!(step.sizes, [3.0, 3.0, 0.0]);
        // A centre without records stays.
        assert_eq!(step.means, [1.0 / 3.0, 2.0 / 3.0, 10.0, 10.0, 50.0, 50.0]);
        let within = 0.25 + 1.25 + 0.25 + 0.25 + 1.0 + 1.25;
        assert!((step.within - within).abs() < 1e-12, "{step:?}");
    }

    #[test]
    fn what_does_not_vary_does_not_count() {
        let centres = Centres::on_a_line(&[5.0, 7.0], &[2.0, 0.0], 2);
        assert_eq!(centres.at, [3.0, 7.0, 7.0, 7.0]);
        let sums = centres.sums([[4.0, 900.0], [9.0, 7.0]].iter().map(<[f64; 2]>::as_slice));
        assert_eq!(centres.step(&sums).sizes, [1.0, 1.0]);
        assert_eq!(Centres::of(&centres.numbers(), 2), centres);
    }
}
