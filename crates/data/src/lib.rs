//! A provider's own sources: read, mapped to the agreed schema, validated, aggregated at home.
//!
//! Everything here happens on the provider's machine, in the clear, before a single share is made.
//! [`Mapping`] is the provider's private file that says where its records are and which SQL turns
//! them into the agreed table. [`Agreed::read`] carries that out, checks every row against the
//! schema and keeps a [`QualityReport`] of what it refused and why; [`Agreed::query`] computes the
//! sums that a study needs of one provider, exactly. [`local`] is both in one call.
//!
//! The SQL engine is DataFusion; its runtime lives in this crate and every function blocks. None of
//! them may be called from inside another tokio runtime.
//!
//! Reports and errors quote the provider's own values, for its own steward. What may be told to
//! another party about an error is [`Error::public`], about a report nothing.
#![forbid(unsafe_code)]

mod agreed;
mod asked;
mod audit;
mod coerce;
mod columnar;
mod convert;
mod decimal;
mod digest;
mod error;
mod html;
mod local;
mod mapping;
mod query;
mod report;
mod rules;
mod source;
mod span;
mod sql;
mod synthetic;
mod validate;

pub use agreed::Agreed;
pub use audit::{Bin, ColumnAudit, Spread};
pub use error::{Error, SourceFault};
pub use local::{LocalResult, local};
pub use mapping::Mapping;
pub use report::{
    ColumnCount, Converted, FaultCount, FileRows, Numbering, QualityReport, Rejected, SourceRows,
};
pub use synthetic::{Synthetic, synthetic};
