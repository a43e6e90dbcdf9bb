//! Crashes of participants, messages that are lost or come twice, and everything at once.

use super::*;
use proptest::prelude::*;

const PRESUMPTIONS: [&str; 3] = ["nothing", "abort", "commit"];

/// How often a participant in doubt asks, here.
const INQUIRY: u64 = 5 * SECOND;

#[test]
fn a_service_that_crashed_behind_its_yes_asks_when_it_is_back() {
    let moments = Moments::of(ARRIVAL);
    let crashed = moments.voted + 50 * US;
    let outage = SECOND;
    let faults = crash("b", crashed, outage);
    let told = run(&scenario("inquiry-interval = '5s'", 15, &faults));
    check_sound(&told, "service");
    assert_eq!(headlines(&told), [Headline::Committed], "its vote was under way already");
    let asks = crashed + outage + RECOVERY;
    let resolved = asks + 2 * LINK + WIRE + DECIDE;
    assert_eq!(when(&told, Kind::Resolved, 1, 0), resolved);
    assert_eq!(when(&told, Kind::Resolved, 2, 0), moments.resolved);
    let usual = moments.resolved - moments.prepared;
    let doubt = resolved - moments.prepared;
    assert_eq!(values(&told, IN_DOUBT_EACH), [usual, usual, doubt]);
}

/// A copy of *prepare* asks again for a vote that was lost with the database, before its record was
/// written. With the first answer lost as well, the copy's is what counts.
#[test]
fn a_vote_that_was_lost_is_no_yes_to_who_asks_again() {
    let moments = Moments::of(ARRIVAL);
    let faults = crash("b-db", moments.prepared - PREPARE / 2, SECOND)
        + "[[faults]]\nkind = 'duplicate-message'\n\
           on = { who = 'coordinator', what = 'send prepare', to = 'b' }\n\
           [[faults]]\nkind = 'lose-message'\non = { who = 'b', what = 'reply prepare' }\n";
    for pattern in ["two-phase-commit", "paxos-commit"] {
        let told = run(&single_of(pattern, "", &faults));
        check_sound(&told, pattern);
        assert_eq!(told.count(Kind::Duplicated), 1, "{pattern}: there is a copy");
        assert!(told.count(Kind::Lost) > 0, "{pattern}: the first answer is lost");
        let (commits, aborts) = outcomes(&told);
        assert!(commits == 0 && aborts > 0, "{pattern}: {commits} commits, {aborts} aborts");
    }
}

/// How long a database replays one log record.
const REPLAY: u64 = 20 * US;

#[test]
fn a_database_that_crashed_while_prepared_keeps_its_locks_through_recovery() {
    let moments = Moments::of(ARRIVAL);
    let crashed = moments.voted + 50 * US;
    let faults = crash("b-db", crashed, SECOND);
    // Something else wants the row of `b` when its database is back.
    let text = single("inquiry-interval = '5s'", &faults)
        + "[operations.local]\nkeys = { row = { rows-of = \"beta\" } }\n\
           [[operations.local.steps]]\nname = \"only\"\nby = \"b\"\ntable = \"beta\"\n\
           key = \"row\"\neffect = { add = { n = 1 } }\n\
           [load.locals]\noperation = \"local\"\nconstant = \"14s\"\nuntil = \"15s\"\n";
    let told = run(&patient(&text));
    check_sound(&told, "database");
    assert_eq!(headlines(&told), [Headline::Committed; 2]);
    let serves = crashed + SECOND + 2 * SECOND + REPLAY;
    let wanted = 14 * SECOND + CLIENT + LINK + WORK + WIRE;
    assert!(serves < wanted);
    assert_eq!(when(&told, Kind::LockWait, 1, 1), wanted, "the lock is there again");
    // The service's own inquiry comes before the coordinator says it again.
    let inquiry = moments.voted + INQUIRY;
    let resolved = inquiry + 2 * LINK + WIRE + DECIDE;
    assert_eq!(when(&told, Kind::Resolved, 1, 0), resolved);
    assert_eq!(when(&told, Kind::LockGranted, 1, 1), resolved);
    assert_eq!(values(&told, BLOCKED_EACH), [resolved - wanted]);
    assert_eq!(told.count(Kind::Prepared), 4, "it is said once that a branch is prepared");
}

/// An outcome that was not forced is lost with its database, which then has the branch looked
/// after once more.
#[test]
fn an_outcome_that_was_not_forced_is_asked_for_again() {
    let committed = Moments::under("commit").decided + LINK + WIRE;
    let faults = crash("b-db", committed + 50 * US, SECOND);
    let told = run(&scenario("presumption = 'commit', inquiry-interval = '5s'", 15, &faults));
    assert!(told.ran.settled);
    assert_eq!(headlines(&told), [Headline::Committed]);
    let serves = committed + 50 * US + SECOND + 2 * SECOND + REPLAY;
    let outcomes = pick!(record: Event::Resolved { database: DatabaseId(1), decision, .. } => {
        (record.time.as_nanos(), decision)
    });
    let again = serves + LINK.min(WIRE) + 2 * LINK + WIRE;
    let commits = [(committed, Decision::Commit), (again, Decision::Commit)];
    assert_eq!(told.pick(outcomes).collect::<Vec<_>>(), commits);
}

/// Both a service and its database are down when the decision comes.
#[test]
fn nobody_acknowledges_for_a_database_that_is_down() {
    for presumption in PRESUMPTIONS {
        let moments = Moments::under(presumption);
        for (first, second) in [(SECOND, 20 * SECOND), (20 * SECOND, SECOND)] {
            let faults = crash("b", moments.voted + 50 * US, first)
                + &crash("b-db", moments.voted + 50 * US, second);
            let settings = format!("presumption = '{presumption}'");
            let told = run(&single(&settings, &faults).replace("25s", "45s"));
            check_sound(&told, presumption);
            assert_eq!(headlines(&told), [Headline::Committed]);
        }
    }
}

/// A database still writes the prepared record when the service that asked for it is back from a
/// crash, and has heard the decision. Somebody must look after that branch when it is prepared.
#[test]
fn a_branch_that_is_prepared_behind_a_restart_of_its_service_is_looked_after() {
    for presumption in PRESUMPTIONS {
        let moments = Moments::under(presumption);
        let stalled = moments.prepared - PREPARE;
        let at = |span: u64| format!("at = '{span}ns'");
        let stall = format!(
            "[[faults]]\nkind = 'disk-stall'\ntarget = 'b-db'\n{}\nfor = '12s'\n",
            at(stalled - 10 * US)
        );
        let faults = stall + &crash("b", moments.voted + SECOND, SECOND);
        let settings = format!("presumption = '{presumption}', inquiry-interval = '1s'");
        let told = run(&single(&settings, &faults).replace("25s", "45s"));
        check_sound(&told, presumption);
        assert_eq!(headlines(&told), [Headline::Rejected], "{presumption}");
    }
}

#[test]
fn lost_and_copied_messages_never_break_atomicity() {
    let lossy = "[[faults]]\nkind = 'loss'\nfrom = ['role:coordinator']\nto = ['a', 'b', 'c']\n\
                 share = 0.25\nat = '0s'\n\
                 [[faults]]\nkind = 'duplication'\nfrom = ['role:coordinator']\n\
                 to = ['a', 'b', 'c']\nshare = 0.5\nat = '0s'\n\
                 [[faults]]\nkind = 'delay'\nfrom = ['role:coordinator']\nto = ['a', 'b', 'c']\n\
                 least = '0s'\nmost = '600ms'\nat = '0s'\n";
    let (mut lost, mut copied, mut committed, mut aborted) = (0, 0, 0, 0);
    for presumption in PRESUMPTIONS {
        for cooperative in [false, true] {
            let settings =
                format!("presumption = '{presumption}', cooperative-termination = {cooperative}");
            let text = scenario(&settings, 120, lossy).replace("\"10s\"", "\"700ms\"");
            let text = text.replace("attempts = 1", "attempts = 3");
            for seed in 1..=2 {
                let told = record_text(&text, "tpc", seed);
                check_sound(&told, &format!("{settings}, seed {seed}"));
                lost += told.count(Kind::Lost);
                copied += told.count(Kind::Duplicated);
                let (commits, aborts) = outcomes(&told);
                committed += commits;
                aborted += aborts;
            }
        }
    }
    for count in [lost, copied, committed, aborted] {
        assert!(count > 100, "{lost} {copied} {committed} {aborted}");
    }
}

/// The targets that may crash.
const TARGETS: [&str; 7] = ["role:coordinator", "a", "b", "c", "a-db", "b-db", "c-db"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever crashes, and whenever: once all is healed, every operation is done wholly or not
    /// at all, as its client was told, and nothing is held.
    #[test]
    fn whatever_crashes_all_or_nothing_is_done(
        crashes in crashes(&TARGETS, 6),
        presumption in prop::sample::select(PRESUMPTIONS.to_vec()),
        (caller, sequential, cooperative, copies) in any::<(bool, bool, bool, bool)>(),
        seed in 1_u64..1_000,
    ) {
        let settings = format!(
            "presumption = '{presumption}', cooperative-termination = {cooperative}, \
             coordinator = '{}', fan-out = '{}'",
            if caller { "caller" } else { "own-node" },
            if sequential { "sequential" } else { "parallel" },
        );
        let mut faults = String::new();
        for crash in &crashes {
            if caller && crash.target == "role:coordinator" {
                continue;
            }
            faults += &crash.fault();
        }
        if copies {
            faults += "[[faults]]\nkind = 'duplication'\nfrom = ['a', 'b', 'c']\n\
                       to = ['a', 'b', 'c', 'role:driver']\nshare = 0.3\nat = '0s'\n";
        }
        let text = busy(&scenario(&settings, 22, &faults));
        let told = record_text(&text, "tpc", seed);
        check_sound(&told, &text);
    }
}
