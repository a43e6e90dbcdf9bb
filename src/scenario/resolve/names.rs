//! Look-up of names, with the problem of an unknown name and the similar names.

use super::super::problem::{Code, Problem};
use super::super::suggest::{either, nearest};
use super::super::values::At;
use crate::reason;

/// All names of parts of one sort.
#[derive(Clone, Debug)]
pub struct Names {
    code: Code,
    what: &'static str,
    known: Vec<At<String>>,
}

impl Names {
    /// The names of parts that messages call `what`; `code` is the problem of an unknown one.
    pub fn new(code: Code, what: &'static str, known: Vec<At<String>>) -> Self {
        Self { code, what, known }
    }

    /// The position of a name; if it is unknown, `None`, and its problem is added.
    pub fn find(&self, name: &At<String>, problems: &mut Vec<Problem>) -> Option<usize> {
        let found = self.known.iter().position(|known| known.value == name.value);
        if found.is_none() {
            problems.push(self.unknown(name));
        }
        found
    }

    /// The position of a name, if there is one.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.known.iter().position(|known| known.value == name)
    }

    /// The names, in order.
    pub fn all(&self) -> &[At<String>] {
        &self.known
    }

    fn unknown(&self, name: &At<String>) -> Problem {
        let what = self.what;
        let message = reason!("no {what} is named `{}`", name.value);
        let problem = Problem::error(self.code, &name.place, message, "not defined");
        let names = || self.known.iter().map(|known| known.value.as_str());
        let Some(better) = nearest(&name.value, names()) else {
            if self.known.is_empty() {
                return problem.help(format!("there is no {what} at all"));
            }
            return problem.help(format!("choose {}", either(names())));
        };
        let at = self.known.iter().find(|known| known.value == better);
        let problem = match at {
            Some(known) => problem.also(&known.place, format!("`{better}` is defined here")),
            None => problem,
        };
        problem
            .meant(better)
            .help(format!("a {what} with a similar name exists"))
            .patch(&name.place, as_written(name, better))
    }
}

/// A replacement for a name, in quotes unless the name is written as a bare key.
fn as_written(name: &At<String>, better: &str) -> String {
    let bare = name.place.len() == name.value.len();
    if bare { better.to_owned() } else { format!("{better:?}") }
}

/// Reports names that are used twice.
pub fn no_duplicates<'a>(
    what: &str,
    names: impl IntoIterator<Item = &'a At<String>>,
    problems: &mut Vec<Problem>,
) {
    let mut seen: Vec<&At<String>> = Vec::new();
    for name in names {
        match seen.iter().find(|first| first.value == name.value) {
            Some(first) => {
                let message = reason!("the name `{}` is taken", name.value);
                let problem = Problem::error(
                    Code::DuplicateName,
                    &name.place,
                    message,
                    format!("a second {what} of this name"),
                );
                problems.push(problem.also(&first.place, "the first is here"));
            }
            None => seen.push(name),
        }
    }
}
