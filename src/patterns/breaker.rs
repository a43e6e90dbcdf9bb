//! A circuit breaker: the caller stops asking a service that keeps failing.
//!
//! The defaults are those of resilience4j: at least half of the last hundred calls failed, open for
//! a minute, then ten probing calls decide.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Span, Time};

/// Settings of a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct BreakerSettings {
    /// Opens when this share of the window failed, 0 to 1.
    pub failures: f64,
    /// How many of the last calls are looked at; it does not open before so many were made.
    pub window: u16,
    /// How long it stays open.
    pub open: Span,
    /// How many calls probe a half-open circuit.
    pub probes: u16,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { failures: 0.5, window: 100, open: Span::from_secs(60), probes: 10 }
    }
}

/// The circuit to one service. Lives in the caller's memory.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    /// Outcomes of the last calls, the oldest first; `true` is a failure.
    recent: std::collections::VecDeque<bool>,
    opened: Option<Time>,
    probing: u16,
}

impl Breaker {
    /// Whether a call may be made now.
    pub fn allows(&mut self, now: Time, settings: &BreakerSettings) -> bool {
        let Some(opened) = self.opened else { return true };
        if now.since(opened) < settings.open || self.probing >= settings.probes {
            return false;
        }
        self.probing += 1;
        true
    }

    /// Takes note of how a call ended.
    pub fn saw(&mut self, failed: bool, now: Time, settings: &BreakerSettings) {
        if self.opened.is_some() {
            if failed {
                self.opened = Some(now);
                self.probing = 0;
            } else if self.probing >= settings.probes {
                *self = Self::default();
            }
            return;
        }
        self.recent.push_back(failed);
        if self.recent.len() > usize::from(settings.window) {
            self.recent.pop_front();
        }
        let failures = self.recent.iter().filter(|failed| **failed).count() as f64;
        let full = self.recent.len() >= usize::from(settings.window);
        if full && failures >= settings.failures * f64::from(settings.window) {
            self.opened = Some(now);
            self.probing = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_on_failures_and_closes_on_successful_probes() {
        let settings = BreakerSettings { window: 4, probes: 2, ..BreakerSettings::default() };
        let mut breaker = Breaker::default();
        let start = Time::ZERO;
        for failed in [false, true, false, true] {
            assert!(breaker.allows(start, &settings));
            breaker.saw(failed, start, &settings);
        }
        assert!(!breaker.allows(start, &settings), "half of the window failed");
        let later = start + Span::from_secs(60);
        assert!(breaker.allows(later, &settings) && breaker.allows(later, &settings));
        assert!(!breaker.allows(later, &settings), "only so many calls probe");
        breaker.saw(false, later, &settings);
        assert!(breaker.allows(later, &settings), "both probes were allowed and one succeeded");
    }

    #[test]
    fn a_failed_probe_opens_it_again() {
        let settings = BreakerSettings { window: 1, probes: 1, ..BreakerSettings::default() };
        let mut breaker = Breaker::default();
        breaker.saw(true, Time::ZERO, &settings);
        let later = Time::ZERO + settings.open;
        assert!(breaker.allows(later, &settings));
        breaker.saw(true, later, &settings);
        assert!(!breaker.allows(later + Span::from_secs(59), &settings));
        assert!(breaker.allows(later + settings.open, &settings));
    }
}
