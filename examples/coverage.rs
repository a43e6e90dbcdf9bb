//! How often the intervals of reports hold a truth that is known, and how often a difference is
//! shown where there is none: a line for each statistic and population. Then the same for means
//! where seeds were added until their interval was narrow (`--until`).
//!
//! ```text
//! cargo run --release --example coverage
//! ```
//!
//! A number behind `--` says how many samples each share is measured in; it is 10,000 without.

use driftlab::verification::coverage::table;

#[expect(clippy::print_stdout, reason = "a program that prints a table")]
fn main() {
    let samples = std::env::args().nth(1).and_then(|text| text.parse().ok());
    print!("{}", table(samples.unwrap_or(10_000)));
}
