//! Replicated secret sharing among three parties, malicious with abort: so far the proof that
//! AND gates were computed right.
//!
//! Setting: three compute parties.
//!
//! Adversary: malicious, at most one of the three. Abort: the parties that verify a false
//! proof stop.
//!
//! Source: as `gates` says.

#[expect(dead_code, reason = "what proves gates comes before what makes them")]
mod gates;
mod wire;
