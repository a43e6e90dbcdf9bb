//! Suggestions for unknown names ("did you mean"), and lists of names in messages.

use crate::model::reason::Reason;

/// The candidate most like `name`, if any is alike enough to be what was meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    alike(name, candidates).into_iter().next()
}

/// The candidates that are alike enough to be what was meant by `name`, the most alike first.
pub fn alike<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let rated = candidates.into_iter().map(|candidate| (likeness(name, candidate), candidate));
    let mut rated: Vec<(f64, &str)> = rated.filter(|(likeness, _)| *likeness >= 0.8).collect();
    rated.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut found = Vec::new();
    for (_, candidate) in rated {
        if !found.contains(&candidate) {
            found.push(candidate);
        }
    }
    found
}

/// The likeness of two names, between 0 and 1; case and the choice between `-` and `_` do not
/// matter.
fn likeness(a: &str, b: &str) -> f64 {
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let (a, b) = (plain(a), plain(b));
    // Jaro-Winkler rates short words too high, so more edits than half of the letters rule a name
    // out.
    let edits = strsim::damerau_levenshtein(&a, &b);
    let longest = a.chars().count().max(b.chars().count());
    if edits * 2 > longest { 0.0 } else { strsim::jaro_winkler(&a, &b) }
}

/// `a`, `b` or `c`, each in backticks.
pub fn either<'a>(names: impl IntoIterator<Item = &'a str>) -> Reason {
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    let words = match names.as_slice() {
        [] => "nothing".into(),
        [one] => format!("`{one}`"),
        [first @ .., last] => format!("`{}` or `{last}`", first.join("`, `")),
    };
    Reason { words, names }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        let names = ["workers", "work", "queue", "lock-timeout"];
        assert_eq!(nearest("worker", names), Some("workers"));
        assert_eq!(nearest("lock_timeout", names), Some("lock-timeout"));
        assert_eq!(nearest("Queue", names), Some("queue"));
        assert_eq!(nearest("threads", names), None);
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(either(["a", "b", "c"]).words, "`a`, `b` or `c`");
        assert_eq!(either(["a"]).words, "`a`");
    }
}
