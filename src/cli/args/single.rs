//! The arguments of commands that look at a single run.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::{Format, Limits, seed};
use crate::checks::census::Headline;
use crate::kernel::{Span, Time};
use crate::search::explanation::selection::{Met, Ranking, Selection};

/// `driftlab run`.
#[derive(Args, Debug)]
pub struct Run {
    /// The scenario file.
    #[arg(value_name = "SCENARIO")]
    pub scenario: PathBuf,
    /// The variant; by default the first.
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// The seed, decimal or 0x...; by default the scenario's.
    #[arg(long, value_parser = seed)]
    pub seed: Option<u64>,
    /// The most that a run may come to.
    #[command(flatten)]
    pub limits: Limits,
    /// The format of standard output: a page for people, the summary as JSON, or one row per
    /// operation as CSV.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// `driftlab trace`.
#[derive(Args, Debug)]
pub struct Trace {
    /// The scenario file; `-` reads standard input.
    #[arg(value_name = "SCENARIO")]
    pub scenario: PathBuf,
    /// The variant, or several, separated by commas: then the operation is chosen under the first,
    /// and the others show the same one. By default the first of the scenario.
    #[arg(long = "variant", alias = "variants", value_delimiter = ',', value_name = "NAME,...")]
    pub variants: Vec<String>,
    /// The seed, decimal or 0x...; by default the scenario's.
    #[arg(long, value_parser = seed)]
    pub seed: Option<u64>,
    /// The operation.
    #[command(flatten)]
    pub choice: Choice,
    /// Also write it as a page with its space-time diagram to this file.
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
    /// The most that a run may come to.
    #[command(flatten)]
    pub limits: Limits,
    /// The format of standard output.
    #[arg(long, value_enum, default_value_t = TraceFormat::Text)]
    pub format: TraceFormat,
}

/// `driftlab walk`.
#[derive(Args, Debug)]
pub struct Walk {
    /// The walkthrough; without one, all are listed.
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Other variants of its scenario, separated by commas, for the same operation.
    #[arg(long = "variant", alias = "variants", value_delimiter = ',', value_name = "NAME,...")]
    pub variants: Vec<String>,
    /// Wait for the Enter key behind each event; off a terminal nothing waits.
    #[arg(long)]
    pub step: bool,
    /// Also write it as a page, the space-time diagrams side by side, to this file.
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
}

/// The choice of an operation.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct Choice {
    /// The operation with this number, as in operations.csv, or with this name, such as
    /// `shoppers#3`: the fourth of the load `shoppers`.
    #[arg(long, value_name = "NUMBER|NAME")]
    operation: Option<String>,
    /// The operation that is worst in this measure.
    #[arg(long, value_name = "MEASURE", value_parser = names(Ranking::ALL, Ranking::name))]
    worst: Option<Ranking>,
    /// The first operation with this outcome.
    #[arg(long, value_name = "OUTCOME", value_parser = names(Headline::ALL, Headline::id))]
    outcome: Option<Headline>,
    /// The first operation that met this.
    #[arg(long, value_name = "ANOMALY", value_parser = names(Met::all(), Met::name))]
    first: Option<Met>,
    /// The operation that was under way at this time since the start of the run, such as `63.2s`;
    /// of several the one that arrived last.
    #[arg(long, value_name = "TIME")]
    at: Option<Span>,
}

impl Choice {
    /// The choice as a selection.
    pub fn selection(&self) -> Selection {
        match (&self.operation, self.worst, self.outcome, self.first) {
            (Some(text), ..) => match text.parse() {
                Ok(number) => Selection::Number(number),
                Err(_) => Selection::Name(text.clone()),
            },
            (_, Some(ranking), ..) => Selection::Worst(ranking),
            (_, _, Some(headline), _) => Selection::Outcome(headline),
            (.., Some(met)) => Selection::First(met),
            // One of them is required.
            (None, None, None, None) => Selection::At(Time::ZERO + self.at.unwrap_or(Span::ZERO)),
        }
    }
}

/// The format of a trace.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum TraceFormat {
    /// A head and a line for each event.
    Text,
    /// A sequence diagram that wikis and code forges draw.
    Mermaid,
    /// JSON.
    Json,
}

/// A parser of the names of some values.
fn names<T: Copy + Send + Sync + 'static>(
    all: impl IntoIterator<Item = T>,
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let all: Vec<T> = all.into_iter().collect();
    let names: Vec<&'static str> = all.iter().map(|value| name(*value)).collect();
    PossibleValuesParser::new(names).map(move |text| {
        let found = all.iter().find(|value| name(**value) == text);
        *found.expect("only these names pass")
    })
}
