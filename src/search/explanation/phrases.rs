//! Faults and rows in words.

use crate::faults::plan::{PlannedFault, Start};

/// A fault of a plan as a sentence without its full stop: kind, reach, settings, time and length.
pub fn fault(planned: &PlannedFault) -> String {
    let when = match &planned.start {
        Start::At(at) => format!("at {at}"),
        Start::On(trigger) => trigger.to_string(),
    };
    let length = planned.length.map_or_else(String::new, |length| format!(", for {length}"));
    format!("{}, {when}{length}", planned.what())
}
