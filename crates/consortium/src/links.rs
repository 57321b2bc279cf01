//! How far the other members are, as this node's doctor last found.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::home::write_whole;
use crate::{Error, Home, Time};

/// The link to a member.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq)]
pub struct Measured {
    /// Round-trip time in seconds.
    pub rtt_s: f64,
    /// Bandwidth in bits per second.
    pub bits_per_s: f64,
    /// When.
    pub time: Time,
}

impl Home {
    fn links(&self) -> PathBuf {
        self.folder().join("links.json")
    }

    /// Keeps what was measured, by the names of members.
    ///
    /// # Errors
    /// If it cannot be written.
    ///
    /// # Panics
    /// Never: names and numbers have a form in JSON.
    pub fn keep_measured(&self, found: &BTreeMap<String, Measured>) -> Result<(), Error> {
        let bytes = serde_json::to_vec_pretty(found).expect("numbers and names");
        write_whole(&self.links(), &bytes)
    }

    /// The slowest of what was last measured between this node and these members; none if one of
    /// them was not.
    #[must_use]
    pub fn measured<'m>(&self, members: impl IntoIterator<Item = &'m str>) -> Option<Measured> {
        let read = fs::read(self.links()).ok()?;
        let known: BTreeMap<String, Measured> = serde_json::from_slice(&read).ok()?;
        let others = members.into_iter().filter(|name| *name != self.name);
        let links: Option<Vec<Measured>> = others.map(|name| known.get(name).copied()).collect();
        let slower = |a: Measured, b: Measured| Measured {
            rtt_s: a.rtt_s.max(b.rtt_s),
            bits_per_s: a.bits_per_s.min(b.bits_per_s),
            time: a.time.min(b.time),
        };
        let slowest = links?.into_iter().reduce(slower)?;
        (slowest.rtt_s >= 0.0 && slowest.bits_per_s > 0.0).then_some(slowest)
    }
}

#[cfg(test)]
mod tests {
    use sharewell_net::Identity;

    use super::*;

    #[test]
    fn the_slowest_link_counts_and_an_unknown_one_is_not_guessed() {
        let folder = tempfile::tempdir().expect("a folder");
        let identity = Identity::from_seed(&[1; 32]);
        Home::create(folder.path(), ("a", &identity), None, "test").expect("a new node");
        let home = Home::open(folder.path(), None).expect("it is there");
        assert_eq!(home.measured(["a", "b"]), None, "nothing was measured");
        let link = |rtt_s, bits_per_s| Measured { rtt_s, bits_per_s, time: Time(7) };
        let found = [("b".to_owned(), link(0.02, 1e9)), ("c".to_owned(), link(0.01, 1e8))];
        home.keep_measured(&found.into()).expect("written");
        assert_eq!(home.measured(["a", "b", "c"]), Some(link(0.02, 1e8)));
        assert_eq!(home.measured(["a", "b"]), Some(link(0.02, 1e9)));
        assert_eq!(home.measured(["a", "b", "d"]), None);
        fs::write(folder.path().join("links.json"), "{").expect("written");
        assert_eq!(home.measured(["a", "b"]), None, "what is broken is measured again");
    }
}
