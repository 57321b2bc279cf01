//! Which records of different organisations belong together.

/// Records of different organisations that belong to one person, unit or product, counted and
/// crossed, never shown. Columns are indices into [`crate::Table::columns`], of any type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linkage {
    /// By which records are linked, at least one: two records belong together if all columns of a
    /// key agree and none of them is missing.
    pub keys: Vec<Vec<usize>>,
    /// What is crossed of linked records, if anything is.
    pub cross: Option<Cross>,
}

/// A table of two organisations' linked records by a column of the one and a column of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cross {
    /// Indices of two data parties.
    pub parties: [usize; 2],
    /// A category or boolean column of the first, and one of the second.
    pub columns: [usize; 2],
}
