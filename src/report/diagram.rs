//! Space-time diagrams: which node sent which message to which, when, and which faults were in
//! force.
//!
//! Time runs downwards, and every event stands at its true instant. The axis is stretched where
//! texts need room and cut where nothing happens, which is marked; so distances compare only
//! roughly, and the times at the left are exact. [`picture`] draws the diagram; [`mermaid`] writes
//! the same as text that wikis and code forges turn into a sequence diagram.

mod draw;
mod layout;
mod mermaid;
mod story;

pub use draw::picture;
pub use mermaid::mermaid;
pub use story::{Line, lines};

use crate::kernel::Time;

/// A time counted from the origin, exact to the microsecond: `+1.234 ms`, `+2.0014 s`, `−5 s`.
pub(super) fn offset(origin: Time, time: Time) -> String {
    let (sign, span) = if time < origin { ('−', origin - time) } else { ('+', time - origin) };
    let (unit, name, decimals) = match span.as_nanos() {
        0 => return "+0".into(),
        n if n >= 1_000_000_000 => (1_000_000_000, "s", 6),
        n if n >= 1_000_000 => (1_000_000, "ms", 3),
        n if n >= 1_000 => (1_000, "µs", 3),
        _ => (1, "ns", 0),
    };
    let (whole, part) = (span.as_nanos() / unit, span.as_nanos() % unit);
    let digits = format!("{part:0width$}", width = unit.ilog10() as usize);
    let digits = digits[..decimals.min(digits.len())].trim_end_matches('0');
    let point = if digits.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{digits} {name}")
}

#[cfg(test)]
mod tests;
