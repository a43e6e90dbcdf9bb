//! Tests of the rules that every diagram keeps, and of one diagram exactly.

use proptest::prelude::*;

use super::*;
use crate::kernel::{Span, Time};
use crate::search::explanation::space_time::*;
use crate::tests::texts::check;

fn tick(micros: u64, turn: u32) -> Tick {
    Tick { time: Time::ZERO + Span::from_micros(micros), turn }
}

fn lane(name: &str, sort: Sort) -> Lane {
    Lane { name: name.into(), sort }
}

fn message(from: usize, to: usize, text: &str, sent: Tick, end: End) -> Message {
    let text = text.to_owned();
    let (reply, copy, op, fault) = (false, false, Some(0), None);
    Message { from, to, text, reply, copy, op, sent, end, fault }
}

fn mark(lane: usize, since: Option<Tick>, at: Tick, text: &str, tone: Tone) -> Mark {
    Mark { lane, since, at, text: text.into(), tone, op: Some(0) }
}

/// An order asks the stock, which commits, and crashes before its answer arrives; the two cannot
/// talk to each other for a while, and an order that is sent again is lost.
fn two_services() -> SpaceTime {
    let down = Outage { lane: 2, from: tick(4_200, 7), to: Some(tick(504_200, 11)) };
    let answer = Message {
        reply: true,
        ..message(2, 1, "re: take; #1", tick(4_000, 6), End::Arrived(tick(5_000, 8)))
    };
    let strike = |fault, kind: &str, from, to, place| Strike {
        fault,
        kind: kind.into(),
        from,
        to: Some(to),
        place,
    };
    SpaceTime {
        origin: Time::ZERO,
        until: Time::ZERO + Span::from_secs(2),
        settled: true,
        lanes: vec![
            lane("clients", Sort::Clients),
            lane("order", Sort::Service),
            lane("stock", Sort::Service),
        ],
        operations: vec!["shoppers#0".into()],
        messages: vec![
            message(0, 1, "buy", tick(0, 0), End::Arrived(tick(1_000, 1))),
            message(1, 2, "take", tick(1_000, 2), End::Arrived(tick(2_000, 3))),
            answer,
            message(1, 2, "take", tick(8_000, 10), End::Lost(tick(8_000, 10))),
        ],
        marks: vec![
            mark(2, Some(tick(2_000, 4)), tick(4_000, 5), "commits take", Tone::Good),
            mark(0, None, tick(1_000_000, 13), "gives up: unknown", Tone::Bad),
        ],
        outages: vec![down],
        strikes: vec![
            strike(0, "crash", tick(4_200, 7), tick(504_200, 11), Place::Nodes(vec![2])),
            strike(
                1,
                "partition",
                tick(7_000, 9),
                tick(600_000, 12),
                Place::Links(vec![vec![1], vec![2]]),
            ),
        ],
        left_out: LeftOut { statements: 3, reads: 0, repeats: 0 },
    }
}

#[test]
fn two_services_as_a_picture() {
    let space_time = two_services();
    let picture = picture(&space_time, "a < b is violated", "what happened");
    check(&picture);
    insta::assert_snapshot!(String::from_utf8(picture.svg()).expect("text"));
}

#[test]
fn two_services_as_mermaid() {
    let expected = "\
sequenceDiagram
    actor p0 as clients
    participant p1 as order
    participant p2 as stock
    p0->>p1: buy (+0)
    p1->>p2: take (+1 ms)
    Note over p2: commits take (+4 ms)
    p2-->>p1: re: take#59; #35;1 (+4 ms)
    Note over p2: crashes (+4.2 ms)
    Note over p1,p2: fault 2, partition: begins (+7 ms)
    p1-xp2: take, lost (+8 ms)
    Note over p0,p2: 496 ms later
    Note over p2: restarts (+504.2 ms)
    Note over p0,p2: 95.8 ms later
    Note over p1,p2: fault 2, partition: ends (+600 ms)
    Note over p0,p2: 400 ms later
    Note over p0: gives up: unknown (+1 s)
    Note over p0,p2: end of the run, at rest (+2 s)
";
    assert_eq!(mermaid(&two_services()), expected);
}

#[test]
fn two_services_as_lines() {
    let lines = lines(&two_services());
    let said: Vec<String> =
        lines.iter().map(|it| format!("{} {}: {}", it.tick.time, it.who, it.what)).collect();
    let expected = [
        "0s clients → order: buy (1ms)",
        "1ms order → stock: take (1ms)",
        "4ms stock: commits take",
        "4ms stock → order: re: take; #1 (1ms)",
        "4.2ms stock: crashes",
        "7ms order | stock: fault 2, partition, begins",
        "8ms order → stock: take, lost",
        "504.2ms stock: restarts",
        "600ms order | stock: fault 2, partition, ends",
        "1s clients: gives up: unknown",
    ];
    assert_eq!(said, expected);
}

#[test]
fn times_are_exact_to_the_microsecond() {
    let offsets = [0, 950, 1_500, 1_234_567, 62_940_000, 2_001_400_000, 60_000_000_000];
    let said: Vec<String> =
        offsets.into_iter().map(|nanos| offset(Time::ZERO, Time::from_nanos(nanos))).collect();
    assert_eq!(offset(Time::from_nanos(1_500), Time::ZERO), "−1.5 µs");
    let expected = ["+0", "+950 ns", "+1.5 µs", "+1.234 ms", "+62.94 ms", "+2.0014 s", "+60 s"];
    assert_eq!(said, expected);
}

/// Any diagram: lanes, and messages and events at any times, many of them at the same instant.
fn diagrams() -> impl Strategy<Value = SpaceTime> {
    let name = prop::sample::select(vec!["x", "prepare", "a very long name indeed", "re: commit"]);
    let time = || prop_oneof![0..20_u64, 0..5_000_u64, 0..10_000_000_u64];
    let tone = prop::sample::select(vec![Tone::Plain, Tone::Good, Tone::Bad]);
    let trips = prop::collection::vec(
        (0..7_usize, 1..7_usize, name.clone(), time(), time(), 0..9_u8),
        2..60,
    );
    let marks =
        prop::collection::vec((0..7_usize, name, time(), time(), tone, any::<bool>()), 0..20);
    let times = (time(), time(), time());
    (2..8_usize, trips, marks, times).prop_map(|(lanes, trips, marks, (origin, from, long))| {
        let mut turn = 0;
        let mut next = |micros: u64| {
            turn += 1;
            tick(micros, turn)
        };
        let trips = trips.into_iter().map(|(from, further, text, sent, long, fate)| {
            let to = (from + further) % lanes;
            let (from, sent) = (from % lanes, next(sent));
            let then = next((sent.time - Time::ZERO).as_nanos() / 1_000 + long);
            let end = match fate {
                0 => End::Lost(Tick { time: sent.time, ..then }),
                1 => End::Lost(then),
                2 => End::Travelling,
                _ => End::Arrived(then),
            };
            Message { reply: fate % 2 == 0, copy: fate == 8, ..message(from, to, text, sent, end) }
        });
        let messages: Vec<Message> = trips.filter(|it| it.from != it.to).collect();
        let marks = marks.into_iter().map(|(lane, text, since, long, tone, takes)| {
            let begun = next(since);
            mark(lane % lanes, takes.then_some(begun), next(since + long), text, tone)
        });
        let marks = marks.collect();
        let down = Outage { lane: lanes - 1, from: next(from), to: Some(next(from + long)) };
        let cut = Strike {
            fault: 0,
            kind: "partition".into(),
            from: next(from),
            to: Some(next(from + long)),
            place: Place::Links(vec![vec![0], vec![lanes - 1]]),
        };
        SpaceTime {
            lanes: (0..lanes).map(|at| lane(&format!("node {at}"), Sort::Service)).collect(),
            origin: Time::ZERO + Span::from_micros(origin),
            until: Time::ZERO + Span::from_secs(60),
            messages,
            marks,
            outages: vec![down],
            strikes: vec![cut],
            ..two_services()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_text_overlaps_or_leaves_the_paper(space_time in diagrams()) {
        check(&picture(&space_time, "a title", "a subtitle"));
    }

    /// Later is lower, whatever had to be moved for a text; and a line for everything.
    #[test]
    fn time_runs_downwards(space_time in diagrams()) {
        let layout = layout::Layout::of(&space_time, 100.0);
        let mut last = (Time::ZERO, 0.0);
        for tick in space_time.ticks() {
            let y = layout.y(tick);
            prop_assert!(y <= layout.bottom);
            if tick.time > last.0 {
                prop_assert!(y >= last.1, "{} at {y} after {} at {}", tick.time, last.0, last.1);
                last = (tick.time, y);
            }
        }
        let text = mermaid(&space_time);
        let is_arrow = |line: &&str| line.contains(">>") || line.contains("-x");
        prop_assert_eq!(text.lines().filter(is_arrow).count(), space_time.messages.len());
    }
}
