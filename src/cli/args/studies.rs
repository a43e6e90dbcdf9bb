//! The arguments of commands that run variants on seeds, and of those that read the results.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Format, Limits, Workers, seed};
use crate::cli::quote;
use crate::scenario::Scenario;

/// The runs of a study: variants of a scenario on some seeds.
#[derive(Args, Debug)]
pub struct Runs {
    /// The scenario file; `-` reads standard input.
    #[arg(value_name = "SCENARIO")]
    pub scenario: PathBuf,
    /// Number of seeds; every variant runs on each.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub seeds: u64,
    /// The first seed, decimal or 0x...; by default the scenario's.
    #[arg(long, value_parser = seed)]
    pub seed: Option<u64>,
    /// Only these variants, separated by commas.
    #[arg(long = "variant", alias = "variants", value_delimiter = ',', value_name = "NAME,...")]
    pub variants: Vec<String>,
    /// Leave out the fault-free twins: half the runs, but no recovery time and no cost of faults.
    #[arg(long)]
    pub no_twin: bool,
    /// The most that a run may come to.
    #[command(flatten)]
    pub limits: Limits,
    /// The threads it runs on.
    #[command(flatten)]
    pub workers: Workers,
}

impl Runs {
    /// The seeds, from the first one on.
    pub fn seeds(&self, scenario: &Scenario) -> Vec<u64> {
        let first = self.seed.unwrap_or(scenario.seed);
        (0..self.seeds).map(|offset| first.wrapping_add(offset)).collect()
    }

    /// The options for all of this except the scenario, as on the command line.
    pub fn options(&self, scenario: &Scenario) -> String {
        let (seeds, first) = (self.seeds, self.seed.unwrap_or(scenario.seed));
        let mut options = format!(" --seeds {seeds} --seed {first}");
        if !self.variants.is_empty() {
            options.push_str(&format!(" --variant {}", quote(&self.variants.join(","))));
        }
        if self.no_twin {
            options.push_str(" --no-twin");
        }
        options
    }
}

/// `driftlab compare`.
#[derive(Args, Debug)]
pub struct Compare {
    /// The runs.
    #[command(flatten)]
    pub runs: Runs,
    /// The variant with which the others are compared, and which stands first; by default the first
    /// one.
    #[arg(long, value_name = "NAME")]
    pub baseline: Option<String>,
    /// The folder for the results; by default `reports/<scenario name>`. It is replaced as a
    /// whole, but for `counterexamples` and `explorations`, and refused if it holds anything else
    /// that driftlab did not write.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Add seeds until intervals reach at most so far to each side of their number and have stayed
    /// so for five further seeds: `5%` for every headline, `m1.p99=5%` for one number. `--seeds` is
    /// where it begins.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "[MEASURE=]SHARE,...",
        conflicts_with = "worth"
    )]
    pub until: Vec<String>,
    /// Add seeds until the best variant is known, up to a difference that does not matter: `5ms` of
    /// consistency lag p99, `1%` of availability, or `m10.done.p99=5ms`.
    #[arg(long, value_name = "[MEASURE=]DIFFERENCE")]
    pub worth: Option<String>,
    /// The probability with which `--worth` selects the best, or one that is no further from it.
    #[arg(long, default_value_t = 0.95, value_name = "PROBABILITY", value_parser = probability)]
    pub confidence: f64,
    /// The most seeds that `--until` and `--worth` run.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub max_seeds: u64,
    /// Start over instead of resuming an interrupted comparison of the same scenario.
    #[arg(long)]
    pub fresh: bool,
    /// Print every table and sentence, not only the answer, the summary, faults and checks.
    #[arg(long)]
    pub details: bool,
    /// The format of standard output: text, summary.json, or summary.csv.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// `driftlab sweep`.
#[derive(Args, Debug)]
pub struct Sweep {
    /// The runs at every point.
    #[command(flatten)]
    pub runs: Runs,
    /// A key of the scenario and its values, such as `load.requests.poisson=10..1000:log:9` or
    /// `retry.step-deadline=1s,2s,5s`; up to two. By default those of `[sweep]`, which `driftlab
    /// explain sweep` describes.
    #[arg(long, value_name = "PLACE=VALUES")]
    pub vary: Vec<String>,
    /// The figures to draw and to report, separated by commas, such as `m1.p99,m9`; by default
    /// those of comparisons.
    #[arg(long, value_delimiter = ',', value_name = "MEASURE,...")]
    pub measure: Vec<String>,
    /// The folder for the results; by default `reports/<scenario name>-sweep`. It is replaced as a
    /// whole, and refused if it holds anything that driftlab did not write.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Start over instead of resuming an interrupted sweep of the same scenario.
    #[arg(long)]
    pub fresh: bool,
    /// The format of standard output: tables, or sweep.csv.
    #[arg(long, value_enum, default_value_t = SweepFormat::Human)]
    pub format: SweepFormat,
}

/// The format of the standard output of a sweep.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum SweepFormat {
    /// Tables and sentences.
    Human,
    /// CSV.
    Csv,
}

/// The assumptions that a sensitivity moves, and how far.
#[derive(Args, Debug)]
pub struct Moved {
    /// By how much each assumption is divided and multiplied.
    #[arg(long, default_value_t = 2.0, value_parser = factor)]
    pub factor: f64,
    /// Move these alone, separated by commas: a place, such as `retry.attempts`, or all below one,
    /// such as `databases`. By default everything that is assumed.
    #[arg(long, value_delimiter = ',', value_name = "PLACE,...")]
    pub only: Vec<String>,
    /// Also move all assumptions together, on so many random trajectories (Morris screening): each
    /// takes one more comparison than there are assumptions, and shows what depends on others.
    #[arg(long, value_name = "TRAJECTORIES")]
    #[arg(value_parser = clap::value_parser!(u16).range(2..=1_000))]
    pub morris: Option<u16>,
}

/// `driftlab sensitivity`.
#[derive(Args, Debug)]
pub struct Sensitivity {
    /// The runs of each comparison.
    #[command(flatten)]
    pub runs: Runs,
    /// The assumptions that are moved.
    #[command(flatten)]
    pub moved: Moved,
    /// The folder for the results; by default `reports/<scenario name>-sensitivity`. It is replaced
    /// as a whole, and refused if it holds anything that driftlab did not write.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Start over instead of resuming an interrupted command for the same scenario.
    #[arg(long)]
    pub fresh: bool,
    /// The format of standard output: tables, sensitivity.json, or sensitivity.csv.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// Reads a probability of more than a half.
fn probability(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if share > 0.5 && share < 1.0 => Ok(share),
        _ => Err("not a number between 0.5 and 1".into()),
    }
}

/// Reads a factor above one.
fn factor(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if f64::is_finite(factor) && factor > 1.0 => Ok(factor),
        _ => Err("not a number above 1".into()),
    }
}

/// `driftlab crossover`.
#[derive(Args, Debug)]
pub struct Crossover {
    /// The runs at every value.
    #[command(flatten)]
    pub runs: Runs,
    /// The key of the scenario and the range to search: `load.requests.poisson=10..1000`, or
    /// `...:log:9` for nine first values at equal ratios.
    #[arg(long, value_name = "PLACE=LO..HI")]
    pub vary: String,
    /// The two variants.
    #[arg(long, value_delimiter = ',', value_name = "A,B", num_args = 1, required = true)]
    pub between: Vec<String>,
    /// The measure, such as `m1.p99`.
    #[arg(long, value_name = "MEASURE")]
    pub measure: String,
    /// The folder for the results; by default `reports/<scenario name>-crossover`. It is replaced
    /// as a whole, and refused if it holds anything that driftlab did not write.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Start over instead of resuming an interrupted search in the same scenario.
    #[arg(long)]
    pub fresh: bool,
    /// The format of standard output: tables and sentences, or differences.csv.
    #[arg(long, value_enum, default_value_t = SweepFormat::Human)]
    pub format: SweepFormat,
}

/// `driftlab capacity`.
#[derive(Args, Debug)]
pub struct Capacity {
    /// The runs at every load.
    #[command(flatten)]
    pub runs: Runs,
    /// The key of the load and the range to search: `load.requests.poisson=10..1000`, or
    /// `...:log:9` for nine first values at equal ratios.
    #[arg(long, value_name = "PLACE=LO..HI")]
    pub vary: String,
    /// The measure with a limit, such as `m10.done.p99`; by default the expectations of the
    /// scenario.
    #[arg(long, value_name = "MEASURE", requires = "limit")]
    pub measure: Option<String>,
    /// The measure must be less than this: a duration, a share or a number.
    #[arg(long, value_name = "LIMIT", group = "limit", requires = "measure")]
    pub below: Option<String>,
    /// The measure must be at least this.
    #[arg(long, value_name = "LIMIT", group = "limit", requires = "measure")]
    pub at_least: Option<String>,
    /// The folder for the results, with a folder below it for each variant; by default
    /// `reports/<scenario name>-capacity`. Each is replaced as a whole, and refused if it holds
    /// anything that driftlab did not write.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Start over instead of resuming an interrupted search in the same scenario.
    #[arg(long)]
    pub fresh: bool,
    /// The format of standard output: tables and sentences, or differences.csv.
    #[arg(long, value_enum, default_value_t = SweepFormat::Human)]
    pub format: SweepFormat,
}

/// `driftlab diff`.
#[derive(Args, Debug)]
pub struct Diff {
    /// The folder of results before.
    #[arg(value_name = "BEFORE")]
    pub before: PathBuf,
    /// The folder of results after.
    #[arg(value_name = "AFTER")]
    pub after: PathBuf,
    /// The format of standard output: the differences that stand out, or a row for each number as
    /// CSV.
    #[arg(long, value_enum, default_value_t = SweepFormat::Human)]
    pub format: SweepFormat,
}
