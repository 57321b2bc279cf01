//! Regressions that are fitted in steps: in each, the coefficients are known to all who give
//! records; each gives the log-likelihood of its own at them and its derivatives, and nothing but
//! the sums over all is opened. All take the same next step in the clear.
//!
//! The number of steps is fixed beforehand, so that neither messages nor price tell how many were
//! needed: when the coefficients have settled, zeros are shared.

mod after;
mod gather;

use sharewell_analytics::clear::newton::{Maximum, Slope, maximise};
use sharewell_analytics::clear::regression::{At, Family, Record, uncentred};
use sharewell_analytics::clear::{Result as Found, Undefined};
use sharewell_mpc::{Error as MpcError, Result, protocols::bounds::Interval};
use sharewell_ring::hash;
use sharewell_study::Range;

pub(crate) use after::{After, Predicted};
pub(crate) use gather::Clustered;

use crate::{Error, Leak, LocalValues};

/// Bits after the point of a sum: more than a double of its size has.
const FRAC_BITS: u32 = 56;
/// A provider's sums stay below two to this, or it says that they do not.
const WHOLE_BITS: u32 = 60;
/// Bits of what tells coefficients apart.
const DIGEST_BITS: u32 = 32;

/// What a coefficient belongs to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Term {
    pub name: String,
    /// What explains is taken as its distance from here, in these units, so that it lies between
    /// -1 and 1.
    pub centre: f64,
    pub unit: f64,
}

/// A number that a provider keeps of each record, and what the schema says of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kept {
    pub name: String,
    pub range: Range,
}

/// The steps of a regression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Path {
    pub family: Family,
    pub steps: u32,
    /// Intercept, which Cox regression has not; predictors; and of Weibull regression the shape, of
    /// negative binomial regression the dispersion's logarithm.
    pub terms: Vec<Term>,
    /// Response, exposure or time if there is one, predictors.
    pub kept: Vec<Kept>,
    pub has_exposure: bool,
    pub after: After,
    /// Penalty of half the squared coefficients of standardised predictors; 0 for none.
    pub ridge: f64,
}

/// Where the steps begin.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Start {
    pub at: Vec<f64>,
    /// What half the square of each coefficient costs; none if they cost nothing.
    pub penalties: Vec<f64>,
}

/// The end of the steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fitted {
    /// In the units of the study.
    pub maximum: Maximum,
    /// The log-likelihood where the steps began: that of records that do not differ.
    pub start: f64,
    /// That of a coefficient for each record.
    pub saturated: f64,
    /// If they were asked for.
    pub predicted: Option<Predicted>,
    /// To how many coefficients without a penalty they come.
    pub effective: f64,
}

/// The same in words, where there is no fit.
pub(crate) type Fit = std::result::Result<Fitted, String>;

/// What is asked of the records in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Asked {
    /// What the next coefficients are found from.
    Slope,
    /// What comes after the last.
    After,
}

/// What is opened of one step, at coefficients or, once there are no more, of zeros; `None` where
/// nothing is opened to this party.
pub(crate) type Step<'a> = dyn FnMut(Asked, Option<&At>) -> Result<Option<Vec<i128>>> + 'a;

enum Stop {
    Undefined(Undefined),
    Failed(MpcError),
}

impl From<Undefined> for Stop {
    fn from(why: Undefined) -> Self {
        Self::Undefined(why)
    }
}

impl Path {
    /// Integers that are opened in a step: the sums, how many parties' are too large, and what
    /// tells whether all are at the same coefficients.
    pub(crate) fn len(&self, asked: Asked) -> usize {
        let coefficients = self.terms.len();
        let sums = match asked {
            Asked::Slope => self.family.len(coefficients),
            Asked::After => self.after.len(coefficients),
        };
        sums + 2
    }

    /// What is asked in each step, from the first to the last.
    pub(crate) fn asked(&self) -> impl Iterator<Item = Asked> {
        let after = self.after.asks().then_some(Asked::After);
        std::iter::repeat_n(Asked::Slope, self.steps as usize).chain(after)
    }

    /// Where the integers of one provider lie.
    pub(crate) fn ranges(&self, asked: Asked) -> Vec<Interval> {
        let limit = 1 << (FRAC_BITS + WHOLE_BITS);
        let sums = vec![Interval::between(-limit, limit); self.len(asked) - 2];
        let [flag, digest] = [1, (1 << DIGEST_BITS) - 1].map(|most| Interval::between(0, most));
        sums.into_iter().chain([flag, digest]).collect()
    }

    /// A provider's records.
    pub(crate) fn records(
        &self,
        local: &LocalValues,
        max_rows: u64,
    ) -> std::result::Result<Vec<Record>, Error> {
        let outside = |name: &str| Error::OutOfBounds { measure: name.to_owned() };
        let rows = local.records.first().map_or(0, Vec::len);
        if local.records.len() != self.kept.len() || rows as u64 > max_rows {
            return Err(outside("the records"));
        }
        for (kept, column) in self.kept.iter().zip(&local.records) {
            let inside = |value: &i128| (kept.range.min..=kept.range.max).contains(value);
            if column.len() != rows || !column.iter().all(inside) {
                return Err(outside(&kept.name));
            }
        }
        let number = |column: usize, row: usize| {
            local.records[column][row] as f64 / 10f64.powi(self.kept[column].range.decimals.into())
        };
        let record = |row: usize| {
            let time = match self.family {
                _ if !self.has_exposure => 0.0,
                Family::Cox { .. } => (local.records[1][row] - self.kept[1].range.min) as f64,
                _ => number(1, row).ln(),
            };
            let first = match self.family {
                Family::KMeans { .. } => 0,
                _ => 1 + usize::from(self.has_exposure),
            };
            let predictors = (first..self.kept.len()).map(|column| number(column, row));
            let one = self.has_intercept().then_some(1.0);
            let shape = match self.family {
                Family::Weibull => Some(time),
                Family::NegativeBinomial => Some(0.0),
                _ => None,
            };
            let explains = one.into_iter().chain(predictors).chain(shape).zip(&self.terms);
            let x = explains.map(|(x, term)| (x - term.centre) / term.unit);
            Record { response: number(0, row), time, x: x.collect() }
        };
        Ok((0..rows).map(record).collect())
    }

    /// Whether the first coefficient is one.
    pub(crate) fn has_intercept(&self) -> bool {
        !matches!(self.family, Family::Cox { .. } | Family::KMeans { .. })
    }

    /// A provider's integers of a step. If one is too large, it says that, and zeros.
    pub(crate) fn sums(&self, asked: Asked, records: &[Record], at: Option<&At>) -> Vec<i128> {
        let Some(at) = at else { return vec![0; self.len(asked)] };
        let mut sums = match asked {
            Asked::Slope => self.family.sums(records, at),
            Asked::After => self.after.sums(self.family, records, at),
        };
        let limit = f64::from(WHOLE_BITS).exp2();
        let fits = sums.iter().all(|sum| sum.abs() < limit);
        if !fits {
            sums.fill(0.0);
        }
        let fixed = |sum: f64| (sum * f64::from(FRAC_BITS).exp2()).round() as i128;
        sums.into_iter().map(fixed).chain([i128::from(!fits), digest(at)]).collect()
    }

    /// The sums over all providers; none if one is too large.
    fn opened(&self, opened: &[i128], givers: usize, at: &At) -> Result<Option<Vec<f64>>> {
        let [sums @ .., too_large, tells] = opened else { unreachable!("as many as were shared") };
        if *tells != digest(at) * givers as i128 {
            let suspects = Default::default();
            return Err(MpcError::Cheating { step: "coefficients", suspects });
        }
        let number = |sum: &i128| *sum as f64 / f64::from(FRAC_BITS).exp2();
        Ok((*too_large == 0).then(|| sums.iter().map(number).collect()))
    }

    /// Takes all steps; `start` is none where nothing is known to this party, or may be.
    ///
    /// # Errors
    /// Those of a step, and [`MpcError::Cheating`] if others are at other coefficients.
    pub(crate) fn climb(
        &self,
        givers: usize,
        start: std::result::Result<Start, String>,
        step: &mut Step<'_>,
    ) -> Result<Fit> {
        let mut left = self.steps;
        let (mut first, mut saturated, mut last) = (None, 0.0, None::<Vec<f64>>);
        let penalties = start.as_ref().map_or_else(|_| vec![], |start| start.penalties.clone());
        let mut asked = |at: &[f64]| {
            let steps = self.steps as usize;
            left = left.checked_sub(1).ok_or(Undefined::NotConverged { steps })?;
            let at = last.as_ref().map_or_else(|| At::new(at), |sums| self.family.next(sums, at));
            let opened = step(Asked::Slope, Some(&at)).map_err(Stop::Failed)?;
            let opened = opened.expect("who knows where to begin knows the steps");
            let Some(sums) = self.opened(&opened, givers, &at).map_err(Stop::Failed)? else {
                // So improbable that the step is halved.
                let nowhere = Slope::zero(at.coefficients.len());
                return Ok(Slope { log_likelihood: f64::MIN, ..nowhere });
            };
            let (slope, of_all) = self.family.slope(&sums, &at);
            first.get_or_insert(slope.log_likelihood);
            saturated = of_all;
            last = Some(sums);
            Ok(slope.penalised(&at.coefficients, &penalties))
        };
        let found = match start {
            Err(reason) => Err(reason),
            Ok(start) => match maximise(&start.at, &mut asked) {
                Ok(maximum) => Ok(maximum),
                Err(Stop::Undefined(why)) => Err(self.in_words(&why)),
                Err(Stop::Failed(error)) => return Err(error),
            },
        };
        for _ in 0..left {
            step(Asked::Slope, None)?;
        }
        let found = self.finish(givers, found, step)?;
        // Without an intercept a centre changes nothing.
        let centre = |term: &Term| if self.has_intercept() { term.centre } else { 0.0 };
        let centres: Vec<f64> = self.terms.iter().map(centre).collect();
        let units: Vec<f64> = self.terms.iter().map(|term| term.unit).collect();
        Ok(found.map(|(found, predicted)| {
            let (plain, effective) = found.without_penalties(&penalties);
            let maximum = uncentred(&plain, &centres, &units);
            let start = first.unwrap_or_default();
            Fitted { maximum, start, saturated, predicted, effective }
        }))
    }

    /// Takes the last step, if there is one.
    fn finish(
        &self,
        givers: usize,
        found: std::result::Result<Maximum, String>,
        step: &mut Step<'_>,
    ) -> Result<std::result::Result<(Maximum, Option<Predicted>), String>> {
        if !self.after.asks() {
            return Ok(found.map(|found| (found, None)));
        }
        let at = found.as_ref().ok().map(|found| At::new(&found.coefficients));
        let opened = step(Asked::After, at.as_ref())?;
        let (Ok(found), Some(at)) = (&found, at) else { return Ok(found.map(|f| (f, None))) };
        let opened = opened.expect("who knows the estimates knows the last step");
        let read = match self.opened(&opened, givers, &at)? {
            Some(sums) => self.after.read(found.clone(), &sums),
            None => Err(Undefined::Argument("the sums of the last step")),
        };
        Ok(read.map_err(|why| self.in_words(&why)))
    }

    /// Where the steps begin, from the numbers of records and events and the time in all.
    pub(crate) fn start(
        &self,
        records: f64,
        events: f64,
        time: f64,
    ) -> std::result::Result<Vec<f64>, String> {
        let start: Found<_> = self.family.start(records, events, time, self.terms.len());
        let mut start = start.map_err(|why| self.in_words(&why))?;
        // A shape of 1 is the only coefficient beside an intercept that is not 0.
        if self.family == Family::Weibull
            && let (Some(shape), Some(term)) = (start.last().copied(), self.terms.last())
        {
            start[0] += shape * term.centre;
        }
        Ok(start)
    }

    /// What the steps tell, and why.
    pub(crate) fn leak(&self, to: &str) -> Leak {
        let why = "the study says `reveal_path = true`: the steps are taken in the clear. So many \
                   sums over few records can tell single ones";
        Leak { what: self.learned(), to: to.to_owned(), why: why.to_owned() }
    }

    /// What the steps tell.
    pub(crate) fn learned(&self) -> String {
        let of = match self.family {
            Family::Cox { .. } => {
                "for each time of the grid, the events and what the hazards, the predictors times \
                 the hazards and their squares come to for those whose observation ends then: a \
                 record that is alone at its time shows its predictors"
            }
            Family::KMeans { .. } => {
                "of each centre, how many records are nearest to it and the sums of their values"
            }
            _ => "the log-likelihood at them with its first and second derivatives",
        };
        format!(
            "in each of at most {} steps, the coefficients and, summed over the records of all, \
             {of}{}",
            self.steps,
            self.after.learned()
        )
    }

    fn in_words(&self, why: &Undefined) -> String {
        let name = |column: &usize| &self.terms[*column].name;
        let last = self.terms.len() - 1;
        match why {
            Undefined::Singular { column } | Undefined::Separated { column }
                if self.family == Family::NegativeBinomial && *column == last =>
            {
                "undefined: the counts vary no more than Poisson's, and the dispersion goes to 0; \
                 `kind = \"poisson\"` has none"
                    .to_owned()
            }
            Undefined::Singular { column } => format!(
                "undefined: {} does not vary, or is a linear combination of what stands before it; \
                 leave it out",
                name(column)
            ),
            Undefined::Separated { column } => format!(
                "undefined: {} separates records with events from those without, so that its \
                 coefficient has no finite estimate; leave it out, or join rare categories",
                name(column)
            ),
            Undefined::NotConverged { steps } => {
                format!("undefined: {steps} steps are not enough; raise `steps`")
            }
            Undefined::Empty(_) => "undefined: there is no event".to_owned(),
            Undefined::Constant(_) => "undefined: every record has an event".to_owned(),
            Undefined::Argument(_) => {
                "undefined: the steps lead to numbers that are too large".to_owned()
            }
            other => format!("undefined: {other}"),
        }
    }
}

/// The middle of a range and half its width, by which values are taken; 1 where nothing varies,
/// which the steps then refuse.
pub(crate) fn centre_and_unit(range: Range) -> (f64, f64) {
    let number = |quanta: i128| quanta as f64 / 10f64.powi(range.decimals.into());
    let (min, max) = (number(range.min), number(range.max));
    ((min + max) / 2.0, if max > min { (max - min) / 2.0 } else { 1.0 })
}

/// What tells coefficients apart: all must be at the same.
fn digest(at: &At) -> i128 {
    let numbers = at.coefficients.iter().chain([&at.level]);
    let bytes: Vec<u8> = numbers.flat_map(|x| x.to_bits().to_le_bytes()).collect();
    let digest = hash::digest(&[&bytes]);
    i128::from(u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]]))
}

#[cfg(test)]
mod tests {
    use sharewell_study::Errors;

    use super::*;

    fn path() -> Path {
        let term = |name: &str| Term { name: name.into(), centre: 0.0, unit: 1.0 };
        let terms = vec![term("intercept"), term("x")];
        let after = After { errors: Errors::Hc0, bins: 20 };
        let (family, kept, has_exposure) = (Family::Logistic, vec![], false);
        Path { family, steps: 9, terms, kept, has_exposure, after, ridge: 0.0 }
    }

    fn records() -> Vec<Record> {
        let record = |i: i32| Record {
            response: f64::from(u8::from(i % 3 == 0)),
            time: 0.0,
            x: vec![1.0, f64::from(i % 5)],
        };
        (0..30).map(record).collect()
    }

    #[test]
    fn who_is_at_other_coefficients_stops_the_run() {
        let (path, records) = (path(), records());
        for astray in [0, 2, 9, 10] {
            let mut asked = 0;
            let start = Start { at: vec![0.0; 2], penalties: vec![] };
            let found = path.climb(2, Ok(start), &mut |of, at| {
                let (mine, mut theirs) = (path.sums(of, &records, at), path.sums(of, &records, at));
                if let Some(at) = at.filter(|_| asked == astray) {
                    let mut other = at.clone();
                    other.coefficients[1] += 1e-12;
                    theirs = path.sums(of, &records, Some(&other));
                }
                asked += 1;
                Ok(Some(mine.iter().zip(&theirs).map(|(x, y)| x + y).collect()))
            });
            match found {
                Err(MpcError::Cheating { step, .. }) => {
                    assert_eq!((step, asked), ("coefficients", astray + 1));
                }
                // The tenth step is the last; the ninth was of zeros.
                found => assert!(astray == 10 && found.is_ok_and(|fit| fit.is_ok()) && asked == 10),
            }
        }
    }

    #[test]
    fn sums_that_are_too_large_say_so_and_stay_in_their_ranges() {
        let path = Path { family: Family::Poisson, ..path() };
        let at = At::new(&[900.0, 0.0]);
        let far = path.sums(Asked::Slope, &records(), Some(&at));
        assert_eq!(far[..far.len() - 1], [&vec![0; far.len() - 2][..], &[1]].concat());
        assert!(matches!(path.opened(&far, 1, &at), Ok(None)));
        for asked in path.asked() {
            assert_eq!(path.ranges(asked).len(), path.len(asked));
            assert_eq!(
                path.sums(asked, &records(), Some(&At::new(&[0.0; 2]))).len(),
                path.len(asked)
            );
        }
    }
}
