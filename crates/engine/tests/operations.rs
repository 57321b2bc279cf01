//! Every operation of the catalogue under every interpreter, and the table made of it.

use sharewell_engine::catalogue::{self, Draw, Given, Operand, Operation, Secret, Visitor};
use sharewell_mpc::protocols::bounds::{Bounds, Interval, Ranges};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::protocols::rep3::{self, Rep3};
use sharewell_mpc::protocols::rep3_malicious::{self, Authentic, Rep3Malicious};
use sharewell_mpc::protocols::tally::{Tallied, Tally};
use sharewell_mpc::sim::Sim;
use sharewell_mpc::{Card, Entropy, Party, Protocol, Result};
use sharewell_ring::{Integer, Z64, Z128};

/// Shares, computes, opens.
fn whole<P: Protocol>(
    operation: &impl Operation,
    p: &mut P,
    (n, operands): (usize, &[Operand]),
    me: Option<usize>,
) -> Result<Vec<Vec<P::Ring>>> {
    let given = Given::share(p, n, operands, me)?;
    let result = operation.run(p, &given)?;
    catalogue::open(p, &result)
}

/// What is proven of each result, given nothing but the ranges of the operands; bits have no
/// range.
fn proven<R: Integer>(
    operation: &impl Operation,
    (n, operands): (usize, &[Operand]),
) -> Result<Vec<Option<Vec<Interval>>>> {
    let operands_first = operands.iter().enumerate().flat_map(|(at, x)| {
        let mut givers = [vec![], vec![], vec![]];
        givers[at % 3] = vec![x.range(R::BITS); x.len()];
        givers
    });
    let ranges = operands_first.chain(operation.inputs::<R>(n, operands));
    let interval = |(lo, hi): (i128, i128)| Interval::between(lo, hi);
    let ranges = ranges.map(|x| x.into_iter().map(interval).collect::<Ranges>());
    let mut bounds = Bounds::<R>::new(ranges);
    let given = Given::share(&mut bounds, n, operands, None)?;
    let result = operation.run(&mut bounds, &given)?;
    catalogue::open(&mut bounds, &result)?;
    let range = |secret: Secret<Bounds<R>>| match secret {
        Secret::Integers(x) => Some(x.elements().collect()),
        Secret::Places(x) => Some(x.elements().collect()),
        Secret::Bits(_) => None,
    };
    Ok(result.into_iter().map(range).collect())
}

/// How a party joins the others.
type Connect<P> = fn(Party, &[u8; 32], Entropy) -> Result<P>;

/// What parties open, where rounds are worth so much: all the same, at the price quoted.
fn jointly<P: Protocol>(
    (protocol, connect): (&'static Card, Connect<P>),
    operation: &impl Operation,
    on: (usize, &[Operand]),
    round_bytes: u64,
) -> Vec<Vec<P::Ring>> {
    let mut tally = Tally::<P::Ring>::new(protocol, protocol.parties).at_pace(round_bytes);
    whole(operation, &mut tally, on, None).expect("no links");
    let outcome = Sim::new(protocol.parties).run(|party, entropy| {
        let (me, party) = (usize::from(party.me().0), party.at_pace(round_bytes));
        whole(operation, &mut connect(party, &[0; 32], entropy)?, on, Some(me))
    });
    let what = format!("{} of {}, {}", operation.card().name, on.0, protocol.name);
    assert_eq!(outcome.cost.messages, tally.tallied(), "the price of {what}");
    let mut opened = outcome.values().expect("honest links");
    let first = opened.swap_remove(0);
    assert!(opened.iter().all(|z| *z == first), "all parties open the same: {what}");
    first
}

/// The operation at this size under a protocol and in the clear: right, inside what is proven.
fn check<P: Protocol>(
    protocol: (&'static Card, Connect<P>),
    operation: &impl Operation,
    sizes: &[usize],
    round_bytes: u64,
) {
    for &n in sizes {
        let bits = <P::Ring as Integer>::BITS;
        let what = format!("{} of {n}, {bits} bits", operation.card().name);
        let operands = operation.operands::<P::Ring>(n, &mut Draw::new(n as u64));
        let on = (n, &operands[..]);
        let plain = whole(operation, &mut Plain::new(1), on, None).expect("no links");
        let opened = jointly(protocol, operation, on, round_bytes);
        let bounds =
            proven::<P::Ring>(operation, on).unwrap_or_else(|error| panic!("{what}: {error}"));
        for z in [&plain, &opened] {
            operation.check(n, &operands, z).unwrap_or_else(|wrong| panic!("{what}: {wrong}"));
            inside(z, &bounds, &what);
        }
        refuses_what_is_wrong(operation, on, &plain);
    }
}

/// Under every protocol.
fn check_all<R: Authentic>(operation: &impl Operation, sizes: &[usize], round_bytes: u64) {
    check((&rep3::CARD, Rep3::<R>::connect), operation, sizes, round_bytes);
    let short = &sizes[..sizes.len().min(3)];
    check((&rep3_malicious::CARD, Rep3Malicious::<R>::connect), operation, short, round_bytes);
}

fn inside<R: Integer>(z: &[Vec<R>], bounds: &[Option<Vec<Interval>>], what: &str) {
    assert_eq!(z.len(), bounds.len(), "results of {what}");
    for (z, bounds) in z.iter().zip(bounds) {
        let Some(bounds) = bounds else { continue };
        assert_eq!(z.len(), bounds.len(), "{what}");
        for (z, bound) in z.iter().zip(bounds) {
            let z = z.to_i128();
            let inside = bound.lo.is_some_and(|lo| lo <= z) && bound.hi.is_some_and(|hi| z <= hi);
            assert!(inside, "{what}: {z} outside {bound}");
        }
    }
}

/// A check that accepts anything would prove nothing. Of a single element it may have to.
fn refuses_what_is_wrong<R: Integer>(
    operation: &impl Operation,
    (n, operands): (usize, &[Operand]),
    z: &[Vec<R>],
) {
    let name = operation.card().name;
    for at in 0..z.len() {
        let mut other = z.to_vec();
        other[at].iter_mut().for_each(|z| *z = *z + R::ONE.shl(R::BITS - 3));
        let wrong = operation.check(n, operands, &other).is_err();
        assert!(wrong || n < 2, "result {at} of {name}, n = {n}, may be anything");
        let mut other = z.to_vec();
        other[at].push(R::ZERO);
        let wrong = operation.check(n, operands, &other).is_err();
        assert!(wrong, "result {at} of {name}, n = {n}, may be longer");
    }
}

struct Checks(&'static str);
impl Visitor for Checks {
    fn visit<O: Operation>(&mut self, operation: &O) {
        let card = operation.card();
        if card.group == self.0 {
            let sizes = operation.sizes();
            // What a round is worth over 50 ms and 100 Mbit/s.
            let short = &sizes[..sizes.len() - 1];
            if card.ring_bits <= 64 {
                check_all::<Z64>(operation, &sizes, 0);
                check_all::<Z64>(operation, short, 1 << 18);
            }
            check_all::<Z128>(operation, &sizes, 0);
            check_all::<Z128>(operation, &short[..short.len() - 1], 1 << 18);
        }
    }
}

/// One test a group, so that they run side by side.
macro_rules! groups {
    ($($test:ident: $group:literal,)*) => {
        const GROUPS: &[&str] = &[$($group),*];
        $(
            #[test]
            fn $test() {
                catalogue::each(&mut Checks($group));
            }
        )*
    };
}
groups! {
    ring_operations_are_right_at_the_price_quoted: "Ring",
    bits_are_right_at_the_price_quoted: "Bits",
    comparisons_are_right_at_the_price_quoted: "Comparison",
    numeric_functions_are_right_at_the_price_quoted: "Numeric",
    linear_algebra_is_right_at_the_price_quoted: "Linear algebra",
    order_and_movement_are_right_at_the_price_quoted: "Order",
    tables_are_right_at_the_price_quoted: "Tables",
    samples_are_right_at_the_price_quoted: "Sampling",
    programs_are_right_at_the_price_quoted: "Programs",
}

const HEAD: &str = "\
# Secure operations

This table is made from the catalogue in `crates/engine/src/catalogue`: the same entries are \
tested under every interpreter, in rings of 64 and 128 bits, and timed by `sharewell bench`. \
`UPDATE_GOLDEN=1 cargo test --package sharewell-engine --test operations` writes it anew.

Rounds and bytes are those of three parties with replicated shares over `Z_2^64`, or `Z_2^128` \
where the range says so, as a quote counts them. Bytes are what the party that sends most sends for each element; of a matrix, for \
each entry of the result; of one result, for the whole. A *unit* is one in the last place of the result; `k` is the ring's \
width in bits.
";

struct Table {
    text: String,
    group: &'static str,
}

impl Visitor for Table {
    fn visit<O: Operation>(&mut self, operation: &O) {
        let card = operation.card();
        assert!(GROUPS.contains(&card.group), "no test of the group of `{}`", card.name);
        if card.group != self.group {
            self.group = card.group;
            let head = "| operation | computes | range | error | n | rounds | bytes | source |";
            let rule = "|---|---|---|---|---|---|---|---|";
            self.text += &format!("\n## {}\n\n{head}\n{rule}\n", card.group);
        }
        let cost = match card.ring_bits {
            64 => quoted::<Z64>(operation, card.n),
            _ => quoted::<Z128>(operation, card.n),
        };
        let bytes = cost.bytes_per_party() as f64 / card.unit.elements(card.n) as f64;
        let cells = [
            &format!("`{}`", card.name),
            card.what,
            &card.range,
            &card.error,
            &card.n.to_string(),
            &cost.rounds.to_string(),
            &format!("{bytes:.2}"),
            card.source,
        ];
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        self.text += &format!("| {} |\n", cells.join(" | "));
    }
}

fn quoted<R: Integer>(operation: &impl Operation, n: usize) -> Tallied {
    let mut tally = Tally::<R>::new(&rep3::CARD, 3);
    let operands = operation.operands::<R>(n, &mut Draw::new(0));
    let given = Given::free(&tally, n, &operands);
    operation.run(&mut tally, &given).expect("no links");
    tally.tallied()
}

#[test]
fn the_table_of_operations_is_that_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");
    let mut table = Table { text: HEAD.into(), group: "" };
    catalogue::each(&mut table);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &table.text).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap();
    assert!(table.text == golden, "operations differ from {path}; UPDATE_GOLDEN=1 rewrites it");
}
