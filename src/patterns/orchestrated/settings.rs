//! What can be chosen about an orchestrated saga.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::system::System;
use crate::patterns::breaker::BreakerSettings;

/// Where the orchestrator keeps what it has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// In a log that is forced after every step; a restart resumes.
    #[default]
    Durable,
    /// In memory; a crash forgets it.
    Volatile,
}

/// Settings of the orchestrated saga. Attempts, pauses and the deadline of a step come from the
/// scenario's `[retry]`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Settings {
    /// Where the orchestrator keeps what it has done.
    pub state: State,
    /// Whether services remember which step of which operation they have applied.
    pub idempotency_keys: bool,
    /// Whether steps that do not depend on each other run at the same time.
    pub parallel: bool,
    /// The step that decides: once it is done nothing is taken back any more, and the steps
    /// behind it are retried until done. None by default.
    pub pivot: Option<String>,
    /// Tries at a compensation before a human is asked; 0 is without end.
    pub compensation_attempts: u16,
    /// A circuit breaker before each service. None by default.
    pub breaker: Option<BreakerSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            state: State::Durable,
            idempotency_keys: true,
            parallel: false,
            pivot: None,
            compensation_attempts: 0,
            breaker: None,
        }
    }
}

impl Settings {
    /// Problems of these settings on this system, in words.
    pub(super) fn problems(&self, system: &System) -> Vec<String> {
        let mut problems = Vec::new();
        if let Some(pivot) = &self.pivot {
            let mut known = system.operations.iter().flat_map(|operation| &operation.steps);
            if !known.any(|step| &*step.name.shown == pivot) {
                problems.push(format!("no operation has a step `{pivot}` to be the pivot"));
            }
        }
        problems.extend(self.breaker.iter().flat_map(BreakerSettings::problems));
        problems
    }
}
