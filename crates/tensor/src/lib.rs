//! Shapes and fixed point over any protocol.
