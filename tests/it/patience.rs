//! The same patience for everybody: under one budget a driver, a client, a coordinator and a chain
//! of calls by hand come to the same availability, that of the closed form.
//!
//! Of the messages on some links a share `p` is lost, so a call succeeds with `q = (1 - p)^2`, and
//! with `n` attempts with `1 - (1 - q)^n`. Rows are new, and nothing else fails. Sagas run with
//! `parallel = true`, which changes no chain but for its last step: that one is otherwise asked
//! for, once it is in doubt, until its outcome is known.

use driftlab::model::record::Answer;
use driftlab::model::system::OperationKind;

use crate::whole::{RecordedRun, scenario, tell, variant};

/// Two-sided 99.9 % of a normal distribution.
const NORMAL: f64 = 3.29;

/// Services in a row, each with a database, and operations of some of them.
fn system(links: &str, operations: &[(&str, usize)], rest: &str) -> String {
    let mut text = format!(
        "[scenario]\nname = 'patience'\nwarm-up = '0s'\nload = '500s'\nsettle = '120s'\n\
         [clients]\ndeadline = '100s'\n[drivers]\nforce = '0ns'\n\
         [links]\ndefault = {{ delay = '1ms' }}\ndatabase = {{ delay = '0ns' }}\n{links}\n"
    );
    for at in 1..=4 {
        text += &format!(
            "[services.s{at}]\nwork = '0ns'\nworkers = 10000\n\
             [databases.d{at}]\nwork = '0ns'\nforce = '0ns'\nconnections = 10000\n\
             lock-timeout = '100ms'\nbranch-timeout = '1s'\n\
             [tables.t{at}]\nowner = 's{at}'\ndatabase = 'd{at}'\ncolumns = {{ of = 0 }}\n"
        );
    }
    for (name, steps) in operations {
        text += &format!("[operations.{name}]\nkeys = {{ row = 'new' }}\n");
        for at in 1..=*steps {
            text += &format!(
                "[[operations.{name}.steps]]\nname = 's{at}'\nby = 's{at}'\ntable = 't{at}'\n\
                 key = 'row'\neffect = {{ insert = {{ of = '{{ordinal}}' }} }}\n"
            );
        }
        text += &format!("[load.{name}]\noperation = '{name}'\npoisson = 8.0\n");
    }
    text + rest
}

/// The share of operations of a kind that were done, and how many there were.
fn available(told: &RecordedRun, kind: u16) -> (f64, f64) {
    let rows = told.report.operations.iter().filter(|row| row.kind == OperationKind(kind));
    let done = rows.clone().filter(|row| row.answer == Answer::Done).count();
    (done as f64 / rows.clone().count() as f64, rows.count() as f64)
}

fn run(text: &str) -> RecordedRun {
    let scenario = scenario(text);
    tell(&scenario, variant(&scenario, "it"), 1)
}

fn agrees(told: &RecordedRun, kind: u16, expected: f64) {
    let (share, count) = available(told, kind);
    let chance = NORMAL * (expected * (1.0 - expected) / count).sqrt();
    assert!(count > 3_000.0);
    assert!((share - expected).abs() < chance, "{share}, not {expected} +- {chance}");
}

fn power(base: f64, exponent: u32) -> f64 {
    libm::pow(base, exponent.into())
}

/// The chance that a call that succeeds with `q` does within so many attempts.
fn within(attempts: u32, q: f64) -> f64 {
    1.0 - power(1.0 - q, attempts)
}

#[test]
fn a_client_is_as_available_as_its_attempts_allow() {
    let retry = "[variants.it]\npattern = 'local-transaction'\n";
    for attempts in [1, 2, 3] {
        let policy = format!("[retry]\nattempts = {attempts}\nstep-deadline = '2s'\n");
        let text = system("client = { delay = '1ms', loss = 0.3 }", &[("put", 1)], &policy);
        agrees(&run(&(text + retry)), 0, within(attempts, 0.7 * 0.7));
    }
}

#[test]
fn an_orchestrator_is_as_available_as_the_attempts_of_each_step_allow() {
    let links = "client = { delay = '1ms' }";
    let retry = "[retry]\nattempts = 2\nstep-deadline = '2s'\n[variants.it]\n\
                 pattern = 'orchestrated'\nsettings = { parallel = true }\n";
    let text = system(links, &[("put", 3)], retry)
        .replace("'1ms' }\ndatabase", "'1ms', loss = 0.2 }\ndatabase");
    agrees(&run(&text), 0, power(within(2, 0.8 * 0.8), 3));
}

/// A transaction needs two calls for the work and two for the votes, all of them answered.
#[test]
fn a_coordinator_is_as_available_as_the_attempts_at_the_whole_transaction_allow() {
    let links = "client = { delay = '1ms' }";
    // What is in doubt, or holds locks until it aborts itself, is over before the next attempt.
    let retry = "[retry]\nattempts = 3\nstep-deadline = '300ms'\nbackoff = '8s'\nlongest = '8s'\n\
                 jitter = 0.0\n[variants.it]\npattern = 'two-phase-commit'\n";
    let text = system(links, &[("put", 2)], retry)
        .replace("'1ms' }\ndatabase", "'1ms', loss = 0.05 }\ndatabase");
    agrees(&run(&text), 0, within(3, power(0.95, 8)));
}

/// The same number of calls, by an orchestrator and from each service to the next. Who waits for
/// others in turn is given longer than they need.
#[test]
fn a_driver_and_a_chain_by_hand_are_equally_available() {
    let links = "client = { delay = '1ms' }";
    let operations = [("driven", 3), ("by-hand", 4)];
    let rest = "[retry]\nattempts = 2\nstep-deadline = '1s'\nbackoff = '100ms'\njitter = 0.0\n\
                [services.s3.retry]\nstep-deadline = '3s'\n\
                [services.s2.retry]\nstep-deadline = '8s'\n\
                [variants.it]\npattern = { driven = 'orchestrated', by-hand = 'event-based' }\n\
                [variants.it.settings]\nevent-based.publish = 'in-process'\n\
                orchestrated.parallel = true\n";
    let text = system(links, &operations, rest)
        .replace("'1ms' }\ndatabase", "'1ms', loss = 0.1 }\ndatabase");
    let told = run(&text);
    let expected = power(within(2, 0.9 * 0.9), 3);
    agrees(&told, 0, expected);
    agrees(&told, 1, expected);
}
