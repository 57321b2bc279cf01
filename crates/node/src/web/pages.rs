//! Pages for stewards, analysts and auditors: whole without scripts, of forms and links.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Extension, Form, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use sharewell_consortium::{Digest, Ledger, Time};

use super::api::{Saying, speak};
use super::{COOKIE, apart, may, status, view};
use crate::exchange::Health;
use crate::node::Node;
use crate::token::{Role, Token, Tokens};
use crate::worker::Stage;
use crate::{Error, runs};

const STYLE: &str = include_str!("../../templates/style.css");
/// Entries of the log on its page; older ones are in the log itself.
const LOG_MAX: usize = 200;

type Bearer = Option<Extension<Token>>;
type Shared = State<Arc<Node>>;

pub(super) fn router() -> Router<Arc<Node>> {
    Router::new()
        .route("/", get(home))
        .route("/style.css", get(style))
        .route("/login", get(login).post(enter))
        .route("/logout", post(leave))
        .route("/propose", get(proposal).post(propose))
        .route("/studies/{text}", get(study))
        .route("/studies/{text}/say", post(say))
        .route("/runs/{begun}", get(run))
        .route("/runs/{begun}/report", get(report))
        .route("/runs/{begun}/cancel", post(cancel))
        .route("/log", get(log))
        .route("/ledger", get(ledger))
        .route("/peers", get(peers))
        .fallback(nothing)
}

/// What every page has around it.
struct Frame {
    node: String,
    /// Who reads it, and in which role; none before the login.
    bearer: Option<Token>,
}

impl Frame {
    fn of(node: &Node, token: &Token) -> Self {
        Self { node: node.home.name.clone(), bearer: Some(token.clone()) }
    }

    fn is_steward(&self) -> bool {
        may(self.bearer.as_ref(), &[])
    }

    fn is_analyst(&self) -> bool {
        may(self.bearer.as_ref(), &[Role::Analyst])
    }
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    wrong: bool,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    about: view::Self_,
    studies: Vec<view::Line>,
}

#[derive(Template)]
#[template(path = "study.html")]
struct StudyPage {
    frame: Frame,
    study: view::Whole,
}

#[derive(Template)]
#[template(path = "propose.html")]
struct ProposePage {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "run.html")]
struct RunPage {
    frame: Frame,
    text: String,
    name: String,
    run: view::RunLine,
    stage: String,
    /// Of 100, while it computes.
    percent: Option<u64>,
}

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage {
    frame: Frame,
    entries: Vec<LogLine>,
    all: usize,
    head: String,
}

struct LogLine {
    number: u64,
    time: String,
    told: String,
}

#[derive(Template)]
#[template(path = "ledger.html")]
struct LedgerPage {
    frame: Frame,
    ledger: Ledger,
}

#[derive(Template)]
#[template(path = "peers.html")]
struct PeersPage {
    frame: Frame,
    peers: Vec<(String, Health)>,
}

#[derive(Template)]
#[template(path = "wrong.html")]
struct WrongPage {
    frame: Frame,
    why: Vec<String>,
}

fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn wrong(frame: Frame, error: &Error) -> Response {
    let why = match error {
        Error::Refused(why) => why.clone(),
        other => vec![other.to_string()],
    };
    (status(error), html(&WrongPage { frame, why })).into_response()
}

/// The bearer, if there is one of these roles; the page to show if not.
fn bearer(node: &Node, bearer: Bearer, roles: &[Role]) -> Result<Token, Box<Response>> {
    let Some(Extension(token)) = bearer else {
        return Err(Box::new(Redirect::to("/login").into_response()));
    };
    if may(Some(&token), roles) {
        return Ok(token);
    }
    let why = vec![format!("a token of the role \"{}\" may not do this", token.role.name())];
    let page = WrongPage { frame: Frame::of(node, &token), why };
    Err(Box::new((StatusCode::FORBIDDEN, html(&page)).into_response()))
}

const READERS: &[Role] = &[Role::Analyst, Role::Auditor];
const ANALYSTS: &[Role] = &[Role::Analyst];

/// A page of what `find` finds.
async fn page<T: Template + Send + 'static>(
    node: Arc<Node>,
    who: Bearer,
    roles: &[Role],
    find: impl FnOnce(&Node, Frame) -> Result<T, Error> + Send + 'static,
) -> Response {
    let token = match bearer(&node, who, roles) {
        Ok(token) => token,
        Err(response) => return *response,
    };
    let shared = Arc::clone(&node);
    let frame = Frame::of(&node, &token);
    match apart(move || find(&shared, frame)).await {
        Ok(page) => html(&page),
        Err(error) => wrong(Frame::of(&node, &token), &error),
    }
}

/// Does something, and leads on to another page.
async fn act(
    node: Arc<Node>,
    who: Bearer,
    roles: &[Role],
    work: impl FnOnce(&Node) -> Result<String, Error> + Send + 'static,
) -> Response {
    let token = match bearer(&node, who, roles) {
        Ok(token) => token,
        Err(response) => return *response,
    };
    let shared = Arc::clone(&node);
    match apart(move || work(&shared)).await {
        Ok(to) => Redirect::to(&to).into_response(),
        Err(error) => wrong(Frame::of(&node, &token), &error),
    }
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css")], STYLE).into_response()
}

async fn nothing(State(node): Shared, who: Bearer) -> Response {
    match bearer(&node, who, READERS) {
        Ok(token) => wrong(Frame::of(&node, &token), &Error::Unknown("such page")),
        Err(response) => *response,
    }
}

async fn login(State(node): Shared) -> Response {
    let frame = Frame { node: node.home.name.clone(), bearer: None };
    html(&LoginPage { frame, wrong: false })
}

#[derive(Deserialize)]
struct Entering {
    token: String,
}

async fn enter(State(node): Shared, Form(form): Form<Entering>) -> Response {
    let token = form.token.trim().to_owned();
    let tokens = Tokens::of(node.home.folder());
    let known = tokens.find(&token, Time::now()).is_some();
    let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; Secure; SameSite=Strict");
    match HeaderValue::from_str(&cookie) {
        Ok(cookie) if known => ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response(),
        _ => {
            let frame = Frame { node: node.home.name.clone(), bearer: None };
            (StatusCode::UNAUTHORIZED, html(&LoginPage { frame, wrong: true })).into_response()
        }
    }
}

async fn leave() -> Response {
    let cookie = HeaderValue::from_static(
        "sharewell=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=0",
    );
    ([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response()
}

async fn home(State(node): Shared, who: Bearer) -> Response {
    page(node, who, READERS, |node, frame| {
        Ok(HomePage { frame, about: view::Self_::of(node)?, studies: view::lines(node)? })
    })
    .await
}

fn digest(text: &str) -> Result<Digest, Error> {
    text.parse().map_err(|_| Error::Unknown("such digest"))
}

async fn study(State(node): Shared, who: Bearer, Path(text): Path<String>) -> Response {
    page(node, who, READERS, move |node, frame| {
        Ok(StudyPage { frame, study: view::Whole::of(node, digest(&text)?)? })
    })
    .await
}

async fn proposal(State(node): Shared, who: Bearer) -> Response {
    page(node, who, ANALYSTS, |_, frame| Ok(ProposePage { frame })).await
}

#[derive(Deserialize)]
struct Proposing {
    document: String,
}

async fn propose(State(node): Shared, who: Bearer, Form(form): Form<Proposing>) -> Response {
    act(node, who, ANALYSTS, move |node| {
        // Browsers end lines as on paper tape.
        let text = form.document.replace("\r\n", "\n");
        Ok(format!("/studies/{}", node.propose(&text)?))
    })
    .await
}

#[derive(Deserialize)]
struct Said {
    word: String,
    #[serde(flatten)]
    saying: Saying,
}

async fn say(
    State(node): Shared,
    who: Bearer,
    Path(text): Path<String>,
    Form(said): Form<Said>,
) -> Response {
    let roles = if said.word == "run" { ANALYSTS } else { &[] };
    act(node, who, roles, move |node| {
        speak(node, digest(&text)?, &said.word, &said.saying)?;
        Ok(format!("/studies/{text}"))
    })
    .await
}

async fn run(State(node): Shared, who: Bearer, Path(begun): Path<String>) -> Response {
    page(node, who, READERS, move |node, frame| {
        let (case, run) = view::run(node, digest(&begun)?)?;
        let (stage, percent) = told(run.stage.as_ref());
        Ok(RunPage { frame, text: case.text.to_string(), name: case.name, run, stage, percent })
    })
    .await
}

/// A stage in words.
fn told(stage: Option<&Stage>) -> (String, Option<u64>) {
    match stage {
        None => (String::new(), None),
        Some(Stage::Starting) => ("starts".to_owned(), None),
        Some(Stage::Reading { rows }) => (format!("reads its own records: {rows} so far"), None),
        Some(Stage::Connecting { why: None }) => ("waits for the others".to_owned(), None),
        Some(Stage::Connecting { why: Some(why) }) => (format!("waits: {why}"), None),
        Some(Stage::Computing { sent, of }) => {
            (format!("computes: {sent} of {of} bytes sent"), Some(sent * 100 / (*of).max(1)))
        }
        Some(Stage::Finished) => ("has finished, and all sign".to_owned(), Some(100)),
    }
}

async fn report(State(node): Shared, who: Bearer, Path(begun): Path<String>) -> Response {
    let token = match bearer(&node, who, ANALYSTS) {
        Ok(token) => token,
        Err(response) => return *response,
    };
    let shared = Arc::clone(&node);
    let read = apart(move || {
        let (_, run) = view::run(&shared, digest(&begun)?)?;
        let file = shared.home.results_of(digest(&run.begun)?).join("report.html");
        std::fs::read_to_string(file).map_err(|_| Error::Unknown("result of this run"))
    });
    match read.await {
        // The page holds its own style and drawings, and nothing that runs.
        Ok(text) => {
            let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
            ([(header::CONTENT_SECURITY_POLICY, policy)], Html(text)).into_response()
        }
        Err(error) => wrong(Frame::of(&node, &token), &error),
    }
}

async fn cancel(State(node): Shared, who: Bearer, Path(begun): Path<String>) -> Response {
    act(node, who, &[], move |node| {
        runs::cancel(node, digest(&begun)?, "cancelled by its steward")?;
        Ok(format!("/runs/{begun}"))
    })
    .await
}

async fn log(State(node): Shared, who: Bearer) -> Response {
    page(node, who, READERS, |node, frame| {
        let log = node.log()?;
        let line = |entry: &sharewell_consortium::Signed<sharewell_consortium::Entry>| LogLine {
            number: entry.body.number,
            time: entry.body.time.to_string(),
            told: entry.body.event.to_string(),
        };
        Ok(LogPage {
            frame,
            entries: log.iter().rev().take(LOG_MAX).map(line).collect(),
            all: log.len(),
            head: log.last().map_or(Digest::NONE, |last| last.digest()).to_string(),
        })
    })
    .await
}

async fn ledger(State(node): Shared, who: Bearer) -> Response {
    page(node, who, &[Role::Auditor], |node, frame| {
        Ok(LedgerPage { frame, ledger: node.home.ledger()? })
    })
    .await
}

async fn peers(State(node): Shared, who: Bearer) -> Response {
    page(node, who, READERS, |node, frame| {
        Ok(PeersPage { frame, peers: view::peers(node).into_iter().collect() })
    })
    .await
}
