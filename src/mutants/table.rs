//! The detection table: what it takes to kill each mutant, as `reports/mutants.md` has it.
//!
//! Everything is drawn from fixed seeds: the table is the same on every machine, with any number of
//! threads.

use std::fmt::Write as _;

use rayon::prelude::*;

use super::{Detection, Draw, Explored, Harness, Mutant, RUNS, mutants};
use crate::faults::fault::Faults;

/// Each mutant is searched for from these seeds; the table shows the median.
pub const SEEDS: [u64; 5] = [1, 2, 3, 4, 5];

/// The names of the columns, and their alignment.
const COLUMNS: [(&str, &str); 13] = [
    ("", "---"),
    ("What is wrong", "---"),
    ("Killed by", "---"),
    ("At once", "---"),
    ("Explore", "---"),
    ("Uniform", "--:"),
    ("Kills", "--:"),
    ("Swarm", "--:"),
    ("Seed", "--:"),
    ("Least", "--:"),
    ("Faults", "--:"),
    ("Operations", "--:"),
    ("Re-runs", "--:"),
];

/// A run that killed a mutant, and what its case shrinks to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Kill {
    /// How many runs it took.
    pub runs: u64,
    /// The seed from which the runs were drawn.
    pub seed: u64,
    /// Faults that are left after shrinking.
    pub faults: usize,
    /// Operations that are left.
    pub operations: usize,
    /// Runs that shrinking took.
    pub reruns: u32,
    /// True if shrinking came to an end.
    pub finished: bool,
    /// True if the original passes the case that is left.
    pub sound: bool,
}

/// One row of the table: the detection of a mutant.
#[derive(Clone, Debug)]
pub struct Row {
    /// The mutant.
    pub mutant: &'static Mutant,
    /// Faults in the least plan that is known to show the mutation.
    pub least: usize,
    /// The kills with faults drawn by swarm, the quickest first.
    pub kills: Vec<Kill>,
    /// How many runs the median kill took with faults drawn uniformly, if there was one.
    pub uniform: Option<u64>,
    /// The result of exploring it.
    pub explored: Explored,
}

impl Kill {
    /// The last of so many runs, if it kills the mutant.
    pub fn of(detection: &Detection<'_>, seed: u64, runs: u64) -> Option<Self> {
        let shrunk = detection.shrunk(runs)?;
        Some(Self {
            runs,
            seed,
            faults: shrunk.case.faults.len(),
            operations: shrunk.case.operations.len(),
            reruns: shrunk.runs,
            finished: shrunk.finished,
            sound: detection.is_sound(&shrunk.case),
        })
    }

    /// Returns whether the mutation is to blame, and what is left has at most one fault more than
    /// the least plan, with nothing simpler.
    pub fn is_good(&self, least: usize) -> bool {
        self.sound && self.finished && self.faults <= least + 1
    }

    /// The cells of the columns from `Swarm` on.
    pub fn cells(&self, least: usize) -> [String; 6] {
        let numbers = [self.runs, self.seed, least as u64, self.faults as u64];
        let [runs, seed, least, faults] = numbers.map(|number| number.to_string());
        [runs, seed, least, faults, self.operations.to_string(), self.reruns.to_string()]
    }
}

impl Row {
    /// Searches for a mutant from every seed, by swarm and uniformly, and explores it.
    pub fn detect(mutant: &'static Mutant, faults: &Faults) -> Self {
        let harness = Harness::of(mutant);
        let detection = |draw, seed| Detection::new(mutant, &harness, faults, draw, seed);
        let kill = |seed: &u64| {
            let detection = detection(Draw::Swarm, *seed);
            Kill::of(&detection, *seed, detection.runs(RUNS)?)
        };
        let mut kills: Vec<Kill> = SEEDS.par_iter().with_max_len(1).filter_map(kill).collect();
        kills.sort_unstable();
        let uniform = |seed: &u64| detection(Draw::Uniform, *seed).runs(RUNS);
        let mut uniform: Vec<Option<u64>> = SEEDS.par_iter().with_max_len(1).map(uniform).collect();
        uniform.sort_by_key(|runs| runs.unwrap_or(u64::MAX));
        Self {
            mutant,
            least: harness.least().len(),
            kills,
            uniform: uniform[SEEDS.len() / 2],
            explored: detection(Draw::Swarm, SEEDS[0]).explore(),
        }
    }

    /// The reason why the row is no good: a search that missed the mutant, a kill for which the
    /// mutation is not to blame, or one that did not shrink.
    pub fn complaint(&self) -> Option<String> {
        let killed_by = self.mutant.killed_by.as_ref()?;
        let bad = self.kills.iter().find(|kill| !kill.is_good(self.least));
        let missed = SEEDS.len() - self.kills.len();
        let bad = bad.map(|kill| format!("{}: {kill:?}", self.mutant.id));
        let is_known = self.mutant.missed.is_some();
        bad.or_else(|| {
            let told = || format!("{}: {killed_by} missed it {missed} times", self.mutant.id);
            (missed > 0 && !is_known).then(told)
        })
    }

    /// The median kill, if at least half of the searches have one.
    fn median(&self) -> Option<&Kill> {
        self.kills.get(SEEDS.len() / 2)
    }

    /// The cells of the row.
    pub fn cells(&self) -> Vec<String> {
        let Explored { plans, killing } = self.explored;
        let never = || format!("> {RUNS}");
        let median = self.median().map_or_else(
            || [&never(), "-", &self.least.to_string(), "-", "-", "-"].map(str::to_owned),
            |kill| kill.cells(self.least),
        );
        let found = [
            format!("{killing} of {plans}"),
            self.uniform.map_or_else(never, |runs| runs.to_string()),
            format!("{} of {}", self.kills.len(), SEEDS.len()),
        ];
        self.mutant.cells().into_iter().chain(found).chain(median).collect()
    }
}

impl Mutant {
    /// The cells of the columns that say what the mutant is.
    pub fn cells(&self) -> [String; 4] {
        let code = |property: &String| format!("`{property}`");
        let killed_by = self.killed_by.as_ref().map(code).unwrap_or_default();
        let at_once: Vec<String> = self.at_once.iter().map(code).collect();
        [self.id.clone(), self.about.clone(), killed_by, at_once.join(", ")]
    }
}

/// The head of the page, above the rows.
pub fn head() -> String {
    let seeds = SEEDS.len();
    let mut page = format!(
        "# The mutants\n\n\
         Patterns with one known mistake each, and what it takes to find it.\n\
         Written by `cargo run --release --features mutants --example mutants`; a test repeats the \
         kill of each row.\n\n\
         - **Killed by**: the property that finds it. **At once**: what is violated in every run, \
         before anything goes wrong.\n\
         - **Explore**: how many of all plans with at most one fault kill it, on a few \
         operations.\n\
         - **Uniform**: the baseline, runs until the first kill if every kind of fault, time and \
         point is alike;\n  the median of {seeds} searches of at most {RUNS} runs.\n\
         - **Kills**: how many of {seeds} searches by swarm, each of at most {RUNS} runs, kill \
         it.\n\
         - **Swarm**, **seed**: runs until the first kill in the median one of them, and its \
         seed.\n\
         - **Least**: faults in the least plan that is known to show it. **Faults**, \
         **operations**, **re-runs**:\n  what that kill shrinks to, and the runs that this \
         takes.\n\n"
    );
    write_line(&mut page, &COLUMNS.map(|(name, _)| name.to_owned()));
    write_line(&mut page, &COLUMNS.map(|(_, rule)| rule.to_owned()));
    page
}

/// The whole page.
pub fn page(rows: &[Row]) -> String {
    let mut page = head();
    for row in rows.iter().filter(|row| row.mutant.killed_by.is_some()) {
        write_line(&mut page, &row.cells());
    }
    page.push_str(&missed());
    page
}

/// The end of the page, below the rows: the mutants that are not found, or not always, and those
/// that were not searched for.
pub fn missed() -> String {
    let mut page = String::new();
    for (mutant, why) in mutants().iter().filter_map(|it| Some((it, it.missed.as_ref()?))) {
        if page.is_empty() {
            page.push_str("\n## Not found, or not always\n\n");
        }
        let _ = writeln!(page, "- **{}** {}: {why}.", mutant.id, mutant.about);
    }
    let rest = mutants().iter().filter(|it| !it.hunted).map(|it| &*it.id);
    let rest = rest.collect::<Vec<_>>().join(", ");
    if !rest.is_empty() {
        page.push_str("\n## Not searched for yet\n\n");
        let _ = writeln!(page, "Tests hold only their least plans against them: {rest}.");
    }
    page
}

fn write_line(page: &mut String, cells: &[String]) {
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

/// The cells of each row of a page; none if it does not begin as a page does.
pub fn rows(page: &str) -> Option<Vec<Vec<&str>>> {
    page.strip_prefix(&head())?.strip_suffix(&missed())?.lines().map(split).collect()
}

fn split(line: &str) -> Option<Vec<&str>> {
    let cells = line.strip_prefix("| ")?.strip_suffix(" |")?;
    Some(cells.split(" | ").collect())
}
