//! `sharewell party`: three processes that nobody coordinates, with real keys, at real addresses.

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::support::{
    Ended, PARTIES, Site, Terms, costs_as_quoted, finish, integer, is_within_bound, run, start,
    study, value,
};

/// Three organisations: each its own key and its own copy of the study.
struct Consortium {
    site: Site,
    keys: [String; 3],
    addresses: [String; 3],
}

impl Consortium {
    fn new() -> Self {
        Self::with_limits("connect_s = 60\nwait_s = 30")
    }

    fn with_limits(limits: &str) -> Self {
        let columns = integer("a", 0, 1000);
        let query = "SELECT COUNT(*) AS n, AVG(a) AS mean FROM records";
        let rest = format!("[release]\nmin_records = 2\nmin_parties = 3\n[limits]\n{limits}");
        let terms = Terms { columns: &columns, query, max_rows: 10, rest: &rest };
        let site = Site::new(&terms);
        for party in PARTIES {
            site.source(party, "a\n1\n2\n3\n4\n");
        }
        let keys = PARTIES.map(|party| new_key(&site, &format!("{party}.key")));
        // All are bound at a time, so that they differ.
        let ports = PARTIES.map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let addresses = ports.map(|port| port.local_addr().unwrap().to_string());
        for party in PARTIES {
            let text = study(&terms, &keys, &addresses);
            site.write(&format!("{party}.study.toml"), &text);
        }
        Self { site, keys, addresses }
    }

    fn study_of(&self, party: &str) -> PathBuf {
        self.site.path(&format!("{party}.study.toml"))
    }

    /// Changes one party's copy of the study.
    fn change(&self, party: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.study_of(party)).unwrap();
        assert!(text.contains(from), "{from} is not in the study");
        fs::write(self.study_of(party), text.replace(from, to)).unwrap();
    }

    fn start(&self, party: &str) -> Child {
        self.start_with(party, &format!("{party}.key"))
    }

    fn start_with(&self, party: &str, key: &str) -> Child {
        let (study, key) = (self.study_of(party), self.site.path(key));
        let (study, key) = (study.to_str().unwrap(), key.to_str().unwrap());
        start(["party", study, "--as", party, "--key", key, "--json"])
    }
}

/// A new key file; what `key new` prints for the study.
fn new_key(site: &Site, name: &str) -> String {
    let made = run(&["key", "new", site.path(name).to_str().unwrap()]);
    assert_eq!(made.status, Some(0), "{made:#?}");
    let line = made.out.trim();
    line.strip_prefix("key = \"").unwrap().strip_suffix('"').unwrap().to_owned()
}

fn finish_all(parties: Vec<Child>) -> Vec<Ended> {
    parties.into_iter().map(finish).collect()
}

#[test]
fn three_parties_on_their_own_come_to_the_same_result() {
    let consortium = Consortium::new();
    let ended = finish_all(PARTIES.map(|party| consortium.start(party)).into());
    let reports: Vec<_> = ended.iter().map(Ended::json).collect();
    for (report, party) in reports.iter().zip(PARTIES) {
        assert_eq!(report["results"], reports[0]["results"]);
        assert_eq!(report["study"], reports[0]["study"]);
        assert_eq!(report["learned"].as_object().unwrap().keys().collect::<Vec<_>>(), [party]);
        assert_eq!(value(report, 0, "n").0, 12.0);
        is_within_bound(report, 0, "mean", 2.5, 1e-7);
        costs_as_quoted(report);
    }
    // The steward was told what the start agrees to.
    for (ended, report) in ended.iter().zip(&reports) {
        assert!(ended.err.contains(report["study"].as_str().unwrap()), "{}", ended.err);
        assert!(ended.err.contains("what becomes known"), "{}", ended.err);
    }
}

#[test]
fn garbage_on_the_port_does_not_disturb_a_run() {
    let consortium = Consortium::new();
    let first = consortium.start("op_a");
    let address = &consortium.addresses[0];
    let garbage: &[&[u8]] = &[b"GET / HTTP/1.1\r\n\r\n", &[0xff; 4096], &[0x16, 3, 1, 0xff, 0xff]];
    for bytes in garbage {
        let start = Instant::now();
        let mut stranger = loop {
            match TcpStream::connect(address) {
                Ok(stranger) => break stranger,
                Err(error) => assert!(start.elapsed() < Duration::from_secs(30), "{error}"),
            }
        };
        // The party may hang up at any byte.
        let _ = stranger.write_all(bytes);
    }
    let others = ["op_b", "op_c"].map(|party| consortium.start(party));
    for ended in finish_all([first].into_iter().chain(others).collect()) {
        assert_eq!(value(&ended.json(), 0, "n").0, 12.0);
    }
}

#[test]
fn parties_that_hold_different_studies_refuse_each_other() {
    let consortium = Consortium::new();
    consortium.change("op_c", "min_records = 2", "min_records = 3");
    let ended = finish_all(PARTIES.map(|party| consortium.start(party)).into());
    for ended in &ended {
        ended.fails(1, &[]);
    }
    ended[2].fails(1, &["holds another study: its hash is"]);
    assert!(ended[..2].iter().any(|ended| ended.err.contains("(op_c, ")), "{ended:#?}");
}

#[test]
fn a_party_with_another_key_than_the_studys_does_not_start() {
    let consortium = Consortium::new();
    new_key(&consortium.site, "other.key");
    let ended = finish(consortium.start_with("op_b", "other.key"));
    ended.fails(2, &["other.key is not the key of op_b", "the study says", &consortium.keys[1]]);
}

#[test]
fn a_party_that_presents_another_key_is_turned_away_by_name() {
    let consortium = Consortium::with_limits("connect_s = 20\nwait_s = 30");
    let other = new_key(&consortium.site, "other.key");
    consortium.change("op_b", &consortium.keys[1], &other);
    let impostor = consortium.start_with("op_b", "other.key");
    let honest = ["op_a", "op_c"].map(|party| consortium.start(party));
    let impostor_ended = finish(impostor);
    impostor_ended.fails(1, &[]);
    let ended = finish_all(honest.into());
    for ended in &ended {
        ended.fails(1, &[]);
    }
    let told = ended.iter().any(|ended| {
        ended.err.contains("(op_b, ")
            && ended.err.contains("presented another key than the study's")
    });
    assert!(told, "{ended:#?}");
}

#[test]
fn a_party_that_does_not_come_is_named_with_its_address() {
    let consortium = Consortium::with_limits("connect_s = 4\nwait_s = 30");
    let start = Instant::now();
    let ended = finish_all(["op_a", "op_b"].map(|party| consortium.start(party)).into());
    for ended in &ended {
        ended.fails(1, &[&format!("(op_c, {})", consortium.addresses[2]), "did not come within"]);
        ended.fails(1, &["connection refused"]);
    }
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
}

#[test]
fn a_party_that_cannot_prepare_its_data_ends_all_at_once_and_tells_only_that() {
    let consortium = Consortium::with_limits("connect_s = 600\nwait_s = 30");
    consortium.site.source("op_b", "a\n1\n4711\n3\n4\n");
    let stop = "[rules]\non_rejected = \"stop\"";
    consortium.site.mapping("op_b", "SELECT * FROM records", stop);
    let start = Instant::now();
    let ended = finish_all(PARTIES.map(|party| consortium.start(party)).into());
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    ended[1].fails(1, &["line 3, column a: 4711 is above", "could not be prepared"]);
    let others = [&ended[0], &ended[2]];
    for other in others {
        other.fails(1, &["op_b"]);
        assert!(!other.err.contains("4711"), "{}", other.err);
    }
    // One of them may hear from the other, sooner, that it waits for op_b in vain.
    let heard = |other: &&Ended| other.err.contains("could not prepare its data");
    assert!(others.iter().any(heard), "{} {}", ended[0].err, ended[2].err);
}

#[test]
fn a_name_that_is_not_in_the_study_is_refused() {
    let consortium = Consortium::new();
    fs::copy(consortium.study_of("op_a"), consortium.study_of("op_x")).unwrap();
    finish(consortium.start_with("op_x", "op_a.key")).fails(2, &["no party `op_x`", "`op_a`"]);
}

#[test]
fn a_key_file_is_private_and_is_never_overwritten() {
    let consortium = Consortium::new();
    let path = consortium.site.path("op_a.key");
    let before = fs::read(&path).unwrap();
    run(&["key", "new", path.to_str().unwrap()]).fails(2, &["op_a.key", "exists"]);
    assert_eq!(fs::read(&path).unwrap(), before);
    let shown = run(&["key", "show", path.to_str().unwrap()]);
    assert_eq!(shown.out, format!("key = \"{}\"\n", consortium.keys[0]));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn what_is_no_key_file_is_refused() {
    let consortium = Consortium::new();
    consortium.site.write("op_a.key", "ed25519");
    finish(consortium.start("op_a")).fails(2, &["op_a.key", "64 hexadecimal digits"]);
}
