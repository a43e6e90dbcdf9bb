//! The long table of a sweep: a row for each point, variant, seed and measure.

use crate::experiment::sweep::Swept;
use crate::report::csv::{runs, write};
use crate::scenario::sweep::Axis;

/// The name of the file.
pub const NAME: &str = "sweep.csv";

/// The bytes of the table: the position of the point, the value on each axis (durations in
/// nanoseconds, as the head states), then the columns of `runs.csv`.
pub fn table(swept: &Swept) -> Vec<u8> {
    let head = |axis: &Axis| {
        if axis.is_time() { format!("{} [ns]", axis.key) } else { axis.key.clone() }
    };
    let axes: Vec<String> = swept.axes.iter().map(head).collect();
    let axes = axes.iter().map(String::as_str);
    let heads: Vec<&str> = ["point"].into_iter().chain(axes).chain(runs::HEADS).collect();
    let rows = swept.points.iter().enumerate().flat_map(|(point, swept_point)| {
        let values = swept
            .axes
            .iter()
            .zip(&swept_point.at)
            .map(|(axis, at)| super::looks::value(axis, &axis.values[*at]));
        let start: Vec<String> = [point.to_string()].into_iter().chain(values).collect();
        let rows = runs::rows(&swept_point.comparison).into_iter();
        rows.map(move |row| start.iter().cloned().chain(row).collect())
    });
    let mut bytes = Vec::new();
    write(&mut bytes, &heads, rows).expect("memory does not fail");
    bytes
}
