//! The name that was probably meant.

/// The candidate nearest to `word`, if one is near enough to be a slip of the pen.
#[must_use]
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Advice that names the nearest candidate, or else all of them if they are few: "the `what` are".
#[must_use]
pub fn advice<'c>(
    word: &str,
    what: &str,
    candidates: impl IntoIterator<Item = &'c str> + Clone,
) -> Option<String> {
    /// More than these make a wall of words, not advice.
    const LISTED_MAX: usize = 12;
    if let Some(candidate) = nearest(word, candidates.clone()) {
        return Some(format!("did you mean `{candidate}`?"));
    }
    let all: Vec<String> =
        candidates.into_iter().take(LISTED_MAX + 1).map(|name| format!("`{name}`")).collect();
    (1..=LISTED_MAX).contains(&all.len()).then(|| format!("the {what} are {}", all.join(", ")))
}

/// Insertions, deletions and replacements of characters, case aside (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().map(|c| c.to_ascii_lowercase()).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &b) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn distance_counts_edits() {
        for (a, b, want) in
            [("", "abc", 3), ("hours", "huors", 2), ("hours", "Hour", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(a, b), want, "{a} {b}");
        }
    }

    #[test]
    fn only_near_names_are_suggested() {
        assert_eq!(nearest("huors", ["failures", "hours"]), None);
        assert_eq!(nearest("hour", ["failures", "hours"]), Some("hours"));
        assert_eq!(nearest("failurs", ["failures", "hours"]), Some("failures"));
    }
}
