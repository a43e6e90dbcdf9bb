//! Measuring: every job in a process of its own, all jobs in turn, round after round.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use crate::job::{Cost, Job};
use crate::rows::Row;

/// The cost of a job in one round.
#[derive(Clone, Copy)]
pub struct Sample {
    /// As measured.
    pub cost: Cost,
    /// With the time that it would have taken on a machine as fast as the reference: what the
    /// yardstick, run just before, says about the machine is taken out.
    pub scaled: Cost,
}

/// The samples of each job, one for each round.
pub type Samples = BTreeMap<Job, Vec<Sample>>;

/// The time that an event of the yardstick takes on the reference, in nanoseconds.
const REFERENCE: f64 = 30.0;

/// A row's number over all rounds.
#[derive(Clone, Copy)]
pub struct Value {
    /// The median, as measured.
    pub median: f64,
    /// The median, on a machine as fast as the reference.
    pub scaled: f64,
    /// How far the scaled numbers of the middle half of the rounds are apart, as a share of their
    /// median.
    pub noise: f64,
}

/// The command that does one job and prints its cost.
pub fn command(job: &Job) -> [String; 3] {
    let program = std::env::current_exe().expect("a program knows where it is");
    let job = serde_json::to_string(job).expect("a job is data");
    [program.display().to_string(), "--job".into(), job]
}

fn in_a_process(job: &Job) -> Cost {
    let [program, arguments @ ..] = command(job);
    let mut command = Command::new(program);
    let output = command.args(arguments).stderr(Stdio::inherit()).output();
    let output = output.expect("a program can run itself");
    assert!(output.status.success(), "{job:?}: {}", output.status);
    serde_json::from_slice(&output.stdout).expect("a job prints its cost")
}

/// Does every job once a round.
pub fn samples(jobs: impl IntoIterator<Item = Job>, rounds: u32, yardstick: u64) -> Samples {
    let mut samples: Samples = jobs.into_iter().map(|job| (job, Vec::new())).collect();
    for _ in 0..rounds {
        for (job, samples) in &mut samples {
            let machine = in_a_process(&Job::Yardstick { events: yardstick });
            let cost = in_a_process(job);
            let speed = machine.nanos / machine.count / REFERENCE;
            let scaled = Cost { nanos: cost.nanos / speed, ..cost };
            samples.push(Sample { cost, scaled });
            let outcome = samples[0].cost.outcome;
            assert_eq!(cost.outcome, outcome, "{job:?}: every round comes to the same");
        }
    }
    samples
}

/// The middle of some numbers, and how far the middle half of them is apart.
fn middle(mut numbers: Vec<f64>) -> (f64, f64) {
    numbers.sort_by(f64::total_cmp);
    let at = |share: f64| numbers[((numbers.len() - 1) as f64 * share).round() as usize];
    (at(0.5), at(0.75) - at(0.25))
}

/// The median of what is read off the samples of some jobs.
pub fn median(samples: &Samples, jobs: &[Job], value: impl Fn(&[Cost]) -> f64) -> Value {
    let rounds = samples[&jobs[0]].len();
    let over = |pick: fn(&Sample) -> Cost| {
        let costs = |round: usize| jobs.iter().map(|job| pick(&samples[job][round])).collect();
        (0..rounds).map(|round| value(&costs(round) as &Vec<Cost>)).collect()
    };
    let (median, _) = middle(over(|sample| sample.cost));
    let (scaled, apart) = middle(over(|sample| sample.scaled));
    Value { median, scaled, noise: apart / scaled.abs() }
}

impl Row {
    /// The row's number.
    ///
    /// # Panics
    ///
    /// If jobs that do the same work differ in their outcome.
    pub fn measure(&self, samples: &Samples) -> Value {
        let outcome = |job| samples[job][0].cost.outcome;
        let same = self.jobs.iter().all(|job| outcome(job) == outcome(&self.jobs[0]));
        assert!(!self.are_alike || same, "{}: the ways come to the same", self.name);
        median(samples, &self.jobs, &self.value)
    }
}
