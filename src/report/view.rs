//! The tables of a comparison as data, independent of their layout.

mod checks;
mod counters;
mod forms;
mod operations;
mod pools;
mod reads;
mod summary;

use std::borrow::Cow;

pub use checks::{checks, failed};
pub use operations::{about, rests_on};
pub use summary::summary;

use super::{faults, human};
use crate::checks::census::Headline;
use crate::checks::measures::catalogue::*;
use crate::checks::measures::{Key, Measure, Values};
use crate::experiment::result::{Comparison, MeasureResult, Statistic, VariantResult};

/// A table with a row for each variant.
pub struct Table {
    /// The subject of the table.
    pub title: Cow<'static, str>,
    /// The explanation of the table.
    pub note: String,
    /// Column heads; the first is that of the variants' names.
    pub heads: Vec<String>,
    /// The rows: the variant's name, and one cell for each column after the first.
    pub rows: Vec<(String, Vec<Cell>)>,
}

impl Table {
    /// Adds the meaning of a column to the note, if the table has the column.
    fn explained(mut self, head: &str, meaning: &str) -> Self {
        if self.heads.iter().any(|known| known == head) {
            self.note = format!("{} {meaning}", self.note);
        }
        self
    }

    /// Leaves out the columns in which no row has a number.
    fn without_empty_columns(mut self) -> Self {
        let empty = |at: usize| self.rows.iter().all(|(_, cells)| cells[at] == nothing());
        let kept: Vec<bool> = (0..self.heads.len() - 1).map(|at| !empty(at)).collect();
        let keep = |at: usize| at == 0 || kept[at - 1];
        self.heads = (0..).zip(self.heads).filter(|(at, _)| keep(*at)).map(|it| it.1).collect();
        for (_, cells) in &mut self.rows {
            let all = std::mem::take(cells).into_iter().zip(&kept);
            *cells = all.filter(|(_, kept)| **kept).map(|(cell, _)| cell).collect();
        }
        self
    }
}

/// A cell of a [`Table`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cell {
    /// The number.
    pub main: String,
    /// The interval of the number, or the whole that it is a part of; may be empty.
    pub note: String,
    /// True if the number counts outcomes that should not occur and the runs had settled, so that
    /// it is final.
    pub bad: bool,
    /// True if no other variant is shown to be better, and one is shown to be worse.
    pub best: bool,
}

/// A column for one number of a measure.
type Column = (&'static Measure, Pick);

#[derive(Clone, Copy)]
enum Pick {
    Number(Statistic),
    Never,
}

const MEAN: Pick = Pick::Number(Statistic::Mean);
const VALUE: Pick = Pick::Number(Statistic::Value);
const P50: Pick = Pick::Number(Statistic::P50);
const P99: Pick = Pick::Number(Statistic::P99);
const MAX: Pick = Pick::Number(Statistic::Max);

const CONSISTENCY: [Column; 9] = [
    (LAG, MEAN),
    (LAG, P50),
    (LAG, P99),
    (LAG, MAX),
    (LAG, Pick::Never),
    (AFTER_ANSWER, MEAN),
    (AFTER_ANSWER, P50),
    (AFTER_ANSWER, P99),
    (AFTER_ANSWER, Pick::Never),
];

/// The reason why the lag after the answer is not a part of the lag.
const AFTER: &str = "Lag: of operations of which a store ever showed anything. After answer: of \
                     those that were answered yes; one of which nothing is there never ends.";

const ANSWERS: [Column; 10] = [
    (DONE, MEAN),
    (DONE, P50),
    (DONE, P99),
    (ACCEPTED, MEAN),
    (ACCEPTED, P50),
    (ACCEPTED, P99),
    (AVAILABILITY, VALUE),
    (COMPARED_AVAILABILITY, VALUE),
    (AVAILABILITY_OF_ALL, VALUE),
    (USEFUL, VALUE),
];

const COSTS: [Column; 7] = [
    (MESSAGES, VALUE),
    (MESSAGES_COMMITTED, VALUE),
    (DATABASE_MESSAGES, VALUE),
    (FORCED_WRITES, VALUE),
    (FORCED_WRITES_COMMITTED, VALUE),
    (PARTIAL, VALUE),
    (VIOLATION, VALUE),
];

const ANOMALIES: [Column; 8] = [
    (LOST_UPDATES, VALUE),
    (BLIND_WRITES, VALUE),
    (DIRTY_READS, VALUE),
    (OUT_OF_ORDER, VALUE),
    (DELIVERED_AGAIN, VALUE),
    (APPLIED_AGAIN, VALUE),
    (ORPHANS, VALUE),
    (OVERSELLS, VALUE),
];

const COUPLING: [Column; 3] = [(WAITED_SHARE, VALUE), (SLOWDOWN, VALUE), (TOUCHED, VALUE)];

const SCHEMA: [Column; 3] = [(BROKEN, VALUE), (SCHEMA_BREAKS, VALUE), (NOTICED, VALUE)];

/// The head of a column: the measure and, if it has many values a run, the statistic.
fn head((measure, pick): Column) -> String {
    match pick {
        Pick::Never => format!("{} never", measure.head),
        Pick::Number(of) if measure.is_many() => format!("{} {}", measure.head, of.name()),
        Pick::Number(_) => measure.head.into(),
    }
}

/// The tables of a comparison, in reading order. The table of operations has at most this many
/// rows.
pub fn tables(comparison: &Comparison, most_rows: usize) -> Vec<Table> {
    let seeds = match comparison.seeds.len() {
        1 => "The one seed's numbers".into(),
        n => format!(
            "Quantiles: median over {n} seeds; maxima: of all of them; means, shares and sums: mean"
        ),
    };
    let mut tables = vec![
        measured(
            comparison,
            "Consistency",
            format!(
                "{seeds}; below each its 95 % interval. Never: operations of all seeds; a \
                 mean leaves them out.{}",
                unsettled(comparison)
            ),
            &CONSISTENCY,
        )
        .explained("after answer p50", AFTER),
        measured(
            comparison,
            "Answers",
            "Done and accepted promise different things and are never pooled.".into(),
            &ANSWERS,
        ),
        reads::reads_and_blocking(comparison),
    ];
    tables.extend(operations::times(comparison));
    tables.extend(reads::reads_by_services(comparison));
    tables.push(outcomes(comparison));
    tables.extend(operations::operations(comparison, most_rows));
    let anomalies = "Per run, warm-up included: `driftlab list measures` defines each (M8).";
    tables.push(
        measured(comparison, "Anomalies", anomalies.into(), &ANOMALIES)
            .explained("orphans", "Orphans: rows at the end."),
    );
    let cost = "Messages (those with databases apart) and forced writes: per offered operation, \
                and per committed one, because what is refused costs little; idle polls and \
                inquiries included. Partial operations: average over time.";
    let violation = "Violation time: summed over entities, per 1,000 offered operations.";
    tables.push(
        measured(comparison, "Cost", cost.into(), &COSTS).explained("violation time", violation),
    );
    tables.extend(counters::counters(comparison));
    tables.extend(faults::table(comparison));
    tables.extend(pools::capacity(comparison));
    tables.extend(pools::bottlenecks(comparison));
    tables.retain(|table| table.heads.len() > 1);
    tables.extend(super::coupling::is_known(comparison).then(|| coupling(comparison)));
    tables.extend(schema_changes(comparison));
    tables.extend(forms::table(comparison));
    tables
}

/// The table of services that failed after a change of the schema, if any did.
fn schema_changes(comparison: &Comparison) -> Option<Table> {
    let failures = |variant: &VariantResult| {
        let found = variant.measure(SCHEMA_BREAKS)?.estimate(Statistic::Value)?;
        Some(found.value > 0.0)
    };
    let broke = comparison.variants.iter().any(|variant| failures(variant) == Some(true));
    broke.then(|| {
        let note = "Services whose statements, or what they are told, do not fit a table any \
                    more: for how long, summed over services; how often that failed; when it was \
                    noticed.";
        measured(comparison, "Schema changes", note.into(), &SCHEMA)
    })
}

/// The table of coupling: first the facts of the layout, then those of the runs.
fn coupling(comparison: &Comparison) -> Table {
    const LAYOUT: [&str; 6] = [
        "joint tables",
        "joint columns",
        "shared schemas",
        "deployed together",
        "must be up",
        "up",
    ];
    let note = "Read off the layout: tables and columns that several services write, schemas on \
                which others than the owner rely, services in the largest group that is deployed \
                together, nodes that must be up for a yes to the operation below, and how likely \
                they are with 99.9 % each.";
    let waits = "Waits for others: what services wait for each other in shared databases, as a \
                 share of all waiting there.";
    let slowed = "Slowed down: the share of its time in a shared database that a service waits \
                  for one other, where that is worst.";
    let touched = "Touched by a fault: the most services that one fault touched.";
    let mut table = measured(comparison, "Coupling", note.into(), &COUPLING)
        .explained("waits for others", waits)
        .explained("slowed down", slowed)
        .explained("touched by a fault", touched);
    table.heads.splice(1..1, LAYOUT.map(String::from));
    for ((_, cells), variant) in table.rows.iter_mut().zip(&comparison.variants) {
        cells.splice(0..0, layout(variant));
    }
    table
}

fn layout(variant: &VariantResult) -> Vec<Cell> {
    let coupling = &variant.coupling;
    let cell = |main: String, note: &str| Cell { main, note: note.into(), ..Cell::default() };
    let strangers = match coupling.without_right() {
        0 => String::new(),
        count => format!("{count} without right"),
    };
    let [tables, columns, schemas, together] = [
        coupling.joint_tables(),
        coupling.joint_columns(),
        coupling.shared_schemas(),
        coupling.largest_deployment(),
    ]
    .map(|count| human::count(count as u64));
    let longest = coupling.longest();
    let needs = longest.map_or(0, |chain| chain.needs.len() as u64);
    let up = longest.map_or(1.0, |chain| chain.availability(|_| super::coupling::EACH));
    vec![
        cell(tables, &strangers),
        cell(columns, ""),
        cell(schemas, ""),
        cell(together, ""),
        cell(human::count(needs), longest.map_or("", |chain| &chain.name)),
        cell(human::share(up), ""),
    ]
}

/// The explanation of `~`, if any run did not settle.
pub(super) fn unsettled(comparison: &Comparison) -> &'static str {
    if comparison.variants.iter().all(has_settled) {
        ""
    } else {
        " ~: some runs had not settled, and the number is not final (quantiles: Kaplan-Meier)."
    }
}

/// Returns whether all runs of a variant had settled.
pub(super) fn has_settled(variant: &VariantResult) -> bool {
    variant.settled.iter().all(|settled| *settled)
}

fn measured(
    comparison: &Comparison,
    title: &'static str,
    note: String,
    columns: &[Column],
) -> Table {
    let shown: Vec<Column> =
        columns.iter().filter(|(measure, _)| is_shown(comparison, measure)).copied().collect();
    let row = |variant: &VariantResult| {
        let cells = shown.iter().map(|(measure, pick)| cell(variant, &(*measure).into(), *pick));
        (variant.name.clone(), cells.collect())
    };
    let rows = comparison.variants.iter().map(row).collect();
    let heads = shown.iter().map(|column| head(*column));
    let title = title.into();
    Table { title, note, heads: std::iter::once("variant".into()).chain(heads).collect(), rows }
}

/// The table of the census, without headlines that no operation has.
fn outcomes(comparison: &Comparison) -> Table {
    let headlines = headlines_present(comparison);
    let heads = headlines.iter().map(|headline| headline.name().to_owned());
    let rows = comparison.variants.iter().map(|variant| {
        let cells = headlines.iter().map(|headline| outcome(variant, *headline));
        (variant.name.clone(), cells.collect())
    });
    let absent = Headline::ALL.iter().filter(|it| it.is_wrong() && !headlines.contains(it));
    let absent: Vec<&str> = absent.map(|headline| headline.name()).collect();
    let note = if absent.is_empty() {
        String::new()
    } else {
        format!(" In no variant: {}.", absent.join(", "))
    };
    Table {
        title: "Outcomes".into(),
        note: format!("Operations of all seeds.{note}"),
        heads: std::iter::once("variant".into()).chain(heads).collect(),
        rows: rows.collect(),
    }
}

/// The headlines that at least one operation of any variant has, in the order of the census.
pub fn headlines_present(comparison: &Comparison) -> Vec<Headline> {
    let has_any = |it: &Headline| comparison.variants.iter().any(|v| v.census.of(*it) > 0);
    Headline::ALL.into_iter().filter(has_any).collect()
}

fn outcome(variant: &VariantResult, headline: Headline) -> Cell {
    let census = &variant.census;
    let count = census.of(headline);
    let seeds = census.per_seed.iter().zip(&variant.settled);
    let settled = seeds.filter(|(_, settled)| **settled).map(|(seed, _)| seed.of(headline));
    Cell {
        main: format!("{}{}", mark(variant, headline.measure()), human::count(count)),
        note: match census.total() {
            0 => String::new(),
            total => human::share(count as f64 / total as f64),
        },
        bad: headline.is_wrong() && settled.sum::<u64>() > 0,
        best: false,
    }
}

/// Returns whether a measure tells something that no other column tells. The further availabilities
/// do if any operation was moot.
fn is_shown(comparison: &Comparison, measure: &'static Measure) -> bool {
    let of_moot = [COMPARED_AVAILABILITY, AVAILABILITY_OF_ALL].contains(&measure);
    let moot = || headlines_present(comparison).contains(&Headline::Moot);
    let absent = reads::UNLESS_NONE.contains(&measure) && !happened(comparison, measure);
    is_measured(comparison, measure) && (!of_moot || moot()) && !absent
}

/// Returns whether a measure is above zero in any variant.
fn happened(comparison: &Comparison, measure: &'static Measure) -> bool {
    let some = |found: &MeasureResult| found.why().is_none() && !found.is_nothing();
    comparison.variants.iter().any(|variant| variant.measure(measure).is_some_and(some))
}

fn is_measured(comparison: &Comparison, measure: &'static Measure) -> bool {
    let has = |variant: &VariantResult| {
        variant.measure(measure).is_some_and(|measure| measure.why().is_none())
    };
    comparison.variants.iter().any(has)
}

fn cell(variant: &VariantResult, key: &Key, pick: Pick) -> Cell {
    let Some(result) = variant.measures.get(key) else { return nothing() };
    match pick {
        Pick::Never => never(variant, result).unwrap_or_else(nothing),
        Pick::Number(of) => number(variant, result, of),
    }
}

pub(super) fn nothing() -> Cell {
    Cell { main: "–".into(), ..Cell::default() }
}

pub(super) fn number(variant: &VariantResult, result: &MeasureResult, of: Statistic) -> Cell {
    let unit = result.measure.unit;
    result.estimate(of).map_or_else(nothing, |estimate| Cell {
        main: format!("{}{}", mark(variant, result.measure), human::value(unit, estimate.value)),
        note: human::interval(unit, &estimate),
        ..Cell::default()
    })
}

/// The sign before numbers of runs that had not settled. The set of moot operations is known only
/// at rest, and so is an availability that leaves them out.
pub(super) fn mark(variant: &VariantResult, measure: &Measure) -> &'static str {
    let open = !has_settled(variant);
    let moot = || variant.census.of(Headline::Moot) > 0;
    let without_moot = [AVAILABILITY, COMPARED_AVAILABILITY].contains(&measure) && moot();
    let is_final = !measure.at_rest && measure.values != Values::Many && !without_moot;
    if open && !is_final { "~" } else { "" }
}

fn never(variant: &VariantResult, result: &MeasureResult) -> Option<Cell> {
    let found = result.as_quantiles()?;
    let settled = found.per_seed.iter().filter(|seed| !seed.censored);
    Some(Cell {
        main: format!("{}{}", mark(variant, result.measure), human::count(found.never)),
        note: format!("of {}", human::count(found.n)),
        bad: result.measure.values == Values::Many && settled.map(|it| it.never).sum::<u64>() > 0,
        best: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::census::{Census, State};
    use crate::model::record::Answer;
    use crate::tests::comparison;

    #[test]
    fn columns_that_nobody_measured_and_headlines_that_nobody_has_are_left_out() {
        let mut comparison = comparison::comparison(6);
        let tables = tables(&comparison, 24);
        assert!(tables[1].heads.iter().any(|head| head == "accepted p50"));
        assert!(!tables[3].heads.iter().any(|head| head == "phantom"));
        assert!(tables[3].note.contains("In no variant: mixed, phantom."), "{}", tables[3].note);
        for variant in &mut comparison.variants {
            variant.measures.remove(&ACCEPTED.into());
        }
        let tables = super::tables(&comparison, 24);
        assert!(!tables[1].heads.iter().any(|head| head == "accepted p50"));
    }

    #[test]
    fn estimates_of_unsettled_runs_are_marked() {
        let mut comparison = comparison::comparison(6);
        let settled = &tables(&comparison, 24)[0];
        assert!(!settled.note.contains('~') && !settled.rows[0].1[0].main.contains('~'));
        let variant = &mut comparison.variants[0];
        variant.settled[0] = false;
        let unsettled = &tables(&comparison, 24)[0];
        assert!(unsettled.note.contains("~: some runs had not settled"));
        assert!(unsettled.rows[0].1[0].main.starts_with('~'));
    }

    #[test]
    fn what_is_wrong_is_marked_so_where_it_had_settled_and_as_open_where_it_had_not() {
        let mut comparison = comparison::comparison(6);
        let lost = |comparison: &Comparison| {
            let tables = tables(comparison, 24);
            let outcomes = tables.iter().find(|table| table.title == "Outcomes").expect("it");
            let at = outcomes.heads.iter().position(|head| head == "lost").expect("some are lost");
            let rows = outcomes.rows.iter().map(|(_, cells)| cells[at - 1].clone());
            rows.max_by_key(|cell| cell.bad).expect("a variant")
        };
        let cell = lost(&comparison);
        assert!(cell.bad && !cell.main.starts_with('~'));
        for variant in &mut comparison.variants {
            variant.settled.iter_mut().for_each(|settled| *settled = false);
        }
        let cell = lost(&comparison);
        assert!(!cell.bad && cell.main.starts_with('~'), "{}", cell.main);
        let answers = &tables(&comparison, 24)[1];
        let at = answers.heads.iter().position(|head| head == "availability").expect("it");
        assert!(!answers.rows[0].1[at - 1].main.starts_with('~'), "an answer is an answer");
    }

    #[test]
    fn every_number_that_goes_on_after_the_load_is_marked() {
        const OVER_WITH_THE_LOAD: &[&str] =
            &["m4", "m5", "m9", "m10", "m14", "m12.workers", "m12.busiest"];
        let unsettled = VariantResult { settled: vec![false], ..VariantResult::default() };
        for measure in CATALOGUE {
            let family = measure.id.split('.').next();
            let is_over = measure.id != "m4.useful"
                && OVER_WITH_THE_LOAD.iter().any(|it| Some(*it) == family || *it == measure.id);
            let is_many = measure.values == Values::Many;
            assert_eq!(mark(&unsettled, measure) == "~", !is_over || is_many, "{measure}");
        }
        let mut census = Census::default();
        census.count(State::None, Answer::RefusedByRule, Headline::Moot);
        let mut moot = unsettled.clone();
        moot.census.per_seed = vec![census];
        assert_eq!([mark(&unsettled, AVAILABILITY), mark(&moot, AVAILABILITY)], ["", "~"]);
        assert_eq!(mark(&moot, AVAILABILITY_OF_ALL), "", "moot or not, they fail");
    }

    #[test]
    fn every_row_has_a_cell_for_every_head() {
        for table in tables(&comparison::comparison(1), 24) {
            assert!(table.rows.iter().all(|(_, cells)| cells.len() + 1 == table.heads.len()));
        }
        let empty = tables(&Comparison::default(), 24);
        assert!(empty.iter().all(|table| table.rows.is_empty()));
    }
}
