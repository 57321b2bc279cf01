//! The card: what each primitive sends to whom. The conformance suite compares it with
//! what is sent.

use super::shuffle::roles;
use super::trunc::narrow_bytes;
use crate::script::{Card, Costs, Message, Phase, Script};
use crate::{Security, Way};

/// The protocol's line in the table.
pub const CARD: Card = Card {
    name: "rep3",
    parties: 3,
    corruptions: 1,
    security: Security::SemiHonest,
    cheater: "can falsify results and, by falsifying, learn about inputs; nothing detects it",
    source: "Araki, Furukawa, Lindell, Nof, Ohara, CCS 2016 (eprint 2016/768)",
    costs: Costs {
        input,
        mul: |n, w| vec![backward(n * w)],
        mul_trunc,
        trunc,
        and: |words| vec![backward(words * 8)],
        summands: |words| vec![vec![message(2, 1, words * 8)]],
        b2a: |n, results, w| {
            let cross = |from| message(from, 2, results * w);
            vec![vec![message(2, 1, n * w), cross(0)], vec![cross(1)]]
        },
        one_hot: |n, width, w| {
            let bytes = n * ((1 << width) - 1) * w;
            vec![vec![message(2, 1, bytes), message(0, 2, bytes)], vec![message(1, 2, bytes)]]
        },
        shuffle,
        shuffle_open,
        open: |n, w| vec![(0..3).map(|i| message(i, (i + 1) % 3, n * w)).collect()],
        open_to,
    },
};

fn message(from: u8, to: u8, bytes: usize) -> Message {
    Message { from, to, bytes: bytes as u64 }
}

/// Everybody to the previous party.
fn backward(bytes: usize) -> Phase {
    (0..3).map(|i| message(i, (i + 2) % 3, bytes)).collect()
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
    let narrow = n * narrow_bytes(by);
    let keys_and_half = [message(0, 1, narrow), message(1, 0, narrow), message(2, 1, n * w)];
    vec![[keys_and_half.as_slice(), &offers(narrow)].concat()]
}

fn mul_trunc(n: usize, w: usize, by: u32) -> Script {
    if by == 0 {
        return vec![backward(n * w)];
    }
    let narrow = n * narrow_bytes(by);
    let keys_and_parts = vec![
        message(0, 2, n * w),
        message(0, 1, narrow),
        message(1, 2, n.div_ceil(64) * 8),
        message(1, 0, narrow),
    ];
    let halves = [message(1, 2, n * w), message(2, 1, n * w)];
    vec![keys_and_parts, [halves.as_slice(), &offers(narrow)].concat()]
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
