//! Walkthroughs: one operation of a scenario that ships, told under variants side by side.
//!
//! A walkthrough is a row of `list.toml`: the scenario, the question that it answers, what to look
//! for, and the operation that is told, under which variants. The story itself is never in the
//! list: it is what the run records. The list also has the outcome that each variant comes to; no
//! report prints it, and a test holds it against the run.

use serde::Deserialize;

use crate::checks::census::Headline;
use crate::experiment::compare::limited;
use crate::experiment::stop::Stop;
use crate::kernel::{Span, Time};
use crate::scenario::Scenario;
use crate::search::explanation::operation::{RecordedRun, Story};
use crate::search::explanation::selection::{Met, Ranking, Selection};

/// The rows.
const LIST: &str = include_str!("list.toml");

/// All walkthroughs, in the order in which a class may take them.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Walks {
    /// The walkthroughs.
    pub walks: Vec<Walk>,
}

/// A walkthrough.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Walk {
    /// The name.
    pub name: String,
    /// The scenario that is run, as `driftlab examples` names it.
    pub scenario: String,
    /// The question to answer before the story is read.
    pub asks: String,
    /// The sentences that say what to look for.
    pub look_for: Vec<String>,
    /// The stories, in the order in which they are told.
    pub tells: Vec<Telling>,
    /// The commands that go on from here.
    #[serde(default)]
    pub then: Vec<String>,
}

/// A story of a walkthrough: a variant, an operation of it, and the outcome that it comes to.
///
/// Without a choice the operation has the name of the one before.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Telling {
    /// The variant.
    pub variant: String,
    /// The outcome that the operation comes to, which tests hold against the run.
    #[allow(dead_code, reason = "the program prints what happened, not what is expected")]
    pub ends: String,
    /// The name of the operation, such as `shoppers#100`.
    operation: Option<String>,
    /// The outcome of which the first operation is told.
    outcome: Option<String>,
    /// The measure in which the operation is the worst.
    worst: Option<String>,
    /// The anomaly that the operation is the first to meet.
    first: Option<String>,
    /// The time at which the operation is under way.
    at: Option<String>,
}

impl Telling {
    /// The choice of the operation; none if it is that of the story before.
    pub fn selection(&self) -> Option<Selection> {
        let outcome = |name: &String| Headline::ALL.into_iter().find(|it| it.id() == name);
        let ranking = |name: &String| Ranking::ALL.into_iter().find(|it| it.name() == name);
        let met = |name: &String| Met::all().find(|it| it.name() == name);
        let time = |text: &String| text.parse::<Span>().ok();
        let named = self.operation.clone().map(Selection::Name);
        named
            .or_else(|| self.outcome.as_ref().and_then(outcome).map(Selection::Outcome))
            .or_else(|| self.worst.as_ref().and_then(ranking).map(Selection::Worst))
            .or_else(|| self.first.as_ref().and_then(met).map(Selection::First))
            .or_else(|| Some(Selection::At(Time::ZERO + self.at.as_ref().and_then(time)?)))
    }
}

impl Walks {
    /// The walkthroughs that ship.
    pub fn all() -> Self {
        toml::from_str(LIST).expect("the list is tested")
    }

    /// The walkthrough with this name.
    pub fn find(&self, name: &str) -> Option<&Walk> {
        self.walks.iter().find(|walk| walk.name == name)
    }
}

impl Walk {
    /// Runs the variants of the walkthrough and tells each its operation. With names of variants of
    /// the scenario, these are told instead, each with the operation that the walkthrough chooses
    /// under its own first variant. Nothing if the runs were stopped, or an operation is not there.
    pub fn stories(
        &self,
        scenario: &Scenario,
        variants: &[String],
        stop: &Stop,
    ) -> Option<Vec<Story>> {
        let mut tellers = Tellers { scenario, stop, last: None };
        let own = self.tells.iter().map(|it| (it.variant.clone(), it.selection()));
        let told: Vec<(String, Option<Selection>)> = match variants {
            [] => own.collect(),
            names => {
                let first = self.tells.first()?;
                let name = match first.selection()? {
                    Selection::Name(name) => name,
                    choice => tellers.story(&first.variant, &choice)?.operation.name,
                };
                let name = Some(Selection::Name(name));
                names.iter().map(|variant| (variant.clone(), name.clone())).collect()
            }
        };
        let mut stories: Vec<Story> = Vec::new();
        for (variant, choice) in told {
            let before = stories.last().map(|story| Selection::Name(story.operation.name.clone()));
            stories.push(tellers.story(&variant, &choice.or(before)?)?);
        }
        Some(stories)
    }
}

/// The runs of a scenario, of which the last is kept.
struct Tellers<'a> {
    scenario: &'a Scenario,
    stop: &'a Stop,
    last: Option<(String, RecordedRun)>,
}

impl Tellers<'_> {
    /// The story of an operation of a variant; none if it is not there, or the run was stopped.
    fn story(&mut self, name: &str, choice: &Selection) -> Option<Story> {
        let Self { scenario, stop, .. } = self;
        if self.last.as_ref().is_none_or(|(known, _)| known != name) {
            let setup = limited(scenario, scenario.variant(name)?, stop);
            self.last = Some((name.to_owned(), RecordedRun::new(name, setup, scenario.seed)));
        }
        let (_, run) = self.last.as_ref().filter(|_| !self.stop.is_set())?;
        run.find(choice).and_then(|op| run.story(op))
    }
}

#[cfg(test)]
mod tests;
