//! The pieces of work that are measured. Each runs in a process of its own, so that its time and
//! its peak of memory are its own.
#![allow(clippy::disallowed_types, reason = "the work is timed from outside, and reads no clock")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use driftlab::Lab;
use driftlab::checks::measures::in_flight::IN_FLIGHT;
use driftlab::experiment::compare::{Study, judge, setup};
use driftlab::experiment::run::run;
use driftlab::scenario::{Registries, Scenario, Variant};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::{Deserialize, Serialize};

use super::estate::Estate;
use super::process::Result;

/// A piece of work with its size.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Job {
    /// One run of the main scenario with so long a load, in seconds, perhaps before the judges.
    Run { variant: String, seconds: u64, is_judged: bool },
    /// One judged run of the quiet scenario with so many customers.
    Rows { rows: u64 },
    /// One judged run of an estate.
    Estate { variant: String, estate: Estate },
    /// A comparison of the main scenario, from its text to the bytes of its report.
    Compare { seeds: u64, threads: usize },
}

/// The cost of a piece of work, and what it did.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Cost {
    /// Processor time of all threads, in seconds.
    pub cpu: f64,
    /// Time by the clock, in seconds.
    pub clock: f64,
    /// The most memory, in bytes.
    pub peak: f64,
    /// The number of operations.
    pub count: f64,
    /// The number of operations in flight, on average over the load.
    pub in_flight: f64,
}

/// The operations of a run, and how many of them were in flight.
struct Done {
    count: f64,
    in_flight: f64,
}

impl Job {
    /// Does the work in a process of its own.
    pub fn cost(&self) -> Result<Cost> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--job", &serde_json::to_string(self)?]).stderr(Stdio::inherit());
        let output = command.output()?;
        if !output.status.success() {
            return Err(format!("{self:?} ended with {}", output.status).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Does the work in this process.
    pub fn run(&self) -> Result<Cost> {
        let (cpu, began) = (processor_time()?, Instant::now());
        let done = self.work()?;
        Ok(Cost {
            cpu: processor_time()? - cpu,
            clock: began.elapsed().as_secs_f64(),
            peak: peak_of_memory().ok_or("the peak of memory is not known")?,
            count: done.count,
            in_flight: done.in_flight,
        })
    }

    fn work(&self) -> Result<Done> {
        match self {
            Self::Run { variant, seconds, is_judged } => {
                let scenario = main_scenario(*seconds)?;
                one(&scenario, variant, *is_judged)
            }
            Self::Rows { rows } => {
                let rows = format!("rows = {rows}");
                let scenario = shipped("quiet.toml", &[("rows = 100000", &rows)])?;
                one(&scenario, "orchestrated", true)
            }
            Self::Estate { variant, estate } => one(&scenario_of(&estate.text())?, variant, true),
            Self::Compare { seeds, threads } => compare(*seeds, *threads),
        }
    }
}

/// One run of a variant.
fn one(scenario: &Scenario, name: &str, is_judged: bool) -> Result<Done> {
    let found = scenario.variants.iter().find(|it| &*it.name.shown == name);
    let variant: &Variant = found.ok_or_else(|| format!("no variant is named {name}"))?;
    if !is_judged {
        let ran = run(&setup(scenario, variant), 1, Vec::new());
        return Ok(Done { count: f64::from(ran.messages), in_flight: 0.0 });
    }
    let report = judge(scenario, variant, 1, false).report;
    let in_flight = report.measures.number(IN_FLIGHT).value().unwrap_or(0.0);
    Ok(Done { count: report.offered as f64, in_flight })
}

/// A comparison, counted in operations of its censuses.
fn compare(seeds: u64, threads: usize) -> Result<Done> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let scenario = main_scenario(240)?;
    let count = pool.install(|| {
        let comparison = Study::of(&scenario, 1..=seeds).compare()?;
        let files = Lab::new().files(&comparison);
        files.iter().for_each(|file| drop(file.bytes()));
        Some(comparison.variants.iter().map(|it| it.census.total()).sum::<u64>())
    });
    Ok(Done { count: count.ok_or("there are variants and seeds")? as f64, in_flight: 0.0 })
}

/// The main scenario with so long a load. Its second outage ends after three minutes.
fn main_scenario(seconds: u64) -> Result<Scenario> {
    shipped("sysops-ticket.toml", &[("load = \"240s\"", &format!("load = \"{seconds}s\""))])
}

/// A scenario that ships, as its file has it but for some replacements.
fn shipped(name: &str, changes: &[(&str, &str)]) -> Result<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut text = std::fs::read_to_string(folder.join(name))?;
    for (from, to) in changes {
        if !text.contains(from) {
            return Err(format!("{name} has no `{from}`").into());
        }
        text = text.replace(from, to);
    }
    scenario_of(&text)
}

fn scenario_of(text: &str) -> Result<Scenario> {
    Scenario::from_text(text, &Registries::builtin()).map_err(|it| it.to_string().into())
}

/// The processor time of this process so far, in seconds.
fn processor_time() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(micros as f64 / 1e6)
}

/// The most memory that this process had so far, in bytes.
fn peak_of_memory() -> Option<f64> {
    super::process::peak(Path::new("/proc/self/status"))
}
