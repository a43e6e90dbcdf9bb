//! The length of the settle phase: the time after the load until a system is known to be at rest.

use std::fmt;

use crate::kernel::Span;
use crate::model::system::System;
use crate::patterns::pattern::{Prepared, period};

/// The shortest settle phase that suffices for a variant, part by part.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settling(Vec<(Span, String)>);

/// The work that a load and its faults leave behind at the end of the load.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeftBehind {
    /// The time for which the busiest part of the system still works on the backlog.
    pub backlog: Span,
    /// The time between the end of the last fault and the end of the load; `None` without faults.
    pub healed: Option<Span>,
}

impl Settling {
    /// Computes what a pattern needs on a system. Clients wait for their last answers, the
    /// remaining work is done in parallel, and then nothing may change for two periods.
    pub(super) fn of(pattern: &dyn Prepared, system: &System, left: LeftBehind) -> Self {
        let period = period(pattern, system);
        let since =
            |length: Span| left.healed.map_or(Span::ZERO, |healed| length.saturating_sub(healed));
        let attempt = since(system.retry.longest + system.retry.step_deadline);
        let repair = system.longest_recovery() + pattern.dormant(system);
        let repair = since(repair.max(system.longest_silence()));
        let under_way = [
            (period, format!("{period} until what recurs comes round")),
            (attempt, format!("{attempt} of a pause and a last attempt")),
            (repair, format!("{repair} until what the last fault interrupted is taken up again")),
            (left.backlog, format!("{} of work that the load leaves behind", left.backlog)),
        ];
        let longest = under_way.into_iter().max_by_key(|(length, _)| *length);
        let deadline = system.client.deadline;
        let parts = [
            (period.saturating_mul(2), format!("2 periods of {period} without any change")),
            (deadline, format!("{deadline} until clients give up")),
        ];
        let parts = parts.into_iter().chain(longest);
        Self(parts.filter(|(length, _)| *length > Span::ZERO).collect())
    }

    /// The sum of all parts.
    pub fn length(&self) -> Span {
        self.0.iter().fold(Span::ZERO, |sum, (length, _)| sum + *length)
    }
}

impl fmt::Display for Settling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<&str> = self.0.iter().map(|(_, what)| &**what).collect();
        f.write_str(&parts.join(" + "))
    }
}
