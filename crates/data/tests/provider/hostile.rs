//! Whatever bytes stand in a mapping or a source, there is a result or a message, never a panic.

use proptest::prelude::*;
use sharewell_data::{Agreed, Mapping};
use sharewell_study::Kind;

use crate::{LENIENT, Provider, category, column, decimal, optional, table};

const MAPPING: &str = "[source.t]\npath = \"t.csv\"\ndelimiter = \",\"\nnull = [\"\"]\n\
    [map]\nsql = \"SELECT id, x FROM t\"\n[columns.x]\nunit = \"mph\"\nmissing = [\"-\"]\n\
    [columns.x.codes]\na = \"b\"\n[rules]\non_rejected = \"skip\"\n";

const ROWS: &str = "id,x,code\na,1.5,m\n\"b,\n\",-2e3,\u{fc}\n,\"\"\"\",m\r\n";

const JSON: &str = "{\"id\": \"a\", \"x\": 1.5}\n{\"code\": null, \"id\": \"\\u00fc\"}\n";

/// `text` with some of its bytes replaced, put in or left out.
fn mutated(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let edit = (
        0..text.len(),
        0u8..3,
        prop_oneof![any::<u8>(), prop::sample::select(b"\"[]{}=,\n\r\\#'.-".to_vec())],
    );
    prop::collection::vec(edit, 0..6).prop_map(move |edits| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, how, byte) in edits {
            let at = at.min(bytes.len() - 1);
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ if bytes.len() > 1 => _ = bytes.remove(at),
                _ => {}
            }
        }
        bytes
    })
}

fn read(name: &str, bytes: &[u8]) {
    let agreed = table(vec![
        column("id", Kind::Identifier),
        optional("x", decimal(1, -100, 100)),
        optional("code", category(&["m", "f"])),
    ]);
    let provider = Provider::new().file(name, bytes);
    let mapping = provider.mapping(&format!("source.t.path = \"{name}\"")).expect("a good mapping");
    match Agreed::read(&mapping, &agreed, &LENIENT) {
        Ok(read) => {
            let report = read.report();
            assert_eq!(report.rows_read, report.rows_accepted + report.rows_rejected);
            let _ = report.to_string();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_mapping_is_read_or_refused(bytes in mutated(MAPPING)) {
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = Mapping::parse(&text, "party.toml", std::path::Path::new(".")) {
            prop_assert!(error.to_string().contains("party.toml:"), "{error}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_csv_file_is_read_or_refused(bytes in mutated(ROWS)) {
        read("t.csv", &bytes);
    }

    #[test]
    fn any_json_file_is_read_or_refused(bytes in mutated(JSON)) {
        read("t.jsonl", &bytes);
    }
}
