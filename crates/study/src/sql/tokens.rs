//! The words and symbols that a query may consist of. What is outside this list is refused before
//! parsing, with advice, and cannot reach the corners of a parser made for twelve dialects.

use sqlparser::ast::Expr;
use sqlparser::dialect::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, Word};

use super::Text;
use crate::report::Problem;

/// Most words and symbols of a query; bounds the depth of what the parser can make of them.
const TOKENS_MAX: usize = 2000;

/// Words that begin a clause or join its parts.
const CLAUSES: [Keyword; 15] = [
    Keyword::SELECT,
    Keyword::FROM,
    Keyword::INNER,
    Keyword::JOIN,
    Keyword::ON,
    Keyword::USING,
    Keyword::WHERE,
    Keyword::GROUP,
    Keyword::BY,
    Keyword::AS,
    Keyword::HAVING,
    Keyword::ORDER,
    Keyword::LIMIT,
    Keyword::ASC,
    Keyword::DESC,
];

/// Standard SQL without any vendor's extension.
#[derive(Debug)]
pub(super) struct Agreed;

impl Dialect for Agreed {
    fn is_identifier_start(&self, c: char) -> bool {
        c.is_alphabetic() || c == '_'
    }

    fn is_identifier_part(&self, c: char) -> bool {
        c.is_alphanumeric() || c == '_'
    }

    /// A keyword is never a column unless it is quoted. This also stops the parser from trying
    /// each `NOT (` twice, in time exponential in their number.
    fn is_reserved_for_identifier(&self, _: Keyword) -> bool {
        true
    }

    /// Nor does the name of a clause begin an expression.
    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        let next = parser.peek_token_ref();
        let Token::Word(Word { quote_style: None, keyword, .. }) = next.token else { return None };
        CLAUSES.contains(&keyword).then(|| parser.expected_ref("an expression", next))
    }
}

/// Words with a meaning of their own here.
const WORDS: [&str; 32] = [
    "SELECT", "FROM", "WHERE", "GROUP", "BY", "AS", "AND", "OR", "NOT", "IN", "BETWEEN", "IS",
    "NULL", "TRUE", "FALSE", "DATE", "CASE", "WHEN", "THEN", "ELSE", "END", "EXTRACT", "HAVING",
    "ORDER", "LIMIT", "ASC", "DESC", "INNER", "JOIN", "ON", "USING", "CUBE",
];

/// Words with a meaning in SQL that a study cannot use, and what to do instead.
const REFUSED: [(&[&str], &str); 13] = [
    (&["DISTINCT", "ALL", "ANY", "SOME"], "aggregates run over all records that pass WHERE"),
    (
        &["LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "OUTER"],
        "records of two data parties are joined by INNER JOIN; a provider's own, by its mapping",
    ),
    (
        &["OFFSET", "FETCH", "TOP"],
        "write ORDER BY and LIMIT: whoever receives the result receives every released group",
    ),
    (&["QUALIFY"], "filter records with WHERE and released groups with HAVING"),
    (&["FILTER"], "write CASE in the aggregate: SUM(CASE WHEN condition THEN value END)"),
    (
        &["ROLLUP", "GROUPING", "PIVOT", "UNPIVOT"],
        "write CUBE for all totals, or one SELECT for each way to group, one study each",
    ),
    (&["UNION", "INTERSECT", "EXCEPT", "MINUS"], "write one SELECT, or one study for each"),
    (
        &["WITH", "EXISTS", "LATERAL"],
        "there are no subqueries; let the mapping prepare the records",
    ),
    (&["OVER", "WINDOW", "PARTITION", "WITHIN"], "there are no window functions"),
    (
        &["LIKE", "ILIKE", "RLIKE", "REGEXP", "SIMILAR", "GLOB", "COLLATE", "ESCAPE", "MATCH"],
        "compare categories with = or IN; let the mapping search texts",
    ),
    (
        &["CAST", "TRY_CAST", "SAFE_CAST", "CONVERT"],
        "let the mapping compute such a column; a boolean counts as 0 or 1 in SUM and AVG",
    ),
    (
        &["INTERVAL", "TIMESTAMP", "TIME", "AT"],
        "compare dates with days, written '2020-01-31', or their difference with a number of days",
    ),
    (&["INTO", "DELETE", "INSERT", "UPDATE", "DROP", "CREATE"], "a study only reads"),
];

/// Keywords that make the parser look for more than a name.
const UNPLAIN: [&str; 15] = [
    "CEIL",
    "FLOOR",
    "POSITION",
    "SUBSTR",
    "SUBSTRING",
    "OVERLAY",
    "TRIM",
    "STRUCT",
    "ARRAY",
    "CURRENT_TIMESTAMP",
    "CURRENT_TIME",
    "CURRENT_DATE",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "XOR",
];

/// Whether a name can be written without quotation marks.
pub(crate) fn is_plain(name: &str) -> bool {
    let well_formed = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let same = |word: &&str| word.eq_ignore_ascii_case(name);
    well_formed
        && !WORDS.iter().any(|word| same(word) && *word != "DATE")
        && !UNPLAIN.iter().any(same)
        && refused(name).is_none()
}

/// The tokens of a query, all of them permitted.
pub(super) fn tokens(text: &Text<'_>) -> Result<Vec<TokenWithSpan>, Vec<Problem>> {
    let all = Tokenizer::new(&Agreed, text.sql)
        .tokenize_with_location()
        .map_err(|error| vec![text.problem(at(error.location), error.message.to_lowercase())])?;
    let all = all.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_)));
    let tokens = qualified(all);
    if let Some(beyond) = tokens.get(TOKENS_MAX) {
        let message = format!("the query has more than {TOKENS_MAX} words and symbols");
        return Err(vec![text.problem(beyond.span, message)]);
    }
    let problems: Vec<Problem> =
        (0..tokens.len()).filter_map(|i| refuse(text, &tokens, i)).collect();
    if problems.is_empty() { Ok(tokens) } else { Err(problems) }
}

/// With each name and the one behind its point as one.
fn qualified(all: impl Iterator<Item = TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = vec![];
    for token in all {
        let before = out.len().checked_sub(2).map(|at| &out[at..]);
        let joint = match (before, &token.token) {
            (
                Some([TokenWithSpan { token: Token::Word(side), span }, point]),
                Token::Word(name),
            ) if point.token == Token::Period && !side.value.contains('.') => {
                let value = format!("{}.{}", side.value, name.value);
                let word = Word { value, quote_style: None, keyword: Keyword::NoKeyword };
                let span = Span { start: span.start, end: token.span.end };
                Some(TokenWithSpan { token: Token::Word(word), span })
            }
            _ => None,
        };
        if joint.is_some() {
            out.truncate(out.len() - 2);
        }
        out.push(joint.unwrap_or(token));
    }
    out
}

/// Whether a word has a meaning of its own here.
pub(super) fn is_word(word: &Word) -> bool {
    let mut known = WORDS.iter();
    word.quote_style.is_none() && known.any(|known| known.eq_ignore_ascii_case(&word.value))
}

fn at(start: Location) -> Span {
    Span { start, end: start }
}

fn refuse(text: &Text<'_>, tokens: &[TokenWithSpan], i: usize) -> Option<Problem> {
    let TokenWithSpan { token, span } = &tokens[i];
    let problem = |message: String| Some(text.problem(*span, message));
    match token {
        Token::Word(word) if belongs(word, tokens, i) => None,
        Token::Word(word) => refuse_word(word, i == 0)
            .and_then(|(message, help)| problem(message).map(|problem| problem.with_help(help))),
        Token::Mul if i == 1 && is_select(&tokens[0].token) => {
            let help = "select group columns, and aggregates such as COUNT(*)";
            problem("the records themselves are never released".to_owned())
                .map(|problem| problem.with_help(help))
        }
        Token::Number(_, false)
        | Token::SingleQuotedString(_)
        | Token::Comma
        | Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::Eq
        | Token::Neq
        | Token::Lt
        | Token::LtEq
        | Token::Gt
        | Token::GtEq
        | Token::LParen
        | Token::RParen
        | Token::EOF => None,
        Token::SemiColon if i + 1 == tokens.len() => None,
        Token::Period => {
            let help = "a point stands between the name of a table and that of a column";
            problem("`.` has no place here".to_owned()).map(|problem| problem.with_help(help))
        }
        other => {
            let help =
                "compute with + - * and CASE; what else a record needs, its mapping computes";
            problem(format!("`{other}` is not part of a study's SQL"))
                .map(|problem| problem.with_help(help))
        }
    }
}

/// Whether a word that is refused elsewhere has its place here: `(DISTINCT`, `WITHIN GROUP`.
fn belongs(word: &Word, tokens: &[TokenWithSpan], i: usize) -> bool {
    let is_group = |token: &Token| matches!(token, Token::Word(w) if w.keyword == Keyword::GROUP);
    match (word.quote_style, word.keyword) {
        (None, Keyword::DISTINCT) => i > 0 && tokens[i - 1].token == Token::LParen,
        (None, Keyword::WITHIN) => tokens.get(i + 1).is_some_and(|next| is_group(&next.token)),
        _ => false,
    }
}

fn is_select(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word.keyword == Keyword::SELECT)
}

fn refuse_word(word: &Word, first: bool) -> Option<(String, String)> {
    let Word { value, quote_style, .. } = word;
    match quote_style {
        None if value.eq_ignore_ascii_case("SELECT") && !first => {
            let help = "there are no subqueries; let the mapping prepare the records";
            Some(("a second SELECT".to_owned(), help.to_owned()))
        }
        None => refused(value).map(|help| {
            let message = format!("{} is not part of a study's SQL", value.to_uppercase());
            (message, format!("{help} (a column of this name is written \"{value}\")"))
        }),
        Some('"') => None,
        Some(_) => {
            let help = format!("write \"{value}\"");
            Some(("names are quoted with double quotation marks".to_owned(), help))
        }
    }
}

fn refused(word: &str) -> Option<&'static str> {
    let same = |refused: &&str| refused.eq_ignore_ascii_case(word);
    REFUSED.iter().find(|(words, _)| words.iter().any(&same)).map(|(_, help)| *help)
}
