//! Takeovers by another leader, and how long participants are in doubt meanwhile.

use super::*;

/// How often a participant in doubt asks, by default.
const INQUIRY: u64 = SECOND;
/// How long a caller waits for somebody who is silent.
const PATIENCE: u64 = 2 * SECOND;
/// Every outage here ends then.
const BACK: u64 = 24 * SECOND;

/// A crash at a semantic point of the coordinator's.
fn crash_at(point: &str, machine: bool) -> String {
    format!(
        "[[faults]]\nkind = 'crash'\ntarget = 'coordinator'\nfor = '13s'\nmachine = {machine}\n\
         on = {{ who = 'coordinator', what = '{point} }}\n"
    )
}

/// A crash of an acceptor that begins before the transfer.
fn acceptor_down(number: u32, until: u64) -> String {
    crash(&format!("acceptor-{number}"), 5 * SECOND, until - RECOVERY - 5 * SECOND)
}

/// How long each branch was prepared, and when the last one ended.
fn doubts(told: &RecordedRun) -> (Vec<u64>, u64) {
    let ended = told.all(Kind::Resolved).map(|record| record.time.as_nanos()).max();
    (values(told, IN_DOUBT_EACH).to_vec(), ended.unwrap_or_default())
}

/// Every point of the coordinator at which somebody may be in doubt: wherever it dies, the others
/// find the outcome without it. Under two-phase commit they wait for it.
#[test]
fn a_coordinator_that_dies_at_any_point_leaves_nobody_in_doubt_for_long() {
    let points = [
        "send prepare', nth = 2, when = 'before'",
        "send prepare', nth = 3",
        "hear prepare', when = 'before'",
        "hear prepare', nth = 2",
        "hear prepare', nth = 3",
        "force decision', when = 'before'",
        "force decision'",
        "receive accepted', when = 'before'",
        "receive accepted'",
        "decide transaction', when = 'before'",
        "decide transaction'",
        "send commit', when = 'before'",
        "send commit', nth = 2",
        "hear commit', when = 'before'",
        "append end'",
    ];
    let (mut committed, mut aborted) = (0, 0);
    for point in points {
        for machine in [false, true] {
            let told = single_paxos("", &crash_at(point, machine));
            check_sound(&told, point);
            assert!(told.count(Kind::Crashed) > 0, "{point} was reached");
            let (doubts, ended) = doubts(&told);
            assert!(ended < BACK - RECOVERY, "{point}: in doubt until {ended}");
            let silence = if machine { PATIENCE } else { 0 };
            let longest = doubts.into_iter().max().unwrap_or_default();
            assert!(longest < INQUIRY + silence + 20 * MS, "{point}: in doubt for {longest}");
            match headlines(&told)[..] {
                [Headline::Committed] => committed += 1,
                _ => aborted += 1,
            }
        }
    }
    assert!(committed > 10 && aborted > 1, "{committed} committed, {aborted} aborted");
}

/// A long outage at the worst moment: all have voted. In doubt is the outage under two-phase
/// commit, and here a timeout.
#[test]
fn in_doubt_is_a_timeout_here_and_the_outage_under_two_phase_commit() {
    let moments = Moments::of(ARRIVAL);
    let died = moments.voted + LINK / 2;
    let outage = crash("coordinator", died, BACK - RECOVERY - died);
    let told = single_paxos("", &outage);
    check_sound(&told, "paxos");
    // The votes are with the other two acceptors. The first of them is asked when the coordinator's
    // machine has refused, leads a ballot, and all hear of it.
    let ballot = FORCE + 2 * (2 * LINK + FORCE) + FORCE;
    let resolved = moments.voted + INQUIRY + 2 * LINK + (2 * LINK + ballot) + WIRE + DECIDE;
    assert_eq!(headlines(&told), [Headline::Committed]);
    assert_eq!(values(&told, IN_DOUBT_EACH), [resolved - moments.prepared; 3]);

    let told = run(&single("", &outage));
    check_sound(&told, "two-phase commit");
    assert_eq!(headlines(&told), [Headline::AbortedCleanly]);
    let doubts = values(&told, IN_DOUBT_EACH);
    assert!(doubts.iter().all(|doubt| *doubt > BACK - moments.prepared), "{doubts:?}");
}

#[test]
fn as_many_acceptors_may_be_down_as_are_tolerated() {
    for faults in [1, 2, 3] {
        let down: String = (1..=faults).map(|number| acceptor_down(number, BACK)).collect();
        let told = single_paxos(&format!("tolerated-faults = {faults}"), &down);
        check_sound(&told, "as many");
        assert_eq!(headlines(&told), [Headline::Committed]);
        for database in 0..3 {
            let resolved = Moments::of(ARRIVAL).resolved + LINK;
            assert_eq!(when(&told, Kind::Resolved, database, 0), resolved, "nobody waits");
        }
    }
}

#[test]
fn with_one_more_acceptor_down_all_waits_until_it_is_back() {
    let back = 18 * SECOND;
    for faults in [1, 2] {
        let down: String = (1..=faults).map(|number| acceptor_down(number, BACK)).collect();
        let down = down + &acceptor_down(faults + 1, back);
        let told = single_paxos(&format!("tolerated-faults = {faults}"), &down);
        check_sound(&told, "one more");
        // The votes are with the coordinator, so it is a commit whoever leads.
        assert_eq!(headlines(&told), [Headline::Committed]);
        let first = told.all(Kind::Resolved).map(|record| record.time.as_nanos()).min();
        assert!(first > Some(back), "nothing is decided before");
        let (_, ended) = doubts(&told);
        assert!(ended < back + INQUIRY + PATIENCE + SECOND, "in doubt until {ended}");
    }
}

/// The client asks again when the coordinator is back, which does not know what became of the
/// operation and finds out: it was committed without it.
#[test]
fn what_others_have_committed_is_not_done_again() {
    let died = Moments::of(ARRIVAL).voted + LINK / 2;
    let text = single_of("paxos-commit", "", &crash("coordinator", died, SECOND))
        .replace("attempts = 1", "attempts = 9")
        .replace("step-deadline = \"2s\"", "step-deadline = \"1s\"");
    let told = run(&text);
    check_sound(&told, "asked again");
    assert_eq!(headlines(&told), [Headline::Committed]);
    assert_eq!(told.report.operations[0].answer, crate::model::record::Answer::Done);
    assert_eq!(told.count(Kind::Prepared), 3, "one transaction");
}
