//! Faults in words.

use crate::faults::plan::{PlannedFault, Start};

/// A fault of a plan as a sentence without its full stop: kind, reach, settings, time and length.
pub fn fault(planned: &PlannedFault) -> String {
    let kind = planned.fault.name().replace('-', " ");
    let reach = planned.fault.reach().to_string();
    let what = if reach.is_empty() { kind } else { format!("{kind} {reach}") };
    let details = match planned.fault.details() {
        details if details.is_empty() => String::new(),
        details => format!(" ({})", details.join(", ")),
    };
    let when = match &planned.start {
        Start::At(at) => format!("at {at}"),
        Start::On(trigger) => trigger.to_string(),
    };
    let length = planned.length.map_or_else(String::new, |length| format!(", for {length}"));
    format!("{what}{details}, {when}{length}")
}
