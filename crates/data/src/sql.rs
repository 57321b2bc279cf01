//! The mapping's SQL: one SELECT, planned so that rows keep their line wherever that means anything.
//!
//! Rows that the SQL takes one by one from one source keep the number of the row they come from. To
//! that end each source is registered twice: under its name, as the SQL sees it, and in a hidden
//! schema with one more column, the row's number. A query of the shape `SELECT ... FROM source
//! [WHERE] [ORDER BY] [LIMIT]` is planned a second time over the hidden table with that column
//! added; if the plans agree in all other columns, the second is carried out. Any other query
//! (joins, unions, groups, DISTINCT) never meets the hidden column, which would change what
//! DISTINCT or a natural join means; its rows are numbered in the order of its result.

use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{SQLOptions, SessionContext};
use datafusion::sql::parser::{DFParserBuilder, Statement};
pub(crate) use datafusion::sql::sqlparser::ast::Query;
use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, Ident, ObjectName, OrderByKind, SelectItem, SetExpr,
    Statement as SqlStatement, TableAlias, TableFactor,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::ParserError;

use crate::source::{HIDDEN_SCHEMA, LINE};

/// The one query in `text`, or what is wrong with it. Whatever is not a query is refused.
pub(crate) fn parse(text: &str) -> Result<Box<Query>, String> {
    let statements = DFParserBuilder::new(text)
        .with_dialect(&GenericDialect {})
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| match error {
            DataFusionError::SQL(error, _) => match *error {
                ParserError::TokenizerError(why) | ParserError::ParserError(why) => {
                    format!("SQL: {why}")
                }
                ParserError::RecursionLimitExceeded => "SQL: nested too deeply".to_owned(),
            },
            other => other.strip_backtrace(),
        })?;
    let [statement]: [Statement; 1] =
        Vec::from(statements).try_into().map_err(|found: Vec<_>| {
            format!("one SELECT is wanted, here are {} statements", found.len())
        })?;
    if let Statement::Statement(statement) = statement
        && let SqlStatement::Query(query) = *statement
        && selects(&query.body)
    {
        return Ok(query);
    }
    Err("one SELECT is wanted; sources are read, never written".to_owned())
}

/// A query's body may also be an INSERT, UPDATE, DELETE or MERGE.
fn selects(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => select.into.is_none(),
        SetExpr::Query(query) => selects(&query.body),
        SetExpr::SetOperation { left, right, .. } => selects(left) && selects(right),
        SetExpr::Values(_) => true,
        _ => false,
    }
}

/// A mapping's query, ready to run.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) plan: LogicalPlan,
    /// The source whose row numbers the result carries in column [`LINE`].
    pub(crate) numbered_by: Option<String>,
}

/// Plans a query over the registered sources.
pub(crate) async fn plan(ctx: &SessionContext, query: &Query) -> Result<Planned, DataFusionError> {
    let state = ctx.state();
    let plan = logical(&state, query.clone()).await?;
    if let Some((numbered, source)) = numbered(query)
        && let Ok(candidate) = logical(&state, numbered).await
        && same_but_for_line(&plan, &candidate)
    {
        return Ok(Planned { plan: candidate, numbered_by: Some(source) });
    }
    Ok(Planned { plan, numbered_by: None })
}

async fn logical(state: &SessionState, query: Query) -> Result<LogicalPlan, DataFusionError> {
    let statement = SqlStatement::Query(Box::new(query));
    let plan = state.statement_to_plan(Statement::Statement(Box::new(statement))).await?;
    // What a query may hide deeper than `parse` looks.
    let read_only =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    read_only.verify_plan(&plan)?;
    Ok(plan)
}

fn same_but_for_line(plain: &LogicalPlan, numbered: &LogicalPlan) -> bool {
    let (plain, numbered) = (plain.schema().fields(), numbered.schema().fields());
    let others = numbered.iter().map(|field| field.name()).filter(|name| *name != LINE);
    numbered.len() == plain.len() + 1 && others.eq(plain.iter().map(|field| field.name()))
}

/// `query` over the hidden table with the row's number, and the name of its source; `None` if its
/// rows are not rows of one source.
fn numbered(query: &Query) -> Option<(Query, String)> {
    let mut query = query.clone();
    let ordered_by_all =
        query.order_by.as_ref().is_some_and(|order| matches!(order.kind, OrderByKind::All(_)));
    if query.with.is_some() || !query.pipe_operators.is_empty() || ordered_by_all {
        return None;
    }
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    if select.distinct.is_some() || grouped || select.having.is_some() {
        return None;
    }
    let [from] = select.from.as_mut_slice() else { return None };
    let TableFactor::Table { name, alias, args: None, .. } = &mut from.relation else {
        return None;
    };
    let [part] = name.0.as_slice() else { return None };
    let source = part.as_ident()?.clone();
    if !from.joins.is_empty() {
        return None;
    }
    alias.get_or_insert_with(|| TableAlias {
        explicit: true,
        name: source.clone(),
        columns: Vec::new(),
        at: None,
    });
    *name = ObjectName::from(vec![Ident::with_quote('"', HIDDEN_SCHEMA), source.clone()]);
    let wildcard = |item: &SelectItem| {
        matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..))
    };
    if !select.projection.iter().any(wildcard) {
        let line = Expr::Identifier(Ident::with_quote('"', LINE));
        select.projection.push(SelectItem::UnnamedExpr(line));
    }
    Some((query, source.value))
}
