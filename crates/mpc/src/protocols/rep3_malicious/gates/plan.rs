//! How many gates and elements each level of the proof takes together: a public function of
//! the number of words.

/// Elements that the last level takes.
const LAST: usize = 64;

/// The levels of one proof.
#[derive(Debug)]
pub(super) struct Plan {
    /// Rows of words, as [`sharewell_ring::Signs`] has them; the first level has four nodes for
    /// each.
    pub(super) rows: usize,
    /// Nodes of the levels between the first and the last.
    pub(super) levels: Vec<usize>,
    /// Elements that are left for the last one.
    last: usize,
    /// Words of a row.
    pub(super) columns: usize,
}

impl Plan {
    pub(super) fn new(words: usize) -> Self {
        // More rows cost more for each gate, up to the point where the elements that they save
        // later cost as much; and a fixed sum, which few gates would not earn.
        let rows = match words {
            0..2 => 1,
            2..64 => 4,
            64..8192 => 8,
            8192.. => 16,
        };
        let columns = words.div_ceil(rows);
        let (mut levels, mut len) = (vec![], 64 * columns);
        while len > LAST {
            let nodes = match len {
                0..=0x1000 => len.div_ceil(LAST).min(32),
                0x1001..=0x8000 => 16,
                0x8001.. => 8,
            };
            levels.push(nodes);
            len = len.div_ceil(nodes);
        }
        Self { rows, levels, last: len, columns }
    }

    /// Gates that are proven, those that fill the last row up among them: their bits are zeros.
    pub(super) fn gates(&self) -> usize {
        64 * self.columns * self.rows
    }

    /// Nodes of the last level: one is for masks.
    pub(super) fn last_nodes(&self) -> usize {
        self.last + 1
    }
}
