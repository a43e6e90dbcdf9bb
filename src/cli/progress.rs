//! Progress on standard error: a bar on a terminal, plain lines elsewhere, nothing when quiet.

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
#[expect(clippy::disallowed_types, reason = "how fast it goes for the user, not in a run")]
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use crate::report::human;
use crate::search::fuzz::{Fuzzed, Tally};

/// The progress of runs: the number that are done, of all. Shared between threads.
#[expect(clippy::disallowed_types, reason = "how fast it goes for the user, not in a run")]
pub enum Progress {
    /// Nothing is shown.
    Quiet,
    /// A bar that redraws itself.
    Bar(ProgressBar),
    /// A line for every tenth of the work.
    Lines {
        /// Runs in all.
        total: u64,
        /// Runs done.
        done: AtomicU64,
        /// Their name in the plural.
        what: &'static str,
        /// The time at which they began.
        began: Instant,
    },
}

impl Progress {
    /// Progress of `total` runs.
    pub fn new(total: u64, quiet: bool) -> Self {
        Self::of("runs", total, quiet)
    }

    /// Progress of `total` things with this name in the plural.
    #[expect(clippy::disallowed_types, reason = "how fast it goes for the user, not in a run")]
    pub fn of(what: &'static str, total: u64, quiet: bool) -> Self {
        if quiet {
            return Self::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            let (done, began) = (AtomicU64::new(0), Instant::now());
            return Self::Lines { total, done, what, began };
        }
        let style = ProgressStyle::with_template(&format!(
            "  {{bar:40.cyan/dim}} {{pos}}/{{len}} {what}, {{per_sec}}  {{elapsed}} elapsed, \
             {{eta}} to go"
        ));
        let bar = ProgressBar::new(total);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self::Bar(bar)
    }

    /// One more run is done.
    pub fn advance(&self) {
        match self {
            Self::Quiet => {}
            Self::Bar(bar) => bar.inc(1),
            Self::Lines { total, done, what, began } => {
                let now = done.fetch_add(1, Ordering::Relaxed) + 1;
                let tenth = |runs: u64| runs * 10 / total;
                if tenth(now) > tenth(now - 1) {
                    // A failure to print progress must not end the work.
                    let rate = human::number(now as f64 / began.elapsed().as_secs_f64().max(1e-9));
                    let said = format!("  {now} of {total} {what}, {rate} a second");
                    let _ = writeln!(std::io::stderr(), "{said}");
                }
            }
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// The progress of fuzzing: runs, runs a second, points and faults.
pub enum FuzzProgress {
    /// Nothing is shown.
    Quiet,
    /// A line that redraws itself.
    Line(ProgressBar),
    /// A line of its own whenever the number of runs has doubled.
    Lines(Cell<u64>),
}

impl FuzzProgress {
    /// Progress of this many runs, or of as many as time allows.
    pub fn new(total: Option<u64>, quiet: bool) -> Self {
        if quiet {
            return Self::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines(Cell::new(8_192));
        }
        let (bar, template) = match total {
            Some(total) => (ProgressBar::new(total), "  {bar:24.cyan/dim} {msg}"),
            None => (ProgressBar::new_spinner(), "  {msg}"),
        };
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self::Line(bar)
    }

    /// Shows the progress after a time.
    pub fn show(&self, fuzzed: &Fuzzed, elapsed: Duration) {
        let runs = fuzzed.runs();
        match self {
            Self::Quiet => {}
            Self::Line(bar) => {
                bar.set_position(runs);
                bar.set_message(state(fuzzed, elapsed));
            }
            Self::Lines(next) => {
                if runs >= next.get() {
                    next.set(runs * 2);
                    // A lost line of progress is no reason to lose the results.
                    let _ = writeln!(std::io::stderr(), "  {}", state(fuzzed, elapsed));
                }
            }
        }
    }

    /// Removes the line.
    pub fn finish(&self) {
        if let Self::Line(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// The progress so far, in words.
fn state(fuzzed: &Fuzzed, elapsed: Duration) -> String {
    let sum = |of: fn(&Tally) -> u64| fuzzed.variants.iter().map(of).sum::<u64>();
    let rate = fuzzed.runs() as f64 / elapsed.as_secs_f64().max(1e-9);
    format!(
        "{} runs, {} a second; {} of {} points struck; {} of {} faults hit work; {} violations",
        human::count(fuzzed.runs()),
        human::number(rate),
        human::count(sum(|tally| tally.points_struck.len() as u64)),
        human::count(sum(|tally| tally.points.len() as u64)),
        human::count(sum(|tally| tally.disturbed)),
        human::count(sum(|tally| tally.planned)),
        fuzzed.violations().count(),
    )
}
