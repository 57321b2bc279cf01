//! Records that nobody has: drawn from the agreed schema alone, to try a study out.

use std::fmt::Write as _;

use sharewell_study::{Column, Kind, Missing, Table, date};

/// Of how many records one lacks a value that may be missing.
const MISSING: u64 = 20;

/// A provider's source and mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synthetic {
    /// The records, as CSV.
    pub csv: String,
    /// The mapping file, for records in `file`.
    pub mapping: String,
}

/// So many records of the agreed table for provider number `provider`, always the same for one
/// seed. Values are spread evenly over what the schema permits. Of identifiers the first half is the
/// same at every provider, so that records can be linked; none occurs twice at one.
#[must_use]
pub fn synthetic(
    table: &Table,
    (provider, file): (usize, &str),
    rows: u64,
    seed: u64,
) -> Synthetic {
    let mut random = Random(seed ^ (provider as u64 + 1).wrapping_mul(0xd1b5_4a32_d192_ed03));
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let mut csv = names.join(",") + "\n";
    for row in 0..rows {
        let owner = if row < rows / 2 { 0 } else { provider + 1 };
        for (at, column) in table.columns.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let missing = column.missing == Missing::Allow && random.below(MISSING) == 0;
            let value =
                if missing { String::new() } else { value(column, (owner, row), &mut random) };
            let _ = write!(csv, "{comma}{value}");
        }
        csv += "\n";
    }
    let texts = table.columns.iter().filter(|column| is_text(column));
    let texts: Vec<String> = texts.map(|column| format!("{:?}", column.name)).collect();
    let columns: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let mapping = format!(
        "# Made for a rehearsal: these records are nobody's.\n[source.synthetic]\npath = {file:?}\n\
         text = [{}]\n\n[map]\nsql = '''SELECT {} FROM synthetic'''\n",
        texts.join(", "),
        columns.join(", ")
    );
    Synthetic { csv, mapping }
}

fn is_text(column: &Column) -> bool {
    matches!(column.kind, Kind::Category { .. } | Kind::Identifier)
}

fn value(column: &Column, (owner, row): (usize, u64), random: &mut Random) -> String {
    match &column.kind {
        Kind::Identifier => format!("id-{owner}-{row:06}"),
        Kind::Boolean => (random.below(2) == 1).to_string(),
        Kind::Category { codes, .. } => {
            let code = &codes[random.below(codes.len() as u64) as usize];
            format!("\"{}\"", code.replace('"', "\"\""))
        }
        Kind::Integer { min, max, .. } => random.between(*min, *max).to_string(),
        Kind::Date { min, max } => {
            let day = random.between((*min).into(), (*max).into());
            date::format(i32::try_from(day).unwrap_or(*min))
        }
        Kind::Decimal { decimals, min, max, .. } => {
            let quanta = random.between(*min, *max);
            let (sign, decimals) = (if quanta < 0 { "-" } else { "" }, usize::from(*decimals));
            let digits = format!("{:0>width$}", quanta.unsigned_abs(), width = decimals + 1);
            let (whole, fraction) = digits.split_at(digits.len() - decimals);
            let point = if decimals > 0 { "." } else { "" };
            format!("{sign}{whole}{point}{fraction}")
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): nothing here is secret.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    fn between(&mut self, min: i64, max: i64) -> i64 {
        let span = i128::from(max) - i128::from(min) + 1;
        let step = (u128::from(self.next()) * span.unsigned_abs()) >> 64;
        (i128::from(min) + step as i128) as i64
    }
}
