//! Small studies over one numeric column, and what their local phases give.
#![allow(dead_code, reason = "each test file uses its part")]

use std::net::TcpListener;

use sharewell_engine::{Error, Identity, LocalValues, Measure, Outcome, Peer, Plan, Seat, run};
use sharewell_study::Study;

/// A row: group code and value in quanta; `None` is a missing value.
pub(crate) type Row = (usize, Option<i64>);

/// What varies between the studies of the tests.
pub(crate) struct Setup<'a> {
    pub(crate) query: &'a str,
    pub(crate) roles: &'a [&'a str],
    pub(crate) range: (i64, i64),
    pub(crate) max_rows: u64,
    pub(crate) release: &'a str,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self {
            query: "SELECT g, AVG(x) AS mean FROM t GROUP BY g",
            roles: &["\"data\", \"compute\", \"recipient\""; 3],
            range: (-1000, 1000),
            max_rows: 1000,
            release: "min_records = 3\nmin_parties = 2",
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
        text += &format!(
            "[table]\nname = \"t\"\nmax_rows = {}\n\
             [[table.column]]\nname = \"g\"\ntype = \"category\"\ncategories = [\"a\", \"b\", \"c\"]\n\
             [[table.column]]\nname = \"x\"\ntype = \"integer\"\nunit = \"h\"\nrange = [{lo}, {hi}]\n\
             missing = \"allow\"\n\
             [objective]\nkind = \"sql\"\nquery = \"\"\"{}\"\"\"\n\
             [security]\nthreat = \"semi-honest\"\ncorruptions = 1\nprotocol = \"auto\"\n\
             [release]\n{}\n[limits]\nconnect_s = 20\nwait_s = 20\n",
            self.max_rows, self.query, self.release
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

/// A local phase over rows of `g` and `x`; expressions are `"x"` or `"x"` less a constant.
pub(crate) fn local(plan: &Plan, rows: &[Row]) -> LocalValues {
    let grouped = !plan.local().group_by.is_empty();
    let cell = |group: usize| {
        let values: Vec<Option<i64>> =
            rows.iter().filter(|(g, _)| !grouped || *g == group).map(|(_, x)| *x).collect();
        plan.local().measures.iter().map(|m| measure(m, &values)).collect()
    };
    LocalValues { cells: (0..plan.cells()).map(cell).collect() }
}

fn measure(measure: &Measure, values: &[Option<i64>]) -> Option<i128> {
    let of = |expr: &str| -> Vec<i128> {
        let centre = expr.split_once('-').map_or(0, |(_, centre)| {
            let digits: String =
                centre.chars().filter(|c| c.is_ascii_digit() || *c == '-').collect();
            digits.parse::<i128>().expect("a constant")
        });
        values.iter().flatten().map(|x| i128::from(*x) - centre).collect()
    };
    let some = |values: &[i128]| (!values.is_empty()).then_some(());
    match measure {
        Measure::Rows => Some(values.len() as i128),
        Measure::Count(expr) => Some(of(expr).len() as i128),
        Measure::Sum { expr, .. } => some(&of(expr)).map(|()| of(expr).iter().sum()),
        Measure::SumSquares { expr, .. } => {
            some(&of(expr)).map(|()| of(expr).iter().map(|x| x * x).sum())
        }
        Measure::Min { expr, .. } => of(expr).into_iter().min(),
        Measure::Max { expr, .. } => of(expr).into_iter().max(),
    }
}

/// Every party as a thread, over TLS on loopback.
pub(crate) fn run_all(plan: &Plan, locals: &[Option<LocalValues>]) -> Vec<Result<Outcome, Error>> {
    let mut seats = vec![];
    let mut peers = vec![];
    for party in 0..locals.len() {
        let identity = Identity::generate().expect("randomness");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        peers.push(Peer { key: identity.public().0, address });
        let listener = Some(listener);
        seats.push(Seat { party, identity, listener, peers: None, wide: None });
    }
    std::thread::scope(|scope| {
        let handles: Vec<_> = seats
            .into_iter()
            .zip(locals)
            .map(|(seat, local)| {
                let seat = Seat { peers: Some(peers.clone()), ..seat };
                scope.spawn(move || run(plan, seat, local.as_ref(), &|_| ()))
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().expect("no party panics")).collect()
    })
}
