//! Plans, quotes and runs a study.
