//! Documents, signatures and logs, and whoever would change them.
#![expect(clippy::unwrap_used, reason = "a panic is a test's report")]

use std::fs;
use std::path::{Path, PathBuf};

use sharewell_consortium::{
    Consortium, Countersigned, Digest, Error, Event, Kind, Log, Receipt, Role, Said, Signed,
    Signer, Statement, Subject, Time, Verdict, event::Start, signatures_beside, standing, verify,
};
use sharewell_net::Identity;
use tempfile::TempDir;

const NOW: Time = Time(1_800_000_000);
const SOFTWARE: &str = "sharewell test";

fn identity(seed: u8) -> Identity {
    Identity::from_seed(&[seed; 32])
}

fn document(version: u64, previous: Option<Digest>, members: &[(&str, u8)]) -> String {
    let previous = previous.map_or(String::new(), |of| format!("previous = \"{of}\"\n"));
    let mut text = format!(
        "[consortium]\nname = \"fleet\"\nversion = {version}\n{previous}purpose = \"parts that fail\"\n"
    );
    for (name, seed) in members {
        text += &format!(
            "[[member]]\nname = \"{name}\"\norganisation = \"{name} Ltd\"\nkey = \"{}\"\n\
             address = \"{name}.example:7100\"\nroles = [\"data\", \"compute\", \"recipient\"]\n",
            identity(*seed).public()
        );
    }
    text
}

fn statement(of: &Subject<'_>, member: &str, verdict: Verdict, entry: u64) -> Statement {
    Statement {
        document: of.kind,
        name: of.name.to_owned(),
        text: of.text,
        meaning: of.meaning,
        verdict,
        member: member.to_owned(),
        roles: vec![Role::Data],
        under: of.under,
        time: NOW,
        until: None,
        entry,
        software: SOFTWARE.to_owned(),
        plan: of.plan,
        reason: None,
    }
}

/// Writes a version and the signatures of these members on it.
fn version(folder: &Path, text: &str, signers: &[(&str, u8)]) -> PathBuf {
    let consortium = Consortium::parse(text, "test").expect("well formed");
    let path = folder.join(format!("{}.toml", consortium.version));
    fs::write(&path, text).unwrap();
    let line = |(member, seed): &(&str, u8)| {
        let said = statement(&consortium.subject(), member, Verdict::Approves, 1);
        Signed::new(said, &identity(*seed)).to_line() + "\n"
    };
    fs::write(signatures_beside(&path), signers.iter().map(line).collect::<String>()).unwrap();
    path
}

const THREE: [(&str, u8); 3] = [("a", 1), ("b", 2), ("c", 3)];

#[test]
fn a_consortium_holds_once_every_member_has_signed_its_very_bytes() {
    let folder = TempDir::new().unwrap();
    let text = document(1, None, &THREE);
    let path = version(folder.path(), &text, &THREE);
    assert_eq!(Consortium::history(&path, NOW).expect("all have signed").len(), 1);

    version(folder.path(), &text, &THREE[..2]);
    let error = Consortium::history(&path, NOW).unwrap_err().to_string();
    assert!(error.contains("not signed by c"), "{error}");

    // c's name under b's key.
    version(folder.path(), &text, &[("a", 1), ("b", 2), ("c", 2)]);
    assert!(Consortium::history(&path, NOW).is_err());

    version(folder.path(), &text, &THREE);
    fs::write(&path, format!("{text}# one more word\n")).unwrap();
    let error = Consortium::history(&path, NOW).unwrap_err().to_string();
    assert!(error.contains("not signed by a, b, c"), "{error}");
}

#[test]
fn keys_change_and_members_go_by_versions_that_those_who_stay_sign() {
    let folder = TempDir::new().unwrap();
    let first = document(1, None, &THREE);
    version(folder.path(), &first, &THREE);
    let rotated = [("a", 1), ("b", 22), ("c", 3)];
    let second = document(2, Some(Digest::of(first.as_bytes())), &rotated);
    let path = version(folder.path(), &second, &rotated);
    let history = Consortium::history(&path, NOW).expect("b has signed with its new key");
    assert_eq!(history.iter().map(|of| of.version).collect::<Vec<_>>(), [2, 1]);

    let gone = [("a", 1), ("b", 22)];
    let third = document(3, Some(Digest::of(second.as_bytes())), &gone);
    let path = version(folder.path(), &third, &gone);
    assert_eq!(Consortium::history(&path, NOW).expect("two of three stay").len(), 3);

    let alone = [("a", 1)];
    let fourth = document(4, Some(Digest::of(third.as_bytes())), &alone);
    let path = version(folder.path(), &fourth, &alone);
    let error = Consortium::history(&path, NOW).unwrap_err().to_string();
    assert!(error.contains("more than half"), "{error}");

    let skipping = document(9, Some(Digest::of(second.as_bytes())), &gone);
    let path = version(folder.path(), &skipping, &gone);
    assert!(Consortium::history(&path, NOW).is_err());
    fs::remove_file(folder.path().join("1.toml")).unwrap();
    let error = Consortium::history(&folder.path().join("3.toml"), NOW).unwrap_err().to_string();
    assert!(error.contains("keep every version"), "{error}");
}

#[test]
fn what_is_said_later_counts_and_an_old_approval_does_not_come_back() {
    let subject = Subject {
        kind: Kind::Study,
        name: "rate",
        text: Digest::of(b"study"),
        meaning: Digest::of(b"meaning"),
        under: Some(Digest::of(b"consortium")),
        plan: Some(Digest::of(b"plan")),
    };
    let members = [("a".to_owned(), identity(1).public())];
    let of = |said: &[Signed<Statement>]| standing(&subject, &members, said, NOW).0[0].1.clone();
    let yes = Signed::new(statement(&subject, "a", Verdict::Approves, 4), &identity(1));
    assert!(matches!(of(std::slice::from_ref(&yes)), Said::Yes { .. }));
    let no = Signed::new(statement(&subject, "a", Verdict::Withdraws, 9), &identity(1));
    assert!(matches!(of(&[no.clone(), yes.clone()]), Said::No { .. }), "a replay is older");
    let again = Signed::new(statement(&subject, "a", Verdict::Approves, 12), &identity(1));
    assert!(matches!(of(&[again, no, yes]), Said::Yes { .. }));

    let said = |change: fn(&mut Statement)| {
        let mut body = statement(&subject, "a", Verdict::Approves, 4);
        change(&mut body);
        of(&[Signed::new(body, &identity(1))])
    };
    assert!(matches!(said(|body| body.until = Some(Time(NOW.0 - 1))), Said::Expired(_)));
    assert!(matches!(said(|body| body.until = Some(NOW)), Said::Yes { .. }));
    assert!(matches!(said(|body| body.text = Digest::of(b"other")), Said::Another(_)));
    assert!(matches!(said(|body| body.under = None), Said::Elsewhere(_)));
    assert!(matches!(said(|body| body.plan = None), Said::Planned { .. }));
    assert_eq!(said(|body| body.name = "rates".to_owned()), Said::Nothing);
    assert_eq!(said(|body| body.document = Kind::Consortium), Said::Nothing);
    let forged = Signed::new(statement(&subject, "a", Verdict::Approves, 4), &identity(2));
    assert_eq!(of(&[forged]), Said::Nothing, "another's key");
}

/// A log of a's with one run, all parties' receipt in it, and the consortium.
fn site() -> (TempDir, PathBuf, Vec<Consortium>) {
    let folder = TempDir::new().unwrap();
    let path = version(folder.path(), &document(1, None, &THREE), &THREE);
    let history = Consortium::history(&path, NOW).unwrap();
    let log_path = folder.path().join("log.jsonl");
    let a = identity(1);
    let mut log = Log::create(&log_path, &a, "a", SOFTWARE).unwrap();
    let text = Digest::of(b"study");
    let subject = Subject {
        kind: Kind::Study,
        name: "rate",
        text,
        meaning: Digest::of(b"meaning"),
        under: Some(history[0].text),
        plan: Some(Digest::of(b"plan")),
    };
    let own = Signed::new(statement(&subject, "a", Verdict::Approves, log.next()), &a);
    log.append(Event::Said { statement: own }, &a).unwrap();
    for (member, seed) in &THREE[1..] {
        let said = statement(&subject, member, Verdict::Approves, 7);
        let statement = Signed::new(said, &identity(*seed));
        log.append(Event::Heard { statement }, &a).unwrap();
    }
    let names: Vec<String> = THREE.iter().map(|(name, _)| (*name).to_owned()).collect();
    let start = Start {
        study: "00".repeat(32),
        name: "rate".to_owned(),
        text,
        consortium: history[0].text,
        policy: Digest::of(b"policy"),
        software: SOFTWARE.to_owned(),
        protocol: "rep3".to_owned(),
        call: None,
        question: Digest::of(b"q"),
        question_of_all: Digest::of(b"q"),
        parties: names.clone(),
        givers: names.clone(),
        recipients: names,
        leakage: vec![],
        spend: None,
    };
    log.append(Event::Started(start), &a).unwrap();
    let signer = |(name, seed): &(&str, u8)| Signer {
        party: (*name).to_owned(),
        key: identity(*seed).public().to_string(),
        log: if *name == "a" { log.head().to_string() } else { "11".repeat(32) },
        results: None,
    };
    let receipt = Receipt {
        study: "00".repeat(32),
        run: "22".repeat(32),
        software: SOFTWARE.to_owned(),
        protocol: "rep3".to_owned(),
        threat: "semi-honest".to_owned(),
        corruptions: 1,
        parties: THREE.iter().map(signer).collect(),
        commitments: vec![],
        left_out: vec![],
        rounds: 9,
        bytes_per_party: 144,
    };
    let signatures: Vec<Vec<u8>> =
        THREE.iter().map(|(_, seed)| receipt.sign(&identity(*seed)).to_vec()).collect();
    let receipt: Countersigned = receipt.countersigned(&signatures);
    log.append(Event::Finished { receipt }, &a).unwrap();
    (folder, log_path, history)
}

#[test]
fn a_log_proves_what_was_approved_and_run() {
    let (_folder, log, history) = site();
    let found = verify(&log, &history).expect("it holds");
    assert_eq!((found.member.as_str(), found.entries, found.runs, found.failed), ("a", 6, 1, 0));
    assert_eq!(found.others.keys().collect::<Vec<_>>(), ["b", "c"]);
}

#[test]
fn any_byte_that_is_changed_is_found() {
    let (_folder, log, history) = site();
    let whole = fs::read(&log).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        // Now another letter, now the other case.
        bytes[at] ^= if at % 2 == 0 { 1 } else { 0x20 };
        fs::write(&log, &bytes).unwrap();
        assert!(verify(&log, &history).is_err(), "byte {at}: {:?}", whole[at] as char);
    }
}

#[test]
fn entries_that_are_removed_moved_repeated_or_signed_anew_are_found() {
    let (_folder, log, history) = site();
    let text = fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let refused = |lines: &[&str]| {
        fs::write(&log, lines.join("\n") + "\n").unwrap();
        verify(&log, &history).is_err()
    };
    assert!(!refused(&lines));
    for i in 0..lines.len() - 1 {
        let mut without = lines.clone();
        without.remove(i);
        assert!(refused(&without), "without {i}");
        let mut swapped = lines.clone();
        swapped.swap(i, i + 1);
        assert!(refused(&swapped), "{i} and the next");
        let mut twice = lines.clone();
        twice.insert(i, lines[i]);
        assert!(refused(&twice), "{i} twice");
    }
    fs::write(&log, &text[..text.len() - 1]).unwrap();
    assert!(verify(&log, &history).is_err(), "the last line is not whole");

    // Its owner writes another past, every entry well signed: the receipt of the others tells.
    let (entries, _) = {
        fs::write(&log, &text).unwrap();
        Log::entries_of(&log).unwrap()
    };
    fs::remove_file(&log).unwrap();
    let mut again = Log::create(&log, &identity(1), "a", "another program").unwrap();
    for entry in &entries[1..] {
        again.append(entry.body.event.clone(), &identity(1)).unwrap();
    }
    drop(again);
    let error = verify(&log, &history).unwrap_err().to_string();
    assert!(error.contains("entries have been changed"), "{error}");
}

#[test]
fn a_line_cut_off_by_a_loss_of_power_is_as_if_it_had_not_been_written() {
    let (_folder, log, history) = site();
    let whole = fs::read(&log).unwrap();
    let lines: Vec<usize> = whole
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at + 1)
        .collect();
    let (before, last) = (lines[lines.len() - 2], whole.len());
    for at in (before..last).step_by(7) {
        fs::write(&log, &whole[..at]).unwrap();
        let opened = Log::open(&log).expect("what was written before holds");
        assert_eq!(opened.next(), 5, "{at}");
        drop(opened);
        assert_eq!(fs::read(&log).unwrap().len(), before);
        assert_eq!(verify(&log, &history).expect("it holds").failed, 1);
    }
}

#[test]
fn nobody_appends_with_another_key_or_makes_a_log_twice() {
    let (_folder, path, _) = site();
    assert!(matches!(Log::create(&path, &identity(1), "a", SOFTWARE), Err(Error::File { .. })));
    let mut log = Log::open(&path).unwrap();
    let policy = || Event::Policy { text: Digest::of(b"p") };
    let error = log.append(policy(), &identity(2)).unwrap_err().to_string();
    assert!(error.contains("not this log's key"), "{error}");
    let key = identity(2).public().to_string();
    log.append(Event::Rotated { key }, &identity(1)).unwrap();
    assert!(log.append(policy(), &identity(1)).is_err(), "the old key");
    log.append(policy(), &identity(2)).unwrap();
    drop(log);
    assert_eq!(Log::open(&path).unwrap().next(), 8);
}
