//! The catalogue of statistics that are finished in the clear from released sums. Columns are
//! indices into [`crate::Table::columns`].

use crate::{Grid, Predicate, RowExpr};

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
        /// Whether least, quartiles and greatest are told too, of each record's value.
        quartiles: bool,
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
    /// The directions in which several values vary together most.
    Pca {
        /// At least two.
        values: Vec<RowExpr>,
        /// Of what the eigenvectors are.
        matrix: Matrix,
    },
    /// Linear regression with an intercept.
    Linear {
        /// What is explained.
        response: RowExpr,
        /// By what; at least one.
        predictors: Vec<RowExpr>,
        /// Penalty of the squared coefficients of standardised predictors; 0 for least squares.
        ridge: f64,
        /// What each record weighs; one if absent, and with a penalty.
        weights: Option<usize>,
    },
    /// A regression that is fitted in steps, with an intercept.
    Regression {
        /// Of what kind.
        family: Family,
        /// What is explained: whether an event happened, or how many.
        response: RowExpr,
        /// For how long a record was at risk: of Weibull and Cox regression the time, of Poisson
        /// regression the exposure, one if absent.
        exposure: Option<RowExpr>,
        /// By what.
        predictors: Vec<RowExpr>,
        /// Whether the coefficients of each step, and the sums at them, may become known.
        reveal_path: bool,
        /// How many steps are made.
        steps: u32,
        /// What the standard errors rest on.
        errors: Errors,
        /// Bins of predicted log-odds in which events are counted; 0 if they are not.
        calibration: u32,
        /// Penalty of half the squared coefficients of standardised predictors; 0 for none.
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
        /// Pairs are also judged within each combination of these columns' values, in schema order.
        strata: Vec<usize>,
    },
    /// How long until an event, with records that were observed for a part of it only.
    Survival {
        /// How long a record was observed.
        time: Grid,
        /// Whether that ended with the event: a boolean.
        event: usize,
        /// The groups whose survival is compared.
        group: Option<usize>,
        /// Groups are compared within each combination of these columns' values, in schema order.
        strata: Vec<usize>,
        /// Until when the mean survival is taken.
        horizon: Option<f64>,
        /// What an event counts in the comparison.
        weight: Weight,
        /// On which scale intervals of the survival are symmetric.
        scale: Scale,
    },
    /// Groups of records that are near each other, found in steps.
    KMeans {
        /// What is near; at least one.
        values: Vec<RowExpr>,
        /// How many groups; at least two.
        clusters: u32,
        /// How many steps are made.
        steps: u32,
    },
    /// How many events a unit has had by an age, where they come again.
    Recurrence {
        /// When an event came, or the unit's observation ended.
        time: Grid,
        /// Whether it was an event: a boolean. Each unit has one record that is none.
        event: usize,
        /// The groups that are told apart.
        group: Option<usize>,
    },
    /// Whether groups have the same distribution, by ranks.
    RankTest {
        /// What is compared.
        value: Grid,
        /// A boolean or a category.
        group: usize,
        /// The groups that are compared, by their places among the column's values; at least two.
        codes: Vec<usize>,
    },
    /// Counts and quantiles over a grid.
    Histogram {
        /// Of what.
        value: Grid,
        /// One for each combination of these columns' values, in schema order.
        by: Vec<usize>,
        /// Which quantiles.
        probabilities: Vec<f64>,
    },
    /// Mean difference of two values of one record.
    PairedTTest {
        /// What is taken away.
        first: RowExpr,
        /// What it is taken away from.
        second: RowExpr,
    },
    /// Whether groups have the same mean.
    Anova {
        /// What is compared.
        value: RowExpr,
        /// A boolean or a category.
        group: usize,
    },
    /// Events per exposure of groups, compared.
    Rates {
        /// Events: whole numbers or a boolean.
        events: usize,
        /// Exposure.
        exposure: usize,
        /// Units of exposure that a rate is stated for.
        per: f64,
        /// A boolean or a category.
        group: usize,
        /// The group that the others are compared with, by its place among the column's values.
        reference: usize,
        /// Rates are standardised over the combinations of these columns' values, in schema order.
        strata: Vec<usize>,
    },
    /// Each data party's rate beside that of all, for its own eyes.
    Benchmark {
        /// Events: whole numbers or a boolean.
        events: usize,
        /// Exposure.
        exposure: usize,
        /// Units of exposure that a rate is stated for.
        per: f64,
        /// One comparison for each combination of these columns' values, in schema order.
        by: Vec<usize>,
    },
    /// Two by two tables of contributors, each analysed by itself and then combined.
    MetaAnalysis {
        /// Exposure: a column of two values.
        row: usize,
        /// Outcome: a column of two values.
        column: usize,
        /// The column that says whose record it is.
        contributor: usize,
    },
    /// How well a score finds what it should.
    Detector {
        /// The score; the higher, the surer.
        score: Grid,
        /// What was to be found: a boolean.
        truth: usize,
        /// One answer for each combination of these columns' values, in schema order.
        by: Vec<usize>,
        /// Groups of like scores in which a score that is a probability is compared with how often
        /// it came true; 0 if it is none.
        calibrated: u32,
    },
}

/// What an event counts in the comparison of groups' survival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The same whenever it comes.
    LogRank,
    /// As many as are at risk (Gehan, Breslow).
    Gehan,
    /// The root of that (Tarone and Ware).
    TaroneWare,
    /// Nearly the pooled survival (Peto and Peto).
    Peto,
}

/// On which scale the interval of a survival is symmetric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Its own.
    Plain,
    /// Of its logarithm.
    Log,
    /// Of the logarithm of the cumulative hazard.
    LogLog,
}

/// What a regression supposes of its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// An event or none, with log-odds that are linear.
    Logistic,
    /// Counts, with logarithms of rates that are linear.
    Poisson,
    /// The same, of counts that vary more.
    NegativeBinomial,
    /// Times to an event or the end of observation, with proportional hazards.
    Weibull,
    /// The same, whatever the hazard is that is shared.
    Cox,
}

impl Family {
    /// The family as a study writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logistic => "logistic",
            Self::Poisson => "poisson",
            Self::NegativeBinomial => "negative_binomial",
            Self::Weibull => "weibull",
            Self::Cox => "cox",
        }
    }
}

/// What standard errors rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errors {
    /// The model: its information.
    Model,
    /// The scores of the records (White's sandwich).
    Hc0,
    /// The same, for few records: times n / (n - coefficients).
    Hc1,
}

/// Whose eigenvectors principal components are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matrix {
    /// Of the correlations: each value counts as much, whatever its unit.
    Correlation,
    /// Of the covariances: values have one unit.
    Covariance,
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
    /// Whether what happens on the way to the result becomes known.
    #[must_use]
    pub fn reveals_path(&self) -> bool {
        !matches!(self, Self::Regression { reveal_path: false, .. })
    }

    /// The kind as a study writes it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Describe { .. } => "describe",
            Self::TTest { .. } => "t_test",
            Self::Contingency { .. } => "contingency",
            Self::Correlation { .. } => "correlation",
            Self::Pca { .. } => "pca",
            Self::KMeans { .. } => "k_means",
            Self::Linear { .. } => "linear",
            Self::Regression { family, .. } => family.name(),
            Self::Disproportionality { .. } => "disproportionality",
            Self::Survival { .. } => "survival",
            Self::Recurrence { .. } => "recurrence",
            Self::RankTest { .. } => "rank_test",
            Self::Histogram { .. } => "histogram",
            Self::PairedTTest { .. } => "paired_t_test",
            Self::Anova { .. } => "anova",
            Self::Rates { .. } => "rates",
            Self::Benchmark { .. } => "benchmark",
            Self::MetaAnalysis { .. } => "meta_analysis",
            Self::Detector { .. } => "detector",
        }
    }

    /// The columns whose groups it needs, in schema order.
    #[must_use]
    pub fn group_by(&self) -> Vec<usize> {
        let mut columns = match self {
            Self::Describe { by, .. } | Self::Histogram { by, .. } | Self::Benchmark { by, .. } => {
                by.clone()
            }
            Self::TTest { group, .. }
            | Self::RankTest { group, .. }
            | Self::Anova { group, .. } => {
                vec![*group]
            }
            Self::Contingency { row, column, strata } => {
                [vec![*row, *column], strata.clone()].concat()
            }
            Self::Correlation { .. }
            | Self::Pca { .. }
            | Self::KMeans { .. }
            | Self::Linear { .. }
            | Self::Regression { .. }
            | Self::PairedTTest { .. } => vec![],
            Self::Disproportionality { drug, event, strata, .. } => {
                [vec![*drug, *event], strata.clone()].concat()
            }
            Self::Survival { event, group, strata, .. } => {
                [vec![*event], group.iter().copied().collect(), strata.clone()].concat()
            }
            Self::Recurrence { event, group, .. } => {
                [vec![*event], group.iter().copied().collect()].concat()
            }
            Self::Rates { group, strata, .. } => [vec![*group], strata.clone()].concat(),
            Self::MetaAnalysis { row, column, contributor } => vec![*row, *column, *contributor],
            Self::Detector { truth, by, .. } => [vec![*truth], by.clone()].concat(),
        };
        columns.sort_unstable();
        columns
    }

    /// The grid whose bins each of the groups is cut into; a bin's number runs fastest.
    #[must_use]
    pub fn grid(&self) -> Option<&Grid> {
        match self {
            Self::Survival { time, .. } | Self::Recurrence { time, .. } => Some(time),
            Self::RankTest { value, .. } | Self::Histogram { value, .. } => Some(value),
            Self::Detector { score, .. } => Some(score),
            _ => None,
        }
    }
}
