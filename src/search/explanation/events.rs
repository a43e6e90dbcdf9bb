//! The events on the nodes that concern some operations: commits and what they show, forced writes,
//! decisions, answers.

use std::collections::BTreeMap;

use super::recording::Recording;
use super::space_time::{Tick, Tone};
use crate::kernel::{NodeId, Time};
use crate::model::contract::label;
use crate::model::record::{AbortCause, Answer, Kind, OpId, Record};
use crate::model::system::{StepId, System};
use crate::model::world::LOGS_OF_NODES;

/// Something that happened on a node.
#[derive(Clone, Debug)]
pub(super) struct Event {
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
    is_involved: impl Fn(OpId) -> bool,
) -> Vec<Event> {
    let mut teller =
        Teller { system, recording, events: Vec::new(), effects: None, logs: BTreeMap::new() };
    for (turn, record) in (0..).zip(&recording.records) {
        let tick = Tick { time: record.time, turn };
        teller.close_instant(tick.time);
        teller.follow_logs(record, tick, is_involved(record.op));
        if record.kind == Kind::Committed {
            teller.commit(record, tick, is_involved(record.op));
        } else if is_involved(record.op) {
            teller.tell(record, tick);
        }
    }
    teller.close_instant(Time::NEVER);
    teller.events.sort_by_key(|event| event.at);
    teller.events
}

struct Teller<'a> {
    system: &'a System,
    recording: &'a Recording,
    events: Vec<Event>,
    /// The effects that stores have shown since their last commit, all at one instant.
    effects: Option<Effects>,
    logs: BTreeMap<u32, LogBook>,
}

struct Effects {
    node: NodeId,
    at: Tick,
    op: OpId,
    words: Vec<String>,
    lost: bool,
}

/// How far a log has been written and forced, in records since its last crash.
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
    label: u32,
    op: OpId,
}

impl Teller<'_> {
    fn push(&mut self, record: &Record, at: Tick, text: impl Into<String>, tone: Tone) {
        let (node, op) = (record.node, record.op);
        self.events.push(Event { node, since: None, at, text: text.into(), tone, op });
    }

    fn tell(&mut self, record: &Record, at: Tick) {
        let label =
            || self.recording.names.labels.get(record.subject as usize).copied().unwrap_or("?");
        match record.kind {
            Kind::Answered => {
                let answer = Answer::from_word(record.a);
                let (text, tone) = match answer {
                    Answer::Unknown => ("gives up: unknown".into(), Tone::Bad),
                    yes if yes.is_yes() => (format!("hears: {}", answer.name()), Tone::Good),
                    no => (format!("hears: {}", no.name()), Tone::Plain),
                };
                self.push(record, at, text, tone);
            }
            Kind::Shown => self.show(record, at),
            Kind::Holds if record.subject == label::OUTBOX && record.a as i64 > 0 => {
                self.effect(record, at, "outbox row".into(), false);
            }
            Kind::Aborted => {
                let text = format!("rolls back: {}", abort_words(record.b));
                let record = Record { node: self.home(record), ..*record };
                self.push(&record, at, text, Tone::Bad);
            }
            Kind::Prepared => {
                let record = Record { node: self.home(record), ..*record };
                self.push(&record, at, "prepared", Tone::Plain);
            }
            Kind::Resolved if record.b == 2 || record.b == 3 => {
                let how = if record.b == 2 { "heuristic commit" } else { "heuristic abort" };
                let record = Record { node: self.home(record), ..*record };
                self.push(&record, at, how, Tone::Bad);
            }
            Kind::RefusedByRule => self.push(record, at, "refused by rule", Tone::Bad),
            Kind::Decided => {
                let text = decision(record.subject, label(), record.a);
                self.push(record, at, text, Tone::Plain);
            }
            Kind::Published => self.push(record, at, "has the event", Tone::Good),
            Kind::Buried if record.a == 1 => {
                self.push(record, at, "to the dead letters", Tone::Bad)
            }
            Kind::Buried => self.push(record, at, format!("{} is given up", label()), Tone::Bad),
            Kind::Intervention => self.push(record, at, "left to a human", Tone::Bad),
            Kind::Overflowed => self.push(record, at, "queue full", Tone::Bad),
            Kind::LockFailed => self.push(record, at, "gives up waiting for a lock", Tone::Bad),
            _ => {}
        }
    }

    /// The node of the database that a record is about.
    fn home(&self, record: &Record) -> NodeId {
        let known = self.recording.names.databases.get(record.subject as usize);
        known.copied().unwrap_or(record.node)
    }

    fn step(&self, op: OpId, step: StepId) -> String {
        let row = self.recording.report.operations.get(op.0 as usize);
        let spec = row.and_then(|row| self.system.operation(row.kind).steps.get(step.index()));
        spec.map_or_else(|| "?".into(), |spec| spec.name.shown.to_string())
    }

    fn show(&mut self, record: &Record, at: Tick) {
        let step = self.step(record.op, record.step);
        let undo = record.a == 1;
        let (words, lost) = match (undo, record.b as i64) {
            (false, 1) => (step, false),
            (false, more) if more > 1 => (format!("{step} ×{more}"), false),
            (true, more) if more > 0 => (format!("undo of {step}"), false),
            (false, _) => (format!("{step} is gone"), true),
            (true, _) => (format!("undo of {step} is gone"), true),
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

    /// A commit shows what the records just before it said.
    fn commit(&mut self, record: &Record, at: Tick, involved: bool) {
        let node = self.home(record);
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
        self.events.push(Event { node, since: None, at, text, tone, op });
    }

    /// Closes changes without a commit: a store lost what was not durable.
    fn close(&mut self) {
        if let Some(Effects { node, at, op, words, lost }) = self.effects.take() {
            let tone = if lost { Tone::Bad } else { Tone::Good };
            self.events.push(Event { node, since: None, at, text: words.join(", "), tone, op });
        }
    }

    fn close_instant(&mut self, now: Time) {
        if self.effects.as_ref().is_some_and(|effects| effects.at.time < now) {
            self.close();
        }
    }

    /// Finds out which flush of a log covers which forced record.
    fn follow_logs(&mut self, record: &Record, at: Tick, involved: bool) {
        match record.kind {
            Kind::Logged => {
                let book = self.logs.entry(record.subject).or_default();
                book.written += 1;
                if record.b == 1 && involved {
                    let position = book.written;
                    let (node, op, label) = (record.node, record.op, record.a as u32);
                    book.open.push(Forcing { position, node, since: at, label, op });
                }
            }
            Kind::Forced => {
                let Some(book) = self.logs.get_mut(&record.subject) else { return };
                book.durable += record.a;
                let durable = book.durable;
                let done: Vec<Forcing> =
                    book.open.extract_if(.., |forcing| forcing.position <= durable).collect();
                done.into_iter().for_each(|done| self.forced(record.subject, &done, at, true));
            }
            Kind::Crashed => {
                let of_node = LOGS_OF_NODES + u32::from(record.node.0);
                let logs: Vec<u32> = self.logs.keys().copied().collect();
                for log in logs {
                    let home = self.recording.names.databases.get(log as usize);
                    if log != of_node && home != Some(&record.node) {
                        continue;
                    }
                    let book = self.logs.remove(&log).unwrap_or_default();
                    book.open.iter().for_each(|open| self.forced(log, open, at, false));
                }
            }
            _ => {}
        }
    }

    /// A forced write has ended: for a database's own records the event behind it says so.
    fn forced(&mut self, log: u32, forcing: &Forcing, at: Tick, durable: bool) {
        let label = self.recording.names.labels.get(forcing.label as usize).copied().unwrap_or("?");
        let text = match (durable, log < LOGS_OF_NODES) {
            (true, true) => String::new(),
            (true, false) => format!("{label} is durable"),
            (false, _) => format!("{label} not forced: lost"),
        };
        let tone = if durable { Tone::Plain } else { Tone::Bad };
        let &Forcing { node, since, op, .. } = forcing;
        self.events.push(Event { node, since: Some(since), at, text, tone, op });
    }
}

fn abort_words(cause: u64) -> &'static str {
    const CAUSES: [(AbortCause, &str); 7] = [
        (AbortCause::Requested, "asked to"),
        (AbortCause::Rule, "rule"),
        (AbortCause::LockTimeout, "lock timeout"),
        (AbortCause::Deadlock, "deadlock"),
        (AbortCause::Broken, "session broken"),
        (AbortCause::Crash, "crash"),
        (AbortCause::BranchTimeout, "not prepared in time"),
    ];
    let found = CAUSES.iter().find(|(known, _)| *known as u64 == cause);
    found.map_or("?", |(_, words)| words)
}

fn decision(number: u32, label: &str, word: u64) -> String {
    match (number, word) {
        (label::TRANSACTION, 0) => "decides: commit".into(),
        (label::TRANSACTION, _) => "decides: abort".into(),
        (label::COMPENSATION, _) => "takes its step back".into(),
        (label::WORKFLOW, 0) => "workflow done".into(),
        (label::WORKFLOW, _) => "workflow failed".into(),
        (_, word) => format!("decides {label}: {word}"),
    }
}
