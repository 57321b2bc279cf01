//! Statistics and the release gate, over shares.
