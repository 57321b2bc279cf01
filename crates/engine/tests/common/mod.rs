//! Studies over one small table, what their local phases give, and whole runs on one machine.
#![allow(dead_code, reason = "each test file uses its part")]

use std::net::TcpListener;

use sharewell_engine::{Error, Identity, LocalValues, Log, Outcome, Peer, Plan, Seat, run};
use sharewell_study::{Measure, Recorded, Study};

pub(crate) const ALL: &str = "\"data\", \"compute\", \"recipient\"";

/// The codes of column `g`.
pub(crate) const CODES: [&str; 3] = ["a", "b", "c"];

/// A record: group, flag, an integer that may be missing, and tenths.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Record {
    pub(crate) g: usize,
    pub(crate) f: bool,
    pub(crate) x: Option<i64>,
    pub(crate) y: i64,
}

/// What varies between the studies of the tests.
pub(crate) struct Setup<'a> {
    pub(crate) query: &'a str,
    /// In place of the query.
    pub(crate) objective: Option<&'a str>,
    pub(crate) roles: &'a [&'a str],
    /// Of column `x`.
    pub(crate) range: (i64, i64),
    pub(crate) max_rows: u64,
    pub(crate) release: &'a str,
    /// Threat, corruptions, protocol.
    pub(crate) security: (&'a str, u8, &'a str),
    pub(crate) bad_giver: &'a str,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self {
            query: "SELECT g, AVG(x) AS mean FROM t GROUP BY g",
            objective: None,
            roles: &[ALL; 3],
            range: (-1000, 1000),
            max_rows: 1000,
            release: "min_records = 3\nmin_parties = 2",
            security: ("semi-honest", 1, "auto"),
            bad_giver: "stop",
        }
    }
}

impl Setup<'_> {
    pub(crate) fn text(&self) -> String {
        let mut text = String::from(
            "[study]\nname = \"test\"\nversion = 1\npurpose = \"A test of the engine\"\n",
        );
        for (i, roles) in self.roles.iter().enumerate() {
            let key = format!("{:02x}", i + 1).repeat(32);
            text += &format!(
                "[[party]]\nname = \"p{i}\"\nroles = [{roles}]\nkey = \"ed25519:{key}\"\n\
                 address = \"127.0.0.1:{}\"\n",
                7000 + i
            );
        }
        let (lo, hi) = self.range;
        let ((threat, corruptions, protocol), bad_giver) = (self.security, self.bad_giver);
        let sql = format!("kind = \"sql\"\nquery = \"\"\"{}\"\"\"", self.query);
        text += &format!(
            "[table]\nname = \"t\"\nmax_rows = {}\n\
             [[table.column]]\nname = \"g\"\ntype = \"category\"\ncategories = {CODES:?}\n\
             [[table.column]]\nname = \"f\"\ntype = \"boolean\"\n\
             [[table.column]]\nname = \"x\"\ntype = \"integer\"\nunit = \"h\"\nrange = [{lo}, {hi}]\n\
             missing = \"allow\"\n\
             [[table.column]]\nname = \"y\"\ntype = \"decimal\"\ndecimals = 1\nunit = \"km\"\n\
             range = [0, 1000]\n\
             [objective]\n{}\n\
             [security]\nthreat = \"{threat}\"\ncorruptions = {corruptions}\nprotocol = \"{protocol}\"\n\
             bad_giver = \"{bad_giver}\"\n\
             [release]\n{}\n[limits]\nconnect_s = 20\nwait_s = 20\n",
            self.max_rows,
            self.objective.unwrap_or(&sql),
            self.release
        );
        text
    }

    pub(crate) fn study(&self) -> Study {
        Study::parse(&self.text(), "test.toml").unwrap_or_else(|report| panic!("{report}"))
    }

    pub(crate) fn plan(&self) -> Plan {
        Plan::of(&self.study()).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// An exact decimal: digits, and how many of them stand after the point.
type Exact = (i128, u32);

/// The value of a row expression in a provider's SQL; `None` if a column in it is missing.
pub(crate) fn evaluate(sql: &str, record: &Record) -> Option<Exact> {
    let mut rest = sql;
    let value = sum(&mut rest, record);
    assert_eq!(rest, "", "the whole of `{sql}`");
    value
}

fn digits(value: Exact, decimals: u32) -> i128 {
    value.0 * 10i128.pow(decimals.checked_sub(value.1).expect("no digit is lost"))
}

fn sum(rest: &mut &str, record: &Record) -> Option<Exact> {
    let mut total = product(rest, record);
    loop {
        let sign = match () {
            () if take(rest, " + ") => 1,
            () if take(rest, " - ") => -1,
            () => return total,
        };
        let next = product(rest, record);
        total = total.zip(next).map(|(x, y)| {
            let decimals = x.1.max(y.1);
            (digits(x, decimals) + sign * digits(y, decimals), decimals)
        });
    }
}

fn product(rest: &mut &str, record: &Record) -> Option<Exact> {
    let mut total = factor(rest, record);
    loop {
        let remainder = match () {
            () if take(rest, " * ") => false,
            () if take(rest, " % ") => true,
            () => return total,
        };
        total = total.zip(factor(rest, record)).map(|(x, y)| {
            let decimals = x.1.max(y.1);
            match remainder {
                true => (digits(x, decimals) % digits(y, decimals), decimals),
                false => (x.0 * y.0, x.1 + y.1),
            }
        });
    }
}

fn factor(rest: &mut &str, record: &Record) -> Option<Exact> {
    if take(rest, "-") {
        return factor(rest, record).map(|(x, decimals)| (-x, decimals));
    }
    if take(rest, "CAST(") {
        let value = sum(rest, record);
        let types = [" AS BIGINT)", " AS DECIMAL(38, 0))", " AS DECIMAL(38, 1))"];
        assert!(types.iter().any(|name| take(rest, name)), "a type in `{rest}`");
        return value;
    }
    if take(rest, "CASE") {
        return case(rest, record);
    }
    if take(rest, "(") {
        let value = sum(rest, record);
        assert!(take(rest, ")"), "a parenthesis in `{rest}`");
        return value;
    }
    for (name, value) in [
        ("\"g\"", Some((record.g as i128, 0))),
        ("\"f\"", Some((record.f.into(), 0))),
        ("\"x\"", record.x.map(|x| (x.into(), 0))),
        ("\"y\"", Some((record.y.into(), 1))),
    ] {
        if take(rest, name) {
            return value;
        }
    }
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (number, after) = rest.split_at(end);
    *rest = after;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}").parse().expect("a number");
    Some((digits, fraction.len() as u32))
}

fn case(rest: &mut &str, record: &Record) -> Option<Exact> {
    let mut found = None;
    while take(rest, " WHEN ") {
        let holds = condition(rest, record);
        assert!(take(rest, " THEN "), "THEN in `{rest}`");
        let value = sum(rest, record);
        found = found.or(holds.then_some(value));
    }
    let otherwise = take(rest, " ELSE ").then(|| sum(rest, record)).flatten();
    assert!(take(rest, " END"), "END in `{rest}`");
    found.unwrap_or(otherwise)
}

/// A boolean column, a code, a value that is missing or greater than another, or the contrary.
fn condition(rest: &mut &str, record: &Record) -> bool {
    let negated = take(rest, "NOT ");
    let is_code = |code: &&str| take(rest, &format!("\"g\" IN ('{code}')"));
    if let Some(code) = CODES.iter().position(is_code) {
        return (record.g == code) != negated;
    }
    let value = sum(rest, record);
    let holds = if take(rest, " IS NULL") {
        value.is_none()
    } else if take(rest, " > ") {
        let than = sum(rest, record);
        value.zip(than).is_some_and(|(x, y)| {
            let decimals = x.1.max(y.1);
            digits(x, decimals) > digits(y, decimals)
        })
    } else {
        value.is_some_and(|x| x.0 != 0)
    };
    holds != negated
}

fn take(rest: &mut &str, token: &str) -> bool {
    match rest.strip_prefix(token) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}

fn text_of(digits: i128, decimals: u32) -> String {
    sharewell_study::Decimal { digits, scale: decimals as u8 }.to_string()
}

/// The records of one group of the plan.
pub(crate) fn members(plan: &Plan, group: usize, records: &[Record]) -> Vec<Record> {
    let local = plan.local();
    let is_member = |record: &&Record| {
        local.group_by.iter().zip(&local.groups[group]).all(|(key, text)| match key.as_str() {
            "\"g\"" => CODES[record.g] == text,
            "\"f\"" => record.f.to_string() == *text,
            number => evaluate(number, record)
                .is_some_and(|(digits, scale)| text_of(digits, scale) == *text),
        })
    };
    records.iter().filter(is_member).copied().collect()
}

/// A provider's local phase.
pub(crate) fn local(plan: &Plan, records: &[Record]) -> LocalValues {
    let mut records = records.to_vec();
    if let Some(filter) = &plan.local().filter {
        assert_eq!(filter, "NOT \"x\" IS NULL", "the tests' local phase has no other filter");
        records.retain(|record| record.x.is_some());
    }
    let records = &records[..];
    let cell = |group: usize| {
        let members = members(plan, group, records);
        plan.local().measures.iter().map(|m| measure(m, &members)).collect()
    };
    let kept = plan.local().records.iter().map(|kept| {
        let number = |record| match kept {
            Recorded::Number { expr, decimals } => {
                let value = evaluate(expr, record).expect("nothing is missing");
                digits(value, (*decimals).into())
            }
            Recorded::Digest { columns, .. } => digest(columns, record),
            Recorded::Text { .. } => panic!("there is no identifier"),
        };
        records.iter().map(number).collect()
    });
    let cells = (0..plan.local().groups.len()).map(cell).collect();
    LocalValues { cells, records: kept.collect() }
}

/// Another number for other values: there are fewer than 2^27 of these.
fn digest(columns: &[String], record: &Record) -> i128 {
    let value = |name: &String| match name.as_str() {
        "g" => (record.g as i128, 3),
        "f" => (record.f.into(), 2),
        "x" => (record.x.map_or(0, |x| i128::from(x) + 1001), 2002),
        "y" => (record.y.into(), 10_001),
        other => panic!("there is no column {other}"),
    };
    columns.iter().map(value).fold(0, |all, (value, values)| all * values + value)
}

fn measure(measure: &Measure, records: &[Record]) -> Option<i128> {
    let values = |expr: &str, decimals: u8| -> Vec<i128> {
        let values = records.iter().filter_map(|record| evaluate(expr, record));
        values.map(|value| digits(value, decimals.into())).collect()
    };
    let sum = |values: Vec<i128>| (!values.is_empty()).then(|| values.iter().sum());
    match measure {
        Measure::Rows => Some(records.len() as i128),
        Measure::Count(expr) => {
            Some(records.iter().filter_map(|record| evaluate(expr, record)).count() as i128)
        }
        Measure::Sum { expr, decimals } => sum(values(expr, *decimals)),
        Measure::SumSquares { expr, decimals } => {
            sum(values(expr, *decimals).iter().map(|x| x * x).collect())
        }
        Measure::Min { expr, decimals } => values(expr, *decimals).into_iter().min(),
        Measure::Max { expr, decimals } => values(expr, *decimals).into_iter().max(),
    }
}

/// Seats of so many parties on loopback, each with the keys and addresses of all.
pub(crate) fn seats(parties: usize) -> Vec<Seat> {
    let mut seats = vec![];
    let mut peers = vec![];
    for party in 0..parties {
        let identity = Identity::generate().expect("randomness");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        peers.push(Peer { key: identity.public().0, address });
        let door = Some(listener.into());
        seats.push(Seat { party, identity, door, peers: None, wide: None, log: Log::default() });
    }
    seats.iter_mut().for_each(|seat| seat.peers = Some(peers.clone()));
    seats
}

/// Every party as a thread, over TLS on loopback, each with a plan of its own.
pub(crate) fn run_each(
    plans: &[&Plan],
    locals: &[Option<LocalValues>],
) -> Vec<Result<Outcome, Error>> {
    std::thread::scope(|scope| {
        let parties = seats(plans.len()).into_iter().zip(plans).zip(locals);
        let handles: Vec<_> = parties
            .map(|((seat, plan), local)| {
                scope.spawn(move || run(plan, seat, local.as_ref(), &|_| ()))
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().expect("no party panics")).collect()
    })
}

/// Every party as a thread, over TLS on loopback.
pub(crate) fn run_all(plan: &Plan, locals: &[Option<LocalValues>]) -> Vec<Result<Outcome, Error>> {
    run_each(&vec![plan; locals.len()], locals)
}
