//! Least and greatest values.

use proptest::prelude::*;
use sharewell_analytics::{Fallible, Overflow, Value};
use sharewell_mpc::Protocol;
use sharewell_ring::{Integer, Z64, Z128};

use crate::{Input, Program, everywhere, range, within};

/// The greatest or the least.
struct Extreme(bool);

impl Program for Extreme {
    fn run<P: Protocol>(&self, p: &mut P, inputs: Vec<Value<P>>) -> Fallible<Value<P>> {
        Value::extreme(p, inputs, self.0)
    }
}

fn check<R: Integer>(inputs: &[Input], greatest: bool) -> Result<(), Overflow> {
    for opened in everywhere::<R>(&Extreme(greatest), inputs)? {
        for (cell, got) in opened.raw.iter().enumerate() {
            let values = inputs.iter().map(|input| input.cells[cell]);
            let want = if greatest { values.max() } else { values.min() };
            assert_eq!(Some(*got), want, "cell {cell} of {inputs:?}");
            assert!((opened.lo..=opened.hi).contains(got));
        }
        assert_eq!((opened.absolute, opened.relative, opened.decimals), (0.0, 0.0, 2));
    }
    Ok(())
}

fn inputs(bits: u32) -> impl Strategy<Value = Vec<Input>> {
    (range(bits), 1..6usize).prop_flat_map(|((lo, hi), givers)| {
        let cells = prop::collection::vec(within(lo, hi), 6);
        let input = cells.prop_map(move |cells| Input { decimals: 2, lo, hi, cells });
        prop::collection::vec(input, givers)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn extremes_of_any_number_of_values_are_exact(
        narrow in inputs(61), wide in inputs(120), greatest: bool,
    ) {
        prop_assert_eq!(check::<Z64>(&narrow, greatest), Ok(()));
        prop_assert_eq!(check::<Z128>(&wide, greatest), Ok(()));
    }
}

#[test]
fn extremes_at_the_edges_are_exact_or_refused() {
    let input =
        |end: i128, cells: [i128; 4]| Input { decimals: 2, lo: -end, hi: end, cells: cells.into() };
    let all = |bits: u32| {
        let end = (1 << bits) - 1;
        let rows = [[end, -end, 5, -5], [-end, -end, 5, -6], [end, end, 5, -5]];
        rows.map(|row| input(end, row))
    };
    for greatest in [false, true] {
        assert_eq!(check::<Z64>(&all(62), greatest), Ok(()));
        assert_eq!(
            check::<Z64>(&all(63), greatest),
            Err(Overflow { step: "compare", needs: 64, limit: 63 })
        );
        assert_eq!(check::<Z128>(&all(64), greatest), Ok(()));
    }
}
