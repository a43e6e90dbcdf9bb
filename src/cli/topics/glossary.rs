//! The glossary as data: `src/glossary.md`, which is also a part of the crate's documentation.

/// The text.
pub const TEXT: &str = include_str!("../../glossary.md");

/// One entry of the glossary.
#[derive(PartialEq, Eq, Debug)]
pub struct Entry {
    /// The term.
    pub term: String,
    /// Other names of the term.
    pub others: Vec<String>,
    /// The meaning; empty if the entry only refers to other topics.
    pub text: String,
    /// The names of topics that explain it further.
    pub see: Vec<String>,
}

/// The entries: list items `- **term** (other name, ...): Text. See `name`, ... .`, of which the
/// parentheses, and either the text or the reference, may be left out.
pub fn entries() -> Vec<Entry> {
    let mut items: Vec<String> = Vec::new();
    for line in TEXT.lines() {
        match (line.strip_prefix("- "), line.strip_prefix("  "), items.last_mut()) {
            (Some(first), _, _) => items.push(first.to_owned()),
            (None, Some(more), Some(item)) => *item += &format!(" {more}"),
            _ => {}
        }
    }
    items.iter().map(|item| entry(item)).collect()
}

fn entry(item: &str) -> Entry {
    let (head, text) = item.split_once(": ").unwrap_or((item, ""));
    let (term, others) = head.split_once(" (").unwrap_or((head, ""));
    let others = others.trim_end_matches(')').split(", ").filter(|other| !other.is_empty());
    let reference = text.rfind("See `").or_else(|| text.rfind("see `")).unwrap_or(text.len());
    let (text, see) = text.split_at(reference);
    Entry {
        term: term.trim_matches('*').to_owned(),
        others: others.map(str::to_owned).collect(),
        text: text.trim_end().to_owned(),
        see: see.split('`').skip(1).step_by(2).map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_a_term_other_names_a_text_and_references() {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let whole = "**saga** (LLT, long one): A sequence: one by one. See `a`, `b.c`.";
        let text = "A sequence: one by one.".to_owned();
        let (others, see) = (owned(&["LLT", "long one"]), owned(&["a", "b.c"]));
        assert_eq!(entry(whole), Entry { term: "saga".into(), others, text, see });
        let (others, see, text) = (Vec::new(), owned(&["crash"]), String::new());
        assert_eq!(
            entry("**kill**: see `crash`."),
            Entry { term: "kill".into(), others, text, see }
        );
    }
}
