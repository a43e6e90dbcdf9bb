//! Participants in doubt: for how long, with which locks, and who waits behind them.

use super::*;
use crate::model::record::Answer;

/// How often a participant in doubt asks, here.
const INQUIRY: u64 = 3 * SECOND;
/// When the coordinator, which crashed in the first transfer, serves again: between two inquiries.
const BACK: u64 = 19 * SECOND + 900 * MS;

/// When the first inquiry is sent that reaches the coordinator at `back` or later. It answers one
/// that comes earlier by a refusal, and the participant waits again.
fn inquiry_after(voted: u64, back: u64) -> u64 {
    let rounds = (0..).map(|round| voted + INQUIRY + round * (INQUIRY + 2 * LINK));
    rounds.into_iter().find(|sent| sent + LINK >= back).expect("there is one")
}

/// A crash at `at` of somebody who serves again at `BACK`.
fn until_back(target: &str, at: u64) -> String {
    crash(target, at, BACK - RECOVERY - at)
}

/// How long the rows were locked that a transfer's branch in this database held.
fn held(told: &RecordedRun, at: u16, op: u32) -> u64 {
    let of = (DatabaseId(at), OpId(op));
    let held = pick!(record: Event::LockHeld { database, held, .. }
        if (database, record.op) == of => held);
    told.pick(held).next().expect("a lock was given back").as_nanos()
}

/// The coordinator crashes while the votes are on their way to it.
#[test]
fn undecided_branches_wait_for_the_outage_the_recovery_and_the_next_inquiry() {
    for presumption in ["abort", "nothing", "commit"] {
        let moments = Moments::under(presumption);
        let answer = inquiry_after(moments.voted, BACK) + 2 * LINK;
        let resolved = match presumption {
            "abort" => answer + WIRE, // It asks, and need not force what it hears.
            "nothing" => answer + WIRE + DECIDE, // It asks as well, but forces it.
            _ => BACK + LINK + WIRE + DECIDE, // Who had begun to collect says that it aborts.
        };
        let faults = until_back("role:coordinator", moments.voted + LINK / 2);
        let settings = format!("presumption = '{presumption}', inquiry-interval = '3s'");
        let told = run(&patient(&scenario(&settings, 25, &faults)));
        check_sound(&told, presumption);
        assert_eq!(headlines(&told), [Headline::AbortedCleanly, Headline::Committed]);
        for database in 0..3 {
            assert_eq!(when(&told, Kind::Prepared, database, 0), moments.prepared);
            assert_eq!(when(&told, Kind::Resolved, database, 0), resolved, "{presumption}");
        }
        assert_eq!(held(&told, 0, 0), resolved - moments.locked);
        let doubt = resolved - moments.prepared;
        let quick = values(&told, IN_DOUBT_EACH)[0];
        assert_eq!(values(&told, IN_DOUBT_EACH), [quick, quick, quick, doubt, doubt, doubt]);

        // The second transfer comes when the coordinator is back, and waits behind the first.
        let second = Moments::of(2 * ARRIVAL); // Its lock comes before all that differs.
        if resolved < second.locked {
            assert!(values(&told, BLOCKED_EACH).is_empty());
        } else {
            assert_eq!(when(&told, Kind::LockWait, 0, 1), second.locked);
            assert_eq!(when(&told, Kind::LockGranted, 0, 1), resolved);
            assert_eq!(values(&told, BLOCKED_EACH), [resolved - second.locked]);
        }
    }
}

/// The coordinator crashes right behind its durable decision, and nobody has heard of it.
#[test]
fn decided_branches_wait_for_the_outage_the_recovery_and_the_word_of_the_coordinator() {
    let said_again = BACK + LINK + WIRE + DECIDE;
    for presumption in ["nothing", "abort", "commit"] {
        let commit = presumption == "commit";
        let moments = Moments::under(presumption);
        let inquiry = inquiry_after(moments.voted, BACK);
        // What is presumed anyway is not said again.
        let resolved = if commit { inquiry + 2 * LINK + WIRE } else { said_again };
        let faults = swallow("role:coordinator", "", moments.decided)
            + &until_back("role:coordinator", moments.decided + 50 * US);
        let settings = format!("presumption = '{presumption}', inquiry-interval = '3s'");
        let told = run(&single(&settings, &faults));
        check_sound(&told, presumption);
        assert_eq!(headlines(&told), [Headline::Committed]);
        assert_eq!(told.report.operations[0].answer, Answer::Unknown, "the answer was lost, too");
        for database in 0..3 {
            assert_eq!(when(&told, Kind::Prepared, database, 0), moments.prepared);
            assert_eq!(when(&told, Kind::Resolved, database, 0), resolved, "{presumption}");
        }
        assert_eq!(values(&told, IN_DOUBT_EACH), [resolved - moments.prepared; 3]);
        assert_eq!(held(&told, 0, 0), resolved - moments.locked);
    }
}

/// A second operation of service `b` alone, which in the caller's place coordinates itself.
const LOCAL: &str = r#"
[operations.local]
keys = { row = { rows-of = "beta" } }

[[operations.local.steps]]
name = "only"
by = "b"
table = "beta"
key = "row"
effect = { add = { n = 1 } }

[load.locals]
operation = "local"
constant = "12s"
until = "13s"
"#;

/// `a` coordinates, decides, and crashes before `b` and `c` hear of it.
#[test]
fn who_waits_behind_a_branch_in_doubt_waits_for_its_coordinator() {
    let work = WORK + 2 * WIRE + STATEMENT;
    let asked = ARRIVAL + CLIENT + WORK + work + (2 * LINK + work);
    let prepared = asked + LINK + WIRE + PREPARE;
    let decided = prepared + WIRE + LINK + FORCE;
    let mut more = LOCAL.to_owned();
    more += &swallow("a", "'b', 'c'", decided);
    more += &until_back("a", decided + 50 * US);
    let settings = "coordinator = 'caller', inquiry-interval = '3s'";
    let told = run(&patient(&single(settings, &more)));
    check_sound(&told, "caller");
    assert_eq!(headlines(&told), [Headline::Committed; 2]);
    let resolved = BACK + LINK + WIRE + DECIDE;
    for database in [1, 2] {
        assert_eq!(when(&told, Kind::Prepared, database, 0), prepared);
        assert_eq!(when(&told, Kind::Resolved, database, 0), resolved);
    }
    // Its own branch is told in time, for a submitted outcome needs nobody to wait for it.
    assert_eq!(when(&told, Kind::Resolved, 0, 0), decided + WIRE + DECIDE);
    // The other operation arrives at `b`, which does its work and then wants the row.
    let wanted = 12 * SECOND + CLIENT + 2 * WORK + WIRE;
    assert_eq!(when(&told, Kind::LockWait, 1, 1), wanted);
    assert_eq!(when(&told, Kind::LockGranted, 1, 1), resolved);
    assert_eq!(values(&told, BLOCKED_EACH), [resolved - wanted]);
}

/// `b` alone misses the decision, and the coordinator crashes.
fn b_misses_the_decision(settings: &str) -> RecordedRun {
    let decided = Moments::of(ARRIVAL).decided;
    let mut faults = swallow("role:coordinator", "'b'", decided);
    faults += &until_back("role:coordinator", decided + 50 * US);
    run(&single(&format!("inquiry-interval = '3s'{settings}"), &faults))
}

#[test]
fn a_heuristic_decision_can_break_atomicity_and_the_census_says_so() {
    let moments = Moments::of(ARRIVAL);
    let told = b_misses_the_decision("");
    check_sound(&told, "no heuristic");
    assert_eq!(headlines(&told), [Headline::Committed]);

    let told = b_misses_the_decision(", heuristic-after = '1500ms', heuristic = 'abort'");
    assert!(told.ran.settled);
    assert_eq!(headlines(&told), [Headline::Mixed]);
    let alone = moments.voted + 1_500 * MS + WIRE + DECIDE;
    assert_eq!(when(&told, Kind::Resolved, 1, 0), alone);
    let outcomes =
        told.pick(pick!(Event::Resolved { decision, heuristic, .. } => (decision, heuristic)));
    let commit = (Decision::Commit, false);
    let expected = [commit, commit, (Decision::Abort, true)];
    assert_eq!(outcomes.collect::<Vec<_>>(), expected, "two were told, one aborted alone");

    let told = b_misses_the_decision(", heuristic-after = '1500ms', heuristic = 'commit'");
    assert_eq!(headlines(&told), [Headline::Committed], "a right guess");
    assert_eq!(when(&told, Kind::Resolved, 1, 0), alone);
}

#[test]
fn a_peer_that_knows_the_decision_ends_the_doubt_while_the_coordinator_is_down() {
    let moments = Moments::of(ARRIVAL);
    let told = b_misses_the_decision(", cooperative-termination = true");
    check_sound(&told, "cooperative");
    assert_eq!(headlines(&told), [Headline::Committed]);
    // The coordinator's machine refuses the inquiry, then the peers answer.
    let resolved = moments.voted + INQUIRY + 2 * LINK + 2 * LINK + WIRE + DECIDE;
    assert!(resolved < BACK);
    assert_eq!(when(&told, Kind::Resolved, 1, 0), resolved);
    let told = b_misses_the_decision(", cooperative-termination = false");
    assert_eq!(when(&told, Kind::Resolved, 1, 0), BACK + LINK + WIRE + DECIDE);
}

/// Asked one after the other, `a` has voted and `b` was not asked when the coordinator crashes.
#[test]
fn a_peer_that_has_not_voted_sees_to_it_that_it_never_will() {
    let asked = ARRIVAL + CLIENT + 3 * (2 * LINK + WORK + 2 * WIRE + STATEMENT);
    let voted = asked + LINK + 2 * WIRE + PREPARE;
    let faults = until_back("role:coordinator", voted + LINK / 2);
    let settings = "fan-out = 'sequential', inquiry-interval = '3s'";
    for (cooperative, resolved) in [
        (true, voted + INQUIRY + 4 * LINK + WIRE),
        (false, inquiry_after(voted, BACK) + 2 * LINK + WIRE),
    ] {
        let settings = format!("{settings}, cooperative-termination = {cooperative}");
        let told = run(&single(&settings, &faults));
        check_sound(&told, &settings);
        assert_eq!(headlines(&told), [Headline::AbortedCleanly]);
        assert_eq!(told.count(Kind::Prepared), 1);
        assert_eq!(when(&told, Kind::Resolved, 0, 0), resolved);
    }
}

/// Everybody has voted, so nobody knows: asking peers does not help.
#[test]
fn peers_that_are_all_in_doubt_cannot_help_each_other() {
    let moments = Moments::of(ARRIVAL);
    let faults = until_back("role:coordinator", moments.voted + LINK / 2);
    let settings = "inquiry-interval = '3s', cooperative-termination = true";
    let told = run(&single(settings, &faults));
    check_sound(&told, settings);
    let rounds = (0..).map(|round| moments.voted + INQUIRY + round * (INQUIRY + 4 * LINK));
    let answered = rounds.into_iter().find(|sent| sent + LINK >= BACK).expect("there is one");
    for database in 0..3 {
        assert_eq!(when(&told, Kind::Resolved, database, 0), answered + 2 * LINK + WIRE);
    }
}
