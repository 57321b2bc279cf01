//! Percentiles and distinct values of public cells against the same in the clear.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sharewell_analytics::table::{Cells, Column, distinct, percentile};
use sharewell_mpc::protocols::bounds::Interval;
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Z64, Z128};

use crate::{Program, everywhere};

const BITS: u32 = 11;

#[derive(Clone, Debug)]
struct Case {
    cells: usize,
    /// Cell, value, and whether it counts.
    rows: Vec<(usize, i128, bool)>,
    /// `digits / scale`.
    at: (i128, i128),
}

impl Case {
    fn values(&self, cell: usize) -> Vec<i128> {
        let of_cell = self.rows.iter().filter(|(of, _, valid)| *valid && *of == cell);
        let mut values: Vec<i128> = of_cell.map(|(_, value, _)| *value).collect();
        values.sort_unstable();
        values
    }

    fn counts(&self) -> Vec<i128> {
        (0..self.cells).map(|cell| self.values(cell).len() as i128).collect()
    }

    /// Times the scale.
    fn percentile(&self, cell: usize) -> Option<i128> {
        let (values, (digits, scale)) = (self.values(cell), self.at);
        let place = digits * (values.len() as i128 - 1);
        let below = *values.get(usize::try_from(place / scale).ok()?)?;
        let above = values.get((place / scale) as usize + 1).copied().unwrap_or(below);
        Some(below * scale + (above - below) * (place % scale))
    }

    fn distinct(&self, cell: usize) -> i128 {
        self.values(cell).into_iter().collect::<BTreeSet<_>>().len() as i128
    }

    /// What is opened is right, but for percentiles of no value.
    fn holds(&self, opened: &[i128]) {
        let (percentiles, counts) = opened.split_at(self.cells);
        for cell in 0..self.cells {
            let want = self.percentile(cell).unwrap_or(percentiles[cell]);
            assert_eq!(percentiles[cell], want, "percentile of cell {cell}: {self:?}");
            assert_eq!(counts[cell], self.distinct(cell), "values of cell {cell}: {self:?}");
        }
    }
}

impl Program for Case {
    fn run<P: Protocol>(&self, p: &mut P, me: Option<usize>) -> Result<Vec<P::Ring>> {
        let n = self.rows.len();
        let flat = self.rows.iter().map(|row| row.0 as i128);
        let flat = flat.chain(self.rows.iter().map(|row| row.1));
        let flat = flat.chain(self.rows.iter().map(|row| i128::from(row.2))).chain(self.counts());
        let flat: Vec<P::Ring> = flat.map(P::Ring::from_i128).collect();
        let mine = if me.unwrap_or(0) == 0 { flat.clone() } else { vec![] };
        let shared = p.input(&mine, &[flat.len(), 0, 0])?.swap_remove(0);
        let (cell, rest) = shared.split(n);
        let (values, rest) = rest.split(n);
        let (valid, counts) = rest.split(n);
        let cells = match self.cells {
            1 => Cells::one(),
            _ => Cells::of(Column { values: cell, bits: 4 }, self.cells),
        };
        let values = Column { values, bits: BITS };
        let percentiles = percentile(p, &values, &valid, &cells, &counts, self.at)?;
        let distinct = distinct(p, &values, &valid, &cells)?;
        p.reveal(&P::AShare::concat(&[&percentiles, &distinct]))
    }

    fn ranges(&self) -> Vec<Vec<Interval>> {
        let n = self.rows.len();
        let most = |hi: i128, n: usize| vec![Interval::between(0, hi); n];
        let limit = 1 << (BITS - 1);
        let values = vec![Interval::between(-limit, limit - 1); n];
        let first = [most(6, n), values, most(1, n), most(n as i128, self.cells)].concat();
        vec![first, vec![], vec![]]
    }
}

fn case() -> impl Strategy<Value = Case> {
    let limit = 1i128 << (BITS - 1);
    let value = prop_oneof![
        4 => -3..3i128,
        1 => Just(-limit),
        1 => Just(limit - 1),
        2 => -limit..limit,
    ];
    let rows = prop::collection::vec((0..7usize, value, any::<bool>()), 0..=70);
    let at = prop_oneof![
        Just((0, 1)),
        Just((1, 1)),
        Just((5, 10)),
        Just((25, 100)),
        (0..=1000i128).prop_map(|digits| (digits, 1000)),
    ];
    (1..=7usize, rows, at).prop_map(|(cells, rows, at)| {
        let rows = rows.into_iter().map(|(cell, value, valid)| (cell % cells, value, valid));
        Case { cells, rows: rows.collect(), at }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn cells_have_the_percentiles_and_values_of_the_clear(narrow in case(), wide in case()) {
        narrow.holds(&everywhere::<Z64>(&narrow));
        wide.holds(&everywhere::<Z128>(&wide));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn many_more_are_right_in_the_clear(case in case()) {
        let opened = case.run(&mut Plain::<Z64>::new(3), None).unwrap();
        case.holds(&opened.into_iter().map(Z64::to_i128).collect::<Vec<_>>());
    }
}

#[test]
fn rows_longer_than_a_frame_have_their_median_at_the_quoted_price() {
    let row = |i: usize| (i % 3, i128::from((i * i % 1999) as u16) - 1000, !i.is_multiple_of(5));
    let case = Case { cells: 3, rows: (0..8_209).map(row).collect(), at: (5, 10) };
    case.holds(&everywhere::<Z64>(&case));
}
