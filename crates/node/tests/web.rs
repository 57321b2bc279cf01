//! The port of a node as programs, browsers and strangers see it.
#![expect(clippy::unwrap_used, reason = "a panic is a test's report")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use sharewell_consortium::{Home, Member, Role, SOFTWARE, Time, Verdict, Word};
use sharewell_net::Identity;
use sharewell_node::token::{self, Tokens};
use sharewell_node::{Config, serve};
use tempfile::TempDir;

/// A node that runs as long as the tests do.
struct Site {
    _folder: TempDir,
    home: PathBuf,
    address: String,
    steward: String,
    analyst: String,
    auditor: String,
    study: String,
}

const REST: &str = r#"
[table]
name = "units"
max_rows = 100
[[table.column]]
name = "hours"
type = "integer"
unit = "h"
range = [0, 1000]
[objective]
kind = "sql"
query = "SELECT COUNT(*) AS n, AVG(hours) AS mean FROM units"
[security]
threat = "semi-honest"
corruptions = 1
protocol = "auto"
[release]
min_records = 10
min_parties = 3
sufficient = "open"
"#;

fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let names = ["north", "south", "west"];
        let mut document =
            "[consortium]\nname = \"fleet\"\nversion = 1\npurpose = \"a test\"\n".to_owned();
        let mut parties = String::new();
        for (i, name) in names.iter().enumerate() {
            let identity = Identity::from_seed(&[i as u8 + 1; 32]);
            Home::create(&folder.path().join(name), (name, &identity), None, SOFTWARE).unwrap();
            let address = if i == 0 { address.clone() } else { format!("{name}.invalid:7100") };
            let member = Member {
                name: (*name).to_owned(),
                organisation: (*name).to_owned(),
                key: identity.public(),
                address: Some(address),
                roles: vec![Role::Data, Role::Compute, Role::Recipient],
            };
            let block = member.block().unwrap();
            parties += &block
                .replace("[[member]]", "[[party]]")
                .replace(&format!("organisation = \"{name}\"\n"), "");
            document += &block;
        }
        let path = folder.path().join("consortium.toml");
        fs::write(&path, document).unwrap();
        let word =
            Word { verdict: Verdict::Approves, until: None, reason: None, software: SOFTWARE };
        let homes = names.map(|name| Home::open(&folder.path().join(name), None).unwrap());
        homes.iter().for_each(|home| drop(home.sign_consortium(&path, &word).unwrap()));
        homes[0].adopt(&path, Time::now()).unwrap();
        let [home, ..] = homes;
        let tokens = Tokens::of(home.folder());
        let token = |role| tokens.add(&format!("{role:?}"), role, None).unwrap();
        let found = Site {
            home: home.folder().to_owned(),
            address: address.clone(),
            steward: token(token::Role::Steward),
            analyst: token(token::Role::Analyst),
            auditor: token(token::Role::Auditor),
            study: format!(
                "[study]\nname = \"hours\"\nversion = 1\npurpose = \"a <b>test</b>\"\n{parties}{REST}"
            ),
            _folder: folder,
        };
        std::thread::spawn(move || serve(Config { home, worker: vec![], say: |_| () }));
        while TcpStream::connect(&address).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        found
    })
}

/// Takes any certificate: the test knows whom it calls.
#[derive(Debug)]
struct Any;

impl ServerCertVerifier for Any {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

/// Sends bytes over TLS; what comes back until the node hangs up.
fn say(bytes: &[u8]) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Any))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let tls = ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = TcpStream::connect(&site().address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut stream = StreamOwned::new(tls, socket);
    // The node may hang up before it has read everything.
    let _ = stream.write_all(bytes).and_then(|()| stream.flush());
    let mut answer = vec![];
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Status and body of an answer.
fn ask(method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let answer = say(format!(
        "{method} {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .as_bytes());
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or(0), answer)
}

fn bearing(token: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    ask(method, path, &format!("Authorization: Bearer {token}\r\n"), body)
}

/// Proposes the study; its digest.
fn proposed() -> String {
    let (status, answer) = bearing(&site().analyst, "POST", "/api/studies", &site().study);
    assert_eq!(status, 200, "{answer}");
    let at = answer.find("\"text\":\"").unwrap() + 8;
    answer[at..at + 64].to_owned()
}

#[test]
fn each_role_may_do_what_it_is_for_and_nothing_else() {
    let site = site();
    let text = proposed();
    let study = format!("/api/studies/{text}");
    let (approve, run) = (format!("{study}/approve"), format!("{study}/run"));
    let nothing = "0".repeat(64);
    let cancel = format!("/api/runs/{nothing}/cancel");
    let results = format!("/api/runs/{nothing}/results");
    // Of steward, analyst and auditor.
    for (method, path, wanted) in [
        ("GET", "/api/node", [200, 200, 200]),
        ("GET", "/api/studies", [200, 200, 200]),
        ("GET", study.as_str(), [200, 200, 200]),
        ("GET", "/api/peers", [200, 200, 200]),
        ("GET", "/api/log", [200, 403, 200]),
        ("GET", "/api/ledger", [200, 403, 200]),
        ("POST", approve.as_str(), [200, 403, 403]),
        // Not all have approved.
        ("POST", run.as_str(), [409, 409, 403]),
        ("POST", cancel.as_str(), [404, 403, 403]),
        ("GET", results.as_str(), [404, 404, 403]),
        ("GET", "/api/nothing", [404, 404, 404]),
    ] {
        for (token, wanted) in [&site.steward, &site.analyst, &site.auditor].into_iter().zip(wanted)
        {
            let (status, answer) = bearing(token, method, path, "");
            assert_eq!(status, wanted, "{method} {path}\n{answer}");
        }
        for headers in ["", "Authorization: Bearer sw-00\r\n", "Authorization: Basic eDp5\r\n"] {
            let (status, answer) = ask(method, path, headers, "");
            assert_eq!(status, 401, "{method} {path}\n{answer}");
        }
    }
    let (status, answer) = bearing(&site.steward, "POST", &format!("{study}/reject"), "{}");
    assert!(status == 409 && answer.contains("say why"), "{answer}");
    let (_, log) = bearing(&site.auditor, "GET", "/api/log", "");
    assert!(log.contains("\"what\":\"said\"") && log.contains("\"what\":\"refused\""), "{log}");
}

#[test]
fn every_operation_of_the_description_is_there() {
    let (status, answer) = ask("GET", "/api/openapi.json", "", "");
    assert_eq!(status, 200);
    let body = &answer[answer.find("\r\n\r\n").unwrap()..];
    let document: serde_json::Value = serde_json::from_str(body.trim()).unwrap();
    let mut seen = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let path = path.replace("{word}", "approve").replace(['{', '}'], "");
        for (method, _) in operations.as_object().unwrap() {
            let (status, answer) = ask(&method.to_uppercase(), &path, "", "");
            let wanted = if path.ends_with("openapi.json") { 200 } else { 401 };
            assert_eq!(status, wanted, "{method} {path}\n{answer}");
            seen += 1;
        }
    }
    assert!(seen >= 11, "{seen} operations");
}

#[test]
fn what_is_malformed_or_too_long_or_leads_elsewhere_is_turned_away() {
    let site = site();
    let token = &site.steward;
    for path in [
        "/api/studies/../../etc/passwd",
        "/api/studies/%2e%2e%2f%2e%2e%2fnode.key",
        "/studies/..%2f..%2fnode.key",
        "/api/runs/..%2f..%2fnode.key/results",
        "/runs/%00/report",
        "/api/studies/zz",
        "/api/studies/0000000000000000000000000000000000000000000000000000000000000000",
    ] {
        let (status, answer) = bearing(token, "GET", path, "");
        assert_eq!(status, 404, "{path}\n{answer}");
        assert!(!answer.contains("private key"), "{answer}");
    }
    let long = "x".repeat(2 << 20);
    assert_eq!(bearing(token, "POST", "/api/studies", &long).0, 413);
    let header = format!("Authorization: Bearer {}\r\n", "x".repeat(200_000));
    assert!([431, 0].contains(&ask("GET", "/api/node", &header, "").0));
    for (body, wanted) in [
        ("", 422),
        ("not a study", 422),
        ("[study]\nname = \"../../x\"\n", 422),
        ("[study\u{0}", 422),
    ] {
        let (status, answer) = bearing(token, "POST", "/api/studies", body);
        assert_eq!(status, wanted, "{answer}");
    }
    let text = proposed();
    let approve = format!("/api/studies/{text}/approve");
    assert_eq!(bearing(token, "POST", &approve, "{\"until\":\"tomorrow\"}").0, 409);
    assert_eq!(bearing(token, "POST", &approve, "{\"untli\":\"2099-01-01\"}").0, 400);
    assert_eq!(bearing(token, "POST", &format!("/api/studies/{text}/burn"), "").0, 404);
    for garbage in [&b"\xff\xfe\xfd"[..], b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", &[0; 70_000]] {
        let answer = say(garbage);
        assert!(
            answer.is_empty() || answer.contains(" 400 ") || answer.contains(" 505 "),
            "{answer}"
        );
    }
    // And it is still there.
    assert_eq!(bearing(token, "GET", "/api/node", "").0, 200);
    assert!(site.home.join("node.key").exists());
}

#[test]
fn a_browser_enters_by_a_form_and_no_other_site_can_make_it_act() {
    let site = site();
    let text = proposed();
    let (status, answer) = ask("GET", "/", "", "");
    assert!(status == 303 && answer.contains("location: /login"), "{answer}");
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let own = "Origin: https://node\r\n";
    let enter =
        |token: &str| ask("POST", "/login", &format!("{form}{own}"), &format!("token={token}"));
    assert_eq!(enter("sw-wrong").0, 401);
    let (status, answer) = enter(&site.steward);
    assert_eq!(status, 303, "{answer}");
    let cookie = answer.lines().find(|line| line.starts_with("set-cookie:")).unwrap();
    for wanted in ["HttpOnly", "Secure", "SameSite=Strict"] {
        assert!(cookie.contains(wanted), "{cookie}");
    }
    let cookie = format!("Cookie: sharewell={}\r\n", site.steward);
    let (status, page) = ask("GET", &format!("/studies/{text}"), &cookie, "");
    assert_eq!(status, 200);
    assert!(page.contains("a &#60;b&#62;test") || page.contains("a &lt;b&gt;test"), "{page}");
    assert!(page.contains("content-security-policy: default-src 'none'"), "{page}");
    for wanted in ["What becomes known", "Who says what", "the document", "Reject"] {
        assert!(page.to_lowercase().contains(&wanted.to_lowercase()), "no {wanted}: {page}");
    }
    let path = format!("/studies/{text}/say");
    let say =
        |headers: &str, body: &str| ask("POST", &path, &format!("{form}{cookie}{headers}"), body);
    for foreign in
        ["", "Origin: https://evil.example\r\n", "Origin: null\r\n", "Origin: http://node\r\n"]
    {
        assert_eq!(say(foreign, "word=approve&until=").0, 403, "{foreign}");
    }
    let (status, answer) = say(own, "word=reject&reason=too+small");
    assert_eq!(status, 303, "{answer}");
    let (_, page) = ask("GET", &format!("/studies/{text}"), &cookie, "");
    assert!(page.contains("too small"), "{page}");
    let (status, answer) = say(own, "word=reject&reason=");
    assert!(status == 409 && answer.contains("say why"), "{answer}");
    for path in ["/", "/log", "/peers", "/propose"] {
        let (status, page) = ask("GET", path, &cookie, "");
        assert!(status == 200 && page.contains("<main>"), "{path}\n{page}");
    }
    // An auditor sees the page, and no button.
    let cookie = format!("Cookie: sharewell={}\r\n", site.auditor);
    let (status, page) = ask("GET", &format!("/studies/{text}"), &cookie, "");
    assert!(status == 200 && !page.contains("Reject"), "{page}");
    assert_eq!(ask("GET", "/propose", &cookie, "").0, 403);
}

#[test]
fn a_token_ends_with_its_day_or_when_it_is_revoked() {
    let site = site();
    let tokens = Tokens::of(&site.home);
    let past = tokens.add("past", token::Role::Steward, Some(Time(1))).unwrap();
    assert_eq!(bearing(&past, "GET", "/api/node", "").0, 401);
    let short =
        tokens.add("short", token::Role::Auditor, Some(Time::end_of("2099-01-01").unwrap()));
    let short = short.unwrap();
    assert_eq!(bearing(&short, "GET", "/api/node", "").0, 200);
    assert!(tokens.add("short", token::Role::Steward, None).is_err(), "one bearer, one token");
    assert!(tokens.remove("short").unwrap());
    assert_eq!(bearing(&short, "GET", "/api/node", "").0, 401);
    let kept = fs::read_to_string(site.home.join("tokens.json")).unwrap();
    assert!(!kept.contains(&site.steward) && kept.contains("sha256"));
}
