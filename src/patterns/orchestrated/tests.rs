//! Tests of the orchestrated saga: when all is well, when a step is refused, and under faults.

mod crashes;
mod lease;
mod refusals;
mod unknown_outcomes;

use crate::checks::RunReport;
use crate::checks::census::{Headline, State};
use crate::checks::measures::counters::{OPEN_TIME, OPENINGS};
use crate::kernel::Span;
use crate::model::database::Direction;
use crate::model::record::{Answer, Event, Kind, MessageClass};
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, record_text};

/// A chain of services `s1`, `s2`, ..., each with one step of its own, and one operation that adds
/// one to a row at each. Nothing is left to chance but what a test adds.
struct Chain {
    steps: usize,
    /// The probability with which each step is refused.
    refusals: Vec<f64>,
    /// True if all steps but the first follow the first.
    fan_out: bool,
    /// When operations arrive.
    load: &'static str,
    settings: &'static str,
    /// `[retry]`, beyond the usual.
    attempts: u16,
    clients: &'static str,
    faults: Vec<String>,
}

impl Chain {
    /// One operation at 10 s.
    fn of(steps: usize) -> Self {
        Self {
            steps,
            refusals: vec![0.0; steps],
            fan_out: false,
            load: "constant = '10s'\nuntil = '15s'",
            settings: "",
            attempts: 3,
            clients: "deadline = '5s'",
            faults: Vec::new(),
        }
    }

    fn refused_at(mut self, step: usize) -> Self {
        self.refusals[step - 1] = 1.0;
        self
    }

    fn with(self, settings: &'static str) -> Self {
        Self { settings, ..self }
    }

    fn fault(mut self, kind: &str, at: &str, length: &str, rest: &str) -> Self {
        self.faults
            .push(format!("[[faults]]\nkind = '{kind}'\nat = '{at}'\nfor = '{length}'\n{rest}\n"));
        self
    }

    fn crash(self, target: &str, at: &str, length: &str) -> Self {
        self.fault("crash", at, length, &format!("target = '{target}'"))
    }

    /// Nothing passes from one node to the other.
    fn cut(self, from: &str, to: &str, at: &str, length: &str) -> Self {
        let sides = format!("from = ['{from}']\nto = ['{to}']\none-way = true");
        self.fault("partition", at, length, &sides)
    }

    fn text(&self) -> String {
        let mut text = format!(
            "[scenario]\nname = 'chain'\nwarm-up = '0s'\nload = '60s'\nsettle = '60s'\n\
             [retry]\nattempts = {}\nbackoff = '100ms'\njitter = 0.0\nstep-deadline = '2s'\n\
             [clients]\n{}\n\
             [drivers]\nforce = '2ms'\nwork = '0s'\nrecovery = '1s'\n\
             [links]\ndefault = {{ delay = '1ms' }}\ndatabase = {{ delay = '1ms' }}\n\
             client = {{ delay = '1ms' }}\n",
            self.attempts, self.clients
        );
        for step in 1..=self.steps {
            text += &format!(
                "[services.s{step}]\nwork = '1ms'\nrecovery = '1s'\n\
                 [databases.d{step}]\nwork = '100us'\nforce = '2ms'\n\
                 [tables.t{step}]\nowner = 's{step}'\ndatabase = 'd{step}'\n\
                 columns = {{ count = 0 }}\nrows = 100000\n"
            );
        }
        text += "[operations.work]\nkeys = { row = { rows-of = 't1' } }\n";
        for (step, refusal) in (1..).zip(&self.refusals) {
            text += &format!(
                "[[operations.work.steps]]\nname = 's{step}'\nby = 's{step}'\ntable = 't{step}'\n\
                 key = 'row'\neffect = {{ add = {{ count = 1 }} }}\n"
            );
            if *refusal > 0.0 {
                text += &format!("refuse = {{ probability = {refusal:?} }}\n");
            }
            if self.fan_out && step > 1 {
                text += "after = ['s1']\n";
            }
        }
        text += &format!("[load.work]\noperation = 'work'\n{}\n", self.load);
        text += "[variants.it]\npattern = 'orchestrated'\nsingle-store = 'through-driver'\n";
        text += &format!("settings = {{ {} }}\n", self.settings);
        text + &self.faults.concat()
    }

    fn run(&self) -> RecordedRun {
        let told = record_text(&self.text(), "it", 1);
        let failed: Vec<_> = told.report.failed_self_checks().collect();
        assert!(failed.is_empty(), "{failed:?}");
        assert!(told.ran.settled);
        told
    }
}

/// The effects that became visible, in order: step (from 1), taken back or not.
fn shown(told: &RecordedRun) -> Vec<(u8, bool)> {
    told.pick(pick!(record: Event::Shown { direction, .. } => {
        (record.step.0 + 1, direction == Direction::Undo)
    }))
    .collect()
}

/// How long the first client waited for its answer.
fn answered(told: &RecordedRun) -> Option<Span> {
    told.pick(pick!(Event::Answered { waited, .. } => waited)).next()
}

fn sent(told: &RecordedRun, label: &str) -> usize {
    told.sent(label, MessageClass::Service)
}

/// The outcome of the only operation, and the answer of its client.
fn fate(report: &RunReport) -> (Headline, State, Answer) {
    let [row] = &report.operations[..] else { panic!("one operation was offered") };
    (row.headline, row.state, row.answer)
}

const FORWARD: bool = false;
const BACK: bool = true;

#[test]
fn without_faults_every_operation_is_done_at_an_exact_price() {
    for steps in 1..=4 {
        let chain = Chain { load: "constant = '1s'\nuntil = '31s'", ..Chain::of(steps) };
        let told = chain.run();
        let (operations, census) = (30, &told.report.census);
        assert_eq!(census.total(), operations as u64);
        let committed = told
            .report
            .operations
            .iter()
            .filter(|row| (row.headline, row.answer) == (Headline::Committed, Answer::Done));
        assert_eq!(committed.count(), operations);
        assert_eq!(told.sent("ask", MessageClass::Client), 2 * operations);
        assert_eq!(sent(&told, "apply"), 2 * steps * operations, "a request and a reply a step");
        assert_eq!(sent(&told, "compensate"), 0);
        let began_and_applied = (1 + steps) * operations;
        assert_eq!(told.logged("workflow", true), began_and_applied);
        assert_eq!(told.logged("workflow", false), began_and_applied + operations, "and ended");
        let forced = told.all(Kind::Forced).count();
        assert_eq!(forced, began_and_applied + steps * operations, "and a commit a step");
    }
}

#[test]
fn a_volatile_orchestrator_writes_nothing() {
    let told = Chain::of(3).with("state = 'volatile'").run();
    assert_eq!(fate(&told.report), (Headline::Committed, State::All, Answer::Done));
    assert_eq!(told.logged("workflow", false), 0);
    assert_eq!(told.count(Kind::Forced), 3, "the commits of the services");
    assert_eq!(told.count(Kind::Holds), 0, "nothing durable holds it");
}

#[test]
fn in_parallel_what_follows_the_same_step_takes_the_time_of_one() {
    let latency = |chain: Chain| {
        let told = chain.run();
        assert_eq!(fate(&told.report), (Headline::Committed, State::All, Answer::Done));
        answered(&told).expect("an answer")
    };
    let two_in_a_row = latency(Chain::of(2));
    let three_in_a_row = latency(Chain { fan_out: true, ..Chain::of(3) });
    let fan_out = latency(Chain { fan_out: true, ..Chain::of(3).with("parallel = true") });
    assert_eq!(fan_out, two_in_a_row);
    assert!(three_in_a_row > fan_out, "sequential is the default");
}

#[test]
fn a_chain_has_nothing_to_do_in_parallel() {
    let latency = |chain: Chain| answered(&chain.run());
    assert_eq!(latency(Chain::of(3).with("parallel = true")), latency(Chain::of(3)));
}

#[test]
fn an_open_circuit_turns_calls_away_until_probes_succeed() {
    let breaker = "[services.s1.retry]\nattempts = 1\n\
                   breaker = { failures = 0.5, window = 10, open = '5s', probes = 2 }\n";
    let load = "constant = '100ms'\nuntil = '40s'";
    let mut chain = Chain { load, ..Chain::of(1).crash("s1", "9950ms", "12s") };
    chain.faults.push(breaker.to_owned());
    let told = chain.run();
    let service = told.node("s1");
    let back = told.all(Kind::Restarted).map(|record| record.time).next().expect("it restarts");
    let down = told.all(Kind::Crashed).map(|record| record.time).next().expect("it crashes");
    let asked = told.pick(pick!(record: Event::Sent { to, .. }
        if to == service && down < record.time && record.time < back => ()));
    // Five failures in ten calls open it, 5 s later two probes fail, and 5 s later two more.
    assert_eq!(asked.count(), 5 + 2 + 2);
    let number = |measure| told.report.measures.number(measure).value().expect("it was asked");
    assert_eq!(number(OPENINGS), 3.0);
    let open = number(OPEN_TIME) / 1e9;
    assert!((15.0..16.0).contains(&open), "three times 5 s, until the next call: {open} s");
    let last = told.report.operations.last().expect("many were offered");
    assert_eq!(last.headline, Headline::Committed, "it is closed again");
}
