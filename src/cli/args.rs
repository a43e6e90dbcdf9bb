//! The command line, as data.

mod campaigns;
mod single;
mod studies;
mod textbooks;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use super::exit;
use crate::experiment::stop::Stop;
use crate::kernel::Span;
use crate::scenario::estimate::Bounds;

pub use campaigns::{Campaign, Merge, Parts, Planned, Report, Shard, Step, Verify};
pub use single::{Run, Trace, TraceFormat, Walk};
pub use studies::{
    Capacity, Compare, Crossover, Diff, Moved, Runs, Sensitivity, Sweep, SweepFormat,
};
pub use textbooks::{Claims, VerifyModel};

/// The number of columns that the help takes at most.
pub const HELP_COLUMNS: usize = 100;

/// A deterministic lab for the data that drifts apart between services.
#[derive(Parser, Debug)]
#[command(name = "driftlab", version, after_help = exit::help(), max_term_width = HELP_COLUMNS)]
pub struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
    /// The use of colour; NO_COLOR is respected.
    #[arg(long, global = true, value_enum, default_value_t = When::Auto)]
    pub color: When,
    /// Let scenarios name data in this folder, too, and not only beside or below themselves.
    /// Symbolic links count as what they lead to.
    #[arg(long, global = true, value_name = "DIR")]
    pub allow_path: Vec<PathBuf>,
    /// Print results only: no progress, no notes.
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run every variant of a scenario on the same seeds and compare them.
    Compare(Compare),
    /// Run a scenario many times, each time with other values for one or two keys.
    ///
    /// The keys and their values are those of `[sweep]` in the scenario, or of `--vary`. Every
    /// variant runs on the same seeds at every point. Results are a chart of each figure over the
    /// swept value, tables, and a long CSV file. The verdicts of checks are results of a sweep, and
    /// the exit code is 0.
    Sweep(Sweep),
    /// Find the value of a key (a load, a delay, a size) at which two variants change their order
    /// in a measure.
    ///
    /// The key is given with a range. Values of the range are run, and where the sign of the paired
    /// difference changes the interval is halved, all on the same seeds. The interval reaches to
    /// the nearest values on either side at which the difference is still shown.
    Crossover(Crossover),
    /// Find the load at which a variant breaks its expectation.
    ///
    /// The expectation is a measure and its limit, such as `--measure m10.done.p99 --below 500ms`;
    /// without one, each expectation of the scenario with a number for a limit. The load is any key
    /// of the scenario, given with a range, and is searched as by `driftlab crossover`.
    Capacity(Capacity),
    /// Find out which of the stated differences hang on which assumption.
    ///
    /// Each assumption (profile values, work, retries, timeouts, capacities, loads, settings,
    /// lengths of faults) is divided and multiplied by a factor, one at a time, on the same seeds.
    /// A difference that "What stands out" states then holds, vanishes or flips. Results are those
    /// of `driftlab compare` and beside them `sensitivity.html`: tornado charts and tables, the
    /// assumptions that move most first, with how often each rank holds when seeds are drawn anew.
    Sensitivity(Sensitivity),
    /// Make a folder of results again from the runs in it, without simulating.
    Report(Report),
    /// Compare two folders of results: before and after a change.
    ///
    /// Every number that both have is paired over the seeds that both have; the differences that
    /// stand out are reported, corrected for multiple comparisons. Nothing is simulated.
    Diff(Diff),
    /// Run a comparison, a sweep, a sensitivity or a fuzz in shards, on any number of machines.
    ///
    /// driftlab brings no scheduler; any that starts a command with a number does. The folder that
    /// `merge` makes is that of `driftlab compare`, `sweep` or `fuzz`, to the byte, whatever the
    /// number of shards. On one machine these commands need no campaign.
    Campaign(Campaign),
    /// Run one variant on one seed and show the details.
    Run(Run),
    /// Show what happened to one operation: its messages, faults, locks, and who waited for whom.
    ///
    /// The operation is chosen by its number or name, as the worst in a measure, by its outcome, by
    /// an anomaly that it met, or by a time.
    Trace(Trace),
    /// Tell a walkthrough: one thing that goes wrong, under two variants, event by event.
    ///
    /// Each walkthrough asks a question, says what to look for, and tells one operation of a
    /// scenario that ships under a variant that does not stand the fault and under one that does.
    Walk(Walk),
    /// Search for faults that break a guarantee of a pattern, and shrink each counterexample.
    ///
    /// Each run offers a few operations and injects random faults within the budget of the
    /// pattern; then all faults end and the run settles. In about half of the runs some sizes are
    /// smaller than in the scenario (workers, queues, connections, batches, instances), so that a
    /// few operations fill them; a counterexample says which. Counterexamples that were found
    /// earlier are replayed first.
    Fuzz(Fuzz),
    /// Run a few operations under every plan of one or two faults.
    Explore(Explore),
    /// Run a counterexample again, or all of a folder.
    Replay(Replay),
    /// Verify the model against closed forms: queues, lags, staleness, availability and cost.
    ///
    /// Small systems for which textbooks give exact results are run as any scenario is. Each
    /// quantity is printed beside its closed form, with the 99.9 % interval of the mean over seeds.
    /// A quantity differs if the exact value is outside of the interval (exit code 1); an interval
    /// of more than 15 % to each side is too wide for a verdict (exit code 3).
    VerifyModel(VerifyModel),
    /// Judge statements of textbooks about ownership and consistency by measurement.
    ///
    /// Each claim is measured in a scenario that ships: supported, contradicted, undecided, or
    /// dependent on a value, which is then searched. With --check each is also measured under the
    /// change that is to turn its verdict; one that is not turned counts as violated (exit code 1).
    Claims(Claims),
    /// Ask a few questions and write a commented scenario that runs.
    ///
    /// Off a terminal, and with `--yes`, what no option says is taken from the defaults.
    New(New),
    /// List the scenarios that come with the program, or write some of them.
    ///
    /// A scenario is written with the data that it names and the schema for editors. A file that
    /// is there already and holds something else is never replaced.
    Examples(Examples),
    /// Check scenario files and report every problem.
    Validate(Validate),
    /// List the names that scenarios and reports can use.
    List(List),
    /// Explain a name: of a pattern, a fault, a measure, a key of a scenario, a term, ...
    ///
    /// Explained are patterns, techniques, faults, checks, measures, outcomes, profiles, the keys
    /// of a scenario file (`reads`, `services.workers`), settings (`event-based.publish`), the
    /// terms of the glossary, and other names for all of them (`2pc`, `cdc`, `p99`). `driftlab
    /// explain scenario` prints the reference of scenario files: every key with its type, limits,
    /// default and source.
    Explain {
        /// The name; without one, all names are listed. `glossary` prints the
        /// glossary, `scenario` the reference of scenario files.
        #[arg(value_name = "NAME")]
        name: Vec<String>,
    },
    /// Print the fingerprint of every variant on the first seed, to compare builds.
    #[command(hide = true)]
    Fingerprints {
        /// The scenario files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the JSON Schema of scenario files, for editors.
    Schema,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print a manual page, or write all of them to a folder.
    ///
    /// `driftlab man | man -l -` shows the page of the program, `driftlab man fuzz | man -l -` that
    /// of a command; with `--out ~/.local/share/man/man1`, `man driftlab-fuzz` finds it.
    Man(Man),
}

impl Command {
    /// Returns whether printing is all that a command does: then it has failed if it cannot print.
    pub const fn only_prints(&self) -> bool {
        match self {
            Self::Compare(_) | Self::Sweep(_) | Self::Run(_) | Self::Fuzz(_) => false,
            Self::Crossover(_) | Self::Capacity(_) | Self::Explore(_) => false,
            Self::Sensitivity(_) => false,
            Self::Report(_) | Self::Campaign(_) | Self::New(_) | Self::Examples(_) => false,
            Self::Replay(_) | Self::VerifyModel(_) | Self::Claims(_) | Self::Validate(_) => false,
            Self::Trace(_) | Self::Walk(_) => true,
            Self::Diff(_) | Self::List(_) | Self::Explain { .. } | Self::Fingerprints { .. } => {
                true
            }
            Self::Schema | Self::Completions { .. } | Self::Man(_) => true,
        }
    }
}

/// The limits to the cost of runs.
#[derive(Args, Clone, Copy, Debug)]
pub struct Limits {
    /// Refuse a run of which more events than this are expected. The estimate depends on rates,
    /// periods and phases (`driftlab validate -v` prints it), never on the machine. By default a
    /// billion. A run ends at ten times its estimate, or at this number if it is given and greater.
    #[arg(long, value_name = "EVENTS")]
    limit_events: Option<u64>,
    /// Refuse runs that are expected to take more memory than this, results included.
    #[arg(long, value_name = "SIZE", default_value = "4GB", value_parser = size)]
    limit_memory: u64,
}

impl Limits {
    /// A flag that stops runs, with the number of events at which a run is ended.
    pub fn stop(&self) -> Stop {
        Stop::allowing(self.limit_events.unwrap_or(0))
    }

    /// The bounds for estimates.
    pub fn bounds(&self) -> Bounds {
        Bounds {
            events: self.limit_events.unwrap_or(Bounds::default().events),
            memory: self.limit_memory,
        }
    }
}

/// The error of a text that is no size.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected a size such as `500MB` or `4GB`")]
struct NoSize;

/// Reads a size in bytes, kilobytes, megabytes or gigabytes.
fn size(text: &str) -> Result<u64, NoSize> {
    let digits = text.trim_end_matches(|it: char| !it.is_ascii_digit());
    let unit = match text[digits.len()..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return Err(NoSize),
    };
    digits.parse().ok().and_then(|count: u64| count.checked_mul(unit)).ok_or(NoSize)
}

/// `driftlab man`.
#[derive(Args, Debug)]
pub struct Man {
    /// The command that the page is about; by default the program.
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    pub command: Option<String>,
    /// Write the page of the program and of every command to this folder instead.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// The threads of what is spread over cores.
#[derive(Args, Debug)]
pub struct Workers {
    /// Number of threads, at most 256; by default one per core. Results do not depend on it.
    #[arg(long, env = "DRIFTLAB_THREADS", hide_env_values = true, value_parser = threads)]
    threads: Option<Threads>,
}

impl Workers {
    /// The number of threads; zero is one per core.
    pub fn threads(&self) -> usize {
        self.threads.map_or(0, |Threads(threads)| threads.into())
    }
}

/// A number of threads; zero is one per core.
#[derive(Clone, Copy, Debug)]
struct Threads(u16);

/// The most threads: more than any machine has cores would only take memory.
const MOST_THREADS: u16 = 256;

/// Reads a number of threads. An empty environment variable is one that is not set.
fn threads(text: &str) -> Result<Threads, String> {
    match text.parse() {
        Ok(threads @ 1..=MOST_THREADS) => Ok(Threads(threads)),
        _ if text.is_empty() => Ok(Threads(0)),
        _ => Err(format!("not a whole number from 1 to {MOST_THREADS}")),
    }
}

/// `driftlab new`.
#[derive(Args, Debug)]
pub struct New {
    /// The name of the scenario.
    #[arg(default_value = "shop")]
    pub name: String,
    /// The services that one operation changes, separated by commas; the client asks the first.
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    pub services: Vec<String>,
    /// The name of the operation.
    #[arg(long, value_name = "NAME")]
    pub operation: Option<String>,
    /// How many operations arrive in a second.
    #[arg(long, value_name = "RATE")]
    pub rate: Option<f64>,
    /// The patterns to compare, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    pub patterns: Vec<String>,
    /// The service that crashes for 10 s, or `none`.
    #[arg(long, value_name = "SERVICE")]
    pub crash: Option<String>,
    /// Ask nothing.
    #[arg(long, short)]
    pub yes: bool,
    /// The file to write; by default NAME.toml in this folder.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `driftlab examples`.
#[derive(Args, Debug)]
pub struct Examples {
    /// The names of the scenarios to write; without one, all are listed.
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// The folder to write to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
}

/// `driftlab validate`.
#[derive(Args, Debug)]
pub struct Validate {
    /// The scenario files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Also print the expected cost of a run of each variant: events, memory and time.
    #[arg(long, short)]
    pub verbose: bool,
    /// The most that a run may come to.
    #[command(flatten)]
    pub limits: Limits,
}

/// `driftlab fuzz`.
#[derive(Args, Debug)]
pub struct Fuzz {
    /// The scenario file.
    #[arg(value_name = "SCENARIO")]
    pub scenario: PathBuf,
    /// Only these variants, separated by commas.
    #[arg(long = "variant", alias = "variants", value_delimiter = ',', value_name = "NAME,...")]
    pub variants: Vec<String>,
    /// Number of runs of each variant; 10,000 unless --time is given.
    #[arg(long, conflicts_with = "time", value_parser = clap::value_parser!(u64).range(1..))]
    pub runs: Option<u64>,
    /// Run for this long instead, such as 30s; the number of runs then depends on the machine.
    #[arg(long, value_name = "DURATION")]
    pub time: Option<Span>,
    /// The seed of all random draws, decimal or 0x...; by default the scenario's.
    #[arg(long, value_parser = seed)]
    pub seed: Option<u64>,
    /// The draws, and what they are judged by.
    #[command(flatten)]
    pub draws: Draws,
    /// The folder for counterexamples; by default `reports/<scenario name>/counterexamples`.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The most that a run may come to.
    #[command(flatten)]
    pub limits: Limits,
    /// The threads it runs on.
    #[command(flatten)]
    pub workers: Workers,
}

/// The number of runs of each variant if neither `--runs` nor `--time` is given.
pub const FUZZ_RUNS: u64 = 10_000;

/// The most runs of each variant that a campaign has.
pub const MOST_RUNS: u64 = 10_000_000_000;

/// Sizes and kinds of the draws of a fuzz, and the promises that it judges by.
#[derive(Args, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Draws {
    /// Number of operations in a run.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub operations: u16,
    /// Most faults in a run.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub faults: u32,
    /// Draw all kinds and times of faults with equal weight, instead of swarm testing, and change
    /// no sizes.
    #[arg(long)]
    pub uniform: bool,
    /// Judge each variant by the guarantees of its own settings, instead of those of its pattern's
    /// default settings.
    #[arg(long)]
    pub own_promises: bool,
    /// Draw what no pattern is made for: disks that lie, brokers that lose what they stored, tables
    /// that change, messages that nobody can consume. Judged is what stands all the same: the
    /// promises to operations that were not struck, and that clients are answered, queues are
    /// bounded, and everything comes to rest.
    #[arg(long, conflicts_with = "own_promises")]
    pub degraded: bool,
    /// Fail with exit code 5 if a path of a pattern was never taken.
    #[arg(long)]
    pub require_coverage: bool,
}

/// `driftlab replay`.
#[derive(Args, Debug)]
pub struct Replay {
    /// A counterexample, or a folder of them.
    #[arg(value_name = "FILE|DIR")]
    pub file: PathBuf,
    /// Explain the violation: the rows that disagree, the moment from which it was inevitable, and
    /// the events.
    #[arg(long)]
    pub trace: bool,
    /// Write the explanation as an HTML page with a space-time diagram to this file.
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
}

/// `driftlab explore`.
#[derive(Args, Debug)]
pub struct Explore {
    /// The scenario file.
    #[arg(value_name = "SCENARIO")]
    pub scenario: PathBuf,
    /// The variant; by default the first.
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// Most faults in a plan.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub faults: u8,
    /// Number of operations; by default that of `[explore]` in the scenario.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub operations: Option<u16>,
    /// Run at most this many plans, evenly chosen, and count those left out.
    #[arg(long, value_name = "PLANS")]
    pub cap: Option<u64>,
    /// The seed, decimal or 0x...; by default the scenario's.
    #[arg(long, value_parser = seed)]
    pub seed: Option<u64>,
    /// Fail with exit code 5 if a path of the pattern was never taken.
    #[arg(long)]
    pub require_coverage: bool,
    /// The folder for the results; by default `reports/<scenario name>`. The table of plans goes to
    /// `explorations` in it, counterexamples to `counterexamples`.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The most that a run may come to.
    #[command(flatten)]
    pub limits: Limits,
    /// The threads it runs on.
    #[command(flatten)]
    pub workers: Workers,
    /// The format of standard output: a table of points and faults, all of it as JSON, or a row per
    /// plan as CSV.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// `driftlab list`.
#[derive(Args, Debug)]
pub struct List {
    /// The sort of names to list.
    #[arg(value_enum)]
    pub what: Listing,
    /// For `points`: the scenario file.
    #[arg(value_name = "SCENARIO", required_if_eq("what", "points"))]
    pub scenario: Option<PathBuf>,
    /// For `points`: which variant; by default the first.
    #[arg(long, value_name = "NAME", requires = "scenario")]
    pub variant: Option<String>,
    /// For `points`: number of operations; by default that of `[explore]` in the scenario.
    #[arg(long, requires = "scenario", value_parser = clap::value_parser!(u16).range(1..))]
    pub operations: Option<u16>,
    /// For `points`: only those of this operation, such as `tickets#3`.
    #[arg(long, value_name = "LOAD#N", requires = "scenario")]
    pub operation: Option<String>,
    /// For `points`: the seed, decimal or 0x...; by default the scenario's.
    #[arg(long, requires = "scenario", value_parser = seed)]
    pub seed: Option<u64>,
    /// The format of the list.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// The format of standard output.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Tables and sentences.
    Human,
    /// JSON.
    Json,
    /// CSV.
    Csv,
}

/// The use of colour.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The sorts of names that can be listed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listing {
    /// Ways to keep data consistent.
    Patterns,
    /// Techniques that arrange which service owns which data.
    Techniques,
    /// Kinds of faults.
    Faults,
    /// Properties that patterns guarantee, and when each must be true.
    Checks,
    /// Measures, with definitions.
    Measures,
    /// Files of a folder of results.
    Exports,
    /// Outcomes of operations, by the state of the stores and the answer to the client.
    Outcomes,
    /// Named defaults for network and disk.
    Profiles,
    /// The keys of a scenario file.
    Keys,
    /// The terms of the glossary.
    Terms,
    /// Semantic points (failpoints) that a run of a scenario passes, as triggers of faults.
    Points,
}

/// The error of a text that is no seed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected a whole number such as `7` or `0x2a`")]
struct NoSeed;

/// Reads a seed, decimal or hexadecimal.
fn seed(text: &str) -> Result<u64, NoSeed> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| NoSeed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn seeds_are_decimal_or_hexadecimal() {
        assert_eq!(seed("42"), Ok(42));
        assert_eq!(seed("0x2A"), Ok(42));
        assert!(seed("-1").is_err() && seed("x").is_err());
    }

    #[test]
    fn sizes_have_a_unit_or_are_bytes() {
        assert_eq!(
            [size("17"), size("500 MB"), size("4gb")],
            [Ok(17), Ok(500_000_000), Ok(4_000_000_000)]
        );
        for wrong in ["", "MB", "-1GB", "4 TB", "99999999999999GB", "1.5GB"] {
            assert_eq!(size(wrong), Err(NoSize), "{wrong}");
        }
    }
}
