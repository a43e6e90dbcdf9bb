//! What every measure is, in words: the table behind `driftlab list measures`.

mod data;

use super::MeasureKind::{Distribution, Rate, Share, Total};
use super::{Measure, MeasureId, MeasureKind, Unit};

/// All measures, in the order in which reports show them.
pub static CATALOGUE: &[Measure] = &joined::<{ FIRST.len() + data::ALL.len() }>(FIRST, data::ALL);

/// What operations show and cost.
const FIRST: &[Measure] = &[
    measure(
        "m1",
        "consistency lag",
        LESS,
        (Distribution, Unit::Nanoseconds),
        "Per operation: from the first local commit of a forward effect to the end of the last \
         instant at which the stores show some of its effects, but not all (or some not yet \
         compensated). What is prepared or waits in an outbox does not show. One that is partial \
         at the end of a settled run never ends; one that never exposed anything is left out.",
    ),
    measure(
        "m1.hidden",
        "never exposed",
        MORE,
        (Share, Unit::Share),
        "Share of measured operations of which no store ever showed anything.",
    ),
    measure(
        "m1.relapses",
        "relapses",
        LESS,
        (Total, Unit::Count),
        "How often a measured operation showed in part again after it had been consistent.",
    ),
    measure(
        "m1.partial",
        "partial operations",
        LESS,
        (Rate, Unit::Count),
        "Time average of the number of operations that show in part, over the window from the end \
         of the warm-up to the end of the settle cap. Free of any selection.",
    ),
    measure(
        "m1.partial.max",
        "partial operations, peak",
        LESS,
        (Total, Unit::Count),
        "The greatest number of operations that showed in part at once, in the same window.",
    ),
    measure(
        "m2",
        "lag after the answer",
        LESS,
        (Distribution, Unit::Nanoseconds),
        "Per operation answered yes: from the answer to the end of the last instant at which it \
         shows in part, at least 0. One that is partial at the end of a settled run, or of which \
         nothing is there though nobody took it back, never ends. P(M2 <= t) is the t-visibility \
         of a whole operation.",
    ),
    measure(
        "m3",
        "violation time per 1,000 operations",
        LESS,
        (Rate, Unit::Nanoseconds),
        "Integral over the window of the number of entities whose declared invariant is false, \
         summed over the invariants, per 1,000 measured operations.",
    ),
    measure(
        "m3.any",
        "time with a violation",
        LESS,
        (Share, Unit::Share),
        "Share of the window during which any declared invariant was false for any entity.",
    ),
    measure(
        "m4.50ms",
        "right answer within 50 ms",
        MORE,
        (Share, Unit::Share),
        "Share of all scheduled reads that return the right answer within 50 ms: every operation \
         answered yes before the read began is wholly there, every one answered no is absent, any \
         other is wholly there or wholly absent.",
    ),
    measure(
        "m4.50ms.wrong",
        "stale or torn within 50 ms",
        LESS,
        (Share, Unit::Share),
        "Share of all scheduled reads that return within 50 ms, but not the right answer.",
    ),
    measure(
        "m4.50ms.blocked",
        "no answer within 50 ms",
        LESS,
        (Share, Unit::Share),
        "Share of all scheduled reads that were blocked, timed out, or returned after more than \
         50 ms.",
    ),
    measure(
        "m4.500ms",
        "right answer within 500 ms",
        MORE,
        (Share, Unit::Share),
        "Share of all scheduled reads that return the right answer within 500 ms: every operation \
         answered yes before the read began is wholly there, every one answered no is absent, any \
         other is wholly there or wholly absent.",
    ),
    measure(
        "m4.500ms.wrong",
        "stale or torn within 500 ms",
        LESS,
        (Share, Unit::Share),
        "Share of all scheduled reads that return within 500 ms, but not the right answer.",
    ),
    measure(
        "m4.500ms.blocked",
        "no answer within 500 ms",
        LESS,
        (Share, Unit::Share),
        "Share of all scheduled reads that were blocked, timed out, or returned after more than \
         500 ms.",
    ),
    measure(
        "m4.5s",
        "right answer within 5 s",
        MORE,
        (Share, Unit::Share),
        "Share of all scheduled reads that return the right answer within 5 s: every operation \
         answered yes before the read began is wholly there, every one answered no is absent, any \
         other is wholly there or wholly absent.",
    ),
    measure(
        "m4.5s.wrong",
        "stale or torn within 5 s",
        LESS,
        (Share, Unit::Share),
        "Share of all scheduled reads that return within 5 s, but not the right answer.",
    ),
    measure(
        "m4.5s.blocked",
        "no answer within 5 s",
        LESS,
        (Share, Unit::Share),
        "Share of all scheduled reads that were blocked, timed out, or returned after more than 5 \
         s.",
    ),
    measure(
        "m4.error",
        "read errors",
        LESS,
        (Share, Unit::Share),
        "Share of all scheduled reads that ended with an error.",
    ),
    measure(
        "m4.useful",
        "useful operations",
        MORE,
        (Share, Unit::Share),
        "Share of measured operations that were answered yes in time and whose reads all came \
         back right.",
    ),
    measure(
        "m5",
        "stale reads",
        LESS,
        (Share, Unit::Share),
        "Share of the reads that came back, however late, which missed an effect of an operation \
         answered yes before the read began; or, of a column in a service's replica, which saw \
         another value than its source held at that moment.",
    ),
    measure(
        "m5.age",
        "age of stale reads",
        LESS,
        (Distribution, Unit::Nanoseconds),
        "Per stale read: since when the client of the oldest missing operation had its yes; or, \
         in a replica, since when its source no longer held what was seen.",
    ),
    measure(
        "m5.behind",
        "versions behind",
        LESS,
        (Distribution, Unit::Count),
        "Per stale read: how many operations answered yes before it began are missing; or, in a \
         replica, how many values its source has taken on since.",
    ),
    measure(
        "m6.in-doubt.each",
        "time in doubt",
        LESS,
        (Distribution, Unit::Nanoseconds),
        "Per prepared branch: from its forced prepared record until the decision is known at its \
         store.",
    ),
    measure(
        "m6.in-doubt",
        "time in doubt, sum",
        LESS,
        (Total, Unit::Nanoseconds),
        "The sum over all branches that were prepared after the warm-up.",
    ),
    measure(
        "m6.in-doubt.max",
        "time in doubt, longest",
        LESS,
        (Total, Unit::Nanoseconds),
        "The longest time in doubt of any branch.",
    ),
    measure(
        "m6.blocked.each",
        "blocked behind a branch in doubt",
        LESS,
        (Distribution, Unit::Nanoseconds),
        "Per wait for a row lock: for how long a prepared branch held that row, if at all.",
    ),
    measure(
        "m6.blocked",
        "blocked behind branches in doubt, sum",
        LESS,
        (Total, Unit::Nanoseconds),
        "The sum over all waits that began after the warm-up.",
    ),
    measure(
        "m6.blocked.max",
        "blocked behind a branch in doubt, longest",
        LESS,
        (Total, Unit::Nanoseconds),
        "The longest such part of any wait.",
    ),
    measure(
        "m6.heuristic",
        "heuristic decisions",
        LESS,
        (Total, Unit::Count),
        "Branches that were decided without their coordinator.",
    ),
    measure(
        "m7.duplicated",
        "duplicated",
        LESS,
        (Share, Unit::Share),
        "Share of measured operations of which at the end holds, as the first in the order of \
         this list: a step shows more than once, or was compensated more often than applied.",
    ),
    measure(
        "m7.mixed",
        "mixed",
        LESS,
        (Share, Unit::Share),
        "Share of measured operations of which at the end holds, as the first in the order of \
         this list: it is partial, and some store refused, aborted or undid a part of it.",
    ),
    measure(
        "m7.stranded",
        "stranded",
        LESS,
        (Share, Unit::Share),
        "Share of measured operations of which at the end holds, as the first in the order of \
         this list: it is partial, and something durable still holds it or its client heard \
         nothing.",
    ),
    measure(
        "m7.lost",
        "lost",
        LESS,
        (Share, Unit::Share),
        "Share of measured operations of which at the end holds, as the first in the order of \
         this list: its client heard yes, and it is partial or absent.",
    ),
    measure(
        "m7.phantom",
        "phantom",
        LESS,
        (Share, Unit::Share),
        "Share of measured operations of which at the end holds, as the first in the order of \
         this list: its client heard no, and all or a part of it is there.",
    ),
    measure(
        "m7.retracted",
        "retracted",
        LESS,
        (Share, Unit::Share),
        "Share of measured operations of which at the end holds, as the first in the order of \
         this list: its client heard yes, and it was compensated.",
    ),
    measure(
        "m7.compensated",
        "compensated",
        LESS,
        (Share, Unit::Share),
        "Share of measured operations of which at the end holds, as the first in the order of \
         this list: it was compensated, and its client did not hear yes.",
    ),
    measure(
        "m7.committed",
        "committed",
        MORE,
        (Share, Unit::Share),
        "Share of measured operations of which at the end holds, as the first in the order of \
         this list: all of it is there, and its client did not hear no.",
    ),
    measure(
        "m7.refused",
        "refused",
        LESS,
        (Share, Unit::Share),
        "Share of measured operations of which at the end holds, as the first in the order of \
         this list: a business rule refused it, and nothing is there.",
    ),
    measure(
        "m7.rejected",
        "rejected",
        LESS,
        (Share, Unit::Share),
        "Share of measured operations of which at the end holds, as the first in the order of \
         this list: it was turned away for a technical reason, and nothing is there.",
    ),
    measure(
        "m7.aborted-cleanly",
        "aborted cleanly",
        LESS,
        (Share, Unit::Share),
        "Share of measured operations of which at the end holds, as the first in the order of \
         this list: nothing is there, and its client heard nothing.",
    ),
    measure(
        "m7.wrong",
        "wrong outcomes",
        LESS,
        (Share, Unit::Share),
        "Share of measured operations whose data and answer contradict each other, or will for as \
         long as nobody steps in: duplicated, mixed, stranded, lost, phantom or retracted.",
    ),
    measure(
        "m9",
        "availability",
        MORE,
        (Share, Unit::Share),
        "Share of measured operations whose client heard yes, or a refusal by a business rule, \
         within its deadline.",
    ),
    measure(
        "m9.no",
        "technical no",
        LESS,
        (Share, Unit::Share),
        "Share of measured operations that were turned away for a technical reason: overflow, \
         open breaker, lock timeout, deadlock, a participant that is down.",
    ),
    measure(
        "m9.unknown",
        "unknown outcome",
        LESS,
        (Share, Unit::Share),
        "Share of measured operations whose client heard nothing within its deadline.",
    ),
    measure(
        "m10.done",
        "latency of done",
        LESS,
        (Distribution, Unit::Nanoseconds),
        "Per operation: from its arrival to the answer that everything is done, retries included. \
         One without an answer is censored at its deadline; it is counted here unless its kind of \
         operation is answered with accepted.",
    ),
    measure(
        "m10.accepted",
        "latency of accepted",
        LESS,
        (Distribution, Unit::Nanoseconds),
        "Per operation: from its arrival to the answer that the first part is done and the rest \
         promised. Not to be compared with done.",
    ),
    measure(
        "m10.no",
        "latency of no",
        LESS,
        (Distribution, Unit::Nanoseconds),
        "Per operation that a rule refused or that was turned away: from its arrival to that \
         answer.",
    ),
    measure(
        "m11",
        "recovery after the heal",
        LESS,
        (Total, Unit::Nanoseconds),
        "From the end of the last fault (at the latest the end of the load) to the first bucket \
         of a second inside the 95 % bands that partial operations and violations (relative to \
         what the arrivals of the second would show at the quiet phase's lag) and the share of \
         definite answers had between the warm-up and the first fault, and from which on no more \
         than 5 % of the buckets leave a band until the end of the load. Else never.",
    ),
    measure(
        "m12.messages",
        "messages per operation",
        LESS,
        (Rate, Unit::Count),
        "Messages between services, drivers, participants and the broker, from the first measured \
         arrival to the end of the settle cap, idle polls and inquiries included, per measured \
         operation.",
    ),
    measure(
        "m12.messages.committed",
        "messages per committed operation",
        LESS,
        (Rate, Unit::Count),
        "The same, per operation that the census counts as committed.",
    ),
    measure(
        "m12.messages.client",
        "client messages per operation",
        LESS,
        (Rate, Unit::Count),
        "Messages between clients and entry points, counted as above, per measured operation.",
    ),
    measure(
        "m12.messages.service",
        "service messages per operation",
        LESS,
        (Rate, Unit::Count),
        "Messages between services, drivers and participants, counted as above, per measured \
         operation.",
    ),
    measure(
        "m12.messages.broker",
        "broker messages per operation",
        LESS,
        (Rate, Unit::Count),
        "Messages to and from the broker, counted as above, per measured operation.",
    ),
    measure(
        "m12.messages.database",
        "database messages per operation",
        LESS,
        (Rate, Unit::Count),
        "Messages between services and their databases, counted as above, per measured operation.",
    ),
    measure(
        "m12.messages.probe",
        "probe messages per operation",
        LESS,
        (Rate, Unit::Count),
        "Messages of reads, counted as above, per measured operation.",
    ),
    measure(
        "m12.forced-writes",
        "forced writes per operation",
        LESS,
        (Rate, Unit::Count),
        "Forced writes to a log, from the first measured arrival to the end of the settle cap, \
         idle polls and inquiries included, per measured operation.",
    ),
    measure(
        "m12.forced-writes.committed",
        "forced writes per committed operation",
        LESS,
        (Rate, Unit::Count),
        "The same, per operation that the census counts as committed.",
    ),
    measure(
        "m12.log-records",
        "log records per operation",
        LESS,
        (Rate, Unit::Count),
        "Records appended to logs, forced or not, from the first measured arrival to the end of \
         the settle cap, idle polls and inquiries included, per measured operation.",
    ),
    measure(
        "m12.log-records.committed",
        "log records per committed operation",
        LESS,
        (Rate, Unit::Count),
        "The same, per operation that the census counts as committed.",
    ),
    measure(
        "m12.busy",
        "database core time per operation",
        LESS,
        (Rate, Unit::Nanoseconds),
        "Core time of databases, from the first measured arrival to the end of the settle cap, \
         idle polls and inquiries included, per measured operation.",
    ),
    measure(
        "m12.busy.committed",
        "database core time per committed operation",
        LESS,
        (Rate, Unit::Nanoseconds),
        "The same, per operation that the census counts as committed.",
    ),
    measure(
        "m12.locks",
        "lock time per operation",
        LESS,
        (Rate, Unit::Nanoseconds),
        "Time that row locks were held, from the first measured arrival to the end of the settle \
         cap, idle polls and inquiries included, per measured operation.",
    ),
    measure(
        "m12.locks.committed",
        "lock time per committed operation",
        LESS,
        (Rate, Unit::Nanoseconds),
        "The same, per operation that the census counts as committed.",
    ),
    measure(
        "m12.retries",
        "retries per operation",
        LESS,
        (Rate, Unit::Count),
        "Retries of steps, calls and transactions, from the first measured arrival to the end of \
         the settle cap, idle polls and inquiries included, per measured operation.",
    ),
    measure(
        "m12.retries.committed",
        "retries per committed operation",
        LESS,
        (Rate, Unit::Count),
        "The same, per operation that the census counts as committed.",
    ),
    measure(
        "m12.interventions",
        "manual interventions",
        LESS,
        (Total, Unit::Count),
        "How often retries were exhausted and a human was asked.",
    ),
    measure(
        "m12.workers",
        "workers provisioned",
        LESS,
        (Total, Unit::Count),
        "Workers of all instances of all services, whether they are up or not. What runs within \
         another service has none of its own.",
    ),
    measure(
        "m12.workers.used",
        "workers used",
        LESS,
        (Total, Unit::Count),
        "Time average of the number of these workers that have a request, at work or waiting for \
         others, over the window from the end of the warm-up to the end of the settle cap.",
    ),
    measure(
        "m12.workers.utilisation",
        "utilisation of workers",
        MORE,
        (Share, Unit::Share),
        "Used of provisioned workers, in the same window; the rest is bought and idle.",
    ),
];

const fn joined<const N: usize>(first: &[Measure], then: &[Measure]) -> [Measure; N] {
    let mut all = [first[0]; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < first.len() { first[at] } else { then[at - first.len()] };
        at += 1;
    }
    all
}

/// Less of it is better.
const LESS: bool = true;
/// More of it is better, or neither.
const MORE: bool = false;

const fn measure(
    id: &'static str,
    name: &'static str,
    lower_is_better: bool,
    (kind, unit): (MeasureKind, Unit),
    what: &'static str,
) -> Measure {
    Measure { id: MeasureId(id), name, unit, kind, lower_is_better, what }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_definitions_are_sentences() {
        let ids: BTreeSet<MeasureId> = CATALOGUE.iter().map(|measure| measure.id).collect();
        assert_eq!(ids.len(), CATALOGUE.len());
        for measure in CATALOGUE {
            assert!(measure.what.ends_with('.'), "{}", measure.id);
            assert!(!measure.what.contains("  "), "{}", measure.id);
        }
    }
}
