//! Hunts for every exhibit of the bug zoo and writes what that took to `reports/zoo.md`. Fails if
//! one is missed, or does not shrink to almost its least plan.
//!
//! ```text
//! cargo run --release --features zoo --example zoo
//! ```
//!
//! Words behind `--` choose exhibits; then the table is printed and nothing is written.

use std::path::Path;

use driftlab::faults::registry::Faults;
use driftlab::zoo::table::{Row, page};
use driftlab::zoo::{Exhibit, HERD};
use rayon::prelude::*;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]
fn main() -> std::io::Result<()> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let is_asked = |exhibit: &&Exhibit| asked.is_empty() || asked.iter().any(|id| id == exhibit.id);
    let herd: Vec<&'static Exhibit> = HERD.iter().filter(is_asked).collect();
    let faults = Faults::builtin();
    let hunt = |exhibit: &&'static Exhibit| {
        let row = Row::hunt(exhibit, &faults);
        eprintln!("{}", row.cells().join(" | "));
        row
    };
    let rows: Vec<Row> = herd.par_iter().with_max_len(1).map(hunt).collect();
    let page = page(&rows);
    print!("{page}");
    if asked.is_empty() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/zoo.md"), page)?;
    }
    let complaints: Vec<String> = rows.iter().filter_map(Row::complaint).collect();
    let is_well = complaints.is_empty();
    is_well.then_some(()).ok_or_else(|| std::io::Error::other(complaints.join("\n")))
}
