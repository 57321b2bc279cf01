use proptest::prelude::*;
use sharewell_mpc::Arithmetic as _;
use sharewell_mpc::protocols::plain::Plain;
use sharewell_ring::{Integer, Z64, Z128};

use super::*;

type Shares = <Plain<Z64> as sharewell_mpc::Arithmetic>::AShare;

fn share(p: &Plain<Z64>, x: &[i128]) -> Shares {
    p.public(&x.iter().map(|x| Z64::from_i128(*x)).collect::<Vec<_>>())
}

fn open(p: &mut Plain<Z64>, x: &Shares) -> Vec<i128> {
    p.reveal(x).expect("no links").into_iter().map(Integer::to_i128).collect()
}

#[test]
fn both_numbers_must_be_enough() {
    let p = &mut Plain::<Z64>::new(1);
    let records = share(p, &[0, 9, 10, 11, 300, 300]);
    let parties = share(p, &[0, 3, 3, 3, 2, 5]);
    let minimum = Minimum { records: 10, parties: 3 };
    let passes = gate(p, &records, &parties, minimum, 300).expect("no links");
    assert_eq!(open(p, &passes), [0, 0, 1, 1, 0, 1]);
}

/// The rules as a textbook has them.
fn is_balanced(parts: &[i128], largest: Option<(usize, u8)>, p_percent: Option<u8>) -> bool {
    let mut parts: Vec<i128> = parts.iter().map(|part| part.abs()).collect();
    parts.sort_unstable_by(|a, b| b.cmp(a));
    let total: i128 = parts.iter().sum();
    let few = |(top, percent): (usize, u8)| {
        100 * parts.iter().take(top).sum::<i128>() <= i128::from(percent) * total
    };
    let rest = |percent: u8| 100 * (total - parts[0] - parts[1]) >= i128::from(percent) * parts[0];
    largest.is_none_or(few) && p_percent.is_none_or(rest)
}

/// The totals of a table of two columns: of its rows, of its columns, of all.
fn margins(rows: usize, columns: usize) -> Vec<Margin> {
    let row = |r: usize| (0..columns).map(|c| r * columns + c).collect();
    let column = |c: usize| (0..rows).map(|r| r * columns + c).collect();
    let mut all: Vec<Vec<usize>> = (0..rows).map(row).collect();
    all.extend((0..columns).map(column));
    all.push((0..rows * columns).collect());
    all.into_iter().map(|of| Margin { of }).collect()
}

/// Whether the closed cells and totals are all free to change while nothing open does: no equation
/// between a total and what it is of has them determined. Exact, by elimination over fractions of
/// small numbers as floats.
fn tells_nothing(open: &[i128], margins: &[Margin], cells: usize) -> bool {
    let closed: Vec<usize> = (0..open.len()).filter(|at| open[*at] == 0).collect();
    let column = |at: usize| closed.iter().position(|of| *of == at);
    let mut rows: Vec<Vec<f64>> = margins
        .iter()
        .enumerate()
        .map(|(total, margin)| {
            let mut row = vec![0.0; closed.len()];
            margin.of.iter().filter_map(|cell| column(*cell)).for_each(|at| row[at] += 1.0);
            column(cells + total).into_iter().for_each(|at| row[at] -= 1.0);
            row
        })
        .collect();
    let mut pivots = vec![];
    let mut rank = 0;
    for at in 0..closed.len() {
        let Some(pivot) = (rank..rows.len()).find(|row| rows[*row][at].abs() > 1e-9) else {
            continue;
        };
        rows.swap(rank, pivot);
        let scale = rows[rank][at];
        rows[rank].iter_mut().for_each(|x| *x /= scale);
        for row in (0..rows.len()).filter(|row| *row != rank) {
            let factor = rows[row][at];
            let (source, target) = (rows[rank].clone(), &mut rows[row]);
            target.iter_mut().zip(&source).for_each(|(x, y)| *x -= factor * y);
        }
        pivots.push(at);
        rank += 1;
    }
    // A pivot that stands alone in its row is determined.
    let alone = |row: &Vec<f64>| row.iter().filter(|x| x.abs() > 1e-9).count() == 1;
    !rows[..rank].iter().any(alone)
}

proptest! {
    #[test]
    fn dominance_is_that_of_the_rules(
        cells in prop::collection::vec(prop::collection::vec(-40..200i128, 5), 1..8),
        negative in any::<bool>(),
        n in 2..6usize,
        largest in prop::option::of((1..4usize, 1..100u8)),
        p_percent in prop::option::of(1..100u8),
    ) {
        prop_assume!(largest.is_some() || p_percent.is_some());
        let p = &mut Plain::<Z64>::new(1);
        let part = |cell: &Vec<i128>, i: usize| if negative { cell[i] } else { cell[i].max(0) };
        let of = (0..n).map(|i| share(p, &cells.iter().map(|cell| part(cell, i)).collect::<Vec<_>>()));
        let range = (if negative { -40 } else { 0 }, 200);
        let parts = Parts { of: of.collect(), range };
        let fine = balanced(p, parts, largest, p_percent).expect("no links");
        let want: Vec<i128> = cells
            .iter()
            .map(|cell| {
                let parts: Vec<i128> = (0..n).map(|i| part(cell, i)).collect();
                i128::from(is_balanced(&parts, largest, p_percent))
            })
            .collect();
        prop_assert_eq!(open(p, &fine), want);
    }

    #[test]
    fn counts_are_rounded_to_the_nearest_multiple(
        x in prop::collection::vec(0..=1_000_000u64, 1..20), base in 2..1001u32,
    ) {
        let p = &mut Plain::<Z64>::new(1);
        let shares = share(p, &x.iter().map(|x| i128::from(*x)).collect::<Vec<_>>());
        let got = rounded(p, &shares, base, 1_000_000).expect("no links");
        let base = u64::from(base);
        let want = x.iter().map(|x| i128::from((x + base / 2) / base * base));
        prop_assert_eq!(open(p, &got), want.collect::<Vec<_>>());
    }

    #[test]
    fn no_closed_cell_follows_from_what_is_open(
        rows in 1..5usize, columns in 1..5usize, bits in prop::collection::vec(any::<bool>(), 40),
    ) {
        let p = &mut Plain::<Z64>::new(1);
        let cells = rows * columns;
        let two = margins(rows, columns);
        let one = vec![Margin { of: (0..cells).collect() }];
        for (margins, over_several) in [(two, true), (one, false)] {
            let flag = |at: usize| i128::from(bits[at]);
            let mut flags: Vec<i128> = (0..cells + margins.len()).map(flag).collect();
            // What all its parts fulfil a total does, too.
            for (total, margin) in margins.iter().enumerate() {
                let all = margin.of.iter().all(|cell| flags[*cell] == 1);
                flags[cells + total] |= i128::from(all);
            }
            let shares = share(p, &flags);
            let verdict = complemented(p, &shares, &margins, over_several).expect("no links");
            let open = open(p, &verdict);
            prop_assert_eq!(&open[..cells], &flags[..cells], "cells stay as they are");
            prop_assert!(open.iter().zip(&flags).all(|(open, flag)| open <= flag));
            let closed = open[..cells].contains(&0);
            prop_assert!(!closed || tells_nothing(&open, &margins, cells), "{:?}", open);
            if !closed {
                prop_assert_eq!(open, flags, "nothing to protect");
            }
        }
    }
}

#[test]
fn the_greatest_counts_fit_the_wide_ring() {
    let p = &mut Plain::<Z128>::new(1);
    let most = 1_u64 << 40;
    let x = p.public(&[Z128::from_i128(most.into())]);
    let got = rounded(p, &x, 1000, most).expect("no links");
    let want = (u128::from(most) + 500) / 1000 * 1000;
    assert_eq!(p.reveal(&got).expect("no links")[0].to_i128(), want as i128);
}
