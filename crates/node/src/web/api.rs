//! The API: JSON for programs, under `/api`, as `/api/openapi.json` describes it.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use sharewell_consortium::{Digest, SOFTWARE, Time, Verdict, Word};

use super::{apart, may, status, view};
use crate::node::Node;
use crate::token::{Role, Token};
use crate::{Error, runs};

/// What a call for a run gives the others to hear of it, in seconds.
pub(super) const CALL_S: u64 = 600;

const OPENAPI: &str = include_str!("openapi.json");

type Bearer = Option<Extension<Token>>;
type Shared = State<Arc<Node>>;

pub(super) fn router() -> Router<Arc<Node>> {
    Router::new()
        .route("/api/openapi.json", get(openapi))
        .route("/api/node", get(node))
        .route("/api/studies", get(studies).post(propose))
        .route("/api/studies/{text}", get(study))
        .route("/api/studies/{text}/{word}", post(say))
        .route("/api/runs/{begun}", get(run))
        .route("/api/runs/{begun}/results", get(results))
        .route("/api/runs/{begun}/cancel", post(cancel))
        .route("/api/log", get(log))
        .route("/api/ledger", get(ledger))
        .route("/api/peers", get(peers))
        .route("/api/{*rest}", get(nothing).post(nothing))
}

#[derive(Serialize)]
struct Wrong {
    error: String,
}

fn wrong(status: StatusCode, error: impl Into<String>) -> Response {
    (status, axum::Json(Wrong { error: error.into() })).into_response()
}

fn told<T: Serialize>(found: Result<T, Error>) -> Response {
    match found {
        Ok(found) => axum::Json(found).into_response(),
        Err(error) => wrong(status(&error), error.to_string()),
    }
}

/// Turns away who may not.
fn denied(bearer: &Bearer, roles: &[Role]) -> Option<Response> {
    let token = bearer.as_ref().map(|Extension(token)| token);
    match token {
        None => {
            let why =
                "send a token as `Authorization: Bearer ...`: `sharewell token new` makes one";
            Some(wrong(StatusCode::UNAUTHORIZED, why))
        }
        Some(token) if !may(Some(token), roles) => {
            let why = format!("a token of the role \"{}\" may not do this", token.role.name());
            Some(wrong(StatusCode::FORBIDDEN, why))
        }
        Some(_) => None,
    }
}

fn digest(text: &str) -> Result<Digest, Error> {
    text.parse().map_err(|_| Error::Unknown("such digest"))
}

const READERS: &[Role] = &[Role::Analyst, Role::Auditor];
const ANALYSTS: &[Role] = &[Role::Analyst];
const STEWARDS: &[Role] = &[];

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

async fn nothing(bearer: Bearer) -> Response {
    denied(&bearer, READERS)
        .unwrap_or_else(|| wrong(StatusCode::NOT_FOUND, "there is no such page"))
}

async fn node(State(node): Shared, bearer: Bearer) -> Response {
    match denied(&bearer, READERS) {
        Some(denied) => denied,
        None => told(apart(move || view::Self_::of(&node)).await),
    }
}

async fn studies(State(node): Shared, bearer: Bearer) -> Response {
    match denied(&bearer, READERS) {
        Some(denied) => denied,
        None => told(apart(move || view::lines(&node)).await),
    }
}

async fn study(State(node): Shared, bearer: Bearer, Path(text): Path<String>) -> Response {
    match denied(&bearer, READERS) {
        Some(denied) => denied,
        None => told(apart(move || view::Whole::of(&node, digest(&text)?)).await),
    }
}

#[derive(Serialize)]
struct Proposed {
    text: String,
}

async fn propose(State(node): Shared, bearer: Bearer, body: Bytes) -> Response {
    if let Some(denied) = denied(&bearer, ANALYSTS) {
        return denied;
    }
    let proposed = apart(move || {
        let text = std::str::from_utf8(&body)
            .map_err(|_| Error::Study("a study is a text in UTF-8".to_owned()))?;
        Ok(Proposed { text: node.propose(text)?.to_string() })
    });
    told(proposed.await)
}

/// What is said with a word.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Saying {
    reason: Option<String>,
    until: Option<String>,
}

#[derive(Serialize)]
struct Accepted {
    warnings: Vec<String>,
}

async fn say(
    State(node): Shared,
    bearer: Bearer,
    Path((text, word)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let roles = if word == "run" { ANALYSTS } else { STEWARDS };
    if let Some(denied) = denied(&bearer, roles) {
        return denied;
    }
    let saying = match body.is_empty() {
        true => Ok(Saying::default()),
        false => serde_json::from_slice(&body),
    };
    let saying = match saying {
        Ok(saying) => saying,
        Err(error) => return wrong(StatusCode::BAD_REQUEST, error.to_string()),
    };
    let said = apart(move || {
        let warnings = speak(&node, digest(&text)?, &word, &saying)?;
        Ok(Accepted { warnings })
    });
    told(said.await)
}

/// Says a word in the node's name; what its steward should know.
pub(super) fn speak(
    node: &Node,
    text: Digest,
    word: &str,
    saying: &Saying,
) -> Result<Vec<String>, Error> {
    let verdict = match word {
        "approve" => Verdict::Approves,
        "reject" => Verdict::Rejects,
        "withdraw" => Verdict::Withdraws,
        "run" => Verdict::Calls,
        _ => return Err(Error::Unknown("such word")),
    };
    let reason = saying.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    if matches!(verdict, Verdict::Rejects | Verdict::Withdraws) && reason.is_none() {
        return Err(Error::Refused(vec!["say why: the others will read it".to_owned()]));
    }
    let until = saying.until.as_deref().filter(|until| !until.is_empty());
    let until = match (verdict, until) {
        (Verdict::Calls, _) => Some(Time(Time::now().0 + CALL_S)),
        (_, None) => None,
        (_, Some(text)) => Some(Time::end_of(text).ok_or_else(|| {
            Error::Refused(vec![format!("\"{text}\" is no day: write 2027-03-31")])
        })?),
    };
    let past = node.say_of(text, &Word { verdict, until, reason, software: SOFTWARE })?;
    Ok(past.warnings)
}

async fn run(State(node): Shared, bearer: Bearer, Path(begun): Path<String>) -> Response {
    match denied(&bearer, READERS) {
        Some(denied) => denied,
        None => told(apart(move || Ok(view::run(&node, digest(&begun)?)?.1)).await),
    }
}

async fn results(State(node): Shared, bearer: Bearer, Path(begun): Path<String>) -> Response {
    if let Some(denied) = denied(&bearer, ANALYSTS) {
        return denied;
    }
    let read = apart(move || {
        let (_, run) = view::run(&node, digest(&begun)?)?;
        let file = node.home.results_of(digest(&run.begun)?).join("report.json");
        std::fs::read(file).map_err(|_| Error::Unknown("result of this run"))
    });
    match read.await {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(error) => wrong(status(&error), error.to_string()),
    }
}

async fn cancel(State(node): Shared, bearer: Bearer, Path(begun): Path<String>) -> Response {
    match denied(&bearer, STEWARDS) {
        Some(denied) => denied,
        None => {
            let cancelled =
                apart(move || runs::cancel(&node, digest(&begun)?, "cancelled by its steward"));
            told(cancelled.await)
        }
    }
}

async fn log(State(node): Shared, bearer: Bearer) -> Response {
    if let Some(denied) = denied(&bearer, &[Role::Auditor]) {
        return denied;
    }
    let lines = apart(move || {
        let log = node.log()?;
        Ok(log.iter().map(|entry| entry.to_line() + "\n").collect::<String>())
    });
    match lines.await {
        Ok(text) => ([(header::CONTENT_TYPE, "application/jsonl")], text).into_response(),
        Err(error) => wrong(status(&error), error.to_string()),
    }
}

async fn ledger(State(node): Shared, bearer: Bearer) -> Response {
    match denied(&bearer, &[Role::Auditor]) {
        Some(denied) => denied,
        None => told(apart(move || Ok(node.home.ledger()?)).await),
    }
}

async fn peers(State(node): Shared, bearer: Bearer) -> Response {
    match denied(&bearer, READERS) {
        Some(denied) => denied,
        None => told(Ok(view::peers(&node))),
    }
}
