//! The table of the mutants: what it takes to find each mutant, as `reports/mutants.md` has it.
//!
//! Everything is drawn from fixed seeds: the table is the same on every machine, with any number of
//! threads.

use std::fmt::Write as _;

use rayon::prelude::*;

use super::{Draw, Harness, Hunt, Mutant, RUNS, Spotted};
use crate::faults::fault::Faults;

/// Each mutant is hunted from these seeds; the table shows the middle hunt.
pub const SEEDS: [u64; 5] = [1, 2, 3, 4, 5];

/// What the columns are called, and how they are set.
const COLUMNS: [(&str, &str); 13] = [
    ("", "---"),
    ("What is wrong", "---"),
    ("Caught by", "---"),
    ("At once", "---"),
    ("Explore", "---"),
    ("Uniform", "--:"),
    ("Hunts", "--:"),
    ("Swarm", "--:"),
    ("Seed", "--:"),
    ("Least", "--:"),
    ("Faults", "--:"),
    ("Operations", "--:"),
    ("Re-runs", "--:"),
];

/// A hunt that found its mutant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Kill {
    /// Runs until it was found.
    pub runs: u64,
    /// From what the hunt was drawn.
    pub seed: u64,
    /// Faults that are left after shrinking.
    pub faults: usize,
    /// Operations that are left.
    pub operations: usize,
    /// Runs that shrinking took.
    pub reruns: u32,
    /// True if shrinking came to an end.
    pub finished: bool,
    /// True if the pattern without the mistake survives the case that is left.
    pub sound: bool,
}

/// What hunting one mutant came to.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was hunted.
    pub mutant: &'static Mutant,
    /// Faults in the least plan that is known to show it.
    pub least: usize,
    /// The hunts by swarm that found it, the shortest first.
    pub kills: Vec<Kill>,
    /// Runs that the middle hunt took with faults drawn uniformly, if it found it.
    pub uniform: Option<u64>,
    /// What exploring came to.
    pub spotted: Spotted,
}

impl Kill {
    /// What a run of a hunt shrinks to, if it violates the mutant's property.
    pub fn of(hunt: &Hunt<'_>, seed: u64, runs: u64) -> Option<Self> {
        let shrunk = hunt.shrunk(runs)?;
        Some(Self {
            runs,
            seed,
            faults: shrunk.case.faults.len(),
            operations: shrunk.case.operations.len(),
            reruns: shrunk.runs,
            finished: shrunk.finished,
            sound: hunt.is_sound(&shrunk.case),
        })
    }

    /// Returns whether the mistake is to blame, and what is left has at most one fault more than
    /// the least plan, with nothing simpler.
    pub fn is_good(&self, least: usize) -> bool {
        self.sound && self.finished && self.faults <= least + 1
    }

    /// As the table has it: the columns from `Swarm` on.
    pub fn cells(&self, least: usize) -> [String; 6] {
        let numbers = [self.runs, self.seed, least as u64, self.faults as u64];
        let [runs, seed, least, faults] = numbers.map(|number| number.to_string());
        [runs, seed, least, faults, self.operations.to_string(), self.reruns.to_string()]
    }
}

impl Row {
    /// Hunts an mutant from every seed, by swarm and uniformly, and explores it.
    pub fn hunt(mutant: &'static Mutant, faults: &Faults) -> Self {
        let harness = Harness::of(mutant);
        let hunt = |draw, seed| Hunt::new(mutant, &harness, faults, (draw, seed));
        let kill = |seed: &u64| {
            let hunt = hunt(Draw::Swarm, *seed);
            Kill::of(&hunt, *seed, hunt.runs(RUNS)?)
        };
        let mut kills: Vec<Kill> = SEEDS.par_iter().with_max_len(1).filter_map(kill).collect();
        kills.sort_unstable();
        let uniform = |seed: &u64| hunt(Draw::Uniform, *seed).runs(RUNS);
        let mut uniform: Vec<Option<u64>> = SEEDS.par_iter().with_max_len(1).map(uniform).collect();
        uniform.sort_by_key(|runs| runs.unwrap_or(u64::MAX));
        Self {
            mutant,
            least: harness.least().len(),
            kills,
            uniform: uniform[SEEDS.len() / 2],
            spotted: hunt(Draw::Swarm, SEEDS[0]).explore(),
        }
    }

    /// What is wrong about it: a hunt that missed it, found something else, or did not shrink it.
    pub fn complaint(&self) -> Option<String> {
        let bad = self.kills.iter().find(|kill| !kill.is_good(self.least));
        let missed = SEEDS.len() - self.kills.len();
        let bad = bad.map(|kill| format!("{}: {kill:?}", self.mutant.id));
        bad.or_else(|| (missed > 0).then(|| format!("{}: missed {missed} times", self.mutant.id)))
    }

    /// The hunt in the middle, if that found it.
    fn middle(&self) -> Option<&Kill> {
        self.kills.get(SEEDS.len() / 2)
    }

    /// As the table has it.
    pub fn cells(&self) -> Vec<String> {
        let Spotted { plans, broken } = self.spotted;
        let never = || format!("> {RUNS}");
        let middle = self.middle().map_or_else(
            || [&never(), "-", &self.least.to_string(), "-", "-", "-"].map(str::to_owned),
            |kill| kill.cells(self.least),
        );
        let found = [
            format!("{broken} of {plans}"),
            self.uniform.map_or_else(never, |runs| runs.to_string()),
            format!("{} of {}", self.kills.len(), SEEDS.len()),
        ];
        self.mutant.cells().into_iter().chain(found).chain(middle).collect()
    }
}

impl Mutant {
    /// As the table has it: the columns that say what it is.
    pub fn cells(&self) -> [String; 4] {
        let code = |property: &&str| format!("`{property}`");
        let at_once: Vec<String> = self.at_once.iter().map(code).collect();
        [self.id.into(), self.about.into(), code(&self.caught_by), at_once.join(", ")]
    }
}

/// What stands above the rows.
pub fn head() -> String {
    let seeds = SEEDS.len();
    let mut page = format!(
        "# The mutants\n\n\
         Known mistakes, each made in a pattern that is otherwise correct, and what it takes to \
         find them.\nWritten by `cargo run --release --features mutants --example mutants`; a test \
         repeats the hunt of each row.\n\n\
         - **At once**: what is violated in every run, before anything goes wrong.\n\
         - **Explore**: how many of all plans with at most one fault show it, on a few \
         operations.\n\
         - **Uniform**: the baseline, runs until the property is violated for the first time if \
         every kind, time\n  and point is alike; at most {RUNS}, the middle one of {seeds} hunts.\n\
         - **Hunts**: how many of {seeds} hunts found it by swarm, each within {RUNS} runs.\n\
         - **Swarm**, **seed**: runs that the middle one of them took, and what it is drawn from.\n\
         - **Least**: faults in the least plan that is known to show it. **Faults**, \
         **operations**, **re-runs**:\n  what that hunt's failure shrinks to, and what that \
         takes.\n\n"
    );
    write_line(&mut page, &COLUMNS.map(|(name, _)| name.to_owned()));
    write_line(&mut page, &COLUMNS.map(|(_, rule)| rule.to_owned()));
    page
}

/// The whole page.
pub fn page(rows: &[Row]) -> String {
    let mut page = head();
    for row in rows {
        write_line(&mut page, &row.cells());
    }
    page
}

fn write_line(page: &mut String, cells: &[String]) {
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

/// The cells of each row of a page; none if it does not begin as a page does.
pub fn rows(page: &str) -> Option<Vec<Vec<&str>>> {
    page.strip_prefix(&head())?.lines().map(split).collect()
}

fn split(line: &str) -> Option<Vec<&str>> {
    let cells = line.strip_prefix("| ")?.strip_suffix(" |")?;
    Some(cells.split(" | ").collect())
}
