//! Sites (a study with its sources) in temporary folders, and the binary run over them.

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const PARTIES: [&str; 3] = ["op_a", "op_b", "op_c"];

/// Far beyond what any command here may need: a command that hangs fails its test.
const HANGS: Duration = Duration::from_secs(400);

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// The JSON of a command that went well.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, Some(0), "{self:#?}");
        serde_json::from_str(&self.out).expect("standard output is JSON and nothing else")
    }

    /// What a command that went well has printed.
    pub(crate) fn text(&self) -> &str {
        assert_eq!(self.status, Some(0), "{self:#?}");
        &self.out
    }

    /// A command that failed with this status, printed nothing, and said all of this.
    pub(crate) fn fails(&self, status: i32, fragments: &[&str]) {
        assert_eq!(self.status, Some(status), "{self:#?}");
        assert_eq!(self.out, "", "a result was printed: {self:#?}");
        for fragment in fragments {
            assert!(self.err.contains(fragment), "no {fragment:?} in:\n{}", self.err);
        }
    }
}

pub(crate) fn start<A: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = A>) -> Child {
    Command::new(env!("CARGO_BIN_EXE_sharewell"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

pub(crate) fn run(arguments: &[&str]) -> Ended {
    finish(start(arguments))
}

/// Waits for the end of a command; whatever hangs is killed.
pub(crate) fn finish(mut child: Child) -> Ended {
    let out = child.stdout.take().map(read_all);
    let err = child.stderr.take().map(read_all);
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > HANGS {
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let text = |reader: Option<std::thread::JoinHandle<String>>| {
        reader.map(|reader| reader.join().unwrap()).unwrap_or_default()
    };
    Ended { status: status.code(), out: text(out), err: text(err) }
}

fn read_all(mut stream: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    })
}

/// An example of the source tree.
pub(crate) fn example(study: &str) -> PathBuf {
    example_of("failure-rate", study)
}

fn example_of(folder: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(folder).join(file)
}

/// A copy of an example with its sources, so that nothing is written into the source tree.
pub(crate) fn copy_of_example(study: &str) -> Site {
    copy_of("failure-rate", study)
}

/// The same of any example.
pub(crate) fn copy_of(folder: &str, study: &str) -> Site {
    let site = Site::empty();
    fs::copy(example_of(folder, study), site.path("study.toml")).unwrap();
    for file in fs::read_dir(example_of(folder, "sources")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), site.path("sources").join(file.file_name())).unwrap();
    }
    site
}

/// A study, its sources, its reports.
pub(crate) struct Site {
    folder: TempDir,
}

/// What a study is made of in these tests.
pub(crate) struct Terms<'a> {
    /// `[[table.column]]` entries.
    pub(crate) columns: &'a str,
    /// The query.
    pub(crate) query: &'a str,
    /// Records of one provider.
    pub(crate) max_rows: u64,
    /// `[release]` and `[limits]`.
    pub(crate) rest: &'a str,
}

impl Site {
    /// A site without a study.
    pub(crate) fn empty() -> Self {
        let site = Self { folder: TempDir::new().unwrap() };
        fs::create_dir(site.path("sources")).unwrap();
        site
    }

    /// A site of three parties that give, compute and receive; the sources are still to come.
    pub(crate) fn new(terms: &Terms<'_>) -> Self {
        let site = Self::empty();
        let keys = PARTIES.map(|party| format!("ed25519:{}", hex_of(party)));
        let addresses = PARTIES.map(|party| format!("{}.example:7100", party.replace('_', "-")));
        site.write("study.toml", &study(terms, &keys, &addresses));
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// A party's records, and a mapping that takes them as they are.
    pub(crate) fn source(&self, party: &str, csv: &str) {
        self.write(&format!("sources/{party}.csv"), csv);
        self.mapping(party, "SELECT * FROM records", "");
    }

    pub(crate) fn mapping(&self, party: &str, sql: &str, rest: &str) {
        let text =
            format!("[source.records]\npath = \"{party}.csv\"\n[map]\nsql = '''{sql}'''\n{rest}\n");
        self.write(&format!("sources/{party}.toml"), &text);
    }

    /// Rehearses the study.
    pub(crate) fn run(&self, options: &[&str]) -> Ended {
        finish(self.start(options))
    }

    pub(crate) fn start(&self, options: &[&str]) -> Child {
        let study = self.path("study.toml");
        start(["run", study.to_str().unwrap(), "--local"].iter().chain(options))
    }

    /// Rehearses the study and returns its report.
    pub(crate) fn result(&self) -> Value {
        self.run(&["--json"]).json()
    }

    pub(crate) fn check(&self) -> Ended {
        run(&["study", "check", self.path("study.toml").to_str().unwrap()])
    }
}

/// The text of a study.
pub(crate) fn study(terms: &Terms<'_>, keys: &[String; 3], addresses: &[String; 3]) -> String {
    let Terms { columns, query, max_rows, rest } = terms;
    let mut text = "[study]\nname = \"test\"\nversion = 1\npurpose = \"a test\"\n".to_owned();
    for ((party, key), address) in PARTIES.iter().zip(keys).zip(addresses) {
        write!(
            text,
            "[[party]]\nname = \"{party}\"\nroles = [\"data\", \"compute\", \"recipient\"]\n\
             key = \"{key}\"\naddress = \"{address}\"\n"
        )
        .unwrap();
    }
    text + &format!(
        "[table]\nname = \"records\"\nmax_rows = {max_rows}\n{columns}\n\
         [objective]\nkind = \"sql\"\nquery = '''{query}'''\n\
         [security]\nthreat = \"semi-honest\"\ncorruptions = 1\nprotocol = \"auto\"\n{rest}\n"
    )
}

/// 64 hexadecimal digits.
fn hex_of(party: &str) -> String {
    let digits: String = party.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{digits:0<64}")
}

/// A column of whole numbers.
pub(crate) fn integer(name: &str, least: i64, greatest: i64) -> String {
    format!(
        "[[table.column]]\nname = \"{name}\"\ntype = \"integer\"\nunit = \"1\"\n\
         range = [{least}, {greatest}]\n"
    )
}

/// A column of numbers with this many decimals.
pub(crate) fn decimal(name: &str, decimals: u8, least: i64, greatest: i64) -> String {
    format!(
        "[[table.column]]\nname = \"{name}\"\ntype = \"decimal\"\ndecimals = {decimals}\n\
         unit = \"1\"\nrange = [{least}, {greatest}]\n"
    )
}

/// Numbers that look random and are the same every time (splitmix64).
pub(crate) fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// One value of the only result table, with its column's worst error.
pub(crate) fn value(report: &Value, row: usize, column: &str) -> (f64, f64) {
    let table = &report["results"][0];
    let at = place(report, column);
    let value = table["rows"][row][at].as_f64();
    (value.expect("a number"), table["error_bound"][at].as_f64().expect("a bound"))
}

pub(crate) fn place(report: &Value, column: &str) -> usize {
    let columns = report["results"][0]["columns"].as_array().expect("a list of columns");
    columns.iter().position(|name| name == column).expect("the column is in the result")
}

/// The value lies within its own bound of `exact`, and the bound is at most `relative`.
pub(crate) fn is_within_bound(report: &Value, row: usize, column: &str, exact: f64, relative: f64) {
    let (value, bound) = value(report, row, column);
    assert!((value - exact).abs() <= bound, "{column}: {value} is not {exact} within {bound}");
    assert!(bound <= relative * exact.abs(), "{column}: a bound of {bound} says little of {exact}");
}

/// Rounds and bytes are exactly those quoted.
pub(crate) fn costs_as_quoted(report: &Value) {
    for field in ["rounds", "bytes_per_party"] {
        assert_eq!(report["quote"][field], report["actual"][field], "{field}");
    }
    assert_eq!(report["actual"]["as_quoted"], true);
}
