//! Who plays which role, tile by tile.
//!
//! The two-summand view gives P2 more to send than P0 and P1. But the sharing is the same under
//! a rotation of the parties, neighbours and pair keys included; so the roles go round from one
//! tile to the next, and every party sends as much as the others. All tiles of a window go through
//! a round together: rounds grow with windows only, and no more than a window's messages wait.
//! Frames of one sender arrive in its order, so whoever receives takes those of one round tile
//! by tile, whatever its role in each.

use std::ops::Range;

use sharewell_net::PartyId;
use sharewell_ring::{Bits, Planes};

use crate::CHUNK;
use crate::party::TILE_BYTES;
use crate::replicated::WINDOW;

/// Shorter vectors are one tile: to cut them costs more frames than it saves bytes.
const CUT_FROM_BYTES: usize = 1 << 13;

/// Wide numbers of a window at least: a chunk of a numeric function goes through a round at once.
const WINDOW_NUMBERS: usize = CHUNK / 4;

/// A tile, and the role that this party plays in it: 0, 1 or 2, with the next party in the
/// next role.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    pub(super) role: u8,
    pub(super) tile: usize,
    pub(super) range: Range<usize>,
}

impl Turn {
    pub(super) fn len(&self) -> usize {
        self.range.len()
    }

    /// Words of one plane of the tile.
    pub(super) fn words(&self) -> usize {
        Planes::words_per_plane(self.len())
    }

    /// The tile's part of `count` planes of the whole vector.
    pub(super) fn take(&self, planes: &[Bits], count: usize) -> Vec<Bits> {
        let (at, words) = (self.range.start / 64, self.words());
        let planes = planes.chunks_exact((planes.len() / count.max(1)).max(1));
        planes.flat_map(|plane| &plane[at..at + words]).copied().collect()
    }

    /// Writes the tile's planes to their places among `count` planes of the whole vector; no
    /// planes at all are left out.
    pub(super) fn put(&self, out: &mut [Bits], count: usize, planes: &[Bits]) {
        if planes.is_empty() {
            return;
        }
        let (at, words) = (self.range.start / 64, self.words());
        let out = out.chunks_exact_mut(out.len() / count);
        for (out, plane) in out.zip(planes.chunks_exact(words)) {
            out[at..at + words].copy_from_slice(plane);
        }
    }
}

/// The turns of party `me` through a vector of elements of `width` bytes. Who has which role
/// for an element depends on nothing else, so that all operations on a vector cut each of its
/// elements into the same two summands.
pub(super) fn turns(me: PartyId, len: usize, width: usize) -> impl Iterator<Item = Turn> + Clone {
    tiles(len, width).enumerate().map(move |(tile, range)| Turn {
        role: ((usize::from(me.0) + tile) % 3) as u8,
        tile,
        range,
    })
}

/// The turns of [`turns`], a window after the other.
pub(super) fn windows(
    me: PartyId,
    len: usize,
    width: usize,
) -> impl Iterator<Item = impl Iterator<Item = Turn> + Clone> {
    let of_numbers = (WINDOW_NUMBERS * width).div_ceil(TILE_BYTES).next_multiple_of(3);
    let size = of_numbers.max(WINDOW);
    let windows = tiles(len, width).count().div_ceil(size);
    (0..windows).map(move |i| turns(me, len, width).skip(i * size).take(size))
}

/// Tiles of equal length, three or a multiple of it, of whole words of bits.
pub(super) fn tiles(len: usize, width: usize) -> impl Iterator<Item = Range<usize>> + Clone {
    let tile_len = if len * width < CUT_FROM_BYTES {
        len.max(1)
    } else {
        let count = (len * width.max(1)).div_ceil(TILE_BYTES).next_multiple_of(3);
        len.div_ceil(count).next_multiple_of(64)
    };
    (0..len).step_by(tile_len).map(move |start| start..len.min(start + tile_len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_has_one_turn_and_each_party_another_role_in_it() {
        for len in [0, 1, 64, 1023, 1024, 1025, 8192, 30_000, 1_000_003] {
            for width in [2, 4, 8, 16] {
                let turns = [0, 1, 2].map(|me| turns(PartyId(me), len, width).collect::<Vec<_>>());
                let mut end = 0;
                for (i, turn) in turns[0].iter().enumerate() {
                    assert_eq!((turn.range.start, turn.tile), (end, i));
                    assert!(turn.range.end == len || turn.len().is_multiple_of(64));
                    assert!(turn.len() * width <= TILE_BYTES && turn.len() > 0);
                    let roles = turns.each_ref().map(|turns| turns[i].role);
                    assert_eq!([(roles[0] + 1) % 3, (roles[0] + 2) % 3], roles[1..]);
                    end = turn.range.end;
                }
                assert_eq!(end, len);
            }
        }
    }

    #[test]
    fn each_party_has_each_role_for_a_third_of_what_is_long_in_bytes() {
        // Of elements, and of numbers of several bits as elements.
        let shapes = [(2048, 4), (1024, 8), (5000, 8), (1_000_003, 8), (576, 16), (192, 512)];
        for (len, width) in shapes {
            for role in 0..3 {
                let turns = turns(PartyId(1), len, width).filter(|turn| turn.role == role);
                let share = turns.map(|turn| turn.len()).sum::<usize>() as f64 / len as f64;
                assert!((share - 1.0 / 3.0).abs() < 0.09, "{share} of {len} in role {role}");
            }
        }
    }

    #[test]
    fn windows_hold_all_turns_and_no_more_than_their_bytes_at_once() {
        for (len, width) in [(0, 8), (77, 8), (3 << 20, 8), ((3 << 20) + 1, 8), (1 << 20, 248)] {
            let mut all = turns(PartyId(0), len, width).map(|turn| turn.tile);
            for window in windows(PartyId(0), len, width) {
                let bytes = window.clone().map(|turn| turn.len() * width).sum::<usize>();
                assert!(bytes <= (24 << 20).max(5 * WINDOW_NUMBERS / 4 * width), "{bytes}");
                assert!(window.map(|turn| turn.tile).all(|tile| all.next() == Some(tile)));
            }
            assert_eq!(all.next(), None);
        }
        for (len, width) in [(3 * CHUNK, 8), (CHUNK, 16), (WINDOW_NUMBERS, 248)] {
            assert_eq!(windows(PartyId(0), len, width).count(), 1);
        }
    }
}
