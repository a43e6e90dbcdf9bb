//! Resolution of traces: the arrivals that a CSV file lists, and the check that they fall into the
//! load.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::data::{Data, Filter, Row, excerpt};
use super::super::problem::{Code, Problem};
use super::super::trace::{Origin, Trace, TraceTable};
use super::super::values::At;
use super::Context;
use crate::kernel::{Span, Time};
use crate::model::reason::Reason;
use crate::model::system::Arrivals;
use crate::reason;

/// The number of operations that arrive at a time, or in the interval that begins then, and the
/// first row with that time.
struct Entry<'r> {
    count: u64,
    row: &'r Row,
}

/// The entries of a trace by their times in nanoseconds, as recorded.
type Entries<'r> = BTreeMap<i128, Entry<'r>>;

/// The arrivals at their times in the run, in nanoseconds.
type Placed<'r> = Vec<(i128, Entry<'r>)>;

impl Context<'_> {
    /// The arrivals of a trace within the window of its load.
    pub(super) fn trace(
        &mut self,
        trace: &At<Trace>,
        window: (Span, Span),
        data: &Data<'_>,
    ) -> Option<Arrivals> {
        let At { place, value: Trace(table) } = trace;
        let every = self.interval(trace)?;
        let filter = table.where_.iter();
        let filter = filter.map(|(_, name, value)| (name.value.clone(), value.clone()));
        let rows = rows(table, data, &filter.collect::<Vec<_>>());
        let entries = rows.as_deref().map_err(Clone::clone).and_then(|rows| {
            let entries = entries(table, rows)?;
            every.map_or(Ok(()), |every| apart(&entries, every))?;
            Ok(entries)
        });
        let placed = match entries {
            Ok(entries) => placed(table, entries, window.0),
            Err(why) => {
                let message = reason!("cannot use `{}`: ", table.file).and(why);
                let problem = Problem::error(Code::DataFile, place, message, "asked for here");
                self.problems.push(problem);
                return None;
            }
        };
        let within = self.within(trace, placed, window)?;
        let total = sum(within.iter().map(|(_, count)| *count));
        self.limited("operations", &table.file, place, total as f64);
        Some(match every {
            Some(every) => {
                let every = Span::from_secs_f64(every.as_secs_f64() / table.speed.0);
                Arrivals::Counted { rows: within.into(), every }
            }
            None => {
                let times = within.into_iter().flat_map(|(at, count)| (0..count).map(move |_| at));
                Arrivals::Trace(times.collect::<Arc<[Time]>>())
            }
        })
    }

    /// The length of the intervals in which arrivals are counted, or `Some(None)` if they are not
    /// counted in intervals; `None` after a problem.
    fn interval(&mut self, trace: &At<Trace>) -> Option<Option<Span>> {
        let TraceTable { count, every, .. } = &trace.value.0;
        let (given, missing, place, label) = match (count, every) {
            (Some(_), Some(every)) => return Some(Some(every.0)),
            (None, None) => return Some(None),
            (Some(count), None) => {
                ("count", "every", &count.place, "in intervals of which length?")
            }
            (None, Some(_)) => ("every", "count", &trace.place, "what is counted?"),
        };
        let message = reason!("`{}` needs the key `{}` beside it", given, missing);
        self.problems.push(Problem::error(Code::MissingKey, place, message, label));
        None
    }

    /// The arrivals within a window; those outside are reported.
    fn within(
        &mut self,
        trace: &At<Trace>,
        placed: Placed<'_>,
        (from, until): (Span, Span),
    ) -> Option<Vec<(Time, u64)>> {
        let At { place, value: Trace(table) } = trace;
        let edge =
            |of: Option<&(i128, Entry<'_>)>| of.map_or("", |(_, it)| &it.row.cells[0]).to_owned();
        let (first, last) = (edge(placed.first()), edge(placed.last()));
        let whole = sum(placed.iter().map(|(_, entry)| entry.count));
        let inside = |at: &i128| (i128_of(from)..i128_of(until)).contains(at);
        let within = placed.into_iter().filter(|(at, _)| inside(at));
        let within = within.map(|(at, it)| (Time::from_nanos(at as u64), it.count));
        let within: Vec<(Time, u64)> = within.collect();
        let total = sum(within.iter().map(|(_, count)| *count));
        let what = format!("between {from} and {until}, while the load lasts");
        if total == 0 {
            let message = reason!("nothing in `{}` arrives {what}", table.file);
            let problem = Problem::error(Code::NoArrivals, place, message, "nothing is offered");
            let origin = match table.origin() {
                Origin::Start => {
                    "from the start of the run; `origin = \"first\"` lets the first \
                                  of them arrive when the load begins"
                }
                Origin::First => "from the first of them",
            };
            let help = format!("its times, from {first} to {last}, count {origin}");
            self.problems.push(problem.help(help));
            return None;
        }
        let dropped = whole - total;
        if dropped > 0 {
            let message =
                reason!("{dropped} of {whole} arrivals in `{}` are not {what}", table.file);
            let problem = Problem::error(Code::NoArrivals, place, message, "these are dropped");
            let help = format!("its times go from {first} to {last}");
            self.problems.push(problem.warning().help(help));
        }
        Some(within)
    }
}

/// The rows of the file, with their times and, if there is a column of counts, their counts.
fn rows(table: &TraceTable, data: &Data<'_>, filter: &Filter) -> Result<Vec<Row>, Reason> {
    let count = table.count.iter().map(|count| count.value.as_str());
    let columns: Vec<&str> = std::iter::once(table.column.as_str()).chain(count).collect();
    data.rows(&table.file, &columns, filter)
}

/// The entries of these rows; rows with the same time become one entry.
fn entries<'r>(table: &TraceTable, rows: &'r [Row]) -> Result<Entries<'r>, Reason> {
    let mut entries = Entries::new();
    for row in rows {
        let (line, cell) = (row.line, &row.cells[0]);
        let at = table.unit.nanos(cell);
        let wanted = table.unit.wanted();
        let at = at.ok_or_else(|| reason!("line {line}: `{}` is not {wanted}", excerpt(cell)))?;
        let count = match row.cells.get(1) {
            None => 1,
            Some(cell) => cell.parse().map_err(|_| {
                reason!("line {line}: `{}` is not a number of arrivals", excerpt(cell))
            })?,
        };
        let entry = entries.entry(at).or_insert(Entry { count: 0, row });
        entry.count = entry.count.saturating_add(count);
    }
    Ok(entries)
}

/// Checks that no interval begins before the previous one has ended.
fn apart(entries: &Entries<'_>, every: Span) -> Result<(), Reason> {
    let pairs = entries.iter().zip(entries.iter().skip(1));
    for ((at, _), (next, entry)) in pairs {
        if next - at < i128_of(every) {
            let (line, cell) = (entry.row.line, &entry.row.cells[0]);
            let begins =
                reason!("line {line}: the interval at `{}` begins less than ", excerpt(cell));
            return Err(begins.and(format!("{every} after another one")));
        }
    }
    Ok(())
}

/// The entries with their times in the run.
fn placed<'r>(table: &TraceTable, entries: Entries<'r>, from: Span) -> Placed<'r> {
    let (zero, base) = match table.origin() {
        Origin::Start => (0, 0),
        Origin::First => (entries.keys().next().copied().unwrap_or(0), i128_of(from)),
    };
    // A time within a run, at most 30 days, fits into the 53 bits of an `f64`. Others may be
    // inexact, since they are dropped.
    let faster = |span: i128| match table.speed.0 {
        1.0 => span,
        speed => (span as f64 / speed) as i128,
    };
    entries.into_iter().map(|(at, entry)| (base.saturating_add(faster(at - zero)), entry)).collect()
}

fn sum(counts: impl Iterator<Item = u64>) -> u64 {
    counts.fold(0, u64::saturating_add)
}

fn i128_of(span: Span) -> i128 {
    i128::from(span.as_nanos())
}
