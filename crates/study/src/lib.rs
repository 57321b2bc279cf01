//! The contract: what is agreed before anything runs, parsed strictly, with one canonical form and one hash.
