//! Every variant of a comparison meets the same random numbers.

use std::collections::BTreeMap;

use crate::kernel::{NodeId, Span, Time};
use crate::model::database::Direction;
use crate::model::record::{Event, Kind, OpId, Record, RefusalReason, Station};
use crate::model::system::{OperationKind, Refuse};
use crate::tests::pick;
use crate::tests::runs::{RecordedRun, record_text, scenario};

/// The shipped scenario with its faults, cut down to half a minute.
fn short() -> String {
    let text = include_str!("../../../scenarios/sysops-ticket.toml");
    let text = text.replace("load = \"240s\"", "load = \"30s\"");
    let text = text.replace("settle = \"120s\"", "settle = \"60s\"");
    let text = text.replace("median = \"60s\", p99 = \"110s\"", "median = \"5s\", p99 = \"9s\"");
    let text = text.replace("at = \"60s\"", "at = \"8s\"").replace("for = \"30s\"", "for = \"4s\"");
    text.replace("at = \"150s\"", "at = \"17s\"")
}

/// A leg of a message, or the work of a request: operation, step, attempt, label, from, to.
type Place = (OpId, u8, u16, &'static str, u16, u16);

/// Draws by the place where they were made. Where several were made, the first is taken.
type Draws = BTreeMap<Place, u64>;

fn arrivals(told: &RecordedRun) -> Vec<(Time, OpId, Event)> {
    let arrival = |record: &&Record| matches!(record.kind(), Kind::Offered | Kind::Touches);
    let arrivals = told.records.iter().filter(arrival);
    arrivals.map(|record| (record.time, record.op, record.event)).collect()
}

/// The random refusal of each step that was attempted: refused or not. What
/// rows say, such as that there is no ticket to close yet, is a result and not compared.
/// A refusal stays one even if a job carries the row on and back in a single commit.
fn refusals(told: &RecordedRun) -> BTreeMap<(OpId, u8), bool> {
    let kinds = told.pick(pick!(record: Event::Offered { kind, .. } => (record.op, kind)));
    let kinds: BTreeMap<OpId, OperationKind> = kinds.collect();
    let by_chance = |op: OpId, step: u8| {
        let steps = &told.system.operation(kinds[&op]).steps;
        matches!(steps[usize::from(step)].refuse, Some(Refuse::Probability(_)))
    };
    let mut found = BTreeMap::new();
    for record in &told.records {
        let refused = match record.event {
            Event::RefusedByRule { reason: RefusalReason::Chance, .. } => true,
            Event::Shown { direction: Direction::Forward, change: 1, .. } => false,
            _ => continue,
        };
        if by_chance(record.op, record.step.0) {
            *found.entry((record.op, record.step.0)).or_insert(false) |= refused;
        }
    }
    found
}

/// How long every leg took between clients, services and databases, and how much work services
/// drew, by where it was drawn.
fn draws(told: &RecordedRun) -> (Draws, Draws) {
    let common = 1 + told.system.services.len() as u16 + told.system.databases.len() as u16;
    let mut sent = BTreeMap::new();
    let (mut delays, mut work) = (Draws::new(), Draws::new());
    for record in &told.records {
        let place = |from, to, label| (record.op, record.step.0, record.attempt, label, from, to);
        match record.event {
            Event::Sent { label, to, .. } => {
                sent.insert(record.message, (record.time, to.0, told.label(label)));
            }
            Event::Delivered { from: NodeId(from), .. } if record.op != OpId::NONE => {
                let (left, to, label) = sent[&record.message];
                if from.max(to) < common {
                    let took = (record.time - left).as_nanos();
                    delays.entry(place(from, to, label)).or_insert(took);
                }
            }
            Event::Finished { at: Station::Service(_), work: drawn, .. }
                if drawn > Span::ZERO && record.op != OpId::NONE =>
            {
                let (_, _, label) = sent[&record.cause];
                let at = record.node.0;
                work.entry(place(at, at, label)).or_insert(drawn.as_nanos());
            }
            _ => {}
        }
    }
    (delays, work)
}

/// How many places both have, all of them with the same draw.
fn agree<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    name: &str,
    one: &BTreeMap<K, V>,
    other: &BTreeMap<K, V>,
) -> usize {
    let both = one.iter().filter_map(|(place, draw)| Some((place, draw, other.get(place)?)));
    let mut count = 0;
    for (place, left, right) in both {
        assert_eq!(left, right, "{name} at {place:?}");
        count += 1;
    }
    count
}

#[test]
fn arrivals_keys_refusals_work_and_delays_are_the_same_in_every_variant() {
    let text = short();
    let scenario = scenario(&text);
    let mut variants = scenario.variants.iter().map(|variant| variant.name.shown.to_string());
    let first = variants.next().expect("a variant");
    let told = record_text(&text, &first, 1);
    assert!(told.ran.settled);
    let (arrived, refused, (delays, work)) = (arrivals(&told), refusals(&told), draws(&told));
    assert!(arrived.len() > 2_000);
    for name in variants {
        let other = record_text(&text, &name, 1);
        assert_eq!(arrivals(&other), arrived, "{name}");
        let refusals = agree(&name, &refused, &refusals(&other));
        let (other_delays, other_work) = draws(&other);
        let delays = agree(&name, &delays, &other_delays);
        let work = agree(&name, &work, &other_work);
        // Every operation is asked for and every new ticket looks up its region, in all of them.
        assert!(refusals > 200, "{name}: {refusals} steps");
        assert!(delays > 1_500 && work > 200, "{name}: {delays} delays, {work} draws of work");
    }
}
