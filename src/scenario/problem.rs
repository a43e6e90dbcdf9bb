//! Problems as data: what is wrong, where, and what would help.

use std::ops::Range;

/// A piece of the source text, in bytes.
pub type Place = Range<usize>;

/// How bad a problem is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// The scenario cannot be used.
    Error,
    /// The scenario can be used, but is probably not what was meant.
    Warning,
}

/// Something wrong with a scenario file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The kind of problem; stable, in kebab case.
    pub code: &'static str,
    /// The message: a lowercase fragment without a full stop.
    pub message: String,
    /// Where, and what else belongs to it. The first one is the position of the problem.
    pub labels: Vec<Label>,
    /// A hint at what to do.
    pub help: Option<String>,
    /// A piece of text and what to write in its place.
    pub patch: Option<(Place, String)>,
}

/// A remark on a piece of the source text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// The piece of text.
    pub span: Place,
    /// The remark, perhaps empty.
    pub text: String,
    /// True if the problem is here, or this only belongs to it.
    pub primary: bool,
}

impl Problem {
    /// An error at a place.
    pub fn error(
        code: &'static str,
        place: &Place,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            labels: vec![Label { span: place.clone(), text: label.into(), primary: true }],
            help: None,
            patch: None,
        }
    }

    /// The same as a warning.
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// With a second place that belongs to it.
    pub fn also(mut self, place: &Place, text: impl Into<String>) -> Self {
        self.labels.push(Label { span: place.clone(), text: text.into(), primary: false });
        self
    }

    /// With advice.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// With a replacement for a piece of text.
    pub fn patch(mut self, place: &Place, text: impl Into<String>) -> Self {
        self.patch = Some((place.clone(), text.into()));
        self
    }

    /// Where the problem is.
    pub fn place(&self) -> Place {
        self.labels.first().map_or(0..0, |label| label.span.clone())
    }
}

/// Returns whether any of these is an error.
pub fn any_error(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.severity == Severity::Error)
}
