//! `docs/threat-models.md`, made from the protocols' cards.

use std::fmt::Write;

use sharewell_mpc::protocols::{ALL, tally::Tally};
use sharewell_mpc::{Arithmetic, Card, Protocol, Result, Rows, Security, Way, circuit};
use sharewell_net::PartyId;
use sharewell_ring::{Dims, Planes, Ring, Z64};

const HEAD: &str = "\
# Threat models

Several organisations compute together on data that none of them shows. For each protocol this \
page says who could break that promise, how, and what the protection costs. It is made from the \
protocols' cards in `crates/mpc/src/protocols`; `UPDATE_GOLDEN=1 cargo test --package \
sharewell-mpc --test conformance threats` writes it anew.

## The words

- A **computing party** runs one of the servers that compute. A **giver** brings data and a \
**recipient** gets results; one organisation may be all three, or only one of them.
- Parties **collude** if they put together what they hold. A study says how many computing \
parties may do so (`corruptions`).
- A party is **semi-honest** if its server does what was agreed, but somebody reads what it \
stores and receives: a curious administrator, whoever finds a backup, a court. It is \
**malicious** if its server does something else: an intruder has taken it over, or its owner \
wants another result. A study says which of the two is to be feared (`threat`).

## Side by side

";

const LIMITS: &str = "
## What every protocol rests on

- **Computing parties are independent.** Three servers under one cloud account are one party: \
whoever controls the account reads every share and with them every record, and no line of this \
page holds. The same goes for one administrator, one owner, one supplier of remote maintenance \
or one authority that can order all of them to hand over what they hold. Choose organisations \
whose interests oppose each other, each with an account, staff and keys of its own.
- The private keys that the study names are known to their owners alone. All links are TLS 1.3, \
authenticated on both sides by these keys.
- AES-128, SHA-256 and the key exchange of TLS are not broken, and the operating systems of \
honest parties give randomness that nobody can guess.
- Honest parties run this software unaltered.

## What no protocol does

- Tell whether an input is **true**. A giver may bring false records; they count as what they say. Only numbers that no records of the agreed schema give are noticed, if the threat is malicious.
- Hide what the **results** say about the records behind them. That is for the release rule.
- Hide that a study runs, the study itself, the lengths of vectors, or when messages travel. \
None of this depends on records.
- Force anybody to go on. **Any computing party can stop a run** by switching off; the others end \
with an error. After a run has failed its keys are gone; another attempt takes fresh ones.
- Be fair at the end: a cheater may have received its own result before the others stop.

## When a run stops

It stops for all. Whoever finds a check failed, or loses another party, destroys the keys of the \
run, sends nothing more but the word to stop, and everybody who hears it, or hears nothing, does \
the same. In the end every party tells every other one that all its checks have passed \
(`farewell`), and reports a result only after it has heard so from all. What remains to a \
cheater: to keep a result that it had received, and to say its farewell to some and not to \
others, of whom the first report the result, which is right, and the others an error.

Who is named is what a party saw on its own links, which prove to it alone who sent what: nobody \
can be convicted by it before others. A party that is named may have been sent something false \
by the other one that is named.
";

/// What is sent for each of so many elements, checks included.
const N: usize = 100_000;

type Operation = fn(&mut Tally<Z64>) -> Result<()>;

fn operations() -> [(&'static str, Operation); 8] {
    fn ints(p: &Tally<Z64>) -> <Tally<Z64> as Arithmetic>::AShare {
        p.public(&vec![Z64::ZERO; N])
    }
    fn words(p: &Tally<Z64>) -> <Tally<Z64> as Protocol>::BShare {
        p.public_bits(&Planes::zero(N, 64))
    }
    [
        ("sharing an input", |p| p.input(&[], &[N, 0, 0]).map(drop)),
        ("product", |p| p.mul(&ints(p), &ints(p)).map(drop)),
        ("entry of a product of matrices, whatever the inner length", |p| {
            let d = Dims { m: N / 100, k: 7, n: 100 };
            let [x, y] = [d.m * d.k, d.k * d.n].map(|len| p.public(&vec![Z64::ZERO; len]));
            p.matmul(&x, &y, d).map(drop)
        }),
        ("product in fixed point", |p| p.mul_trunc(&ints(p), &ints(p), 16).map(drop)),
        ("AND of words of 64 bits", |p| p.and(&words(p), &words(p)).map(drop)),
        ("comparison of two numbers of 63 bits", |p| {
            circuit::less_than(p, &ints(p), &ints(p), 63).map(drop)
        }),
        ("row of one column shuffled", |p| {
            let by = p.draw_shuffle(N)?;
            let rows = Rows::ints(vec![ints(p)]);
            p.shuffle(&by, Way::Forward, rows).map(drop)
        }),
        ("result to one recipient that does not compute", |p| {
            p.partial_open_to(&ints(p), &[PartyId(3)]).map(drop)
        }),
    ]
}

/// Bytes for each element that the party that sends most sends, and rounds.
fn price(card: &'static Card, operation: Operation) -> String {
    let mut tally = Tally::<Z64>::new(card, card.parties + 1);
    operation(&mut tally).unwrap();
    tally.verify().unwrap();
    let cost = tally.tallied();
    format!("{:.1} B, {}", cost.bytes_per_party() as f64 / N as f64, cost.rounds)
}

fn may_do(card: &Card) -> &'static str {
    match card.security {
        Security::None => unreachable!("{} is no protocol", card.name),
        Security::SemiHonest => "follow the program and try to learn from what they see",
        Security::MaliciousAbort => "anything; the others stop before something wrong is released",
    }
}

fn goes_unnoticed(card: &Card) -> String {
    match card.statistical_bits {
        None => "always: nothing is checked".into(),
        Some(bits) => format!("with a chance below 2^-{bits} for each check"),
    }
}

fn may_collude(card: &Card) -> String {
    format!(
        "up to {} of the {} computing parties, with any givers and recipients that do not compute",
        card.corruptions, card.parties
    )
}

/// A row of the table that compares all protocols.
fn row(out: &mut String, what: &str, cell: impl Fn(&'static Card) -> String) {
    let cells: Vec<String> = ALL.iter().map(|card| cell(card)).collect();
    writeln!(out, "| {what} | {} |", cells.join(" | ")).unwrap();
}

fn side_by_side(out: &mut String) {
    row(out, "", |card| format!("`{}`", card.name));
    row(out, "---", |_| "---".into());
    row(out, "computing parties", |card| card.parties.to_string());
    row(out, "may collude", may_collude);
    row(out, "may", |card| may_do(card).into());
    row(out, "a cheater", |card| card.cheater.into());
    row(out, "a false value goes unnoticed", goes_unnoticed);
}

fn costs(out: &mut String) {
    out.push_str(
        "\n## What they cost\n\nIn the ring of 64 bits: bytes that the party that sends most \
         sends for each of 100,000 elements, and rounds of all of them together, with the checks \
         that they owe. Checks are made together for many operations, so that a program takes \
         their rounds a few times and not with every operation.\n\n",
    );
    row(out, "for each", |card| format!("`{}`", card.name));
    row(out, "---", |_| "---".into());
    for (name, operation) in operations() {
        row(out, name, |card| price(card, operation));
    }
}

fn section(out: &mut String, card: &Card) {
    let threat = match card.security {
        Security::MaliciousAbort => "malicious",
        _ => "semi-honest",
    };
    let Card { name, parties, corruptions, cheater, named, source, .. } = card;
    writeln!(out, "\n## `{name}`\n").unwrap();
    writeln!(
        out,
        "For `threat = \"{threat}\"`, `corruptions` up to {corruptions}, {parties} computing parties.\n"
    )
    .unwrap();
    writeln!(out, "- **Who may collude:** {}.", may_collude(card)).unwrap();
    writeln!(out, "- **What they may do:** {}.", may_do(card)).unwrap();
    writeln!(out, "- **What a cheater can achieve:** it {cheater}.").unwrap();
    writeln!(out, "- **It is named** {named}.").unwrap();
    writeln!(out, "- **A false value goes unnoticed** {}.", goes_unnoticed(card)).unwrap();
    writeln!(
        out,
        "- **Assumed** beside what every protocol rests on: {}.",
        card.assumes.join("; ")
    )
    .unwrap();
    writeln!(out, "- **Source:** {source}.").unwrap();
}

#[test]
fn the_page_of_threat_models_is_that_of_the_cards() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/threat-models.md");
    let mut page = String::from(HEAD);
    side_by_side(&mut page);
    page.push_str(LIMITS);
    ALL.iter().for_each(|card| section(&mut page, card));
    costs(&mut page);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap();
    assert!(page == golden, "threat models differ from {path}; UPDATE_GOLDEN=1 rewrites it");
}

/// Whoever adds a protocol says what it promises.
#[test]
fn every_card_says_what_the_page_needs() {
    for card in ALL {
        let checked = card.security > Security::SemiHonest;
        assert_eq!(card.statistical_bits.is_some(), checked, "{}", card.name);
        assert!(card.statistical_bits.is_none_or(|bits| bits >= 40), "{}", card.name);
        assert!(card.corruptions >= 1 && card.corruptions < card.parties, "{}", card.name);
        let said = [card.cheater, card.named, card.source];
        assert!(!card.assumes.is_empty() && said.iter().all(|x| !x.is_empty()), "{}", card.name);
    }
}
