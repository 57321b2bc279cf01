//! Protocols, circuits and their simulation.
