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
use crate::script::{Card, Columns, Costs, Message, Phase, Script};
use crate::{Blocks, Security, Way};

/// The protocol's line in the table.
pub const CARD: Card = Card {
    name: "rep3",
    parties: 3,
    share_bytes: |w| 2 * w,
    corruptions: 1,
    security: Security::SemiHonest,
    cheater: "can falsify results and, by falsifying, learn about inputs; nothing detects it",
    named: "only if it falls silent or sends what no correct program sends",
    statistical_bits: None,
    assumes: &[
        "no two computing parties put together what they hold",
        "every computing party runs the agreed program, unaltered",
    ],
    source: "Araki, Furukawa, Lindell, Nof, Ohara, CCS 2016 (eprint 2016/768)",
    costs: Costs {
        input,
        random: |_, _| Script::default(),
        mul: |n, w| around(n * w, 2).into(),
        matmul: None,
        mul_trunc: Some(mul_trunc),
        trunc,
        trunc_exact: None,
        and: |words| around(words * 8, 2).into(),
        summands: Some(|n, w, bits| {
            in_turn(n, w, 1, |n| vec![vec![message(2, 1, plane_bytes(n) * bits)]])
        }),
        lookahead: Some((carries, BLOCK)),
        quick_test: Some(quick_test),
        b2a: |n, width, w| b2a(n, width, width, w),
        b2a_dot: Some(b2a),
        mul_bits: Some(|n, w| {
            in_turn(n, w, 2, |n| {
                let [shares, part_2] = [(); 2].map(|()| message(2, 1, n * w));
                vec![vec![message(0, 2, n * w), shares, shares, part_2], vec![message(1, 0, n * w)]]
            })
        }),
        one_hot: Some(|n, width, w| {
            let bytes = n * ((1 << width) - 1) * w;
            vec![vec![message(2, 1, bytes), message(0, 2, bytes)], vec![message(1, 2, bytes)]]
                .into()
        }),
        shuffle: |turn, way, columns| shuffle(turn, way, &column_bytes(columns)).into(),
        shuffle_open: Some(shuffle_open),
        open: |n, w| around(n * w, 1).into(),
        open_to,
        refresh: None,
        verify: |_| vec![],
        is_due: |_| false,
        owed_bytes: |_| 0,
        chunks: [usize::MAX; 4],
    },
};

/// Bytes of each column of a shuffle: bits travel in rows of one word.
fn column_bytes(columns: &Columns) -> Vec<usize> {
    let ints = std::iter::repeat_n(columns.rows * columns.w, columns.ints);
    ints.chain(columns.words.iter().map(|width| width * plane_bytes(columns.rows))).collect()
}

fn b2a(n: usize, width: usize, rows: usize, w: usize) -> Script {
    in_turn(n, w * width.max(rows), 2, |n| {
        let cross = |from| message(from, 2, n * rows * w);
        vec![vec![message(2, 1, n * width * w), cross(0)], vec![cross(1)]]
    })
}

fn message(from: u8, to: u8, bytes: usize) -> Message {
    Message { from, to, bytes: bytes as u64 }
}

/// Everybody to the party so many places on, a window after the other.
fn around(bytes: usize, places: u8) -> Vec<Phase> {
    let window = |start: usize| (bytes - start).min(WINDOW * TILE_BYTES);
    let phase = |bytes| (0..3).map(|i| message(i, (i + places) % 3, bytes)).collect();
    (0..bytes).step_by(WINDOW * TILE_BYTES).map(|start| phase(window(start))).collect()
}

fn input(lens: &[usize], w: usize) -> Script {
    let of_giver = |(giver, &n): (u8, &usize)| {
        if n == 0 {
            vec![]
        } else if giver < 3 {
            vec![message(giver, (giver + 1) % 3, n * w)]
        } else {
            let seeds = [(0, 32), (1, 16), (2, 16)].map(|(to, bytes)| message(giver, to, bytes));
            let rest = [1, 2].map(|to| message(giver, to, n * w));
            [seeds.as_slice(), &rest].concat()
        }
    };
    vec![(0..).zip(lens).flat_map(of_giver).collect()].into()
}

fn open_to(to: &[PartyId], n: usize, w: usize) -> Script {
    let of_recipient = |to: &PartyId| {
        let from = if to.0 < 3 { vec![(to.0 + 2) % 3] } else { vec![0, 1, 2] };
        from.into_iter().map(|from| message(from, to.0, n * w)).collect::<Phase>()
    };
    vec![to.iter().flat_map(of_recipient).collect()].into()
}

fn trunc(n: usize, w: usize, by: u32) -> Script {
    if by == 0 {
        return Script::default();
    }
    in_turn(n, w, 1, |n| {
        let narrow = n * narrow_bytes(by);
        let keys_and_half = [message(0, 1, narrow), message(1, 0, narrow), message(2, 1, n * w)];
        vec![[keys_and_half.as_slice(), &offers(narrow)].concat()]
    })
}

fn mul_trunc(n: usize, w: usize, by: u32) -> Script {
    if by == 0 {
        return around(n * w, 2).into();
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

fn shuffle(turn: u32, way: Way, columns: &[usize]) -> Vec<Phase> {
    let [first, second, third] = roles(turn, way).map(|party| party.0);
    let each = |links: [(u8, u8); 2]| -> Phase {
        let messages = |&bytes: &usize| links.map(|(from, to)| message(from, to, bytes));
        columns.iter().flat_map(messages).collect()
    };
    vec![each([(first, second), (second, third)]), each([(second, third), (third, second)])]
}

fn shuffle_open(turn: u32, to: usize, columns: &Columns) -> Script {
    let [first, second, third] = roles(turn, Way::Forward).map(|party| party.0);
    let columns = [&[to][..], &column_bytes(columns)].concat();
    let mut script = shuffle(turn, Way::Forward, &columns);
    script[1].extend([second, third].map(|from| message(from, first, to)));
    script.into()
}

/// Both candidates to each chooser.
fn offers(narrow: usize) -> Phase {
    [1, 1, 0, 0].map(|to| message(2, to, narrow)).to_vec()
}

/// The messages of a tile of so many elements, for all tiles, the roles going round.
fn in_turn(n: usize, w: usize, rounds: usize, of_tile: impl Fn(usize) -> Vec<Phase>) -> Script {
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
    windows(PartyId(0), n, w).flat_map(|mut turns| of_window(&mut turns)).collect::<Vec<_>>().into()
}
