//! The curves: how cost grows with one size.

use std::fmt::Write;

use super::estate::Estate;
use super::jobs::{Cost, Job};
use super::process::Result;

/// How cost grows with one size.
pub struct Curve {
    /// The name by which the command line asks for it.
    pub name: String,
    /// The size, in words.
    size: &'static str,
    /// The sizes, ascending, each with the work that has it.
    points: Vec<(u64, Job)>,
    /// The column that is read off the work beside time and memory.
    column: Column,
}

/// The last column of a curve, which compares a point with the one before.
#[derive(Clone, Copy, PartialEq)]
enum Column {
    /// Bytes that are kept for each further operation.
    Kept,
    /// Operations in flight.
    InFlight,
    /// How much sooner it is done than the first.
    Gain,
}

/// The patterns whose curves are drawn.
const VARIANTS: [&str; 5] =
    ["two-phase-commit", "background-sync", "orchestrated", "events-outbox", "events-log-tailing"];

/// All curves; of a tenth of their sizes if they are small.
pub fn all(is_small: bool) -> Vec<Curve> {
    let size = |full: u64| if is_small { full / 10 } else { full };
    let mut curves = Vec::new();
    for variant in VARIANTS {
        let job = |seconds| Job::Run { variant: variant.into(), seconds, is_judged: true };
        let loads = [1, 2, 4, 8].map(|times| (300 + size(300) * times, ()));
        let points = loads.map(|(seconds, ())| (seconds, job(seconds)));
        let name = format!("operations, {variant}");
        curves.push(Curve::new(name, "load in s", points.into(), Column::Kept));
    }
    for variant in ["two-phase-commit", "background-sync", "orchestrated", "events-log-tailing"] {
        let job = |services| {
            let estate = Estate { services, rate: 200.0, load: 60, delay: 1 };
            (services, Job::Estate { variant: variant.into(), estate })
        };
        let points = [size(40), size(200), size(1_000)].map(job);
        let name = format!("services, {variant}");
        curves.push(Curve::new(name, "services", points.into(), Column::InFlight));
    }
    for variant in ["two-phase-commit", "orchestrated", "events-log-tailing"] {
        let job = |rate| {
            let (services, rate) = (size(1_000), size(rate));
            let estate = Estate { services, rate: rate as f64, load: 200, delay: 20_000 };
            (rate, Job::Estate { variant: variant.into(), estate })
        };
        let points = [250, 500, 1_000, 2_000].map(job);
        let name = format!("in flight, {variant}");
        curves.push(Curve::new(name, "operations/s", points.into(), Column::InFlight));
    }
    let points =
        [1_000, 100_000, 10_000_000].map(|rows| (size(rows), Job::Rows { rows: size(rows) }));
    curves.push(Curve::new("keys".into(), "rows", points.into(), Column::InFlight));
    let seeds = if is_small { [1, 2, 3] } else { [2, 4, 8] };
    let points = seeds.map(|seeds| (seeds, Job::Compare { seeds, threads: 1 }));
    curves.push(Curve::new("seeds".into(), "seeds", points.into(), Column::Kept));
    let points = [1, 2].map(|threads| (threads as u64, Job::Compare { seeds: seeds[2], threads }));
    curves.push(Curve::new("threads".into(), "threads", points.into(), Column::Gain));
    curves
}

impl Curve {
    fn new(name: String, size: &'static str, points: Vec<(u64, Job)>, column: Column) -> Self {
        Self { name, size, points, column }
    }

    /// Does the work, and returns the table.
    ///
    /// # Errors
    /// If a process fails.
    pub fn measure(&self) -> Result<String> {
        let head = match self.column {
            Column::Kept => "bytes kept/op",
            Column::InFlight => "in flight",
            Column::Gain => "gain by clock",
        };
        let mut text = format!("{}\n", self.name);
        let columns = ["operations", "CPU s", "us/op", "to first", "peak MB"];
        write!(text, "{:>12}", self.size)?;
        for column in columns {
            write!(text, "  {column:>10}")?;
        }
        writeln!(text, "  {head:>13}")?;
        let mut costs: Vec<Cost> = Vec::new();
        for (size, job) in &self.points {
            costs.push(job.cost()?);
            let row = self.row(&costs).map(|it| format!("  {it:>10}")).concat();
            writeln!(text, "{size:>12}{row}  {:>13}", self.last(&costs))?;
        }
        Ok(text)
    }

    /// The columns of the last point that every curve has.
    fn row(&self, costs: &[Cost]) -> [String; 5] {
        let each = |cost: &Cost| cost.cpu / cost.count * 1e6;
        let (first, last) = (&costs[0], &costs[costs.len() - 1]);
        [
            format!("{}", last.count),
            format!("{:.2}", last.cpu),
            format!("{:.1}", each(last)),
            format!("{:.2} x", each(last) / each(first)),
            format!("{:.1}", last.peak / 1e6),
        ]
    }

    /// The last column of the last point.
    fn last(&self, costs: &[Cost]) -> String {
        let last = &costs[costs.len() - 1];
        match (self.column, costs) {
            (Column::Kept, [.., before, _]) => {
                format!("{:.0}", (last.peak - before.peak) / (last.count - before.count))
            }
            (Column::Kept, _) => String::new(),
            (Column::InFlight, _) => format!("{:.0}", last.in_flight),
            (Column::Gain, _) => format!("{:.2} x", costs[0].clock / last.clock),
        }
    }
}
