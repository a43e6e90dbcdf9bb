//! Searches for every mutant and writes what it took to kill it to `reports/mutants.md`. Fails if
//! one survives, or does not shrink to almost its least plan.
//!
//! ```text
//! cargo run --release --features mutants --example mutants
//! ```
//!
//! Words behind `--` choose mutants; then the table is printed and nothing is written.

use std::path::Path;

use driftlab::faults::fault::Faults;
use driftlab::mutants::table::{Row, page};
use driftlab::mutants::{Mutant, mutants};
use rayon::prelude::*;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]
fn main() -> std::io::Result<()> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let is_asked = |mutant: &&Mutant| asked.is_empty() || asked.contains(&mutant.id);
    let mutants: Vec<&'static Mutant> = mutants().iter().filter(is_asked).collect();
    let faults = Faults::builtin();
    let detect = |mutant: &&'static Mutant| {
        let row = Row::detect(mutant, &faults);
        eprintln!("{}", row.cells().join(" | "));
        row
    };
    let rows: Vec<Row> = mutants.par_iter().with_max_len(1).map(detect).collect();
    let page = page(&rows);
    print!("{page}");
    if asked.is_empty() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/mutants.md"), page)?;
    }
    let complaints: Vec<String> = rows.iter().filter_map(Row::complaint).collect();
    let is_well = complaints.is_empty();
    is_well.then_some(()).ok_or_else(|| std::io::Error::other(complaints.join("\n")))
}
