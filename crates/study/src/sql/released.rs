//! `HAVING`, `ORDER BY` and `LIMIT`: conditions on what is selected, and on nothing else.

use sqlparser::ast::{BinaryOperator, Expr as Ast, UnaryOperator};
use sqlparser::tokenizer::Span;

use super::predicate::comparison;
use super::typing::{Typing, same_name, start};
use super::{Located, OrderItem};
use crate::report::Problem;
use crate::{Comparison, Decimal, Expr, Having, Item, Order};

/// What a side of a comparison is.
enum Side {
    Result(usize),
    Number(Decimal),
}

impl Typing<'_> {
    pub(super) fn having(&self, having: &Located, items: &[Item]) -> Result<Having, Problem> {
        self.check_depth(having)?;
        self.condition(&having.ast, items, having.start)
    }

    pub(super) fn order(&self, order: &OrderItem, items: &[Item]) -> Result<Order, Problem> {
        let Located { ast, start } = &order.expr;
        self.check_depth(&order.expr)?;
        match self.side(ast, items, *start)? {
            Side::Result(item) => Ok(Order { item, descending: order.descending }),
            Side::Number(_) => {
                let problem = self.text.problem(*start, "a place is not a name");
                Err(problem.with_help("order by a result's name, which AS gives it"))
            }
        }
    }

    fn condition(&self, ast: &Ast, items: &[Item], near: Span) -> Result<Having, Problem> {
        let of = |ast: &Ast| self.condition(ast, items, near).map(Box::new);
        match ast {
            Ast::Nested(inner) => self.condition(inner, items, near),
            Ast::UnaryOp { op: UnaryOperator::Not, expr } => of(expr).map(Having::Not),
            Ast::BinaryOp { left, op: BinaryOperator::And, right } => {
                Ok(Having::And(of(left)?, of(right)?))
            }
            Ast::BinaryOp { left, op: BinaryOperator::Or, right } => {
                Ok(Having::Or(of(left)?, of(right)?))
            }
            Ast::BinaryOp { left, op, right } => match comparison(op) {
                Some(op) => self.compare_released((left, op, right), items, near),
                None => Err(self.foreign(ast, near)),
            },
            Ast::Between { expr, negated, low, high } => {
                let low = self.compare_released((expr, Comparison::GtEq, low), items, near)?;
                let high = self.compare_released((expr, Comparison::LtEq, high), items, near)?;
                let both = Having::And(Box::new(low), Box::new(high));
                Ok(if *negated { Having::Not(Box::new(both)) } else { both })
            }
            _ => {
                let problem = self.text.problem(start(ast, near), "a condition is needed here");
                Err(problem.with_help("compare a selected number with another, such as `> 0`"))
            }
        }
    }

    fn compare_released(
        &self,
        (left, op, right): (&Ast, Comparison, &Ast),
        items: &[Item],
        near: Span,
    ) -> Result<Having, Problem> {
        let (item, op, number) =
            match (self.side(left, items, near)?, self.side(right, items, near)?) {
                (Side::Result(item), Side::Number(number)) => (item, op, number),
                (Side::Number(number), Side::Result(item)) => (item, op.flipped(), number),
                _ => {
                    let message = "HAVING compares one selected number with a constant";
                    let help = "select the difference under a name, and compare that with 0";
                    return Err(self.text.problem(start(left, near), message).with_help(help));
                }
            };
        if matches!(items[item].expr, Expr::Group(_)) {
            let message = format!("`{}` names the group", items[item].name);
            let problem = self.text.problem(start(left, near), message);
            return Err(problem.with_help("choose groups by a condition in WHERE"));
        }
        Ok(Having::Compare { item, op, number })
    }

    /// A selected result, by its name or as it is written there, or a number.
    fn side(&self, ast: &Ast, items: &[Item], near: Span) -> Result<Side, Problem> {
        if let Ast::Identifier(name) = ast {
            let exact = items.iter().position(|item| item.name == name.value);
            let found = exact.or(items.iter().position(|item| same_name(&item.name, name)));
            return found
                .map(Side::Result)
                .ok_or_else(|| self.not_selected(&name.value, name.span));
        }
        let expr = self.expr(ast, near)?;
        if let Expr::Number(number) = expr {
            return Ok(Side::Number(number));
        }
        let found = items.iter().position(|item| item.expr == expr);
        let text = || expr.to_sql(self.table);
        found.map(Side::Result).ok_or_else(|| self.not_selected(&text(), start(ast, near)))
    }

    fn not_selected(&self, what: &str, span: Span) -> Problem {
        let problem = self.text.problem(span, format!("`{what}` is not selected"));
        problem.with_help("HAVING and ORDER BY see what is released and no more: add it to SELECT")
    }
}
