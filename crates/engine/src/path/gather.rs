//! Steps to groups of records that are near each other: in each the centres are known to all who
//! give records, and only the sums over all of what is nearest to them are opened.

use sharewell_analytics::clear::clusters::Centres;
use sharewell_analytics::clear::regression::At;
use sharewell_mpc::Result;

use super::{Asked, Path, Start, Step};

/// The end of the steps, in their units.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Clustered {
    /// Of each group the means of its values, one after the other.
    pub means: Vec<f64>,
    /// Records of each group.
    pub sizes: Vec<f64>,
    /// What distances along each value were divided by.
    pub units: Vec<f64>,
    /// The squared distances of all records to their centres.
    pub within: f64,
    pub steps: usize,
    /// Whether the last step moved no centre.
    pub settled: bool,
}

impl Path {
    /// Takes all steps, also where the centres move no more: then zeros are shared.
    ///
    /// # Errors
    /// Those of a step, and [`sharewell_mpc::Error::Cheating`] if others are at other centres.
    pub(crate) fn gather(
        &self,
        givers: usize,
        start: std::result::Result<Start, String>,
        step: &mut Step<'_>,
    ) -> Result<std::result::Result<Clustered, String>> {
        let values = self.terms.len();
        let mut found: std::result::Result<Option<Clustered>, String> = Ok(None);
        let mut at = start.map(|start| Centres::of(&start.at, values));
        for steps in 1..=self.steps as usize {
            let settled = matches!(&found, Ok(Some(Clustered { settled: true, .. })) | Err(_));
            let Some(centres) = at.as_mut().ok().filter(|_| !settled) else {
                step(Asked::Slope, None)?;
                continue;
            };
            let here = At::new(&centres.numbers());
            let opened = step(Asked::Slope, Some(&here))?;
            let opened = opened.expect("who knows where to begin knows the steps");
            let Some(sums) = self.opened(&opened, givers, &here)? else {
                found = Err("undefined: the steps lead to numbers that are too large".to_owned());
                continue;
            };
            let next = centres.step(&sums);
            // Less than what fixed point rounds away.
            let moved = next.means.iter().zip(&centres.at).any(|(x, y)| (x - y).abs() > 1e-12);
            found = Ok(Some(Clustered {
                means: next.means.clone(),
                sizes: next.sizes,
                units: centres.units.clone(),
                within: next.within,
                steps,
                settled: !moved,
            }));
            centres.at = next.means;
        }
        Ok(match (found, at) {
            (_, Err(reason)) | (Err(reason), _) => Err(reason),
            (Ok(Some(found)), _) => Ok(found),
            (Ok(None), _) => Err("undefined: no step was made".to_owned()),
        })
    }
}
