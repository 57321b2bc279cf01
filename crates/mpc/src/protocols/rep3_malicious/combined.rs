//! Random sums that show whether any of many elements differs from zero, in whatever bit.
//!
//! Every element is in each of the sums or not, by a coin of its own: if one is not zero, a sum is
//! zero with probability 1/2 at most, and all of them with `2^-48`. Coefficients of many bits would
//! show less: an error that is a multiple of a high power of two survives all that are even.
//!
//! Of many elements, each is first added to one of 2^11 places in each of four tables. If one is
//! not zero, then whatever the others do, a table is all zeros only if that one falls where the
//! others leave its opposite: with probability `2^-11`, and all four with `2^-44`.

use sharewell_ring::{Prg, Ring, Z64, zeroed};

/// Sums.
pub(super) const SUMS: usize = 48;

const TABLES: usize = 4;
const PLACES: usize = 1 << 11;
/// Elements of which tables are made: for fewer they cost more than they save.
const MANY: usize = 2 * TABLES * PLACES;
/// Elements for which coins are drawn at a time. Every piece begins with new ones.
pub(super) const TILE: usize = 1 << 11;
/// Elements whose sixteen sums are made at once, and words of coins for them.
const GROUP: usize = 4;
const WORDS: usize = SUMS * GROUP / 64;

/// The sums of a vector in pieces. The same coin and numbers of elements give the same selection.
pub(super) fn combined<W: Ring>(pieces: &[&[W]], coin: &Prg, domain: u64) -> Vec<W> {
    match pieces.iter().map(|x| x.len()).sum::<usize>() > MANY {
        true => halves(&[&scattered(pieces, coin, 2 * domain)], coin, 2 * domain + 1),
        false => halves(pieces, coin, 2 * domain + 1),
    }
}

fn tiles<'a, W>(pieces: &'a [&[W]]) -> impl Iterator<Item = (usize, &'a [W])> {
    pieces.iter().flat_map(|x| x.chunks(TILE)).enumerate()
}

fn scattered<W: Ring>(pieces: &[&[W]], coin: &Prg, stream: u64) -> Vec<W> {
    let mut out = zeroed(TABLES * PLACES);
    let mut draws = vec![Z64::ZERO; TILE];
    for (tile, x) in tiles(pieces) {
        coin.fill(stream, (tile * TILE / 2) as u64, &mut draws[..x.len()]);
        for (table, sums) in out.chunks_exact_mut(PLACES).enumerate() {
            for (&x, draw) in x.iter().zip(&draws) {
                let sum = &mut sums[(draw.0 >> (16 * table)) as usize % PLACES];
                *sum = *sum + x;
            }
        }
    }
    out
}

fn halves<W: Ring>(pieces: &[&[W]], coin: &Prg, stream: u64) -> Vec<W> {
    let mut out = zeroed(SUMS);
    let mut draws = vec![Z64::ZERO; TILE / GROUP * WORDS];
    for (tile, x) in tiles(pieces) {
        let block = tile * draws.len() / 2;
        coin.fill(stream, block as u64, &mut draws);
        for (x, draws) in x.chunks(GROUP).zip(draws.chunks_exact(WORDS)) {
            let mut sums = [W::ZERO; 1 << GROUP];
            for (i, &x) in x.iter().enumerate() {
                for without in 0..1 << i {
                    sums[1 << i | without] = sums[without] + x;
                }
            }
            let present = (1 << x.len()) - 1;
            for (out, draw) in out.chunks_exact_mut(64 / GROUP).zip(draws) {
                for (at, out) in out.iter_mut().enumerate() {
                    *out = *out + sums[(draw.0 >> (GROUP * at)) as usize & present];
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use sharewell_ring::{Gf64, Key, Z128};

    use super::*;

    fn coin(seed: u8) -> Prg {
        Prg::new(&Key([seed; 16]))
    }

    /// So many sums of one error differ from zero.
    fn shown<W: Ring>(len: usize, at: usize, error: W, seed: u8) -> usize {
        let mut x = zeroed(len);
        x[at] = error;
        combined(&[&x], &coin(seed), 1).into_iter().filter(|sum| *sum != W::ZERO).count()
    }

    #[test]
    fn an_error_in_any_bit_of_any_element_is_in_about_half_of_the_sums() {
        for len in [1, 2, 3, 4, 5, 7, TILE - 1, TILE + 3, MANY, MANY + 1, 3 * MANY + 5] {
            for at in [0, len / 2, len - 1] {
                let mut total = 0;
                for seed in 0..8 {
                    let each = [
                        shown(len, at, Z128(1 << 127), seed),
                        shown(len, at, Z128(1), seed),
                        shown(len, at, Gf64(1), seed),
                    ];
                    // Four tables show one error four times, as often cancelled or doubled.
                    total += each[1];
                    assert!(each.iter().all(|shown| *shown > 4), "{each:?} of {len} at {at}");
                }
                assert!(total > 8 * 16, "{total} of {len} at {at}");
            }
        }
    }

    #[test]
    fn errors_that_cancel_in_a_plain_sum_are_shown() {
        for len in [2, 100, MANY + 10] {
            let mut x = vec![Z128(0); len];
            (x[0], x[len - 1]) = (Z128(1 << 127), Z128(1 << 127));
            assert!(combined(&[&x], &coin(9), 0).iter().any(|sum| *sum != Z128(0)), "{len}");
        }
    }

    #[test]
    fn errors_that_cancel_across_pieces_are_shown() {
        for len in [1, 3, TILE, MANY] {
            let [mut x, mut y] = [vec![Z128(0); len], vec![Z128(0); len]];
            (x[0], y[0]) = (Z128(1 << 127), Z128(1 << 127));
            let sums = combined(&[&x, &y], &coin(5), 0);
            assert!(sums.iter().any(|sum| *sum != Z128(0)), "{len}");
        }
    }

    #[test]
    fn sums_are_linear_whatever_the_length() {
        for len in [0, 1, 6, TILE + 1, MANY + 7] {
            let [x, y]: [Vec<Z128>; 2] = [1, 2].map(|seed| {
                let mut out = zeroed(len);
                coin(seed).fill(7, 0, &mut out);
                out
            });
            let mut both = x.clone();
            Z128::add_assign(&mut both, &y);
            let [mut x, y, both] = [x, y, both].map(|x| combined(&[&x], &coin(3), 2));
            Z128::add_assign(&mut x, &y);
            assert!(x == both, "{len} elements");
        }
    }
}
