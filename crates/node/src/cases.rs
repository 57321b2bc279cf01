//! The studies that a node keeps, read and planned once each.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sharewell_consortium::{Digest, Home, Proposal, SOFTWARE};
use sharewell_engine::Plan;
use sharewell_study::Study;

use crate::Error;

/// A study that this node keeps.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) study: Study,
}

/// The same as this program would run it.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) known: Arc<Known>,
    pub(crate) plan: Plan,
    leakage: Vec<String>,
}

impl Planned {
    pub(crate) fn proposal(&self) -> Proposal<'_> {
        Proposal {
            path: &self.known.path,
            text: &self.known.text,
            study: &self.known.study,
            protocol: self.plan.protocol(),
            leakage: &self.leakage,
            software: SOFTWARE,
        }
    }
}

/// What has been read so far. Texts are named by their digest and never change.
#[derive(Debug, Default)]
pub(crate) struct Cases {
    known: Mutex<HashMap<Digest, Arc<Known>>>,
    planned: Mutex<HashMap<Digest, Arc<Planned>>>,
}

impl Cases {
    /// A study that the node keeps; an error if it keeps none by this digest.
    pub(crate) fn known(&self, home: &Home, text: Digest) -> Result<Arc<Known>, Error> {
        if let Some(known) = lock(&self.known).get(&text) {
            return Ok(Arc::clone(known));
        }
        let path = home.kept(text);
        let read = std::fs::read_to_string(&path).map_err(|_| Error::Unknown("such study"))?;
        if Digest::of(read.as_bytes()) != text {
            return Err(Error::Study(format!("{} has been changed", path.display())));
        }
        let known = Arc::new(Known { study: parse(&read)?, path, text: read });
        lock(&self.known).insert(text, Arc::clone(&known));
        Ok(known)
    }

    /// The same, planned. The first time this may take seconds.
    pub(crate) fn planned(&self, home: &Home, text: Digest) -> Result<Arc<Planned>, Error> {
        if let Some(planned) = lock(&self.planned).get(&text) {
            return Ok(Arc::clone(planned));
        }
        let known = self.known(home, text)?;
        let plan = Plan::of(&known.study).map_err(|error| Error::Study(error.to_string()))?;
        let leakage = plan.leakage().iter().map(ToString::to_string).collect();
        let planned = Arc::new(Planned { known, plan, leakage });
        lock(&self.planned).insert(text, Arc::clone(&planned));
        Ok(planned)
    }
}

/// Reads a study.
pub(crate) fn parse(text: &str) -> Result<Study, Error> {
    Study::parse(text, "study").map_err(|report| Error::Study(report.to_string()))
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is whole after every statement.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
