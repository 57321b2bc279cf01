//! `FROM` and `JOIN`: the agreed table of all providers, or pairs of two providers' records.

use sqlparser::ast::Ident;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use super::tokens::is_word;
use super::typing::same_name;
use super::{Text, identifier};
use crate::report::Problem;
use crate::{Join, Party, Table, suggest};

/// What records are taken from.
pub(super) struct From {
    first: Named,
    joined: Option<(Named, On)>,
}

impl From {
    pub(super) fn is_join(&self) -> bool {
        self.joined.is_some()
    }
}

struct Named {
    name: Ident,
    alias: Option<Ident>,
}

enum On {
    /// Qualified columns that are equal.
    Equal(Vec<[Ident; 2]>),
    Using(Vec<Ident>),
}

/// The clause behind `FROM`.
pub(super) fn from(parser: &mut Parser<'_>) -> Result<From, ParserError> {
    let first = named(parser)?;
    if parser.parse_keyword(Keyword::INNER) {
        parser.expect_keyword_is(Keyword::JOIN)?;
    } else if !parser.parse_keyword(Keyword::JOIN) {
        return Ok(From { first, joined: None });
    }
    let second = named(parser)?;
    if parser.parse_keyword(Keyword::USING) {
        parser.expect_token(&Token::LParen)?;
        let columns = parser.parse_comma_separated(identifier)?;
        parser.expect_token(&Token::RParen)?;
        return Ok(From { first, joined: Some((second, On::Using(columns))) });
    }
    parser.expect_keyword_is(Keyword::ON)?;
    let mut equal = vec![];
    loop {
        let left = identifier(parser)?;
        parser.expect_token(&Token::Eq)?;
        equal.push([left, identifier(parser)?]);
        if !parser.parse_keyword(Keyword::AND) {
            return Ok(From { first, joined: Some((second, On::Equal(equal))) });
        }
    }
}

fn named(parser: &mut Parser<'_>) -> Result<Named, ParserError> {
    let name = identifier(parser)?;
    let bare = |token: &Token| matches!(token, Token::Word(word) if !is_word(word));
    let has_alias = parser.parse_keyword(Keyword::AS) || bare(&parser.peek_token_ref().token);
    let alias = has_alias.then(|| identifier(parser)).transpose()?;
    Ok(Named { name, alias })
}

/// Whose records are joined, if any are.
pub(super) fn join(
    text: &Text<'_>,
    table: &Table,
    parties: &[Party],
    from: &From,
) -> Result<Option<Join>, Problem> {
    let Some((second, on)) = &from.joined else {
        return the_table(text, table, &from.first).map(|()| None);
    };
    let both = [&from.first, second];
    let of = [party(text, parties, both[0])?, party(text, parties, both[1])?];
    let names = both.map(|side| side.alias.as_ref().unwrap_or(&side.name).value.clone());
    if of[0] == of[1] || names[0].eq_ignore_ascii_case(&names[1]) {
        let problem = text.problem(second.name.span, "records of one organisation are not joined");
        return Err(problem.with_help("name two organisations; a mapping joins tables of its own"));
    }
    let others = (0..parties.len()).filter(|i| parties[*i].roles.data && !of.contains(i));
    if let Some(other) = others.map(|i| &parties[i].name).next() {
        let message = format!("`{other}` gives records too, and the query joins two others'");
        let problem = text.problem(second.name.span, message);
        return Err(problem.with_help(format!("take the role \"data\" from `{other}`")));
    }
    let mut join = Join { parties: of, names, on: vec![] };
    let doubled = join.table(table);
    let columns = table.columns.len();
    let find = |name: &Ident, table: &Table| {
        table.column(&name.value).ok_or_else(|| {
            let problem = text.problem(name.span, format!("there is no column `{}`", name.value));
            let names = doubled.names();
            let help = suggest::advice(&name.value, "columns", names.iter().map(String::as_str));
            Problem { help, ..problem }
        })
    };
    match on {
        On::Using(names) => {
            for name in names {
                join.on.push(find(name, table)?);
            }
        }
        On::Equal(pairs) => {
            for [left, right] in pairs {
                let [a, b] = [find(left, &doubled)?, find(right, &doubled)?];
                if a % columns != b % columns || a == b {
                    let message = "records are joined where they agree in a column of the schema";
                    let name = &table.columns[a % columns].name;
                    let [x, y] = &join.names;
                    let help = format!("for instance: ON {x}.{name} = {y}.{name}");
                    return Err(text.problem(left.span, message).with_help(help));
                }
                join.on.push(a % columns);
            }
        }
    }
    Ok(Some(join))
}

fn the_table(text: &Text<'_>, table: &Table, from: &Named) -> Result<(), Problem> {
    let name = &from.name;
    if let Some(alias) = &from.alias {
        let problem = text.problem(alias.span, "the agreed table needs no other name");
        return Err(problem.with_help(format!("leave `{}` out", alias.value)));
    }
    if same_name(&table.name, name) {
        return Ok(());
    }
    let message = format!("there is no table `{}`", name.value);
    let help = format!("the agreed table is `{}`", table.name);
    Err(text.problem(name.span, message).with_help(help))
}

/// The data party of this name.
fn party(text: &Text<'_>, parties: &[Party], of: &Named) -> Result<usize, Problem> {
    let is_it = |party: &Party| party.roles.data && same_name(&party.name, &of.name);
    parties.iter().position(is_it).ok_or_else(|| {
        let message =
            format!("there is no data party `{}` whose records could be joined", of.name.value);
        let givers = parties.iter().filter(|party| party.roles.data);
        let givers = givers.map(|party| party.name.as_str());
        let help = suggest::advice(&of.name.value, "data parties", givers);
        Problem { help, ..text.problem(of.name.span, message) }
    })
}
