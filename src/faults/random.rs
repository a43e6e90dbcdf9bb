//! # Random faults
//!
//! A nemesis: a number of faults, drawn for each seed anew, that begin within a window of the run.
//! Random faults are drawn before the run begins, from a stream of their own, so every variant gets
//! the same ones and no other draw of the run changes. Each seed enables a random subset of the
//! kinds with random weights (a swarm), since a little of everything finds less.
//!
//! ```toml
//! [[faults]]
//! kind = "random"
//! at = "30s"         # the first one begins here at the earliest
//! for = "120s"       # and the last one so long after that at the latest
//! count = 5
//! kinds = ["crash", "partition"]
//! longest = "10s"
//! ```
//!
//! `driftlab run` shows the faults that were drawn, and the seed that drew them. To search for
//! faults that break a guarantee, instead of measuring what faults cost, use `driftlab fuzz`.

use std::borrow::Cow;

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, FaultSettings, Faults};
use super::plan::PlannedFault;
use super::reach::Reach;
use super::swarm::{Kind, Swarm, Window, is_of_copies};
use super::target::DRIVERS;
use super::targets::Targets;
use crate::kernel::{Purpose, RandomStreams, Span};
use crate::model::contract::{Allowance, Driver};
use crate::model::point::Action;
use crate::model::reason::Reason;
use crate::model::system::{Name, System};
use crate::reason;

/// Random faults: an entry that is replaced, before the run, by the faults that it draws.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Random {
    /// Number of faults to draw.
    count: u32,
    /// Kinds to draw from, as `driftlab list faults` shows them. Kinds that affect one message need
    /// a point, and kinds that affect copies need a layout with copies: neither can be drawn here.
    kinds: Vec<String>,
    /// Longest duration of a fault.
    longest: Span,
    /// The name of the random stream, so that two such entries draw differently; by default their
    /// order.
    stream: Option<String>,
}

impl Default for Random {
    fn default() -> Self {
        let kinds = ["crash", "partition", "delay", "loss", "duplication"];
        let kinds = kinds.map(str::to_owned).to_vec();
        Self { count: 3, kinds, longest: Span::from_secs(10), stream: None }
    }
}

impl FaultSettings for Random {
    fn reach(&self) -> Reach {
        Reach::Nodes(Vec::new())
    }

    fn draw(_: &Targets, rng: &mut dyn Rng) -> Option<Self> {
        Some(Self { count: rng.random_range(1..=5), ..Self::default() })
    }

    fn simpler(&self) -> Vec<Self> {
        let fewer = self.count.checked_sub(1).filter(|count| *count > 0);
        fewer.map(|count| Self { count, ..self.clone() }).into_iter().collect()
    }
}

impl Fault for Random {
    const NAME: &'static str = "random";
    const SUMMARY: &'static str = "so many faults of some kinds, drawn anew for each seed";
    const MANUAL: &'static str = include_str!("random.rs");
    type Settings = Self;
}

/// Random faults of a scenario, ready to be drawn.
#[derive(Clone)]
pub struct Nemesis {
    /// The window in which they begin.
    pub window: Window,
    /// The number of faults.
    pub count: u32,
    /// The name of the random stream, if one was chosen.
    stream: Option<String>,
    kinds: Vec<Kind>,
}

/// The most faults that one entry may draw.
const MOST_FAULTS: u32 = 10_000;

impl Nemesis {
    /// The nemesis of these settings of [`Random`], without a window yet.
    ///
    /// # Errors
    ///
    /// A kind that is not registered, that affects a single message, or that affects something that
    /// only some variants have.
    pub fn new(settings: Random, faults: &Faults) -> Result<Self, Reason> {
        let mut kinds = Vec::new();
        for name in &settings.kinds {
            let entry = faults.find(name).filter(|entry| entry.name != Random::NAME);
            let Some(entry) = entry else {
                return Err(reason!("no fault that can be drawn is named `{}`", name));
            };
            let template = entry.with_defaults();
            if template.action() != Action::Go {
                return Err(reason!(
                    "`{}` needs a semantic point (`{}`), and random faults have times",
                    name,
                    "on"
                ));
            }
            if is_of_copies(&*template) {
                return Err(reason!(
                    "`{}` strikes copies, which not every variant has: random faults are the same \
                     for all",
                    name
                ));
            }
            let allowance = Allowance::new(entry.name, u32::MAX, settings.longest);
            kinds.push(Kind { template, allowance });
        }
        let Random { count, stream, .. } = settings;
        if count > MOST_FAULTS {
            return Err(reason!("`{}` must be at most {MOST_FAULTS}", "count"));
        }
        Ok(Self { window: Window::default(), count, stream, kinds })
    }

    /// This nemesis within a window, as random entry number `number` of the scenario, from 1.
    #[must_use]
    pub fn within(mut self, window: Window, number: usize) -> Self {
        let stream = self.stream.take().unwrap_or_else(|| format!("random#{number}"));
        Self { window, stream: Some(stream), ..self }
    }

    /// The names of the kinds that it draws from.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.kinds.iter().map(|kind| kind.template.name())
    }

    /// Draws the faults of one seed, equal for every variant; drivers are therefore targeted by
    /// role.
    pub fn draw(&self, system: &System, stream: &RandomStreams) -> Vec<PlannedFault> {
        let targets = Targets::of(system, &[Driver::new(DRIVERS)]);
        let swarm = Swarm::new(self.kinds.clone(), targets, self.window, self.count);
        let name = Name::new(self.stream.as_deref().unwrap_or_default()).stream;
        swarm.draw_some(self.count, &mut stream.stream(Purpose::Nemesis, name))
    }
}

/// The plan of one seed: the faults of the scenario, then those that are drawn.
pub fn plan<'a>(
    written: &'a [PlannedFault],
    nemeses: &[Nemesis],
    system: &System,
    stream: &RandomStreams,
) -> Cow<'a, [PlannedFault]> {
    if nemeses.is_empty() {
        return Cow::Borrowed(written);
    }
    let drawn = nemeses.iter().flat_map(|nemesis| nemesis.draw(system, stream));
    written.iter().cloned().chain(drawn).collect()
}

#[cfg(test)]
mod tests;
