//! The catalogue of statistics that are finished in the clear from released sums. Columns are
//! indices into [`crate::Table::columns`].

use crate::{Predicate, RowExpr};

/// A statistic of the pooled records.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistic {
    /// Which.
    pub kind: StatisticKind,
    /// Two-sided confidence level of its intervals, strictly between 0 and 1.
    pub confidence: f64,
    /// The records that count; all of them if absent.
    pub filter: Option<Predicate>,
}

/// What is computed.
#[derive(Clone, Debug, PartialEq)]
pub enum StatisticKind {
    /// Number, missing values, mean, standard deviation and interval of the mean.
    Describe {
        /// What is described.
        values: Vec<RowExpr>,
        /// One description for each combination of these columns' values, in schema order.
        by: Vec<usize>,
    },
    /// Difference of two groups' means.
    TTest {
        /// What is compared.
        value: RowExpr,
        /// A boolean or a category.
        group: usize,
        /// The group whose mean is taken away, by its place among the column's values.
        first: usize,
        /// The group that it is taken away from.
        second: usize,
        /// Whether the groups share one variance.
        variances: Variances,
    },
    /// Association of two categorical columns, also within strata.
    Contingency {
        /// The rows of the table: for two by two, the exposure.
        row: usize,
        /// The columns of the table: for two by two, the outcome.
        column: usize,
        /// One table for each combination of these columns' values, in schema order.
        strata: Vec<usize>,
    },
    /// Pearson's correlations of every two of several values.
    Correlation {
        /// At least two.
        values: Vec<RowExpr>,
    },
    /// Linear regression with an intercept.
    Linear {
        /// What is explained.
        response: RowExpr,
        /// By what; at least one.
        predictors: Vec<RowExpr>,
        /// Penalty of the squared coefficients of standardised predictors; 0 for least squares.
        ridge: f64,
    },
    /// Which pairs of drug and event are reported more often than chance would have it.
    Disproportionality {
        /// The drug: a category.
        drug: usize,
        /// The event: a category.
        event: usize,
        /// Reports that a record stands for; one if absent.
        reports: Option<usize>,
        /// Codes of either that stand for everything else: they count, but are no drug or event.
        background: Vec<String>,
    },
}

/// What is assumed of two groups' variances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variances {
    /// Each has its own (Welch).
    Unequal,
    /// They share one (Student).
    Equal,
}

impl StatisticKind {
    /// The kind as a study writes it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Describe { .. } => "describe",
            Self::TTest { .. } => "t_test",
            Self::Contingency { .. } => "contingency",
            Self::Correlation { .. } => "correlation",
            Self::Linear { .. } => "linear",
            Self::Disproportionality { .. } => "disproportionality",
        }
    }

    /// The columns whose groups it needs, in schema order.
    #[must_use]
    pub fn group_by(&self) -> Vec<usize> {
        let mut columns = match self {
            Self::Describe { by, .. } => by.clone(),
            Self::TTest { group, .. } => vec![*group],
            Self::Contingency { row, column, strata } => {
                [vec![*row, *column], strata.clone()].concat()
            }
            Self::Correlation { .. } | Self::Linear { .. } => vec![],
            Self::Disproportionality { drug, event, .. } => vec![*drug, *event],
        };
        columns.sort_unstable();
        columns
    }
}
