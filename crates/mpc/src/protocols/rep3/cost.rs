//! The card: what each primitive sends to whom. The conformance suite compares it with
//! what is sent.

use sharewell_net::PartyId;

use super::lookahead::{BLOCK, polynomials, products};
use super::quick_test::packed_words;
use super::trunc::narrow_bytes;
use super::turns::{Turn, windows};
use crate::party::TILE_BYTES;
use crate::replicated::WINDOW;
use crate::replicated::shuffle::roles;
use crate::script::{Card, Costs, Message, Phase, Script};
use crate::{Blocks, Security, Way};

/// The protocol's line in the table.
pub const CARD: Card = Card {
    name: "rep3",
    parties: 3,
    components: 2,
    corruptions: 1,
    security: Security::SemiHonest,
    cheater: "can falsify results and, by falsifying, learn about inputs; nothing detects it",
    source: "Araki, Furukawa, Lindell, Nof, Ohara, CCS 2016 (eprint 2016/768)",
    costs: Costs {
        input,
        mul: |n, w| around(n * w, 2),
        mul_trunc,
        trunc,
        and: |words| around(words * 8, 2),
        summands: |n, w, bits| {
            in_turn(n, w, 1, |n| vec![vec![message(2, 1, plane_bytes(n) * bits)]])
        },
        lookahead: carries,
        block_bits: BLOCK,
        quick_test,
        b2a: |n, width, rows, w| {
            in_turn(n, w * width.max(rows), 2, |n| {
                let cross = |from| message(from, 2, n * rows * w);
                vec![vec![message(2, 1, n * width * w), cross(0)], vec![cross(1)]]
            })
        },
        mul_bits: |n, w| {
            in_turn(n, w, 2, |n| {
                let [shares, part_2] = [(); 2].map(|()| message(2, 1, n * w));
                vec![vec![message(0, 2, n * w), shares, shares, part_2], vec![message(1, 0, n * w)]]
            })
        },
        one_hot: |n, width, w| {
            let bytes = n * ((1 << width) - 1) * w;
            vec![vec![message(2, 1, bytes), message(0, 2, bytes)], vec![message(1, 2, bytes)]]
        },
        shuffle,
        shuffle_open,
        open: |n, w| around(n * w, 1),
        open_to,
    },
};

fn message(from: u8, to: u8, bytes: usize) -> Message {
    Message { from, to, bytes: bytes as u64 }
}

/// Everybody to the party so many places on, a window after the other.
fn around(bytes: usize, places: u8) -> Script {
    let window = |start: usize| (bytes - start).min(WINDOW * TILE_BYTES);
    let phase = |bytes| (0..3).map(|i| message(i, (i + places) % 3, bytes)).collect();
    (0..bytes).step_by(WINDOW * TILE_BYTES).map(|start| phase(window(start))).collect()
}

fn input(giver: u8, n: usize, w: usize) -> Phase {
    if n == 0 {
        vec![]
    } else if giver < 3 {
        vec![message(giver, (giver + 1) % 3, n * w)]
    } else {
        let seeds = [(0, 32), (1, 16), (2, 16)].map(|(to, bytes)| message(giver, to, bytes));
        let rest = [1, 2].map(|to| message(giver, to, n * w));
        [seeds.as_slice(), &rest].concat()
    }
}

fn open_to(recipient: u8, n: usize, w: usize) -> Phase {
    if recipient < 3 {
        vec![message((recipient + 2) % 3, recipient, n * w)]
    } else {
        (0..3).map(|i| message(i, recipient, n * w)).collect()
    }
}

fn trunc(n: usize, w: usize, by: u32) -> Script {
    if by == 0 {
        return vec![];
    }
    in_turn(n, w, 1, |n| {
        let narrow = n * narrow_bytes(by);
        let keys_and_half = [message(0, 1, narrow), message(1, 0, narrow), message(2, 1, n * w)];
        vec![[keys_and_half.as_slice(), &offers(narrow)].concat()]
    })
}

fn mul_trunc(n: usize, w: usize, by: u32) -> Script {
    if by == 0 {
        return around(n * w, 2);
    }
    in_turn(n, w, 2, |n| {
        let narrow = n * narrow_bytes(by);
        let keys_and_parts = vec![
            message(0, 2, n * w),
            message(0, 1, narrow),
            message(1, 2, plane_bytes(n)),
            message(1, 2, n * w),
            message(1, 0, narrow),
        ];
        vec![keys_and_parts, [&[message(2, 1, n * w)], &offers(narrow)[..]].concat()]
    })
}

fn carries(n: usize, w: usize, blocks: &Blocks) -> Script {
    in_turn(n, w, 2, |n| {
        let part = plane_bytes(n) * polynomials(blocks);
        let shares = message(2, 1, plane_bytes(n) * products(blocks));
        vec![vec![shares, message(0, 2, part)], vec![message(1, 2, part)]]
    })
}

fn quick_test(n: usize, w: usize, bits: usize) -> Script {
    in_turn(n, w, 3, |n| {
        let [shares, part] = [bits, bits + 1].map(|places| packed_words(n * places) * 8);
        let opening = message(2, 1, plane_bytes(n));
        vec![
            vec![message(2, 1, shares), message(0, 2, part)],
            vec![message(1, 2, part)],
            vec![opening],
        ]
    })
}

fn plane_bytes(n: usize) -> usize {
    n.div_ceil(64) * 8
}

fn shuffle(turn: u32, way: Way, columns: &[usize]) -> Script {
    let [first, second, third] = roles(turn, way).map(|party| party.0);
    let each = |links: [(u8, u8); 2]| -> Phase {
        let messages = |&bytes: &usize| links.map(|(from, to)| message(from, to, bytes));
        columns.iter().flat_map(messages).collect()
    };
    vec![each([(first, second), (second, third)]), each([(second, third), (third, second)])]
}

fn shuffle_open(turn: u32, to: usize, columns: &[usize]) -> Script {
    let [first, second, third] = roles(turn, Way::Forward).map(|party| party.0);
    let mut script = shuffle(turn, Way::Forward, &[&[to], columns].concat());
    script[1].extend([second, third].map(|from| message(from, first, to)));
    script
}

/// Both candidates to each chooser.
fn offers(narrow: usize) -> Phase {
    [1, 1, 0, 0].map(|to| message(2, to, narrow)).to_vec()
}

/// The messages of a tile of so many elements, for all tiles, the roles going round.
fn in_turn(n: usize, w: usize, rounds: usize, of_tile: impl Fn(usize) -> Script) -> Script {
    let of_window = |turns: &mut dyn Iterator<Item = Turn>| {
        let mut phases = vec![vec![]; rounds];
        for turn in turns {
            // Party 0 has this role in it.
            let party = |role: u8| (role + 3 - turn.role) % 3;
            for (phase, messages) in phases.iter_mut().zip(of_tile(turn.len())) {
                phase.extend(messages.into_iter().map(|m| Message {
                    from: party(m.from),
                    to: party(m.to),
                    ..m
                }));
            }
        }
        phases
    };
    windows(PartyId(0), n, w).flat_map(|mut turns| of_window(&mut turns)).collect()
}
