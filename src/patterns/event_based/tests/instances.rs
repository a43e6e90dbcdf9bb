//! Consumers that come back, and several instances of the broker.

use super::*;
use crate::kernel::NodeId;

/// When a node serves again: its services recover for 100 ms behind their restart.
fn is_back(told: &RecordedRun, node: &str) -> Time {
    let node = told.node(node);
    let restarted = told.all(Kind::Restarted).find(|record| record.node == node);
    restarted.expect("it restarts").time + Span::from_millis(100)
}

/// When the broker first handed something out from then on.
fn handed_from(told: &RecordedRun, from: Time) -> Time {
    let later = told.all(Kind::Handed).find(|record| record.time >= from);
    later.expect("something waits").time
}

/// A consumer subscribes at its start, which takes a millisecond, and is waited for no longer.
#[test]
fn a_consumer_that_is_back_is_served_at_once() {
    let trip = Span::from_millis(1);
    for length in [1, 40] {
        let outage = crash("billing", secs(10), Span::from_secs(length));
        let told = run(&[&every("500ms"), &outage], "");
        let back = is_back(&told, "billing");
        assert_eq!(handed_from(&told, back), back + trip, "after {length} s");
        assert_all_committed(&told);
    }
}

/// The machine of the consumer dies with a message in hand. It is not heard of for as long as the
/// message stays invisible, but it is when it subscribes again.
#[test]
fn what_a_consumer_had_in_hand_is_handed_out_again_when_it_is_back() {
    let calm = run(&[&every("10s")], "");
    let at = before(shown_at(&calm, STRUCK, 1), Span::from_millis(2));
    let outage = crash("billing", at, Span::from_secs(1)) + "machine = true\n";
    let told = run(&[&every("10s"), &outage], "");
    let back = is_back(&told, "billing");
    assert_eq!(handed_from(&told, back), back + Span::from_millis(1));
    assert_eq!(handed(&told, STRUCK), 2);
    assert_all_committed(&told);
}

/// The third purchase.
const STRUCK: u32 = 2;

/// The world with another broker.
fn with_broker(keys: &str) -> String {
    WORLD.replace("[broker]\n", &format!("[broker]\n{keys}\n"))
}

fn run_in(world: &str, parts: &[&str], settings: &str) -> RecordedRun {
    let variant =
        format!("[variants.events]\npattern = \"event-based\"\nsettings = {{ {settings} }}\n");
    record_text(&[&[world], parts, &[&variant]].concat().join("\n"), "events", 1)
}

/// The node, the time and the number of each message that was published, in order.
fn published(told: &RecordedRun) -> Vec<(NodeId, Time, u64)> {
    let published =
        pick!(record: Event::Published { number, .. } => (record.node, record.time, number));
    told.pick(published).collect()
}

#[test]
fn an_outage_of_one_broker_concerns_its_partitions_only() {
    let world = with_broker("instances = 2");
    let outage = crash("broker#2", secs(20), Span::from_secs(10));
    for publish in ["outbox", "log-tailing"] {
        let settings = format!("publish = \"{publish}\"");
        let told = run_in(&world, &[&every("200ms"), &outage], &settings);
        assert_all_committed(&told);
        let all = published(&told);
        assert_eq!(all.len() as u64, told.report.census.total(), "nothing is published twice");
        let numbers: std::collections::BTreeSet<u64> = all.iter().map(|it| it.2).collect();
        assert_eq!(numbers.len(), all.len(), "no two messages have the same number");
        let by = |name: &str| {
            let node = told.node(name);
            let own = all.iter().filter(|it| it.0 == node).map(|it| it.1);
            let (during, others): (Vec<Time>, Vec<Time>) =
                own.partition(|at| (secs(20)..secs(30)).contains(at));
            (during.len(), others.len())
        };
        let (first, second) = (by("broker"), by("broker#2"));
        assert!(first.0 > 15 && first.1 > 80 && second.1 > 80, "{publish}: {first:?} {second:?}");
        assert_eq!(second.0, 0, "{publish}");
        // A target without a number is all of them.
        let both = crash("broker", secs(20), Span::from_secs(10));
        let told = run_in(&world, &[&every("200ms"), &both], &settings);
        let during = |at: Time| (secs(20)..secs(30)).contains(&at);
        assert!(!published(&told).iter().any(|it| during(it.1)), "{publish}");
    }
}

/// The longest that a purchase waited for its consumer.
fn longest_lag(told: &RecordedRun) -> Span {
    let rows = told.report.operations.iter();
    let lags = rows.filter_map(|row| Some(row.last_partial? - row.first_visible?));
    lags.max().expect("many were offered")
}

/// A broker that works 100 ms on each message takes ten a second with its one worker.
#[test]
fn more_brokers_relieve_one_that_is_busy() {
    let lag = |instances: u16| {
        let world = with_broker(&format!("instances = {instances}\nworkers = 1"));
        let world = world.replace("workers = 1\nwork = \"1ms\"", "workers = 1\nwork = \"100ms\"");
        longest_lag(&run_in(&world, &[&poisson(15.0)], "publish = \"log-tailing\""))
    };
    assert!(lag(1) > Span::from_secs(15), "300 are behind at the end: {}", lag(1));
    assert!(lag(3) < Span::from_secs(3), "{}", lag(3));
}

/// A consumer that works 50 ms on each message takes less than twenty a second of a partition if it
/// is handed one after the other.
#[test]
fn more_in_flight_lets_a_consumer_work_on_several_messages_of_a_partition() {
    let lag = |in_flight: u16| {
        let world = with_broker(&format!("in-flight = {in_flight}"));
        let busy = ["[services.billing]\nwork = \"1ms\"", "[services.billing]\nwork = \"50ms\""];
        let world = world.replace(busy[0], busy[1]);
        longest_lag(&run_in(&world, &[&every("50ms")], "partitions = 1"))
    };
    assert!(lag(1) > Span::from_secs(10), "{}", lag(1));
    assert!(lag(10) < Span::from_secs(1), "{}", lag(10));
}

/// The world with two relays, of which the other does the work of one that was silent for so long.
fn with_relays(instances: u16, take_over: &str) -> String {
    let keys =
        format!("[drivers]\nrelay = {{ instances = {instances} }}\ntake-over = \"{take_over}\"");
    WORLD.replace("[drivers]", &keys)
}

#[test]
fn the_events_of_a_relay_that_is_away_are_published_by_the_others() {
    let outage = crash("relay#2", secs(10), Span::from_secs(40));
    for publish in ["outbox", "log-tailing"] {
        let settings = format!("publish = \"{publish}\"");
        let told = |take_over| {
            let told = run_in(&with_relays(2, take_over), &[&every("200ms"), &outage], &settings);
            assert_all_committed(&told);
            let (published, offered) = (published(&told).len(), told.report.offered as usize);
            assert!((offered..offered + 3).contains(&published), "{published} of {offered}");
            longest_lag(&told)
        };
        let (taken_over, waited_for) = (told("15s"), told("100s"));
        let expected = Span::from_secs(14)..Span::from_secs(17);
        assert!(expected.contains(&taken_over), "{publish}: {taken_over}");
        assert!(waited_for > Span::from_secs(38), "{publish}: {waited_for}");
    }
}

/// A relay that takes one event each 100 ms is behind fifteen a second; two are not.
#[test]
fn more_relays_relieve_one_that_is_too_slow() {
    let settings = "poll-interval = \"100ms\", batch = 1, drain-until-empty = false";
    let lag = |instances| {
        longest_lag(&run_in(&with_relays(instances, "15s"), &[&poisson(15.0)], settings))
    };
    assert!(lag(1) > Span::from_secs(15), "{}", lag(1));
    assert!(lag(2) < Span::from_secs(5), "{}", lag(2));
}
