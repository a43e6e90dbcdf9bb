//! The tables for other tools: one header line, one fact for each line, numbers without units.

pub mod coupling;
pub mod faults;
pub mod forms;
pub mod operations;
pub mod runs;
pub mod summary;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use crate::checks::measures::{Key, Unit};
use crate::experiment::result::Comparison;
use crate::stats::Quantile;

/// The numbers of things that could have had a value, that have one, and that never will.
pub(super) fn counts(offered: u64, n: u64, never: u64) -> Vec<String> {
    vec![offered.to_string(), n.to_string(), never.to_string()]
}

/// A number as text: nanoseconds are whole, everything else is written so that it reads back
/// exactly.
pub(super) fn scalar(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Nanoseconds => format!("{value:.0}"),
        _ => value.to_string(),
    }
}

/// The two ends of an interval, empty if there is none.
pub(super) fn interval(unit: Unit, interval: Option<(f64, f64)>) -> [String; 2] {
    interval.map(|(low, high)| [low, high].map(|end| scalar(unit, end))).unwrap_or_default()
}

/// The text for "never" where a time stands, which other tools read as a number.
pub(super) const NEVER: &str = "inf";

/// A time in nanoseconds, infinite if it is "never"; empty if there is none.
pub(super) fn quantile(quantile: Option<Quantile>) -> String {
    match quantile {
        None => String::new(),
        Some(Quantile::Value(value)) => value.to_string(),
        Some(Quantile::Never) => NEVER.into(),
    }
}

/// The kind of arrivals of the operations that a measure is about: `open loop` or `closed loop`.
pub(super) fn arrivals(comparison: &Comparison, key: &Key) -> &'static str {
    if comparison.is_closed_loop(&key.scope) { "closed loop" } else { "open loop" }
}

/// The bytes of a table.
pub(super) fn table(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes, heads, rows).expect("memory does not fail");
    bytes
}

/// Writes a table, row by row.
///
/// # Errors
/// The errors of the writer.
pub(super) fn write(
    into: &mut dyn Write,
    heads: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(into);
    writer.write_record(heads).map_err(io::Error::from)?;
    rows.into_iter().try_for_each(|row| {
        writer.write_record(row.into_iter().map(harmless)).map_err(io::Error::from)
    })?;
    writer.flush()
}

/// A cell that no spreadsheet takes for a formula. A name of the scenario that could be one is
/// preceded by the apostrophe that spreadsheets read as text (OWASP, *CSV Injection*).
fn harmless(cell: String) -> String {
    let could_be = cell.starts_with(['=', '+', '-', '@']) && cell.parse::<f64>().is_err();
    if could_be { format!("'{cell}") } else { cell }
}
