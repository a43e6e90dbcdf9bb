//! Problems of a scenario as data: each with its message, its place and a remedy.

use std::ops::Range;

use crate::model::reason::Reason;

/// A piece of the source text, in bytes.
pub type Place = Range<usize>;

/// The severity of a problem.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// The scenario cannot be used.
    Error,
    /// The scenario can be used, but is probably not what was meant.
    Warning,
}

/// Declares the kinds of problem, each with its name.
macro_rules! codes {
    ($($code:ident = $name:literal,)+) => {
        /// A kind of problem.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Code {
            $(#[doc = concat!("The problem that is shown as `", $name, "`.")] $code,)+
        }

        impl Code {
            /// The name that is shown; it is stable and in kebab case.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)+
                }
            }
        }
    };
}

codes! {
    BadDuration = "bad-duration",
    Capacity = "capacity",
    Cycle = "cycle",
    DataFile = "data-file",
    DeriveNotEarlier = "derive-not-earlier",
    DoesNothing = "does-nothing",
    DuplicateName = "duplicate-name",
    HiddenTimeout = "hidden-timeout",
    MissingKey = "missing-key",
    NeverWritten = "never-written",
    NoArrivals = "no-arrivals",
    NoCopy = "no-copy",
    NoLoad = "no-load",
    NoPattern = "no-pattern",
    NoRows = "no-rows",
    NoSteps = "no-steps",
    NoVariants = "no-variants",
    NotOwner = "not-owner",
    NothingFollowed = "nothing-followed",
    Pattern = "pattern",
    RandomFault = "random-fault",
    SameVariant = "same-variant",
    StepOrder = "step-order",
    Switch = "switch",
    Syntax = "syntax",
    Technique = "technique",
    Times = "times",
    TooMany = "too-many",
    TooManyKeys = "too-many-keys",
    TooMuch = "too-much",
    TwoSettings = "two-settings",
    UndoMissing = "undo-missing",
    UnknownColumn = "unknown-column",
    UnknownDatabase = "unknown-database",
    UnknownFault = "unknown-fault",
    UnknownHeadline = "unknown-headline",
    UnknownKey = "unknown-key",
    UnknownKeyName = "unknown-key-name",
    UnknownLoad = "unknown-load",
    UnknownMeasure = "unknown-measure",
    UnknownOperation = "unknown-operation",
    UnknownPattern = "unknown-pattern",
    UnknownProfile = "unknown-profile",
    UnknownRead = "unknown-read",
    UnknownService = "unknown-service",
    UnknownStep = "unknown-step",
    UnknownTable = "unknown-table",
    UnknownTarget = "unknown-target",
    UnknownTechnique = "unknown-technique",
    UnknownVariant = "unknown-variant",
    WrongColumn = "wrong-column",
    WrongType = "wrong-type",
    WrongValue = "wrong-value",
    Zone = "zone",
}

/// A problem of a scenario file: an error or a warning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The severity of the problem.
    pub severity: Severity,
    /// The kind of problem.
    pub code: Code,
    /// The names that the problem is about, in the order of the message: names that were written or
    /// are missing, and other text in backticks.
    pub names: Vec<String>,
    /// The name that was probably meant.
    pub meant: Option<String>,
    /// The message: a lowercase fragment without a full stop.
    pub message: String,
    /// The places that belong to the problem, each with a remark. The first one is its position.
    pub labels: Vec<Label>,
    /// Advice on how to solve the problem.
    pub help: Option<String>,
    /// A place and the text to write there instead.
    pub patch: Option<(Place, String)>,
}

/// A remark on a piece of the source text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// The piece of text.
    pub span: Place,
    /// The remark; it may be empty.
    pub text: String,
    /// True if the problem is at this place; false if the place only belongs to it.
    pub primary: bool,
}

impl Problem {
    /// An error at a place.
    pub fn error(
        code: Code,
        place: &Place,
        reason: impl Into<Reason>,
        label: impl Into<String>,
    ) -> Self {
        let Reason { words: message, names } = reason.into();
        Self {
            severity: Severity::Error,
            code,
            names,
            meant: None,
            message,
            labels: vec![Label { span: place.clone(), text: label.into(), primary: true }],
            help: None,
            patch: None,
        }
    }

    /// Turns the problem into a warning.
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Adds a second place that belongs to the problem.
    pub fn also(mut self, place: &Place, text: impl Into<String>) -> Self {
        self.labels.push(Label { span: place.clone(), text: text.into(), primary: false });
        self
    }

    /// Adds a name that the problem is about and that its message does not show.
    pub fn about(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }

    /// Sets the name that was probably meant.
    pub fn meant(mut self, name: impl Into<String>) -> Self {
        self.meant = Some(name.into());
        self
    }

    /// Returns whether the problem is about this name.
    pub fn is_about(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Adds advice.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Adds a replacement for the text at a place.
    pub fn patch(mut self, place: &Place, text: impl Into<String>) -> Self {
        self.patch = Some((place.clone(), text.into()));
        self
    }

    /// The position of the problem.
    pub fn place(&self) -> Place {
        self.labels.first().map_or(0..0, |label| label.span.clone())
    }
}

/// Returns whether any of these problems is an error.
pub fn any_error(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.severity == Severity::Error)
}
