//! Matrix products, checked without computing them twice.
//!
//! The result `Z` of a product gets tags like any value, which says that it is not changed any
//! more, but not that it is `X Y`. That is held against random vectors (Freivalds 1977): with `w`
//! and `v` public and uniform after everything is fixed, `(w X)(Y v) = w Z v`. The left side is one
//! inner product of shared vectors, of which value and tag are computed as in every product and owed
//! like any wire; the difference from the right side is one of the strings that are to be zero.
//!
//! If an entry of `X Y - Z` is not zero modulo `2^k`, neither is the difference, but for the error
//! `(s+2) 2^-(s+1)` of a combination with coefficients of 64 bits (eprint 2019/1298, 4), for `w`
//! and for `v`: so there are two of them. An error that they miss does not grow by secrets.
//!
//! Cost: a product takes the tags of its result and two wires, instead of a second product.

use sharewell_ring::{Dims, Prg, Wide, Z64, transpose, zeroed};

use super::ledger::{Debts, shared};
use crate::replicated::{Pair, dot_part};
use crate::wiped::Wiped;

/// Whether a product is checked so: one with thin factors is as soon computed twice.
pub(super) const fn pays(d: Dims) -> bool {
    d.m >= 8 && d.n >= 8 && d.k >= 8
}

/// Vectors on either side.
pub(super) const VECTORS: usize = 2;

/// What is known of the samples of one domain.
pub(super) struct Samples<W: Wide> {
    /// This party's parts of the inner products, then of their tags.
    pub(super) parts: Wiped<W>,
    /// What the products should be, then what they are less that.
    pub(super) differences: [Wiped<W>; 2],
}

impl<W: Wide> Default for Samples<W> {
    fn default() -> Self {
        Self { parts: Wiped::default(), differences: Default::default() }
    }
}

impl<W: Wide> Samples<W> {
    pub(super) fn draw(debts: &Debts<W>, coin: &Prg, domain: u64) -> Self {
        let (mut values, mut tags, mut differences) = (vec![], vec![], [vec![], vec![]]);
        for (number, matrix) in (0u64..).zip(&debts.matrices) {
            let Dims { m, k, n } = matrix.d;
            // Past the streams of coefficients of wires.
            let stream = 1 << 32 | domain << 24 | number << 1;
            let [w, v] =
                [(stream, m), (stream + 1, n)].map(|(stream, len)| drawn(coin, stream, len));
            let left = |x: &Pair<W>| x.each_ref().map(|x| combined(&transpose(x, m, k), k, &w));
            let (x, x_tag) = (left(&matrix.x), left(&matrix.x_tag));
            let y = matrix.y.each_ref().map(|y| combined(y, k, &v));
            let z = matrix.z.each_ref().map(|z| {
                let rows = combined(z, m, &v);
                [0, 1].map(|i| combined(&rows[i], 1, &w)[i][0])
            });
            for i in 0..VECTORS {
                let of = |x: &[[Vec<W>; VECTORS]; 2]| x.each_ref().map(|x| x[i].clone());
                values.extend(dot_part(&of(&x), &of(&y), 1));
                tags.extend(dot_part(&of(&x_tag), &of(&y), 1));
                differences.iter_mut().zip(&z).for_each(|(to, z)| to.push(z[i]));
            }
        }
        values.extend(tags);
        Self { parts: values.into(), differences: differences.map(Wiped::from) }
    }

    /// With the products known as replicated values: owes them, and subtracts what they should be.
    pub(super) fn settle(&mut self, parts: &[Wiped<W>; 2], debts: &mut Debts<W>) {
        let half = parts[0].len() / 2;
        let [values, tags] = [0..half, half..2 * half]
            .map(|range| parts.each_ref().map(|part| part[range.clone()].to_vec()));
        for (difference, value) in self.differences.iter_mut().zip(&values) {
            let mut value = value.clone();
            W::sub_assign(&mut value, difference);
            *difference = value.into();
        }
        debts.push(shared(values), shared(tags));
    }
}

/// Two vectors of coefficients.
fn drawn(coin: &Prg, stream: u64, len: usize) -> [Vec<u64>; VECTORS] {
    let mut both = vec![Z64(0); VECTORS * len.next_multiple_of(2)];
    coin.fill(stream, 0, &mut both);
    let mut halves = both.chunks(len.next_multiple_of(2));
    [(); VECTORS].map(|()| halves.next().map_or(vec![], |x| x[..len].iter().map(|x| x.0).collect()))
}

/// Of each of `rows` rows the combinations by both vectors.
fn combined<W: Wide>(x: &[W], rows: usize, by: &[Vec<u64>; VECTORS]) -> [Vec<W>; VECTORS] {
    let mut out = [(); VECTORS].map(|()| zeroed(rows));
    for (row, x) in x.chunks_exact(x.len() / rows.max(1)).enumerate() {
        let sums = W::weighted_sums(x, by.each_ref().map(Vec::as_slice));
        out.iter_mut().zip(sums).for_each(|(out, sum)| out[row] = sum);
    }
    out
}
