//! Several coordinators or orchestrators that share the operations out: who is asked when one of
//! them is away, and that two of them never carry out the same operation.

use proptest::prelude::*;

use crate::checks::Verdict;
use crate::model::record::Answer;
use crate::patterns::atomic_commit::tests::*;

/// The patterns with drivers that share operations out, each with its driver.
const PATTERNS: [(&str, &str); 3] = [
    ("two-phase-commit", "coordinator"),
    ("paxos-commit", "coordinator"),
    ("orchestrated", "orchestrator"),
];

/// A transfer every second from 10 s on, in turn to two instances of the driver. It takes 10 s to
/// find out that one is away.
fn two_of(pattern: &str, attempts: u16, more: &str) -> String {
    let text = scenario_of(pattern, "", 60, more);
    let text = text.replace("constant = \"10s\"", "constant = \"1s\"\nfrom = \"9s\"");
    let text = text.replace("attempts = 1", &format!("attempts = {attempts}"));
    text.replace("[drivers]\n", "[drivers]\ninstances = 2\nendpoint-delay = \"10s\"\n")
}

fn with_machine(crash: &str, machine: bool) -> String {
    format!("{crash}machine = {machine}\n")
}

/// The seconds at which the operations arrived that were not answered yes.
fn unanswered(told: &RecordedRun) -> Vec<u64> {
    let rows = told.report.operations.iter().filter(|row| row.answer != Answer::Done);
    rows.map(|row| row.arrived.as_nanos() / SECOND).collect()
}

/// Finds nothing wrong with what clients were told and how often effects were applied.
fn check_told(told: &RecordedRun, what: &str) {
    check_sound(told, what);
    for finding in told.verify(&["client-contract", "at-most-once", "all-or-nothing"], None) {
        assert_ne!(finding.verdict(), Verdict::Violated, "{what}: {finding:?}");
    }
}

#[test]
fn one_of_two_away_is_asked_until_it_is_known_and_not_after() {
    for (pattern, driver) in PATTERNS {
        for machine in [false, true] {
            let outage = with_machine(
                &crash(&format!("{driver}#2"), 20 * SECOND - SECOND / 2, 20 * SECOND),
                machine,
            );
            let told = run(&two_of(pattern, 1, &outage));
            assert_eq!(told.report.operations.len(), 50);
            // Every second operation, for as long as it takes to find out: 10 s of 50 s.
            let all = unanswered(&told);
            assert_eq!(all.len(), 5, "{pattern}: {all:?}");
            assert!(all.iter().all(|at| (20..30).contains(at) && at % 2 == all[0] % 2), "{all:?}");
            check_told(&told, pattern);
        }
    }
}

#[test]
fn who_gets_no_answer_from_one_turns_to_the_other() {
    for (pattern, driver) in PATTERNS {
        for machine in [false, true] {
            let outage = with_machine(
                &crash(&format!("{driver}#2"), 20 * SECOND - SECOND / 2, 20 * SECOND),
                machine,
            );
            let told = run(&two_of(pattern, 2, &outage));
            assert_eq!(unanswered(&told), [0; 0], "{pattern}");
            check_told(&told, pattern);
        }
    }
}

#[test]
fn who_is_asked_second_finds_what_the_first_has_done() {
    for (pattern, driver) in PATTERNS {
        // The second instance does what it is asked for, and no client hears of it.
        let deaf = format!(
            "[[faults]]\nkind = 'loss'\nfrom = ['{driver}#2']\nto = ['role:client']\n\
             one-way = true\n             share = 1.0\nat = '20s'\nfor = '10s'\n"
        );
        let told = run(&two_of(pattern, 2, &deaf));
        assert_eq!(outcomes(&told).1, 0, "{pattern}: nothing prepared was aborted");
        for row in &told.report.operations {
            assert_eq!(row.headline, Headline::Committed, "{pattern}");
        }
        // A coordinator finds by the key that the transfer is committed. An orchestrator finds that
        // the other one has it, which may yet take it back.
        let unknown = if pattern == "orchestrated" { 5 } else { 0 };
        assert_eq!(unanswered(&told).len(), unknown, "{pattern}");
        check_told(&told, pattern);
    }
}

#[test]
fn a_saga_that_was_begun_waits_for_the_instance_that_has_begun_it() {
    // The second instance crashes when the first step is done, and is back after 4 s.
    let outage = crash("orchestrator#2", 21 * SECOND + 4 * MS, 2 * SECOND);
    let text = two_of("orchestrated", 9, &outage);
    let told =
        run(&text.replace("until", "till").replace("deadline = \"100s\"", "deadline = \"50s\""));
    let row = told.report.operations.iter().find(|row| row.arrived.as_nanos() == 21 * SECOND);
    let row = row.expect("it arrives then");
    assert_eq!((row.answer, row.headline), (Answer::Done, Headline::Committed));
    let waited = row.answered_after.expect("an answer").as_nanos();
    assert!(waited > 4 * SECOND, "{waited}");
    check_told(&told, "orchestrated");
}

#[test]
fn a_saga_that_another_instance_has_taken_is_left_after_a_restart() {
    // It has written down that it begins, its first call is lost, and it crashes.
    let sent = 21 * SECOND + CLIENT + FORCE;
    let outage =
        swallow("orchestrator#2", "'a'", sent) + &crash("orchestrator#2", sent + MS, 5 * SECOND);
    let told = run(&two_of("orchestrated", 2, &outage));
    let node = told.node("orchestrator#2");
    let row = told.report.operations.iter().find(|row| row.arrived.as_nanos() == 21 * SECOND);
    let row = row.expect("it arrives then");
    assert_eq!((row.answer, row.headline), (Answer::Done, Headline::Committed));
    let back = 26 * SECOND;
    let asked = told.pick(pick!(record: Event::Sent { .. }
        if record.op == row.op && record.node == node && record.time.as_nanos() > back => ()));
    assert_eq!(asked.count(), 1, "it asks for the first step, finds out, and asks no more");
    check_told(&told, "orchestrated");
}

/// Faults around two instances of a driver: crashes, copies, and answers that get lost.
fn mischief(driver: &'static str) -> impl Strategy<Value = String> {
    let targets: &'static [&'static str] = match driver {
        "coordinator" => &["coordinator", "coordinator#2", "a", "b", "c"],
        _ => &["orchestrator", "orchestrator#2", "a", "b", "c"],
    };
    let copies = "[[faults]]\nkind = 'duplication'\nshare = 0.5\nat = '10s'\nfor = '20s'\n\
                  from = ['role:client', 'role:driver', 'a', 'b', 'c']\n";
    let lost = prop::collection::vec((10_u64..30, prop::bool::ANY), 0..3);
    (crashes(targets, 4), lost, prop::bool::ANY).prop_map(move |(crashes, lost, copied)| {
        let crashes = crashes.iter().map(|crash| crash.fault());
        let lost = lost.into_iter().map(|(at, second)| {
            let from = if second { format!("{driver}#2") } else { driver.to_owned() };
            format!(
                "[[faults]]\nkind = 'loss'\nfrom = ['{from}']\nto = ['role:client']\n\
                 one-way = true\n                 share = 1.0\nat = '{at}s'\nfor = '3s'\n"
            )
        });
        let copies = copied.then(|| copies.to_owned());
        crashes.chain(lost).chain(copies).collect::<String>()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn two_coordinators_never_carry_out_the_same_operation_twice(
        faults in mischief("coordinator"), paxos in prop::bool::ANY
    ) {
        let pattern = if paxos { "paxos-commit" } else { "two-phase-commit" };
        check_told(&run(&refusable(&busy(&two_of(pattern, 1, &faults)))), &faults);
    }

    #[test]
    fn two_orchestrators_never_carry_out_the_same_operation_twice(
        faults in mischief("orchestrator")
    ) {
        check_told(&run(&refusable(&busy(&two_of("orchestrated", 1, &faults)))), &faults);
    }
}

/// The scenario in which a rule refuses a third of the last steps.
fn refusable(text: &str) -> String {
    let last = "key = \"row\"\nafter = [\"first\"]\neffect = { add = { n = 1 } }\n\n[load";
    assert!(text.contains(last));
    let (effect, refuse) = ("effect = { add = { n = 1 } }", "refuse = { probability = 0.3 }");
    text.replace(last, &format!("key = \"row\"\nafter = [\"first\"]\n{effect}\n{refuse}\n\n[load"))
}
