//! Progress on standard error: a bar on a terminal, plain lines elsewhere, nothing when quiet.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

/// Shows how many runs of how many are done. Shared between threads.
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
    },
}

impl Progress {
    /// Progress of `total` runs.
    pub fn new(total: u64, quiet: bool) -> Self {
        if quiet {
            return Self::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Lines { total, done: AtomicU64::new(0) };
        }
        let style = ProgressStyle::with_template(
            "  {bar:40.cyan/dim} {pos}/{len} runs  {elapsed} elapsed, {eta} to go",
        );
        let bar = ProgressBar::new(total);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self::Bar(bar)
    }

    /// One more run is done.
    pub fn advance(&self) {
        match self {
            Self::Quiet => {}
            Self::Bar(bar) => bar.inc(1),
            Self::Lines { total, done } => {
                let now = done.fetch_add(1, Ordering::Relaxed) + 1;
                let tenth = |runs: u64| runs * 10 / total;
                if tenth(now) > tenth(now - 1) {
                    // A lost line of progress is no reason to lose the results.
                    let _ = writeln!(std::io::stderr(), "  {now} of {total} runs");
                }
            }
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
