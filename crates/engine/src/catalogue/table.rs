//! Tables of secret rows.

use sharewell_analytics::table::{self, Bins};
use sharewell_mpc::{Protocol, Result};
use sharewell_ring::Integer;

use super::check::{all, exact};
use super::{Card, Draw, Given, Operand, Operation, Secret, Unit, Visitor, Wrong};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&Psi);
}

/// Two sets that share about half of their keys, and a value of each key at both givers.
struct Psi;
impl Psi {
    const KEY_BITS: u32 = 50;
    const VALUE_MAX: i128 = 999;

    fn bins(n: usize) -> Bins {
        Bins::new(n, n, Self::KEY_BITS, [9; 16])
    }

    /// The `i`-th of all keys: different ones for different `i`, as the factor is odd.
    fn key(i: usize) -> i128 {
        let product = (i as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (product & ((1 << Self::KEY_BITS) - 1)) as i128
    }

    fn value(key: i128) -> i128 {
        key % (Self::VALUE_MAX + 1)
    }
}
impl Operation for Psi {
    fn card(&self) -> Card {
        Card {
            name: "psi",
            group: "Tables",
            what: "how many of n and n keys two givers share, and two sums over them; \
                   hashing and sharing included",
            range: "different keys below 2^50".into(),
            error: "exact".into(),
            source: "Pinkas, Schneider, Segev, Zohner 2015 (eprint 2015/634)",
            n: 1_000_000,
            unit: Unit::Elements(1),
        }
    }
    fn sizes(&self) -> Vec<usize> {
        vec![0, 1, 127, 1_009]
    }
    fn operands<R: Integer>(&self, n: usize, _: &mut Draw) -> Vec<Operand> {
        let range = (0, (1 << Self::KEY_BITS) - 1);
        [0, n / 2].map(|from| Operand::new(n, range, move |i| Self::key(from + i))).into()
    }
    fn inputs<R: Integer>(&self, n: usize, _: &[Operand]) -> Vec<Vec<(i128, i128)>> {
        let bins = Self::bins(n);
        let side = |places: usize| {
            let keys = vec![(-2, (1 << Self::KEY_BITS) - 1); places];
            [keys, vec![(0, Self::VALUE_MAX); places]].concat()
        };
        vec![side(bins.count()), side(bins.count() * bins.load()), vec![]]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let bins = Self::bins(on.n);
        let own = |at: usize| {
            let keys = on.mine[at].as_ref()?.iter().map(|key| key.to_u128() as u64);
            let keys: Vec<u64> = keys.collect();
            let values = keys.iter().map(|key| Self::value(i128::from(*key)));
            let values: Vec<P::Ring> = values.map(P::Ring::from_i128).collect();
            let placed = if at == 0 { bins.place(&keys) } else { bins.spread(&keys) };
            Some((placed.expect("bins for these keys"), keys, values))
        };
        let own = [own(0), own(1)];
        let out = table::intersect(p, &bins, |p, range| {
            let parts = own.iter().flatten().map(|(placed, keys, values)| {
                placed.share(range.clone(), keys, &[values.as_slice()])
            });
            let mine: Vec<P::Ring> = parts.flatten().collect();
            let places = 2 * range.len();
            let shared = p.input(&mine, &[places, places * bins.load(), 0])?;
            let mut sides = shared.into_iter().map(|side| table::Given::new(side, 1));
            let mut next = || sides.next().expect("two givers");
            Ok([next(), next()])
        })?;
        let results = [vec![out.count], out.first, out.second].into_iter().flatten();
        Ok(results.map(Secret::Integers).collect())
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let shared = n - n / 2;
        let sum = (n - shared..n).map(|i| Self::value(x[0].at(i))).sum();
        all(&z[0], 1, |_| exact(shared as i128))?;
        all(&z[1], 1, |_| exact(sum))?;
        all(&z[2], 1, |_| exact(sum))
    }
}
