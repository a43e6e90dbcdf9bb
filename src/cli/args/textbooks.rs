//! The arguments of commands that hold the model, and statements, against measurement.

use std::path::PathBuf;

use clap::Args;

use super::{Format, Workers};

/// `driftlab verify-model`.
#[derive(Args, Debug)]
pub struct VerifyModel {
    /// Number of seeds.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(6..=100_000))]
    pub seeds: u64,
    /// The seconds of simulated load of each run.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub seconds: u64,
    /// Also write the results as a page, `verify-model.html`, to this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The threads it runs on.
    #[command(flatten)]
    pub workers: Workers,
    /// The format of standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// `driftlab claims`.
#[derive(Args, Debug)]
pub struct Claims {
    /// Only these claims, or those of these sources, separated by commas: `S1,S3-31`.
    #[arg(long, value_delimiter = ',', value_name = "ID,...")]
    pub only: Vec<String>,
    /// Also measure each claim under the change that is to turn its verdict.
    #[arg(long)]
    pub check: bool,
    /// Number of seeds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(6..=100_000))]
    pub seeds: u64,
    /// The folder for the results, which is replaced as a whole, and refused if it holds anything
    /// that driftlab did not write; by default `reports/claims`.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Start over instead of resuming an interrupted run.
    #[arg(long)]
    pub fresh: bool,
    /// The threads it runs on.
    #[command(flatten)]
    pub workers: Workers,
    /// The format of standard output.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}
