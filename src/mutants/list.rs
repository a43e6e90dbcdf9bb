//! The mutants: what is wrong, the least fault that shows it, what catches it.

use super::{Mistake, Mutant};
use crate::patterns::seeded_bug::SeededBug;

/// All mutants, by family.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "A1",
        about: "the commit is sent before the decision is durable; a restart presumes abort",
        pattern: "two-phase-commit",
        settings: "{}",
        mistake: Mistake::AnswersEarly("decision"),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "coordinator"
for = "1s"
on = { who = "coordinator", what = "send commit", of = "orders#0" }
"#,
        caught_by: "agreement",
        at_once: &["write-ahead"],
        precedent: "actiontech/dble#1193",
    },
    Mutant {
        id: "A2",
        about: "a yes is sent before the prepared record is durable",
        pattern: "two-phase-commit",
        settings: "{}",
        mistake: Mistake::AnswersEarly("prepare"),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "stock-db"
for = "1s"
on = { who = "stock", what = "reply prepare", of = "orders#0" }
"#,
        caught_by: "all-or-nothing",
        at_once: &["write-ahead"],
        precedent: "MartinKalema/horizontal-scaling-convex#101",
    },
    Mutant {
        id: "A3",
        about: "a commit on all votes but one",
        pattern: "two-phase-commit",
        settings: "{}",
        mistake: Mistake::SeededBug(SeededBug::CommitsOneVoteShort),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "stock-db"
for = "1s"
on = { who = "stock-db", what = "force prepare", when = "before", of = "orders#0" }
"#,
        caught_by: "commit-validity",
        at_once: &[],
        precedent: "P, evaluation of two-phase commit",
    },
    Mutant {
        id: "A4",
        about: "a prepared participant aborts on its own timeout",
        pattern: "two-phase-commit",
        settings: "{}",
        mistake: Mistake::Settings(r#"{"heuristic-after": "300ms"}"#),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "coordinator"
for = "2s"
on = { who = "coordinator", what = "send commit", of = "orders#0" }
"#,
        caught_by: "agreement",
        at_once: &[],
        precedent: "microprofile/microprofile-lra#302",
    },
    Mutant {
        id: "A5",
        about: "nobody ever decides what was prepared when the coordinator crashed",
        pattern: "two-phase-commit",
        settings: "{}",
        mistake: Mistake::SeededBug(SeededBug::NeverPresumes),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "coordinator"
for = "1s"
on = { who = "coordinator", what = "force decision", when = "before", of = "orders#0" }
"#,
        caught_by: "nothing-held",
        at_once: &[],
        precedent: "convex fork #158",
    },
    Mutant {
        id: "A7",
        about: "a recovery delivers the decision only to participants in memory",
        pattern: "two-phase-commit",
        settings: "{}",
        mistake: Mistake::SeededBug(SeededBug::ForgetsWhomToTell),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "coordinator"
for = "1s"
on = { who = "coordinator", what = "send commit", of = "orders#0" }
"#,
        caught_by: "agreement",
        at_once: &[],
        precedent: "convex fork #185",
    },
    Mutant {
        id: "B1",
        about: "rows that commit late, behind the watermark, are skipped",
        pattern: "background-sync",
        settings: r#"{"interval": "100ms"}"#,
        mistake: Mistake::Settings(r#"{"overlap": "0s"}"#),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "delay"
from = ["order#2"]
to = ["order-db"]
least = "300ms"
for = "1s"
at = "0s"
"#,
        caught_by: "convergence",
        at_once: &[],
        precedent: "MemberJunction/MJ#3085, PostHog/posthog#64417",
    },
    Mutant {
        id: "B3",
        about: "the watermark moves although the target was not available",
        pattern: "background-sync",
        settings: r#"{"interval": "1s", "overlap": "200ms"}"#,
        mistake: Mistake::SeededBug(SeededBug::MovesOnAfterFailure),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "stock"
for = "1s"
on = { who = "sync-job", what = "send correct", to = "stock", when = "before" }
"#,
        caught_by: "convergence",
        at_once: &[],
        precedent: "deeplethe/utopia#794",
    },
    Mutant {
        id: "B4",
        about: "the watermark is saved before the corrections are written",
        pattern: "background-sync",
        settings: r#"{"interval": "1s", "overlap": "200ms"}"#,
        mistake: Mistake::SeededBug(SeededBug::SavesBeforeItWrites),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "sync-job"
for = "1s"
on = { who = "sync-job", what = "force watermark" }
"#,
        caught_by: "convergence",
        at_once: &[],
        precedent: "textbook",
    },
    Mutant {
        id: "B8",
        about: "corrections overwrite whole rows with what was read before",
        pattern: "background-sync",
        settings: r#"{"interval": "100ms"}"#,
        mistake: Mistake::Settings(r#"{"write": "blind"}"#),
        refusals: false,
        seed: 11,
        least: "",
        caught_by: "client-contract",
        at_once: &[],
        precedent: "textbook: lost update",
    },
    Mutant {
        id: "C1",
        about: "a compensation leaves no mark, and the late request lands behind it",
        pattern: "orchestrated",
        settings: "{}",
        mistake: Mistake::SeededBug(SeededBug::LeavesNoTombstone),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "delay"
from = ["orchestrator"]
to = ["payment"]
one-way = true
least = "6s"
for = "3s"
on = { who = "orchestrator", what = "send apply", step = "pay", when = "before", of = "orders#0" }
"#,
        caught_by: "all-or-nothing",
        at_once: &[],
        precedent: "apache/incubator-seata#2711",
    },
    Mutant {
        id: "C2",
        about: "a compensation of what never ran fails for ever",
        pattern: "orchestrated",
        settings: "{}",
        mistake: Mistake::SeededBug(SeededBug::FailsOnNothingToUndo),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "loss"
from = ["orchestrator"]
to = ["payment"]
one-way = true
share = 1.0
for = "3s"
on = { who = "orchestrator", what = "send apply", step = "pay", when = "before", of = "orders#0" }
"#,
        caught_by: "nothing-held",
        at_once: &[],
        precedent: "apache/incubator-seata-go#685",
    },
    Mutant {
        id: "C5",
        about: "a step is tried again without an idempotency key",
        pattern: "orchestrated",
        settings: "{}",
        mistake: Mistake::Settings(r#"{"idempotency-keys": false}"#),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "lose-message"
on = { who = "stock", what = "reply apply", of = "orders#0" }
"#,
        caught_by: "at-most-once",
        at_once: &["inbox-atomicity"],
        precedent: "textbook: double charge",
    },
    Mutant {
        id: "C6",
        about: "commands are sent before the state of the saga is durable",
        pattern: "orchestrated",
        settings: "{}",
        mistake: Mistake::AnswersEarly("workflow"),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "orchestrator"
for = "1s"
on = { who = "orchestrator", what = "hear apply", step = "reserve", of = "orders#0" }
"#,
        caught_by: "all-or-nothing",
        at_once: &[],
        precedent: "eventflow/EventFlow#604, nestjs/cqrs#164",
    },
    Mutant {
        id: "C7",
        about: "a restarted orchestrator does not resume open sagas",
        pattern: "orchestrated",
        settings: "{}",
        mistake: Mistake::SeededBug(SeededBug::NeverResumes),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "orchestrator"
for = "1s"
on = { who = "orchestrator", what = "hear apply", step = "reserve", of = "orders#0" }
"#,
        caught_by: "resumes-after-restart",
        at_once: &[],
        precedent: "eventuate-tram/eventuate-tram-sagas#40",
    },
    Mutant {
        id: "C8",
        about: "a step whose outcome is unknown is not compensated",
        pattern: "orchestrated",
        settings: "{}",
        mistake: Mistake::SeededBug(SeededBug::ForgetsTheUnknown),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "loss"
from = ["payment"]
to = ["orchestrator"]
one-way = true
share = 1.0
for = "3s"
on = { who = "payment", what = "reply apply", step = "pay", when = "before", of = "orders#0" }
"#,
        caught_by: "all-or-nothing",
        at_once: &[],
        precedent: "hoangdaochuz/booking#41",
    },
    Mutant {
        id: "C9",
        about: "compensations run in the order of the steps",
        pattern: "orchestrated",
        settings: "{}",
        mistake: Mistake::SeededBug(SeededBug::CompensatesForwards),
        refusals: true,
        seed: 1,
        least: "",
        caught_by: "reverse-order",
        at_once: &[],
        precedent: "cadence-workflow/cadence-java-client#340",
    },
    Mutant {
        id: "C10",
        about: "a compensation that fails is reported as done",
        pattern: "orchestrated",
        settings: "{}",
        mistake: Mistake::SeededBug(SeededBug::SwallowsFailedCompensation),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "stock"
for = "1s"
[faults.on]
who = "orchestrator"
what = "send compensate"
step = "reserve"
when = "before"
of = "refusals#0"
"#,
        caught_by: "client-contract",
        at_once: &[],
        precedent: "microsoft/agent-governance-toolkit#3645",
    },
    Mutant {
        id: "C12",
        about: "the state of the saga is only in memory",
        pattern: "orchestrated",
        settings: "{}",
        mistake: Mistake::Settings(r#"{"state": "volatile"}"#),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "orchestrator"
for = "1s"
on = { who = "orchestrator", what = "hear apply", step = "reserve", of = "orders#0" }
"#,
        caught_by: "all-or-nothing",
        at_once: &[],
        precedent: "textbook",
    },
    Mutant {
        id: "D1",
        about: "events are published outside the local transaction",
        pattern: "event-based",
        settings: r#"{"poll-interval": "50ms", "visibility-timeout": "2s"}"#,
        mistake: Mistake::Settings(r#"{"publish": "dual-write"}"#),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "order"
for = "1s"
on = { who = "order-db", what = "apply", of = "orders#0" }
"#,
        caught_by: "all-or-nothing",
        at_once: &["outbox-atomicity"],
        precedent: "textbook: dual write",
    },
    Mutant {
        id: "D2",
        about: "outbox rows are deleted before the broker has them",
        pattern: "event-based",
        settings: r#"{"poll-interval": "50ms", "visibility-timeout": "2s"}"#,
        mistake: Mistake::SeededBug(SeededBug::DeletesBeforeItPublishes),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "broker"
for = "1s"
on = { who = "relay", what = "send publish", when = "before" }
"#,
        caught_by: "delivery",
        at_once: &[],
        precedent: "abpframework/abp#24340",
    },
    Mutant {
        id: "D3",
        about: "the relay reads behind the highest number that it has seen",
        pattern: "event-based",
        settings: r#"{"poll-interval": "20ms", "visibility-timeout": "2s"}"#,
        mistake: Mistake::SeededBug(SeededBug::ReadsBehindTheHighest),
        refusals: true,
        seed: 8,
        least: r#"[[faults]]
kind = "delay"
from = ["order#2"]
to = ["order-db"]
least = "40ms"
for = "1s"
at = "0s"
"#,
        caught_by: "delivery",
        at_once: &[],
        precedent: "kamu-data/kamu-cli#1398, patchlevel/event-sourcing#615",
    },
    Mutant {
        id: "D5",
        about: "consumers keep no inbox",
        pattern: "event-based",
        settings: r#"{"poll-interval": "50ms", "visibility-timeout": "2s"}"#,
        mistake: Mistake::Settings(r#"{"idempotent-consumer": false}"#),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "relay"
for = "1s"
on = { who = "relay", what = "hear publish" }
"#,
        caught_by: "at-most-once",
        at_once: &["inbox-atomicity"],
        precedent: "InditexTech/scs-outbox#94",
    },
    Mutant {
        id: "D6",
        about: "consumers acknowledge before they process",
        pattern: "event-based",
        settings: r#"{"poll-interval": "50ms", "visibility-timeout": "2s"}"#,
        mistake: Mistake::Settings(r#"{"acknowledge": "before-processing"}"#),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "stock"
for = "1s"
on = { who = "stock", what = "reply event", of = "orders#0" }
"#,
        caught_by: "all-or-nothing",
        at_once: &[],
        precedent: "mhayk/Overpass#25",
    },
    Mutant {
        id: "D8",
        about: "the broker keeps messages only in memory",
        pattern: "event-based",
        settings: r#"{"poll-interval": "50ms", "visibility-timeout": "2s"}"#,
        mistake: Mistake::Settings(r#"{"broker": "volatile"}"#),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "broker"
for = "1s"
on = { who = "broker", what = "reply publish" }
"#,
        caught_by: "delivery",
        at_once: &[],
        precedent: "textbook",
    },
    Mutant {
        id: "E1",
        about: "a database answers commits before they are durable",
        pattern: "orchestrated",
        settings: "{}",
        mistake: Mistake::AnswersEarly("commit"),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "stock-db"
for = "1s"
on = { who = "stock", what = "reply apply", of = "orders#0" }
"#,
        caught_by: "client-contract",
        at_once: &[],
        precedent: "textbook: asynchronous commit",
    },
];
