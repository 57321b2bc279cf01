//! Numbers, texts and tables as people read them.

use std::io::Write as _;

use sharewell_engine::Withstands;
use sharewell_study::Threat;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// Widest line of a table.
const WIDTH: u16 = 100;
/// Where values begin in a list of names and values.
const VALUES_AT: usize = 28;

/// Writes to standard output. If nobody reads it any more (`| head`), there is nothing to say.
pub(crate) fn out(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Writes JSON to standard output.
pub(crate) fn json(value: &impl serde::Serialize) {
    let text = serde_json::to_string_pretty(value).expect("structs, lists, numbers and texts");
    out(&(text + "\n"));
}

/// `name      value`, a line each.
pub(crate) fn list<'t>(lines: impl IntoIterator<Item = (&'t str, String)>) -> String {
    let lines: Vec<_> = lines.into_iter().collect();
    let longest = lines.iter().map(|(name, _)| name.chars().count() + 2).max().unwrap_or(0);
    let at = longest.max(VALUES_AT);
    lines.iter().map(|(name, value)| format!("{name:at$}{value}\n")).collect()
}

/// Prose in lines of at most [`WIDTH`], each behind this many blanks.
pub(crate) fn prose(indent: usize, text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if indent + line.chars().count() + 1 + word.chars().count() <= WIDTH.into() {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.iter().map(|line| format!("{:indent$}{line}\n", "")).collect()
}

/// A table. The columns from `numbers` on are aligned to the right; those that a line cannot hold
/// continue below, behind the columns before `numbers` again.
pub(crate) fn grid(heads: &[&str], rows: &[Vec<String>], numbers: usize) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([heads[column].chars().count()]).max().unwrap_or(0) + 2
    };
    // Labels that are wider than this are broken into lines.
    let labels = (0..numbers).map(width).sum::<usize>().min(usize::from(WIDTH) / 2);
    let mut blocks: Vec<(usize, Vec<usize>)> = vec![(labels, (0..numbers).collect())];
    for column in numbers..heads.len() {
        let (used, columns) = blocks.last_mut().expect("a block");
        if *used + width(column) <= usize::from(WIDTH) || columns.len() == numbers {
            *used += width(column);
            columns.push(column);
        } else {
            blocks.push((labels + width(column), (0..numbers).chain([column]).collect()));
        }
    }
    let block = |(_, columns): &(usize, Vec<usize>)| block(heads, rows, columns, numbers);
    blocks.iter().map(block).collect::<Vec<_>>().join("\n")
}

fn block(heads: &[&str], rows: &[Vec<String>], columns: &[usize], numbers: usize) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(WIDTH).set_header(columns.iter().map(|&i| heads[i]));
    table.add_rows(rows.iter().map(|row| columns.iter().map(|&i| row[i].clone())));
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if i == 0 { 0 } else { 2 }, 0));
        if i >= numbers {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// A number with as many digits as help, and none that its worst error makes meaningless.
pub(crate) fn number(value: f64, error: f64) -> String {
    let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    if !(-4..15).contains(&magnitude) {
        return format!("{value:.5e}");
    }
    let wanted = 3.max(4 - magnitude);
    let certain = if error > 0.0 { (-(2.0 * error).log10()).floor() as i32 } else { wanted };
    format!("{value:.*}", wanted.min(certain).max(0) as usize)
}

/// A worst error.
pub(crate) fn error(error: f64) -> String {
    if error == 0.0 { "0".to_owned() } else { format!("{error:.1e}") }
}

/// 1,234,567
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 0.001 => format!("{:.0} µs", s * 1e6),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s => format!("{s:.1} s"),
    }
}

/// `a, b and c`
pub(crate) fn and(names: &[&str]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [name] => (*name).to_owned(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}

/// Against whom a protocol protects, and against whom not.
pub(crate) fn protection(protocol: &str, withstands: &Withstands) -> String {
    let Withstands { threat, corruptions, parties, cheater, .. } = withstands;
    let if_so = match *threat == Threat::Malicious.name() {
        true => "whatever it does",
        false => "if it follows the protocol and tries to learn from what it sees",
    };
    let together = corruptions + 1;
    prose(
        0,
        &format!(
            "The protocol {protocol} ({threat}) protects against any {corruptions} of the \
             {parties} computing parties, {if_so}; not against {together} that put their shares \
             together. A party that cheats {cheater}."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_shows_no_digit_that_its_error_makes_meaningless() {
        assert_eq!(number(4_920.571_428, 1e-9), "4920.571");
        assert_eq!(number(4_920.571_428, 0.01), "4920.6");
        assert_eq!(number(4_920.571_428, 3.0), "4921");
        assert_eq!(number(34.839_159, 0.0), "34.839");
        assert_eq!(number(0.000_123_456, 1e-12), "0.00012346");
        assert_eq!(number(-0.5, 0.0), "-0.50000");
    }

    #[test]
    fn columns_that_a_line_cannot_hold_continue_below_behind_the_labels() {
        let heads: Vec<String> = (0..9).map(|i| format!("measure number {i}")).collect();
        let heads: Vec<&str> =
            ["drug"].into_iter().chain(heads.iter().map(String::as_str)).collect();
        let row = |drug: &str| [vec![drug.to_owned()], vec!["12.5".to_owned(); 9]].concat();
        let text = grid(&heads, &[row("A"), row("B")], 1);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH.into()), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("drug")).count(), 2);
        assert_eq!(text.matches("12.5").count(), 18);
        assert!(heads.iter().all(|head| text.matches(head).count() <= 2), "no head is broken");
    }

    #[test]
    fn thousands_are_parted() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn values_of_a_list_stand_below_each_other() {
        let text =
            list([("failures", "12".to_owned()), ("rate per million hours", "1".to_owned())]);
        assert_eq!(text, format!("failures{:20}12\nrate per million hours{:6}1\n", "", ""));
    }
}
