//! The exhibits: what is wrong, the least fault that shows it, what catches it.

use super::{Exhibit, Mistake};
use crate::patterns::slip::Slip;

/// All exhibits, by family.
pub const HERD: &[Exhibit] = &[
    Exhibit {
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
    Exhibit {
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
    Exhibit {
        id: "A3",
        about: "a commit on all votes but one",
        pattern: "two-phase-commit",
        settings: "{}",
        mistake: Mistake::Slip(Slip::CommitsOneVoteShort),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "stock-db"
for = "1s"
on = { who = "stock-db", what = "force prepare", moment = "before", of = "orders#0" }
"#,
        caught_by: "commit-validity",
        at_once: &[],
        precedent: "P, evaluation of two-phase commit",
    },
    Exhibit {
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
    Exhibit {
        id: "A5",
        about: "nobody ever decides what was prepared when the coordinator crashed",
        pattern: "two-phase-commit",
        settings: "{}",
        mistake: Mistake::Slip(Slip::NeverPresumes),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "coordinator"
for = "1s"
on = { who = "coordinator", what = "force decision", moment = "before", of = "orders#0" }
"#,
        caught_by: "nothing-held",
        at_once: &[],
        precedent: "convex fork #158",
    },
    Exhibit {
        id: "A7",
        about: "a recovery delivers the decision only to participants in memory",
        pattern: "two-phase-commit",
        settings: "{}",
        mistake: Mistake::Slip(Slip::ForgetsWhomToTell),
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
    Exhibit {
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
    Exhibit {
        id: "B3",
        about: "the watermark moves although the target was not available",
        pattern: "background-sync",
        settings: r#"{"interval": "1s", "overlap": "200ms"}"#,
        mistake: Mistake::Slip(Slip::MovesOnAfterFailure),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "stock"
for = "1s"
on = { who = "sync-job", what = "send correct", to = "stock", moment = "before" }
"#,
        caught_by: "convergence",
        at_once: &[],
        precedent: "deeplethe/utopia#794",
    },
    Exhibit {
        id: "B4",
        about: "the watermark is saved before the corrections are written",
        pattern: "background-sync",
        settings: r#"{"interval": "1s", "overlap": "200ms"}"#,
        mistake: Mistake::Slip(Slip::SavesBeforeItWrites),
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
    Exhibit {
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
    Exhibit {
        id: "C1",
        about: "a compensation leaves no mark, and the late request lands behind it",
        pattern: "orchestrated",
        settings: "{}",
        mistake: Mistake::Slip(Slip::LeavesNoTombstone),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "delay"
from = ["orchestrator"]
to = ["payment"]
one-way = true
least = "6s"
for = "3s"
on = { who = "orchestrator", what = "send apply", step = "pay", moment = "before", of = "orders#0" }
"#,
        caught_by: "all-or-nothing",
        at_once: &[],
        precedent: "apache/incubator-seata#2711",
    },
    Exhibit {
        id: "C2",
        about: "a compensation of what never ran fails for ever",
        pattern: "orchestrated",
        settings: "{}",
        mistake: Mistake::Slip(Slip::FailsOnNothingToUndo),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "loss"
from = ["orchestrator"]
to = ["payment"]
one-way = true
share = 1.0
for = "3s"
on = { who = "orchestrator", what = "send apply", step = "pay", moment = "before", of = "orders#0" }
"#,
        caught_by: "nothing-held",
        at_once: &[],
        precedent: "apache/incubator-seata-go#685",
    },
    Exhibit {
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
    Exhibit {
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
    Exhibit {
        id: "C7",
        about: "a restarted orchestrator does not resume open sagas",
        pattern: "orchestrated",
        settings: "{}",
        mistake: Mistake::Slip(Slip::NeverResumes),
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
    Exhibit {
        id: "C8",
        about: "a step whose outcome is unknown is not compensated",
        pattern: "orchestrated",
        settings: "{}",
        mistake: Mistake::Slip(Slip::ForgetsTheUnknown),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "loss"
from = ["payment"]
to = ["orchestrator"]
one-way = true
share = 1.0
for = "3s"
on = { who = "payment", what = "reply apply", step = "pay", moment = "before", of = "orders#0" }
"#,
        caught_by: "all-or-nothing",
        at_once: &[],
        precedent: "hoangdaochuz/booking#41",
    },
    Exhibit {
        id: "C9",
        about: "compensations run in the order of the steps",
        pattern: "orchestrated",
        settings: "{}",
        mistake: Mistake::Slip(Slip::CompensatesForwards),
        refusals: true,
        seed: 1,
        least: "",
        caught_by: "reverse-order",
        at_once: &[],
        precedent: "cadence-workflow/cadence-java-client#340",
    },
    Exhibit {
        id: "C10",
        about: "a compensation that fails is reported as done",
        pattern: "orchestrated",
        settings: "{}",
        mistake: Mistake::Slip(Slip::SwallowsFailedCompensation),
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
moment = "before"
of = "refusals#0"
"#,
        caught_by: "client-contract",
        at_once: &[],
        precedent: "microsoft/agent-governance-toolkit#3645",
    },
    Exhibit {
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
    Exhibit {
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
    Exhibit {
        id: "D2",
        about: "outbox rows are deleted before the broker has them",
        pattern: "event-based",
        settings: r#"{"poll-interval": "50ms", "visibility-timeout": "2s"}"#,
        mistake: Mistake::Slip(Slip::DeletesBeforeItPublishes),
        refusals: true,
        seed: 1,
        least: r#"[[faults]]
kind = "crash"
target = "broker"
for = "1s"
on = { who = "relay", what = "send publish", moment = "before" }
"#,
        caught_by: "delivery",
        at_once: &[],
        precedent: "abpframework/abp#24340",
    },
    Exhibit {
        id: "D3",
        about: "the relay reads behind the highest number that it has seen",
        pattern: "event-based",
        settings: r#"{"poll-interval": "20ms", "visibility-timeout": "2s"}"#,
        mistake: Mistake::Slip(Slip::ReadsBehindTheHighest),
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
    Exhibit {
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
    Exhibit {
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
    Exhibit {
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
    Exhibit {
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
