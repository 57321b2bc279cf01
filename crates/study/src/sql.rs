//! From the text of a query to its typed tree: the SQL that a study can say, and no other.
//!
//! `sqlparser`, the parser inside DataFusion, splits the text and parses expressions, so that a
//! study's SQL means what it means to a provider's engine. The clauses are walked here: they are
//! few, and what does not belong is refused where it stands, in the study's own lines and columns.

mod aggregate;
mod join;
mod predicate;
mod record;
mod released;
mod text;
mod tokens;
mod typing;

use sqlparser::ast::{Expr as Ast, Ident};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Span, Token};
use toml::Spanned;

pub(crate) use text::Text;
pub(crate) use tokens::is_plain;

use crate::report::{Problem, Source};
use crate::{Item, Missing, Party, Predicate, Query, Table};
use typing::Typing;

/// Most groups of a query: each is a cell of the result that must be computed in secret, whether
/// it has records or not.
pub(crate) const CELLS_MAX: u64 = 100_000;

/// The query that `text` says over `table`.
///
/// `parties` are all of the study's, of which two may be joined.
pub(crate) fn query(
    text: &Text<'_>,
    table: &Table,
    parties: &[Party],
) -> Result<Query, Vec<Problem>> {
    let clauses = parse(text, clauses)?;
    let mut problems = Vec::new();
    let join = match join::join(text, table, parties, &clauses.from) {
        // Nothing is known of the columns then.
        Err(problem) if clauses.from.is_join() => return Err(vec![problem]),
        join => keep(join, &mut problems).flatten(),
    };
    let table = &join.as_ref().map_or_else(|| table.clone(), |join| join.table(table));
    let typing = Typing { text, table };
    let filter = clauses.filter.and_then(|filter| keep(typing.filter(&filter), &mut problems));
    let mut group_by = Vec::new();
    for name in &clauses.group_by {
        keep(typing.add_group(&mut group_by, name), &mut problems);
    }
    group_by.sort_unstable();
    if problems.is_empty() {
        problems.extend(typing.refuse_groups(&group_by, &clauses.group_by));
        problems.extend(
            clauses
                .group_by
                .last()
                .filter(|_| clauses.margins)
                .and_then(|last| typing.refuse_margins(&group_by, last)),
        );
    }
    let items = clauses.items.iter();
    let items: Vec<Item> =
        items.filter_map(|item| keep(typing.item(item, &group_by), &mut problems)).collect();
    if problems.is_empty() {
        problems.extend(refuse_result(text, &clauses.items, &items));
    }
    let (mut having, mut order_by) = (None, vec![]);
    if problems.is_empty() {
        let clause = clauses.having.as_ref();
        having = clause.and_then(|having| keep(typing.having(having, &items), &mut problems));
        let orders = clauses.order_by.iter();
        order_by = orders.filter_map(|by| keep(typing.order(by, &items), &mut problems)).collect();
    }
    if problems.is_empty() {
        let (margins, limit) = (clauses.margins, clauses.limit);
        Ok(Query { join, items, filter, group_by, margins, having, order_by, limit })
    } else {
        Err(problems)
    }
}

/// What was typed; or else notes why not.
fn keep<T>(typed: Result<T, Problem>, problems: &mut Vec<Problem>) -> Option<T> {
    typed.map_err(|problem| problems.push(problem)).ok()
}

/// The condition that `text` says over a record of `table`.
pub(crate) fn predicate(text: &Text<'_>, table: &Table) -> Result<Predicate, Vec<Problem>> {
    let filter = parse(text, Located::parse)?;
    Typing { text, table }.filter(&filter).map_err(|problem| vec![problem])
}

/// The number that `text` computes from a record of `table`.
pub(crate) fn row(text: &Text<'_>, table: &Table) -> Result<crate::RowExpr, Vec<Problem>> {
    let expr = parse(text, Located::parse)?;
    Typing { text, table }.value(&expr).map_err(|problem| vec![problem])
}

/// The group columns of these names.
pub(crate) fn group_by(
    table: &Table,
    names: &[Spanned<String>],
    source: &Source<'_>,
) -> Result<Vec<usize>, Problem> {
    let mut columns = Vec::new();
    for name in names {
        named(table, name.get_ref())
            .and_then(|column| add_group(table, &mut columns, column))
            .map_err(|refusal| refusal.at(source.problem(name.span(), "")))?;
    }
    columns.sort_unstable();
    Ok(columns)
}

/// The column of this name, if it may take part.
pub(crate) fn named(table: &Table, name: &str) -> Result<usize, Refusal> {
    typing::named(table, name, false)
}

/// What is wrong and what to do, before it is known where.
pub(crate) struct Refusal {
    message: String,
    help: Option<String>,
}

impl Refusal {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub(crate) fn at(self, problem: Problem) -> Problem {
        Problem { message: self.message, help: self.help, ..problem }
    }
}

struct Clauses {
    items: Vec<SelectItem>,
    from: join::From,
    filter: Option<Located>,
    group_by: Vec<Ident>,
    margins: bool,
    having: Option<Located>,
    order_by: Vec<OrderItem>,
    limit: Option<u64>,
}

struct OrderItem {
    expr: Located,
    descending: bool,
}

struct SelectItem {
    expr: Located,
    alias: Option<Ident>,
}

/// An expression and its first token, which stands for it in problems.
struct Located {
    ast: Ast,
    start: Span,
}

impl Located {
    fn parse(parser: &mut Parser<'_>) -> Result<Self, ParserError> {
        let start = parser.peek_token_ref().span;
        Ok(Self { ast: parser.parse_expr()?, start })
    }
}

/// Runs `grammar` over the tokens of `text`, all of them.
fn parse<T>(
    text: &Text<'_>,
    grammar: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>,
) -> Result<T, Vec<Problem>> {
    let tokens = tokens::tokens(text)?;
    let mut parser = Parser::new(&tokens::Agreed).with_tokens_with_locations(tokens);
    let parsed = grammar(&mut parser).and_then(|parsed| {
        let _optional = parser.consume_token(&Token::SemiColon);
        match &parser.peek_token_ref().token {
            Token::EOF => Ok(parsed),
            _ => parser.expected_ref("the end of the query", parser.peek_token_ref()),
        }
    });
    parsed.map_err(|error| vec![text.syntax_problem(&error)])
}

fn clauses(parser: &mut Parser<'_>) -> Result<Clauses, ParserError> {
    parser.expect_keyword_is(Keyword::SELECT)?;
    let items = parser.parse_comma_separated(|parser| {
        let expr = Located::parse(parser)?;
        let alias = parser.parse_keyword(Keyword::AS).then(|| identifier(parser)).transpose()?;
        Ok(SelectItem { expr, alias })
    })?;
    parser.expect_keyword_is(Keyword::FROM)?;
    let from = join::from(parser)?;
    let filter =
        parser.parse_keyword(Keyword::WHERE).then(|| Located::parse(parser)).transpose()?;
    let (mut group_by, mut margins) = (Vec::new(), false);
    if parser.parse_keywords(&[Keyword::GROUP, Keyword::BY]) {
        margins = parser.parse_keyword(Keyword::CUBE);
        if margins {
            parser.expect_token(&Token::LParen)?;
        }
        group_by = parser.parse_comma_separated(identifier)?;
        if margins {
            parser.expect_token(&Token::RParen)?;
        }
    }
    let having =
        parser.parse_keyword(Keyword::HAVING).then(|| Located::parse(parser)).transpose()?;
    let order_by = if parser.parse_keywords(&[Keyword::ORDER, Keyword::BY]) {
        parser.parse_comma_separated(|parser| {
            let expr = Located::parse(parser)?;
            let descending = parser.parse_keyword(Keyword::DESC);
            let _default = !descending && parser.parse_keyword(Keyword::ASC);
            Ok(OrderItem { expr, descending })
        })?
    } else {
        Vec::new()
    };
    let limit = parser.parse_keyword(Keyword::LIMIT).then(|| limit(parser)).transpose()?;
    Ok(Clauses { items, from, filter, group_by, margins, having, order_by, limit })
}

/// A number of rows.
fn limit(parser: &mut Parser<'_>) -> Result<u64, ParserError> {
    let token = parser.next_token();
    let rows = match &token.token {
        Token::Number(digits, false) => digits.parse().ok().filter(|rows| *rows > 0),
        _ => None,
    };
    rows.map_or_else(|| parser.expected("a whole number of rows, at least 1", token), Ok)
}

/// A name; unlike the parser's own, never a string, and never without its place.
fn identifier(parser: &mut Parser<'_>) -> Result<Ident, ParserError> {
    let token = parser.peek_token();
    match token.token {
        Token::Word(word) => {
            parser.advance_token();
            Ok(word.into_ident(token.span))
        }
        _ => parser.expected("a name", token),
    }
}

impl Typing<'_> {
    fn add_group(&self, columns: &mut Vec<usize>, name: &Ident) -> Result<(), Problem> {
        let column = self.group_column(name)?;
        let new = &self.table.columns[column];
        if self.table.sides.is_none() && new.missing == Missing::Allow && !new.values().is_empty() {
            return Err(may_be_missing(&new.name).at(self.text.problem(name.span, "")));
        }
        once(self.table, columns, column)
            .map_err(|refusal| refusal.at(self.text.problem(name.span, "")))
    }

    /// Totals are taken over groups that the schema lists, and not too many of them.
    fn refuse_margins(&self, columns: &[usize], last: &Ident) -> Option<Problem> {
        let at = |refusal: Refusal| Some(refusal.at(self.text.problem(last.span, "")));
        let of = |column: &usize| &self.table.columns[*column];
        if self.table.sides.is_some() || !columns.iter().all(|column| of(column).is_public_group())
        {
            let message = "CUBE takes totals over groups that the agreed schema lists";
            let help = "group by category and boolean columns, or leave CUBE out";
            return at(Refusal::new(message).help(help));
        }
        let each = columns.iter().map(|column| of(column).values().len() as u64 + 1);
        let all = each.fold(1, u64::saturating_mul);
        (all > CELLS_MAX).then(|| at(too_many(&last.value)))?
    }

    /// Where all groups are public, there can be too many of them.
    fn refuse_groups(&self, columns: &[usize], names: &[Ident]) -> Option<Problem> {
        let table = self.table;
        let is_public = table.sides.is_none()
            && columns.iter().all(|&column| table.columns[column].is_public_group());
        let last = names.last().filter(|_| is_public && table.cells(columns) > CELLS_MAX)?;
        Some(too_many(&last.value).at(self.text.problem(last.span, "")))
    }
}

fn once(table: &Table, columns: &mut Vec<usize>, column: usize) -> Result<(), Refusal> {
    if columns.contains(&column) {
        let message = format!("`{}` is grouped by twice", table.columns[column].name);
        return Err(Refusal::new(message).help("remove one"));
    }
    columns.push(column);
    Ok(())
}

fn may_be_missing(name: &str) -> Refusal {
    let message = format!("`{name}` may be missing: such records would belong to no group");
    let help = "let the mapping give them a category of their own, and set `missing = \"refuse\"`";
    Refusal::new(message).help(help)
}

fn too_many(name: &str) -> Refusal {
    let message = format!("with `{name}` there are more than {CELLS_MAX} groups");
    Refusal::new(message).help("group by fewer columns, or coarser categories")
}

fn add_group(table: &Table, columns: &mut Vec<usize>, column: usize) -> Result<(), Refusal> {
    let new = &table.columns[column];
    let name = &new.name;
    if new.values().is_empty() {
        let message = format!("`{name}` is of type {}: its groups are not public", new.kind.name());
        return Err(Refusal::new(message).help("group by columns of type category or boolean"));
    }
    if new.missing == Missing::Allow {
        return Err(may_be_missing(name));
    }
    once(table, columns, column)?;
    if table.cells(columns) > CELLS_MAX {
        return Err(too_many(name));
    }
    Ok(())
}

/// What is wrong with the items taken together.
fn refuse_result(text: &Text<'_>, parsed: &[SelectItem], items: &[Item]) -> Option<Problem> {
    let is_group = |item: &Item| matches!(item.expr, crate::Expr::Group(_));
    if items.iter().all(is_group) {
        let problem = text.problem(parsed[0].expr.start, "the query computes nothing");
        return Some(problem.with_help("select an aggregate, for instance COUNT(*)"));
    }
    let twice =
        (1..items.len()).find(|&i| items[..i].iter().any(|item| item.name == items[i].name))?;
    let span = parsed[twice].alias.as_ref().map_or(parsed[twice].expr.start, |alias| alias.span);
    let problem = text.problem(span, format!("two results are called `{}`", items[twice].name));
    Some(problem.with_help("give one of them another name with AS"))
}
