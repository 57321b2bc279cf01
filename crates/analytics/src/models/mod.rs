//! Models that learn from secret examples: networks of layers, trained by stochastic gradient
//! descent. Examples, weights, gradients and all between them stay shares; the architecture, the
//! number of steps and the order of the batches are public.
//!
//! Backward passes are written out, layer by layer: a network is a list, and a tape of operations
//! would be more code than the passes are.
//!
//! Sources: Rumelhart, Hinton, Williams, Nature 323, 1986; in fixed point with probabilistic
//! truncation Keller and Sun, ICML 2022 (eprint 2022/933).

mod fresh;
mod layer;
mod loss;
mod network;
mod optimiser;
mod scales;
mod standard;
mod training;

pub use layer::Reach;
pub use loss::Loss;
pub use network::{HEADROOM, Layer, Misfit, Network, Shape, Weights};
pub use optimiser::Optimiser;
pub use scales::{Scales, TooFar};
pub use standard::{FARTHEST, INVERSE_BITS, LEAST_BITS, Standard, feature_bits, standardise};
pub use training::{Batch, State, Training};
