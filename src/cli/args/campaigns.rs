//! The arguments of campaigns, and of what makes a folder of results again.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

use super::{Draws, FUZZ_RUNS, Limits, MOST_RUNS, Moved, Runs, Workers};

/// `driftlab campaign`.
#[derive(Args, Debug)]
pub struct Campaign {
    /// The step.
    #[command(subcommand)]
    pub step: Step,
}

/// The steps of a campaign.
#[derive(Subcommand, Debug)]
pub enum Step {
    /// Write down what is run: variants of a scenario on seeds, at the points of a sweep or with
    /// assumptions moved if that is asked for, or the runs of a fuzz.
    Plan(Planned),
    /// Run a shard of a plan: every Nth run from the Ith on.
    ///
    /// The results of a shard are one file, which appears whole or not at all; a shard that is
    /// there and whole is not run again, and one that was interrupted goes on. Violations are
    /// results: the exit code is 0.
    Run(Shard),
    /// Make of the files of all shards the folder that one machine would have written.
    ///
    /// Runs that two files have must be the same to the byte. If some are missing, the commands
    /// that make them are printed, and the exit code is 4. Of a fuzz the counterexamples are shrunk
    /// here, once. The other exit codes are those of the command whose results these are.
    Merge(Merge),
    /// Say how much of a plan is there, and which shards are missing.
    Status(Parts),
    /// Run some of the runs again, here, and compare them with the files of the shards.
    Verify(Verify),
}

/// The options that only a fuzz has.
const FUZZED: [&str; 7] = [
    "runs_each",
    "operations",
    "faults",
    "uniform",
    "own_promises",
    "degraded",
    "require_coverage",
];

/// The options that only a sensitivity has.
const MOVED: [&str; 3] = ["factor", "only", "morris"];

/// `driftlab campaign plan`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("fuzzed").requires("fuzz").multiple(true).args(FUZZED))]
#[command(group = ArgGroup::new("move").requires("sensitivity").multiple(true).args(MOVED))]
pub struct Planned {
    /// The runs.
    #[command(flatten)]
    pub runs: Runs,
    /// Sweep over what `[sweep]` of the scenario says.
    #[arg(long, conflicts_with = "vary")]
    pub sweep: bool,
    /// Sweep over these values, as `driftlab sweep` does; up to two.
    #[arg(long, value_name = "PLACE=VALUES")]
    pub vary: Vec<String>,
    /// The figures of a sweep to draw and to tell, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "MEASURE,...")]
    pub measure: Vec<String>,
    /// Move assumptions, as `driftlab sensitivity` does.
    #[arg(long, conflicts_with_all = ["sweep", "vary", "measure", "fuzz"])]
    pub sensitivity: bool,
    /// Of a sensitivity: the assumptions that are moved, and how far.
    #[command(flatten)]
    pub moved: Moved,
    /// Search for faults that break a guarantee, as `driftlab fuzz` does.
    #[arg(long, conflicts_with_all = ["sweep", "vary", "measure", "seeds", "no_twin"])]
    pub fuzz: bool,
    /// Of a fuzz: number of runs of each variant.
    #[arg(long = "runs", value_name = "RUNS", default_value_t = FUZZ_RUNS,
          value_parser = clap::value_parser!(u64).range(1..=MOST_RUNS))]
    pub runs_each: u64,
    /// Of a fuzz: the draws, and what they are judged by.
    #[command(flatten)]
    pub draws: Draws,
    /// The file of the plan.
    #[arg(long, short, value_name = "FILE", default_value = "plan.json")]
    pub out: PathBuf,
}

/// `driftlab campaign run`.
#[derive(Args, Debug)]
pub struct Shard {
    /// The plan.
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Which shard of how many, such as 3/16. They are counted from 0; N/N is the first one, too,
    /// for engines that count from 1.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: (u64, u64),
    /// The folder for the file of the shard, below a folder of the plan.
    #[arg(long, value_name = "DIR", default_value = "parts")]
    pub out: PathBuf,
    /// The most that a run may come to.
    #[command(flatten)]
    pub limits: Limits,
    /// The threads it runs on.
    #[command(flatten)]
    pub workers: Workers,
}

/// A plan, and the folders with files of its shards.
#[derive(Args, Debug)]
pub struct Parts {
    /// The plan.
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// The folders that shards were written to.
    #[arg(value_name = "DIR", default_value = "parts")]
    pub folders: Vec<PathBuf>,
}

/// `driftlab campaign merge`.
#[derive(Args, Debug)]
pub struct Merge {
    /// Plan and folders.
    #[command(flatten)]
    pub parts: Parts,
    /// The folder for the results; by default `reports/<scenario name>`, with `-sweep` behind it
    /// for a sweep, and `counterexamples` in it for a fuzz.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The threads it works on.
    #[command(flatten)]
    pub workers: Workers,
}

/// `driftlab campaign verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// Plan and folders.
    #[command(flatten)]
    pub parts: Parts,
    /// The share of the runs that are run again, at least one.
    #[arg(long, value_name = "SHARE", default_value = "1%", value_parser = share)]
    pub sample: f64,
    /// The most that a run may come to.
    #[command(flatten)]
    pub limits: Limits,
    /// The threads it runs on.
    #[command(flatten)]
    pub workers: Workers,
}

/// Reads a shard.
fn shard(text: &str) -> Result<(u64, u64), String> {
    let number = |text: &str| text.parse::<u64>().ok();
    let numbers = text.split_once('/').and_then(|(at, of)| Some((number(at)?, number(of)?)));
    match numbers {
        Some((at, of @ 1..=100_000)) if at <= of => Ok((at % of, of)),
        _ => Err("expected a shard such as `0/16`, which is the first of sixteen".into()),
    }
}

/// Reads a share such as `1%` or `0.01`.
fn share(text: &str) -> Result<f64, String> {
    let percent = text.strip_suffix('%').and_then(|it| it.trim().parse::<f64>().ok());
    let share = percent.map(|it| it / 100.0).or_else(|| text.parse().ok());
    let share = share.filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "expected a share such as `1%`".into())
}

/// `driftlab report`.
#[derive(Args, Debug)]
pub struct Report {
    /// The folder of results, of `driftlab compare`, `sweep` or `campaign merge`.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The folder for what is made; by default the same one, which is replaced as a whole.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print every table and sentence of a comparison.
    #[arg(long)]
    pub details: bool,
    /// The threads it works on.
    #[command(flatten)]
    pub workers: Workers,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_counted_from_zero_or_from_one() {
        assert_eq!(
            [shard("0/4"), shard("3/4"), shard("4/4")],
            [Ok((0, 4)), Ok((3, 4)), Ok((0, 4))]
        );
        assert!(["5/4", "1/0", "-1/4", "x"].iter().all(|wrong| shard(wrong).is_err()));
        assert_eq!([share("1%"), share("0.5"), share("100 %")], [Ok(0.01), Ok(0.5), Ok(1.0)]);
        assert!(["101%", "x", "-1"].iter().all(|wrong| share(wrong).is_err()));
    }
}
