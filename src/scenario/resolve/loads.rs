//! Resolution of loads and reads.

use super::super::data::Data;
use super::super::file::{self, Follows, Load, Read};
use super::super::operation::Key;
use super::super::problem::{Code, Place, Problem};
use super::super::values::At;
use super::names::Names;
use super::{Context, name};
use crate::kernel::{Span, Time};
use crate::model::system::{
    Anchor, Arrivals, ColumnRef, KeyChoice, LoadId, LoadSpec, OperationKind, ReadSpec, ReadWhat,
    ServiceId, StepId,
};
use crate::reason;

/// The most operations of a load, or reads of a reader, in a run: outcomes of a few gigabytes.
const MOST: f64 = 1e8;

impl Context<'_> {
    /// The loads, in order.
    pub(super) fn loads(&mut self, data: &Data<'_>) -> Option<Vec<LoadSpec>> {
        let file = self.file;
        if file.load.0.is_empty() {
            let problem = Problem::error(
                Code::NoLoad,
                &file.scenario.place,
                "a scenario needs a load",
                "nothing would ever happen here",
            );
            self.problems
                .push(problem.about("load").help("add [load.NAME] with `operation` and `poisson`"));
        }
        let mut loads = Vec::new();
        for (shown, load) in &file.load.0 {
            loads.push(load.as_ref().and_then(|load| {
                let operation = self.operation.find(&load.operation, &mut self.problems);
                let until = self.window(load);
                let arrivals = self.arrivals(load, until, data);
                if let Some(operation) = operation {
                    self.followed_keys(load, operation);
                }
                self.not_too_many(load, shown, until.saturating_sub(load.from));
                if let Some(arrivals) = arrivals.as_ref().filter(|_| load.from < until) {
                    self.arrives(load, shown, until, arrivals);
                }
                Some(LoadSpec {
                    name: name(shown, load.stream.as_ref()),
                    operation: OperationKind(operation? as u16),
                    arrivals: arrivals?,
                    from: Time::ZERO + load.from,
                    until: Time::ZERO + until,
                })
            }));
        }
        self.no_circle();
        loads.into_iter().collect()
    }

    /// The end of a load, checked against its start and the end of all load.
    fn window(&mut self, load: &Load) -> Span {
        let end = &self.file.scenario.load;
        let until = load.until.as_ref().map_or(end.value.0, |until| until.value);
        let place = load.until.as_ref().map_or(&load.place, |until| &until.place);
        if until > end.value.0 {
            let message = format!("this is after the end of all load at {}", end.value.0);
            let problem = Problem::error(Code::Times, place, message, "too late");
            self.problems.push(problem.also(&end.place, "the end of all load"));
        }
        if load.from >= until {
            let message = format!("a load from {} until {until} never offers anything", load.from);
            self.problems.push(Problem::error(Code::Times, place, message, ""));
        }
        until
    }

    /// Reports a load that offers more operations than a run can keep in memory.
    fn not_too_many(&mut self, load: &Load, name: &At<String>, length: Span) {
        let (rate, at) = if let Some(rate) = &load.poisson {
            (rate.value.0, &rate.place)
        } else if let Some(gap) = &load.constant {
            (1.0 / gap.value.0.as_secs_f64(), &gap.place)
        } else if let Some(bursts) = &load.bursts {
            (bursts.value.base.0.max(bursts.value.peak.0), &bursts.place)
        } else {
            return;
        };
        self.limited("operations", &name.value, at, rate * length.as_secs_f64());
    }

    /// Reports a load or a reader with more than [`MOST`] operations or reads in a run.
    pub(super) fn limited(&mut self, what: &str, name: &str, place: &Place, count: f64) {
        if count <= MOST {
            return;
        }
        let message = reason!("`{}` comes to more than {MOST} {what} in a run", name);
        let problem = Problem::error(Code::TooMany, place, message, "more than fit into memory");
        self.problems.push(problem.help("lower the rate, or shorten the load"));
    }

    fn arrivals(&mut self, load: &Load, until: Span, data: &Data<'_>) -> Option<Arrivals> {
        if let Some(rate) = &load.poisson {
            return Some(Arrivals::Poisson(rate.value.0));
        }
        if let Some(gap) = &load.constant {
            return Some(Arrivals::Constant(gap.value.0));
        }
        if let Some(At { value: bursts, .. }) = &load.bursts {
            if bursts.length.value.0 >= bursts.every.0 {
                let message = format!("a burst must be shorter than {}", bursts.every.0);
                let place = &bursts.length.place;
                self.problems.push(Problem::error(Code::Times, place, message, "it never ends"));
            }
            return Some(Arrivals::Bursts {
                base: bursts.base.0,
                peak: bursts.peak.0,
                every: bursts.every.0,
                length: bursts.length.value.0,
            });
        }
        if let Some(trace) = &load.trace {
            return self.trace(trace, (load.from, until), data);
        }
        if let Some(closed) = &load.closed {
            let clients = closed.clients.0 as u32;
            return Some(Arrivals::Closed { clients, think: closed.think.clone() });
        }
        let Follows { load, delay, share, .. } = load.follows.as_ref()?;
        let load = LoadId(self.load.find(load, &mut self.problems)? as u16);
        Some(Arrivals::Follows { load, delay: delay.clone(), share: share.0 })
    }

    /// Reports followed keys of an operation that this load cannot provide.
    fn followed_keys(&mut self, load: &Load, operation: usize) {
        let file = self.file;
        let Some(operation) = &file.operations.0[operation].1 else { return };
        for (_, key, choice) in operation.keys.iter() {
            if !matches!(choice.value, Key::Followed) {
                continue;
            }
            let Some(follows) = &load.follows else {
                let message = reason!("the key `{}` comes from a followed load", key.value);
                let label = "this load follows none";
                let problem = Problem::error(Code::NothingFollowed, &load.place, message, label);
                self.problems.push(problem.also(&choice.place, "the key is followed"));
                continue;
            };
            if let Some((_, other)) = self.followed_operation(follows)
                && !other.0.iter().any(|(name, _)| name.value == key.value)
            {
                let Follows { load, .. } = follows;
                let message = reason!("operations of `{}` have no key `{}`", load.value, key.value);
                let problem = Problem::error(Code::NothingFollowed, &key.place, message, "");
                let problem = problem.also(&load.place, "followed here");
                self.problems.push(problem);
            }
        }
    }

    /// The name and the keys of the operation of a followed load.
    fn followed_operation(
        &self,
        follows: &Follows,
    ) -> Option<(&At<String>, &super::super::values::Map<At<Key>>)> {
        let (_, load) = &self.file.load.0[self.load.position(&follows.load.value)?];
        let at = self.operation.position(&load.as_ref()?.operation.value)?;
        let (name, operation) = &self.file.operations.0[at];
        Some((name, &operation.as_ref()?.keys))
    }

    /// Reports loads that follow each other in a cycle, and so never begin.
    fn no_circle(&mut self) {
        let file = self.file;
        let next = |at: usize| {
            let follows = file.load.0[at].1.as_ref()?.follows.as_ref()?;
            Some((self.load.position(&follows.load.value)?, &follows.load))
        };
        for start in 0..file.load.0.len() {
            let mut circle = Vec::new();
            let mut at = start;
            while let Some((followed, name)) = next(at).filter(|_| circle.len() < 100) {
                circle.push((at, name));
                at = followed;
                if at == start {
                    break;
                }
            }
            // Each cycle is reported once, at its first load.
            let whole = !circle.is_empty() && at == start;
            if whole && circle.iter().all(|(member, _)| *member >= start) {
                let name = circle[0].1;
                let message = "these loads follow each other and never begin";
                let mut problem = Problem::error(Code::Cycle, &name.place, message, "follows this");
                for (_, name) in &circle[1..] {
                    problem = problem.also(&name.place, "which follows this");
                }
                self.problems.push(problem);
            }
        }
    }

    /// The reads, in order.
    pub(super) fn reads(&mut self) -> Option<Vec<ReadSpec>> {
        let file = self.file;
        let mut reads = Vec::new();
        for (shown, read) in &file.reads.0 {
            reads.push(read.as_ref().and_then(|read| {
                let what = match &read.operation {
                    Some(operation) => self.probe(operation, read),
                    None => self.reader(&shown.value, read),
                };
                let by = match &read.by {
                    Some(by) => Some(self.service.find(by, &mut self.problems)?),
                    None => None,
                };
                let by = by.map(|by| ServiceId(by as u16));
                let name = name(shown, read.stream.as_ref());
                Some(ReadSpec { name, by, part: None, work: read.work.clone(), what: what? })
            }));
        }
        reads.into_iter().collect()
    }

    fn probe(&mut self, name: &At<String>, read: &Read) -> Option<ReadWhat> {
        let kind = self.operation.find(name, &mut self.problems)?;
        let at = read.at.as_ref()?;
        if at.value.is_empty() {
            let message = "a probe without times reads nothing";
            self.problems.push(Problem::error(Code::WrongValue, &at.place, message, "it is empty"));
        }
        let again =
            (1..at.value.len()).find(|place| at.value[..*place].contains(&at.value[*place]));
        if let Some(time) = again.map(|place| at.value[place]) {
            let message = reason!("`{}` is there twice: a probe is made once at each time", time);
            let problem = Problem::error(Code::DuplicateName, &at.place, message, "leave one out");
            self.problems.push(problem);
        }
        let operation = self.file.operations.0[kind].1.as_ref()?;
        let names = operation.steps.iter().map(|step| step.name.clone()).collect();
        let what = "step of this operation";
        let known = Names::new(Code::UnknownStep, what, names);
        let steps: Option<Vec<StepId>> = match &read.steps {
            None => Some((0..operation.steps.len() as u8).map(StepId).collect()),
            Some(steps) => {
                let found = steps
                    .iter()
                    .map(|step| Some(StepId(known.find(step, &mut self.problems)? as u8)));
                found.collect::<Vec<_>>().into_iter().collect()
            }
        };
        let kind = OperationKind(kind as u16);
        let (at, share) = (at.value.clone(), read.share.0);
        Some(ReadWhat::Operation { kind, steps: steps?, at, after: anchor(read), share })
    }

    fn reader(&mut self, name: &str, read: &Read) -> Option<ReadWhat> {
        if let Some(rate) = &read.rate {
            let length = self.file.scenario.load.value.0.as_secs_f64();
            self.limited("reads", name, &rate.place, rate.value.0 * length);
        }
        let table = self.table_id(read.table.as_ref()?);
        let key = read.key.as_ref()?;
        let choice = self.choice(key);
        if matches!(choice, Some(KeyChoice::New | KeyChoice::Followed)) {
            let message = reason!("a reader with a `{}` chooses among the initial rows", "rate");
            let problem = Problem::error(Code::WrongValue, &key.place, message, "nothing to read");
            self.problems.push(problem.help("write { rows-of = \"...\" }"));
            return None;
        }
        let table = table?;
        let column = self.column(table, read.column.as_ref()?)?;
        let column = ColumnRef { table, column };
        Some(ReadWhat::Column { column, choice: choice?, rate: read.rate.as_ref()?.value.0 })
    }
}

/// The moment from which the times of a read count.
pub(super) fn anchor(read: &Read) -> Anchor {
    match read.after.unwrap_or(file::Anchor::Arrival) {
        file::Anchor::Arrival => Anchor::Arrival,
        file::Anchor::Answer => Anchor::Answer,
    }
}
