//! The events on nodes that concern some operations: commits with their effects, forced writes,
//! decisions, answers.

use std::collections::BTreeMap;

use super::phrases;
use super::recording::Recording;
use super::space_time::{Tick, Tone};
use crate::kernel::{NodeId, Time};
use crate::model::contract::label;
use crate::model::database::Direction;
use crate::model::record::{Answer, Decision, Discard, Event, LabelId, LogId, OpId, Record};
use crate::model::system::{DatabaseId, StepId, System};

/// Something that happened on a node.
#[derive(Clone, Debug)]
pub(super) struct NodeEvent {
    pub node: NodeId,
    pub since: Option<Tick>,
    pub at: Tick,
    pub text: String,
    pub tone: Tone,
    pub op: OpId,
}

/// The events of some operations, in order.
pub(super) fn events(
    system: &System,
    recording: &Recording,
    is_involved: impl Fn(OpId) -> bool + Copy,
) -> Vec<NodeEvent> {
    let mut teller =
        Teller { system, recording, events: Vec::new(), effects: None, logs: BTreeMap::new() };
    for (turn, record) in (0..).zip(&recording.records) {
        let tick = Tick { time: record.time, turn };
        teller.close_instant(tick.time);
        teller.follow_logs(record, tick, is_involved(record.op));
        if let Event::Committed { database, .. } = record.event {
            teller.commit(record, database, tick, is_involved(record.op));
        } else if is_involved(record.op) {
            teller.tell(record, tick);
        }
    }
    teller.close_instant(Time::NEVER);
    teller.lock_waits(is_involved);
    teller.events.sort_by_key(|event| event.at);
    teller.events
}

struct Teller<'a> {
    system: &'a System,
    recording: &'a Recording,
    events: Vec<NodeEvent>,
    /// The effects that stores have shown since their last commit, all of one instant.
    effects: Option<Effects>,
    logs: BTreeMap<LogId, LogBook>,
}

struct Effects {
    node: NodeId,
    at: Tick,
    op: OpId,
    words: Vec<String>,
    lost: bool,
}

/// The positions up to which a log was written and forced, in records since its last crash.
#[derive(Default)]
struct LogBook {
    written: u64,
    durable: u64,
    open: Vec<Forcing>,
}

struct Forcing {
    position: u64,
    node: NodeId,
    since: Tick,
    label: LabelId,
    op: OpId,
}

impl Teller<'_> {
    fn push(&mut self, record: &Record, at: Tick, text: impl Into<String>, tone: Tone) {
        let (node, op) = (record.node, record.op);
        self.events.push(NodeEvent { node, since: None, at, text: text.into(), tone, op });
    }

    fn tell(&mut self, record: &Record, at: Tick) {
        let name = |label| self.recording.names.label(label);
        match record.event {
            Event::Answered { answer, .. } => {
                let (text, tone) = match answer {
                    Answer::Unknown => ("gives up: unknown".into(), Tone::Bad),
                    yes if yes.is_yes() => (format!("hears: {}", answer.name()), Tone::Good),
                    no => (format!("hears: {}", no.name()), Tone::Plain),
                };
                self.push(record, at, text, tone);
            }
            Event::Shown { direction, change, .. } => self.show(record, at, direction, change),
            Event::Holds { label: label::OUTBOX, change: 1.. } => {
                self.effect(record, at, "outbox row".into(), false);
            }
            Event::Aborted { database, cause, .. } => {
                let text = format!("rolls back: {}", cause.words());
                self.push_at_home(record, database, at, text, Tone::Bad);
            }
            Event::Prepared { database, .. } => {
                self.push_at_home(record, database, at, "prepared", Tone::Plain);
            }
            Event::Resolved { database, decision, heuristic: true, .. } => {
                let how = match decision {
                    Decision::Commit => "heuristic commit",
                    Decision::Abort => "heuristic abort",
                };
                self.push_at_home(record, database, at, how, Tone::Bad);
            }
            Event::RefusedByRule { .. } => self.push(record, at, "refused by rule", Tone::Bad),
            Event::Decided { label, decision, .. } => {
                let text = decision_words(label, name(label), decision);
                self.push(record, at, text, Tone::Plain);
            }
            Event::Published { .. } => self.push(record, at, "has the event", Tone::Good),
            Event::Discarded { discard: Discard::DeadLetter, .. } => {
                self.push(record, at, "to the dead letters", Tone::Bad);
            }
            Event::Discarded { topic, discard: Discard::Lost, .. } => {
                self.push(record, at, format!("{} is given up", name(topic)), Tone::Bad);
            }
            Event::Intervention { .. } => self.push(record, at, "left to a human", Tone::Bad),
            Event::Alerted { .. } => self.push(record, at, "alert", Tone::Bad),
            Event::Ignored { label, from } => {
                let text = format!(
                    "ignores the late {} of {}",
                    name(label),
                    self.recording.names.actors[usize::from(from.0)].name
                );
                self.push(record, at, text, Tone::Plain);
            }
            Event::Overflowed { .. } => self.push(record, at, "queue full", Tone::Bad),
            _ => {}
        }
    }

    /// Adds an event of a database at the database's own node, whichever node recorded it.
    fn push_at_home(
        &mut self,
        record: &Record,
        database: DatabaseId,
        at: Tick,
        text: impl Into<String>,
        tone: Tone,
    ) {
        let node = self.home(database).unwrap_or(record.node);
        self.push(&Record { node, ..*record }, at, text, tone);
    }

    /// Adds the waits for row locks that took time, with whoever held the row.
    fn lock_waits(&mut self, is_involved: impl Fn(OpId) -> bool) {
        let turn = |time: Time, last: bool| {
            let records = &self.recording.records;
            let from = records.partition_point(|record| record.time < time);
            let to = records.partition_point(|record| record.time <= time);
            Tick { time, turn: if last { to.saturating_sub(1) } else { from } as u32 }
        };
        let waits = self.recording.waits.all().iter().filter(|wait| is_involved(wait.op));
        let told = waits.filter_map(|wait| {
            let row = phrases::row_text(self.system, wait.row.1, wait.row.2);
            let (until, how, tone) = match wait.until {
                Some((until, None)) if until == wait.from => return None,
                Some((until, None)) => (until, "waited for", Tone::Plain),
                Some((until, Some(_))) => (until, "gives up waiting for", Tone::Bad),
                None => (self.recording.report.ended, "still waits for", Tone::Bad),
            };
            let holder = wait.holder.map_or_else(String::new, |holder| match holder {
                OpId::NONE => ", held by no operation".into(),
                holder => format!(", held by {}", super::layout::name(self.recording, holder)),
            });
            Some(NodeEvent {
                node: self.home(wait.row.0).unwrap_or(wait.node),
                since: Some(turn(wait.from, false)),
                at: turn(until, true),
                text: format!("{how} {row}{holder}"),
                tone,
                op: wait.op,
            })
        });
        let told: Vec<NodeEvent> = told.collect();
        self.events.extend(told);
    }

    /// The node of a database.
    fn home(&self, database: DatabaseId) -> Option<NodeId> {
        self.recording.names.databases.get(database.index()).copied()
    }

    fn step(&self, op: OpId, step: StepId) -> String {
        let row = self.recording.report.operations.get(op.0 as usize);
        let spec = row.and_then(|row| self.system.operation(row.kind).steps.get(step.index()));
        spec.map_or_else(|| "?".into(), |spec| spec.name.shown.to_string())
    }

    fn show(&mut self, record: &Record, at: Tick, direction: Direction, change: i64) {
        let step = self.step(record.op, record.step);
        let (words, lost) = match (direction, change) {
            (Direction::Forward, 1) => (step, false),
            (Direction::Forward, 2..) => (format!("{step} ×{change}"), false),
            (Direction::Undo, 1..) => (format!("undo of {step}"), false),
            (Direction::Forward, _) => (format!("{step} is gone"), true),
            (Direction::Undo, _) => (format!("undo of {step} is gone"), true),
        };
        self.effect(record, at, words, lost);
    }

    fn effect(&mut self, record: &Record, at: Tick, words: String, lost: bool) {
        match &mut self.effects {
            Some(effects) if effects.node == record.node => {
                effects.words.push(words);
                effects.lost |= lost;
                effects.at = at;
            }
            _ => {
                self.close();
                let (node, op) = (record.node, record.op);
                self.effects = Some(Effects { node, at, op, words: vec![words], lost });
            }
        }
    }

    /// Adds a commit with the effects of the records before it.
    fn commit(&mut self, record: &Record, database: DatabaseId, at: Tick, involved: bool) {
        let node = self.home(database).unwrap_or(record.node);
        let shown = self.effects.take_if(|effects| effects.node == node);
        self.close();
        let (words, op, lost) = match shown {
            Some(shown) => (shown.words, shown.op, shown.lost),
            None if involved => (Vec::new(), record.op, false),
            None => return,
        };
        let text = format!("commits {}", words.join(", "));
        let tone = if lost { Tone::Bad } else { Tone::Good };
        let text = text.trim_end().to_owned();
        self.events.push(NodeEvent { node, since: None, at, text, tone, op });
    }

    /// Ends a set of changes without a commit: a store lost what was not durable.
    fn close(&mut self) {
        if let Some(Effects { node, at, op, words, lost }) = self.effects.take() {
            let tone = if lost { Tone::Bad } else { Tone::Good };
            self.events.push(NodeEvent { node, since: None, at, text: words.join(", "), tone, op });
        }
    }

    fn close_instant(&mut self, now: Time) {
        if self.effects.as_ref().is_some_and(|effects| effects.at.time < now) {
            self.close();
        }
    }

    /// Finds the flush of a log that covers each forced record.
    fn follow_logs(&mut self, record: &Record, at: Tick, involved: bool) {
        match record.event {
            Event::Logged { log, label, forced } => {
                let book = self.logs.entry(log).or_default();
                book.written += 1;
                let (node, op) = (record.node, record.op);
                if !forced && involved && log.database().is_none() {
                    // A record that no process waits for may be the failure itself, such as that of
                    // a forgotten transaction.
                    let text = format!("{} written", self.recording.names.label(label));
                    let tone = Tone::Plain;
                    self.events.push(NodeEvent { node, since: None, at, text, tone, op });
                } else if forced && involved {
                    let position = book.written;
                    book.open.push(Forcing { position, node, since: at, label, op });
                }
            }
            Event::Forced { log, records, .. } => {
                let Some(book) = self.logs.get_mut(&log) else { return };
                book.durable += records;
                let durable = book.durable;
                let done: Vec<Forcing> =
                    book.open.extract_if(.., |forcing| forcing.position <= durable).collect();
                done.into_iter().for_each(|done| self.forced(log, &done, at, true));
            }
            Event::Crashed { .. } => {
                let logs: Vec<LogId> = self.logs.keys().copied().collect();
                for log in logs {
                    let home = log.database().and_then(|database| self.home(database));
                    if log != LogId::of_node(record.node) && home != Some(record.node) {
                        continue;
                    }
                    let book = self.logs.remove(&log).unwrap_or_default();
                    book.open.iter().for_each(|open| self.forced(log, open, at, false));
                }
            }
            _ => {}
        }
    }

    /// Adds the end of a forced write; for a database's own records the event after it shows it.
    fn forced(&mut self, log: LogId, forcing: &Forcing, at: Tick, durable: bool) {
        let label = self.recording.names.label(forcing.label);
        let text = match (durable, log.database().is_some()) {
            (true, true) => String::new(),
            (true, false) => format!("{label} is durable"),
            (false, _) => format!("{label} not forced: lost"),
        };
        let tone = if durable { Tone::Plain } else { Tone::Bad };
        let &Forcing { node, since, op, .. } = forcing;
        self.events.push(NodeEvent { node, since: Some(since), at, text, tone, op });
    }
}

fn decision_words(label: LabelId, name: &str, decision: Decision) -> String {
    match (label, decision) {
        (label::TRANSACTION, Decision::Commit) => "decides: commit".into(),
        (label::TRANSACTION, Decision::Abort) => "decides: abort".into(),
        (label::COMPENSATION, _) => "takes its step back".into(),
        (label::WORKFLOW, Decision::Commit) => "workflow done".into(),
        (label::WORKFLOW, Decision::Abort) => "workflow failed".into(),
        (_, decision) => format!("decides {name}: {}", decision.name()),
    }
}
