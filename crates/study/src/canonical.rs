//! One form in bytes for one meaning, and its hash.
//!
//! Integers have a fixed width, little-endian; texts and lists begin with their length as 64 bits,
//! alternatives with a byte that tells them apart. So the form can be read back from left to right
//! in one way only, and two studies have the same form only if they are equal. Every field is named
//! in a pattern below: a field that is added to a type and forgotten here does not compile.

use sha2::{Digest, Sha256};

use crate::{
    Aggregate, BadGiver, CodeList, Column, Comparison, Constant, Cross, DatePart, Decimal, Descent,
    Dominance, Drift, DriftIndex, Errors, Expr, Family, Grid, Hash, Having, Item, Join,
    JointQuality, Keep, Kind, Label, Layer, Limits, Linkage, Loss, Matrix, Metric, Missing,
    Objective, Order, Party, Predicate, Privacy, PrivacyUnit, Protocol, PublicKey, Quality, Query,
    Release, Reveal, Roles, RowExpr, Rules, Scale, Schedule, Security, Shuffle, Statistic,
    StatisticKind, Study, Sufficient, Table, Threat, Training, Truncation, Variances, Weight,
};

/// What every canonical form begins with. The number changes with the form.
const MAGIC: &[u8] = b"sharewell study, canonical form 3\n";

impl Study {
    /// The study's meaning in bytes: independent of white space, comments, the order of keys and
    /// how numbers are written.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        self.write(&mut out);
        // The last parts, and absent where nothing is said: older studies keep their form.
        if let Some(privacy) = &self.privacy {
            out.push(1);
            privacy.write(&mut out);
        }
        if self.release.rules != Rules::default() {
            out.push(2);
            self.release.rules.write(&mut out);
        }
        out
    }

    /// SHA-256 of [`Study::canonical`].
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash(Sha256::digest(self.canonical()).into())
    }

    /// What is asked of which table, whoever is asked: studies with one question differ in their
    /// parties and terms alone. With `of_all` the condition on records is left out too.
    #[must_use]
    pub fn question(&self, of_all: bool) -> Hash {
        let mut out = b"sharewell question, form 1\n".to_vec();
        self.table.write(&mut out);
        match of_all {
            true => self.objective.of_all().write(&mut out),
            false => self.objective.write(&mut out),
        }
        Hash(Sha256::digest(&out).into())
    }
}

trait Canonical {
    fn write(&self, out: &mut Vec<u8>);
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Canonical for $integer {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}
integers!(u8, u32, u64, i32, i64, i128);

/// Structs are their fields in the order of declaration, but one that something else tells.
macro_rules! structs {
    ($($name:ident { $($field:ident),* $(; $($told:ident),*)? })*) => {$(
        impl Canonical for $name {
            fn write(&self, out: &mut Vec<u8>) {
                let Self { $($field),* $($(, $told: _)*)? } = self;
                $($field.write(out);)*
            }
        }
    )*};
}
structs! {
    Study {
        name, version, purpose, parties, table, quality, objective, security, release, limits;
        privacy
    }
    Privacy { epsilon, delta, unit }
    Party { name, roles, key, address }
    Roles { data, compute, recipient }
    Security { threat, corruptions, protocol, bad_giver }
    Release { min_records, min_parties, sufficient; rules }
    Rules { dominance, p_percent, round_counts, records_per_parameter }
    Dominance { top, percent }
    Limits { connect_s, wait_s }
    CodeList { name, version }
    Quality { min_rows, max_rejected, max_missing, max_outliers, outlier_z, max_future, constant }
    Query { items, filter, group_by, having, order_by, limit; join, margins }
    Join { parties, names, on }
    Table { name, version, max_rows, columns, key; sides }
    Order { item, descending }
    Item { name, expr }
    Statistic { kind, confidence, filter }
    JointQuality { missing, implausible, duplicates, drift }
    Drift { value, edges, index, limit, reveal }
    Linkage { keys, cross }
    Training {
        features, image, label, also, loss, standardise, filter, test, validation, keep, order, metrics, layers,
        descent, epochs, seed
    }
    Descent { batch, learning_rate, schedule, momentum, nesterov, weight_decay }
    Cross { parties, columns }
    Decimal { digits, scale }
    Grid { column, width }
}

impl Canonical for Column {
    fn write(&self, out: &mut Vec<u8>) {
        let Self { name, kind, missing, clip } = self;
        name.write(out);
        kind.write(out);
        missing.write(out);
        // The next variant of what was the last byte of older studies.
        if let (true, Some(last)) = (clip, out.last_mut()) {
            *last += 2;
        }
    }
}

/// Enums are a byte for the variant, then its fields.
macro_rules! enums {
    ($($name:ident { $($tag:literal $variant:pat => ($($field:expr),*))* })*) => {$(
        impl Canonical for $name {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $($variant => {
                        out.push($tag);
                        $($field.write(out);)*
                    })*
                }
            }
        }
    )*};
}
enums! {
    Objective {
        5 Self::Sql(query @ Query { join: Some(join), .. }) => (join, query)
        6 Self::Sql(query @ Query { margins: true, .. }) => (query)
        0 Self::Sql(query) => (query)
        1 Self::FailureRate { events, exposure, per, confidence, truncation, filter, group_by } =>
            (events, exposure, per, confidence, truncation, filter, group_by)
        2 Self::Statistic(statistic) => (statistic)
        3 Self::Quality(quality) => (quality)
        4 Self::Linkage(linkage) => (linkage)
        7 Self::Train(training) => (training)
    }
    Loss {
        0 Self::CrossEntropy => () 1 Self::Hinge => () 2 Self::Squared => () 3 Self::SmoothL1 => ()
    }
    Keep { 0 Self::Last => () 1 Self::Best => () }
    Shuffle { 0 Self::Public => () 1 Self::Secret => () }
    Metric { 0 Self::Loss => () 1 Self::Curves => () 2 Self::Calibration => () }
    Schedule {
        0 Self::Constant => ()
        1 Self::Step { every, factor } => (every, factor)
        2 Self::Cosine => ()
    }
    Label {
        0 Self::Class(column) => (column)
        1 Self::Number(value) => (value)
    }
    Layer {
        0 Self::Dense { outputs } => (outputs)
        1 Self::Relu => ()
        2 Self::LeakyRelu { slope } => (slope)
        3 Self::Sigmoid => ()
        4 Self::Tanh => ()
        5 Self::Dropout { rate } => (rate)
        6 Self::Convolution { channels, kernel, stride, padding } =>
            (channels, kernel, stride, padding)
        7 Self::AveragePool { size } => (size)
        8 Self::MaxPool { size } => (size)
    }
    StatisticKind {
        18 Self::Describe { values, by, quartiles: true } => (values, by)
        0 Self::Describe { values, by, quartiles: false } => (values, by)
        1 Self::TTest { value, group, first, second, variances } =>
            (value, group, first, second, variances)
        2 Self::Contingency { row, column, strata } => (row, column, strata)
        3 Self::Correlation { values } => (values)
        4 Self::Linear { response, predictors, ridge, weights } =>
            (response, predictors, ridge, weights)
        5 Self::Disproportionality { drug, event, reports, background, strata } =>
            (drug, event, reports, background, strata)
        6 Self::Survival { time, event, group, strata, horizon, weight, scale } =>
            (time, event, group, strata, horizon, weight, scale)
        7 Self::RankTest { value, group, codes } => (value, group, codes)
        8 Self::Histogram { value, by, probabilities } => (value, by, probabilities)
        9 Self::PairedTTest { first, second } => (first, second)
        10 Self::Anova { value, group } => (value, group)
        11 Self::Rates { events, exposure, per, group, reference, strata } =>
            (events, exposure, per, group, reference, strata)
        12 Self::MetaAnalysis { row, column, contributor } => (row, column, contributor)
        13 Self::Detector { score, truth, by, calibrated } => (score, truth, by, calibrated)
        17 Self::Recurrence { time, event, group } => (time, event, group)
        16 Self::Benchmark { events, exposure, per, by } => (events, exposure, per, by)
        19 Self::KMeans { values, clusters, steps } => (values, clusters, steps)
        15 Self::Pca { values, matrix } => (values, matrix)
        14 Self::Regression {
            family, response, exposure, predictors, reveal_path, steps, errors, calibration,
            ridge
        } => (family, response, exposure, predictors, reveal_path, steps, errors, calibration, ridge)
    }
    Family {
        0 Self::Logistic => ()
        1 Self::Poisson => ()
        4 Self::NegativeBinomial => ()
        2 Self::Weibull => ()
        3 Self::Cox => ()
    }
    Errors {
        0 Self::Model => ()
        1 Self::Hc0 => ()
        2 Self::Hc1 => ()
    }
    DriftIndex {
        0 Self::KolmogorovSmirnov => ()
        1 Self::PopulationStability => ()
    }
    Reveal {
        0 Self::Verdict => ()
        1 Self::Index => ()
    }
    Matrix {
        0 Self::Correlation => ()
        1 Self::Covariance => ()
    }
    Variances {
        0 Self::Unequal => ()
        1 Self::Equal => ()
    }
    Weight {
        0 Self::LogRank => ()
        1 Self::Gehan => ()
        2 Self::TaroneWare => ()
        3 Self::Peto => ()
    }
    Scale {
        0 Self::Plain => ()
        1 Self::Log => ()
        2 Self::LogLog => ()
    }
    Truncation {
        0 Self::Time => ()
        1 Self::Failure => ()
    }
    Threat {
        0 Self::SemiHonest => ()
        1 Self::Malicious => ()
    }
    Protocol {
        0 Self::Auto => ()
        1 Self::Rep3 => ()
        2 Self::Rep3Malicious => ()
    }
    PrivacyUnit {
        0 Self::Record => ()
        1 Self::Organisation => ()
    }
    BadGiver {
        0 Self::Stop => ()
        1 Self::Drop => ()
    }
    Sufficient {
        0 Self::Hidden => ()
        1 Self::Open => ()
    }
    Kind {
        0 Self::Integer { unit, min, max } => (unit, min, max)
        1 Self::Decimal { unit, decimals, min, max } => (unit, decimals, min, max)
        2 Self::Boolean => ()
        3 Self::Category { codes, list } => (codes, list)
        4 Self::Date { min, max } => (min, max)
        5 Self::Identifier => ()
    }
    Missing {
        0 Self::Refuse => ()
        1 Self::Allow => ()
    }
    Constant {
        0 Self::Allow => ()
        1 Self::Refuse => ()
    }
    Expr {
        0 Self::Group(column) => (column)
        1 Self::Aggregate(aggregate) => (aggregate)
        2 Self::Number(number) => (number)
        3 Self::Neg(a) => (a)
        4 Self::Add(a, b) => (a, b)
        5 Self::Sub(a, b) => (a, b)
        6 Self::Mul(a, b) => (a, b)
        7 Self::Div(a, b) => (a, b)
    }
    Aggregate {
        0 Self::Count => ()
        1 Self::CountColumn(a) => (a)
        2 Self::Sum(a) => (a)
        3 Self::Avg(a) => (a)
        4 Self::VarSamp(a) => (a)
        5 Self::StddevSamp(a) => (a)
        6 Self::Min(a) => (a)
        7 Self::Max(a) => (a)
        8 Self::VarPop(a) => (a)
        9 Self::StddevPop(a) => (a)
        10 Self::CovarSamp(a, b) => (a, b)
        11 Self::CovarPop(a, b) => (a, b)
        12 Self::Corr(a, b) => (a, b)
        13 Self::Percentile { of, at } => (of, at)
        14 Self::CountDistinct(a) => (a)
    }
    Having {
        0 Self::Compare { item, op, number } => (item, op, number)
        1 Self::Not(a) => (a)
        2 Self::And(a, b) => (a, b)
        3 Self::Or(a, b) => (a, b)
    }
    RowExpr {
        0 Self::Column(column) => (column)
        1 Self::Number(number) => (number)
        2 Self::Neg(a) => (a)
        3 Self::Add(a, b) => (a, b)
        4 Self::Sub(a, b) => (a, b)
        5 Self::Mul(a, b) => (a, b)
        6 Self::Case { branches, otherwise } => (branches, otherwise)
        7 Self::DatePart { part, column } => (part, column)
    }
    DatePart {
        0 Self::Year => ()
        1 Self::Quarter => ()
        2 Self::Month => ()
        3 Self::Day => ()
        4 Self::DayOfWeek => ()
        5 Self::DayOfYear => ()
    }
    Predicate {
        0 Self::Compare { left, op, right } => (left, op, right)
        1 Self::CompareDate { column, op, days } => (column, op, days)
        2 Self::AnyOf { value, list } => (value, list)
        3 Self::Member { column, codes } => (column, codes)
        4 Self::Truth(column) => (column)
        5 Self::IsNull(a) => (a)
        6 Self::Not(a) => (a)
        7 Self::And(a, b) => (a, b)
        8 Self::Or(a, b) => (a, b)
    }
    Comparison {
        0 Self::Eq => ()
        1 Self::NotEq => ()
        2 Self::Lt => ()
        3 Self::LtEq => ()
        4 Self::Gt => ()
        5 Self::GtEq => ()
    }
}

impl Canonical for usize {
    fn write(&self, out: &mut Vec<u8>) {
        (*self as u64).write(out);
    }
}

impl Canonical for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl Canonical for f64 {
    /// By its bits: the checks admit neither NaN nor a negative zero.
    fn write(&self, out: &mut Vec<u8>) {
        self.to_bits().write(out);
    }
}

impl Canonical for PublicKey {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl Canonical for String {
    fn write(&self, out: &mut Vec<u8>) {
        self.len().write(out);
        out.extend_from_slice(self.as_bytes());
    }
}

impl<T: Canonical> Canonical for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.len().write(out);
        self.iter().for_each(|item| item.write(out));
    }
}

impl<T: Canonical> Canonical for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        self.iter().for_each(|item| item.write(out));
    }
}

impl<A: Canonical, B: Canonical> Canonical for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }
}

impl<T: Canonical, const N: usize> Canonical for [T; N] {
    fn write(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|part| part.write(out));
    }
}

impl<T: Canonical> Canonical for Box<T> {
    fn write(&self, out: &mut Vec<u8>) {
        T::write(self, out);
    }
}
