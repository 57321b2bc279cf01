//! The card: what each primitive sends to whom, and what it leaves to be checked.

use sharewell_net::PartyId;

use super::combined::SUMS;
use super::convert::WIRES_OF_BIT;
use super::domain::{Domain, Row};
use super::gates;
use super::ledger::{GATE_WORDS, Matrix, WIRES, chunk_of};
use super::samples::{VECTORS, pays};
use super::trunc::WIRES_OF_TRUNC;
use crate::circuit;
use crate::replicated::shuffle::roles;
use crate::script::{Card, Columns, Costs, Message, Owing, Phase, Script};
use crate::{Security, Way};
use sharewell_ring::{Dims, Planes, Z32, Z64, Z128};

/// The protocol's line in the table.
pub const CARD: Card = Card {
    name: "rep3-malicious",
    parties: 3,
    share_bytes: |w| if w == 16 { 4 * 24 } else { 4 * 16 },
    corruptions: 1,
    security: Security::MaliciousAbort,
    cheater: "can stop the run, and is then not always known; nothing else",
    named: "by all, a giver that does not compute, if its shares do not fit together; by the \
            receiver, whoever falls silent, sends what no correct program sends, or hands over \
            another share of a giver's than it has told; by a recipient that does not compute, \
            the one party or the two that contradict others. After any other failed check an \
            honest computing party knows that one of the other two has cheated, and names both",
    statistical_bits: Some(40),
    assumes: &["no two computing parties put together what they hold"],
    source: "Abspoel, Dalskov, Escudero, Nof (eprint 2019/1298); gates after draft-savage-ppm-3phm",
    costs: Costs {
        input,
        random: |n, w| products(1, n, w),
        mul: |n, w| products(2, n, w),
        matmul: Some(matmul),
        mul_trunc: None,
        trunc: |n, w, by| trunc(n, w, by, false),
        trunc_exact: Some(|n, w, by| trunc(n, w, by, true)),
        and: |words| Script::from(vec![around(words * 8)]).owing(gates_of(words)),
        one_hot: None,
        shuffle,
        shuffle_open: None,
        summands: None,
        lookahead: None,
        quick_test: None,
        b2a: |n, _, w| lifts(n, w),
        b2a_dot: None,
        mul_bits: None,
        open: |n, w| {
            Script::from(vec![opening(n * w)]).owing(Owing { opened: n > 0, ..Owing::NOTHING })
        },
        open_to,
        refresh: Some(|n, w| products(2, n, w)),
        verify,
        is_due: |owed| {
            let wires = owed.wires.iter().sum::<usize>() + owed.factors.iter().sum::<usize>();
            wires >= WIRES || owed.gate_words >= GATE_WORDS
        },
        owed_bytes: |owed| {
            let [z32, z64, z128, rows] = owed.wires;
            let [f32, f64, f128] = owed.factors;
            let words = 16 * (z32 + z64 + f32 + f64) + 24 * (z128 + f128) + 8 * rows;
            4 * words + GATE_BYTES * owed.gate_words
        },
        chunks: [chunk_of(1), chunk_of(WIRES_OF_BIT), chunk_of(WIRES_OF_TRUNC), GATE_WORDS],
    },
};

/// Of a word of gates: what is kept, and what its proof makes of that.
const GATE_BYTES: usize = 8 * 8 + 4 * 64 * 8 / 16;

const WIRE: [usize; 4] = [Z32::WIRE, Z64::WIRE, Z128::WIRE, Row::WIRE];

fn domain(w: usize) -> usize {
    match w {
        4 => 0,
        8 => 1,
        _ => 2,
    }
}

fn message(from: u8, to: u8, bytes: usize) -> Message {
    Message { from, to, bytes: bytes as u64 }
}

/// Everybody to the previous party.
fn around(bytes: usize) -> Phase {
    (0..3).map(|i| message(i, (i + 2) % 3, bytes)).collect()
}

fn opening(bytes: usize) -> Phase {
    (0..3).map(|i| message(i, (i + 1) % 3, bytes)).collect()
}

/// Everybody to both others.
fn both(bytes: usize) -> Phase {
    [around(bytes), opening(bytes)].concat()
}

fn wires_of(domain: usize, n: usize) -> Owing {
    let mut wires = [0; 4];
    wires[domain] = n;
    Owing { wires, ..Owing::NOTHING }
}

fn gates_of(words: usize) -> Owing {
    Owing { gate_words: words, ..Owing::NOTHING }
}

/// So many elements each for `n` wires.
fn products(elements: usize, n: usize, w: usize) -> Script {
    let domain = domain(w);
    Script::from(vec![around(elements * n * WIRE[domain])]).owing(wires_of(domain, n))
}

fn matmul(d: Dims, w: usize) -> Script {
    let (len, domain) = (d.m * d.n, domain(w));
    if !pays(d) {
        return products(2, len, w);
    }
    let mut owes = wires_of(domain, len);
    owes.matrices[domain] = 1;
    owes.factors[domain] = Matrix::<Z128>::weight(d);
    Script::from(vec![around(len * WIRE[domain]); 2]).owing(owes)
}

fn lifts(n: usize, w: usize) -> Script {
    let (domain, phases) = (domain(w), [4, 3]);
    let phases = phases.map(|elements| around(elements * n * WIRE[domain])).to_vec();
    Script::from(phases).owing(wires_of(domain, WIRES_OF_BIT * n))
}

fn trunc(n: usize, w: usize, by: u32, exact: bool) -> Script {
    if by == 0 {
        return Script::default();
    }
    let plane = Planes::words_per_plane(n);
    let gates = |planes: usize| (CARD.costs.and)(planes * plane);
    let low = by as usize;
    let carry = Script::of(&CARD, |t| {
        let low_bits = t.planes(n, low);
        circuit::carry(t, &low_bits, &low_bits, low).map(drop)
    });
    let (before, lifted) = match exact {
        false => ([carry, gates(2)], 3),
        true => ([gates(low + 2), carry], 4),
    };
    let rest = [gates(1), lifts(lifted * n, w), products(1, n, w)];
    let all = before.into_iter().chain(rest);
    all.fold(Script::default(), |sum, part| Script {
        phases: [sum.phases, part.phases].concat(),
        owes: sum.owes.and(part.owes),
    })
}

fn input(lens: &[usize], w: usize) -> Script {
    let wire = WIRE[domain(w)];
    let of_giver = |(giver, &n): (u8, &usize)| {
        if n == 0 {
            vec![]
        } else if giver < 3 {
            vec![message(giver, (giver + 1) % 3, n * wire)]
        } else {
            let keys = [0, 1, 2].map(|to| message(giver, to, 64));
            let rest = [1, 2].map(|to| message(giver, to, n * wire));
            [keys.as_slice(), &rest].concat()
        }
    };
    let shares = (0..).zip(lens).flat_map(of_giver).collect();
    let outside = lens.iter().skip(3).filter(|n| **n > 0).count();
    let tags = products(1, lens.iter().sum(), w);
    Script::from([vec![shares, both(96 * outside)], tags.phases].concat())
        .owing(tags.owes.and(Owing { opened: outside > 0, ..Owing::NOTHING }))
}

fn open_to(to: &[PartyId], n: usize, w: usize) -> Script {
    if n == 0 {
        return Script::default();
    }
    let of_recipient = |to: &PartyId| {
        let parts = if to.0 < 3 { vec![(to.0 + 2) % 3] } else { vec![0, 1, 2] };
        let digests = if to.0 < 3 { vec![(to.0 + 1) % 3] } else { vec![0, 1, 2] };
        let parts = parts.into_iter().map(|from| message(from, to.0, n * w));
        let digests = digests.into_iter().map(|from| message(from, to.0, 32));
        parts.chain(digests).collect::<Phase>()
    };
    vec![to.iter().flat_map(of_recipient).collect()].into()
}

fn shuffle(turn: u32, way: Way, columns: &Columns) -> Script {
    let Columns { rows, w, ints, words } = columns;
    let [first, second, third] = roles(turn, way).map(|party| party.0);
    let bytes: Vec<usize> = std::iter::repeat_n(rows * WIRE[domain(*w)], 2 * ints)
        .chain(std::iter::repeat_n(rows * Row::WIRE, 2 * words.len()))
        .collect();
    let each = |links: [(u8, u8); 2]| -> Phase {
        let messages = |&bytes: &usize| links.map(|(from, to)| message(from, to, bytes));
        bytes.iter().flat_map(messages).collect()
    };
    let tags = around(words.len() * rows * Row::WIRE);
    let hops = each([(first, second), (second, third)]);
    let parts = each([(second, third), (third, second)]);
    let owes = wires_of(domain(*w), ints * rows).and(wires_of(3, words.len() * rows));
    Script::from(vec![tags, hops, parts]).owing(owes)
}

fn verify(owed: &Owing) -> Vec<Phase> {
    let domains = owed.wires.iter().zip(WIRE).filter(|(n, _)| **n > 0);
    let combined: usize = domains.map(|(_, wire)| SUMS * wire).sum();
    let echo = vec![both(32)];
    let gates = gates::script(owed.gate_words);
    if combined == 0 {
        return [echo, gates].concat();
    }
    let samples = owed.matrices.iter().zip(WIRE).map(|(n, wire)| 2 * VECTORS * n * wire);
    let samples: usize = samples.sum();
    let sampling = if samples > 0 { vec![both(32), both(16)] } else { vec![] };
    let checks = vec![both(16), both(combined), both(8)];
    [sampling, vec![around(combined + samples)], echo, gates, checks].concat()
}
