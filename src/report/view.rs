//! The tables of a comparison, before anybody decides how they look.

use super::human;
use crate::experiment::result::{
    Census, Comparison, Headline, MeasureResult, Statistic, VariantResult, key,
};

/// A table with one row a variant.
pub struct Table {
    /// What it shows.
    pub title: &'static str,
    /// How to read it.
    pub note: String,
    /// Column heads; the first is that of the variants' names.
    pub heads: Vec<String>,
    /// One row a variant, one cell a column after the first.
    pub rows: Vec<(String, Vec<Cell>)>,
}

impl Table {
    /// The note goes on to say what a column means, if the table has it.
    fn explained(mut self, head: &str, meaning: &str) -> Self {
        if self.heads.iter().any(|known| known == head) {
            self.note = format!("{} {meaning}", self.note);
        }
        self
    }
}

/// A cell of a [`Table`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cell {
    /// The number.
    pub main: String,
    /// Its interval or what it is a part of; may be empty.
    pub note: String,
    /// True if it tells of something that should not be.
    pub bad: bool,
}

/// A column that shows one number of one measure.
struct Column {
    head: &'static str,
    measure: &'static str,
    pick: Pick,
}

enum Pick {
    Number(Statistic),
    Never,
}

const fn column(head: &'static str, measure: &'static str, of: Statistic) -> Column {
    Column { head, measure, pick: Pick::Number(of) }
}

const CONSISTENCY: [Column; 6] = [
    column("lag p50", key::LAG, Statistic::P50),
    column("lag p99", key::LAG, Statistic::P99),
    column("lag max", key::LAG, Statistic::Max),
    Column { head: "never", measure: key::LAG, pick: Pick::Never },
    column("after answer p50", key::AFTER_ANSWER, Statistic::P50),
    column("after answer p99", key::AFTER_ANSWER, Statistic::P99),
];

const ANSWERS: [Column; 6] = [
    column("done p50", key::DONE, Statistic::P50),
    column("done p99", key::DONE, Statistic::P99),
    column("accepted p50", key::ACCEPTED, Statistic::P50),
    column("accepted p99", key::ACCEPTED, Statistic::P99),
    column("availability", key::AVAILABILITY, Statistic::Value),
    column("useful", key::USEFUL, Statistic::Value),
];

const READS: [Column; 7] = [
    column("right in 50ms", key::RIGHT_50MS, Statistic::Value),
    column("right in 500ms", key::RIGHT_500MS, Statistic::Value),
    column("right in 5s", key::RIGHT_5S, Statistic::Value),
    column("stale reads", key::STALE, Statistic::Value),
    column("in doubt, sum", key::IN_DOUBT, Statistic::Value),
    column("in doubt, longest", key::IN_DOUBT_MAX, Statistic::Value),
    column("blocked, sum", key::BLOCKED, Statistic::Value),
];

const COST: [Column; 6] = [
    column("messages", key::MESSAGES, Statistic::Value),
    column("database messages", key::DATABASE_MESSAGES, Statistic::Value),
    column("forced writes", key::FORCED, Statistic::Value),
    column("partial operations", key::PARTIAL, Statistic::Value),
    column("violation time", key::VIOLATION, Statistic::Value),
    column("recovery", key::RECOVERY, Statistic::P50),
];

const CAPACITY: [Column; 3] = [
    column("workers", key::WORKERS, Statistic::Value),
    column("used", key::WORKERS_USED, Statistic::Value),
    column("utilisation", key::UTILISATION, Statistic::Value),
];

const ANOMALIES: [Column; 7] = [
    column("lost updates", key::LOST_UPDATES, Statistic::Value),
    column("dirty reads", key::DIRTY_READS, Statistic::Value),
    column("out of order", key::OUT_OF_ORDER, Statistic::Value),
    column("delivered again", key::DELIVERED_AGAIN, Statistic::Value),
    column("applied again", key::APPLIED_AGAIN, Statistic::Value),
    column("orphans", key::ORPHANS, Statistic::Value),
    column("oversells", key::OVERSELLS, Statistic::Value),
];

const COUPLING: [Column; 3] = [
    column("waits for others", key::WAITED, Statistic::Value),
    column("slowed down", key::SLOWDOWN, Statistic::Value),
    column("touched by a fault", key::TOUCHED, Statistic::Value),
];

const SCHEMA: [Column; 3] = [
    column("broken for", key::BROKEN, Statistic::Value),
    column("failures", key::MISFITS, Statistic::Value),
    column("noticed after", key::NOTICED, Statistic::Value),
];

/// The tables of a comparison, in reading order.
pub fn tables(comparison: &Comparison) -> Vec<Table> {
    let seeds = match comparison.seeds.len() {
        1 => "The one seed's numbers".into(),
        n => format!("Quantiles: median over {n} seeds; shares and sums: mean"),
    };
    let mut tables = vec![
        measured(
            comparison,
            "Consistency",
            format!(
                "{seeds}; below each its 95 % interval. Never: operations of all seeds.{}",
                unsettled(comparison)
            ),
            &CONSISTENCY,
        ),
        measured(
            comparison,
            "Answers",
            "Done and accepted promise different things and are never pooled.".into(),
            &ANSWERS,
        ),
        measured(
            comparison,
            "Reads and blocking",
            "Right: of all scheduled probes. In doubt: prepared branches that do not know the \
             decision. Blocked: waiting behind them."
                .into(),
            &READS,
        ),
    ];
    tables.extend(reads(comparison));
    tables.push(outcomes(comparison));
    let anomalies = "Per run, warm-up included: `driftlab list measures` defines each (M8).";
    tables.push(
        measured(comparison, "Anomalies", anomalies.into(), &ANOMALIES)
            .explained("orphans", "Orphans: rows at the end."),
    );
    let cost = "Messages (those with databases apart) and forced writes: per offered operation, \
                idle polls and inquiries included. Partial operations: average over time.";
    let violation = "Violation time: summed over entities, per 1,000 offered operations.";
    tables.push(
        measured(comparison, "Cost and repair", cost.into(), &COST)
            .explained("violation time", violation),
    );
    tables.extend(capacity(comparison));
    tables.retain(|table| table.heads.len() > 1);
    tables.extend(super::coupling::is_known(comparison).then(|| coupling(comparison)));
    tables.extend(schema_changes(comparison));
    tables
}

/// What the services' workers cost and do, if the variants do not all provision the same.
fn capacity(comparison: &Comparison) -> Option<Table> {
    let workers = comparison.variants.iter().map(|variant| {
        let workers = variant.measures.get(key::WORKERS)?;
        Some(workers.estimate(Statistic::Value)?.value)
    });
    let workers: Vec<Option<f64>> = workers.collect();
    workers.windows(2).any(|pair| pair[0] != pair[1]).then(|| {
        let note = "Workers of all instances of all services, and how many of them had a request, \
                    averaged over time; the rest is bought and idle. What is one service scales \
                    as a whole.";
        measured(comparison, "Capacity", note.into(), &CAPACITY)
    })
}

/// Who broke when a schema changed, if anybody did.
fn schema_changes(comparison: &Comparison) -> Option<Table> {
    let failures = |variant: &VariantResult| {
        let found = variant.measures.get(key::MISFITS)?.estimate(Statistic::Value)?;
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

/// The reads that services do for their clients, if there are any: each by itself, for they go
/// different ways.
fn reads(comparison: &Comparison) -> Option<Table> {
    let mut names: Vec<&String> = comparison.variants.iter().flat_map(|v| &v.reads).collect();
    names.sort_unstable();
    names.dedup();
    let of = |name: &str| {
        [
            ("right", "right", Statistic::Value),
            ("stale", "stale", Statistic::Value),
            ("p99", "latency", Statistic::P99),
        ]
        .map(|(head, what, of)| {
            (format!("{name} {head}"), format!("{}.{name}.{what}", key::READS), of)
        })
    };
    let columns: Vec<_> = names.into_iter().flat_map(|name| of(name)).collect();
    let row = |variant: &VariantResult| {
        let cells = columns.iter().map(|(_, measure, of)| {
            variant.measures.get(measure).map_or_else(nothing, |found| number(found, *of))
        });
        (variant.name.clone(), cells.collect())
    };
    let heads = columns.iter().map(|(head, ..)| head.clone());
    (!columns.is_empty()).then(|| Table {
        title: "Reads by services",
        note: "Shares of all scheduled reads; latency of those that were answered, what timed out \
               counting as never."
            .into(),
        heads: std::iter::once("variant".into()).chain(heads).collect(),
        rows: comparison.variants.iter().map(row).collect(),
    })
}

/// Who depends on whom: first what the layout says, then what the runs say.
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
    let cell = |main: String, note: &str| Cell { main, note: note.into(), bad: false };
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

/// What `~` means, if any run did not settle.
fn unsettled(comparison: &Comparison) -> &'static str {
    if comparison.variants.iter().all(|variant| variant.settled.iter().all(|settled| *settled)) {
        ""
    } else {
        " ~: some runs did not settle; Kaplan-Meier estimates."
    }
}

fn measured(
    comparison: &Comparison,
    title: &'static str,
    note: String,
    columns: &[Column],
) -> Table {
    let shown: Vec<&Column> =
        columns.iter().filter(|column| is_measured(comparison, column.measure)).collect();
    let rows = comparison.variants.iter().map(|variant| {
        (variant.name.clone(), shown.iter().map(|column| column.cell(variant)).collect())
    });
    let heads = ["variant"].into_iter().chain(shown.iter().map(|column| column.head));
    Table { title, note, heads: heads.map(String::from).collect(), rows: rows.collect() }
}

/// The census, headlines that nobody has left out.
fn outcomes(comparison: &Comparison) -> Table {
    let headlines = headlines_present(comparison);
    let heads = std::iter::once("variant".to_string()).chain(headlines.iter().cloned());
    let rows = comparison.variants.iter().map(|variant| {
        let cells = headlines.iter().map(|name| outcome(&variant.census, name));
        (variant.name.clone(), cells.collect())
    });
    let absent: Vec<&str> =
        Census::WRONG.into_iter().filter(|name| !headlines.iter().any(|h| h == name)).collect();
    let note = if absent.is_empty() {
        String::new()
    } else {
        format!(" In no variant: {}.", absent.join(", "))
    };
    Table {
        title: "Outcomes",
        note: format!("Operations of all seeds.{note}"),
        heads: heads.collect(),
        rows: rows.collect(),
    }
}

/// The headlines that at least one operation of any variant has, in the order of the census.
pub fn headlines_present(comparison: &Comparison) -> Vec<String> {
    let Some(first) = comparison.variants.first() else { return Vec::new() };
    let has_any = |name: &str| comparison.variants.iter().any(|v| v.census.count(name) > 0);
    let names = first.census.headlines.iter().map(|headline| headline.name.clone());
    names.filter(|name| has_any(name)).collect()
}

fn outcome(census: &Census, name: &str) -> Cell {
    let count = census.count(name);
    let headline = Headline { name: name.into(), per_seed: Vec::new() };
    Cell {
        main: human::count(count),
        note: match census.total() {
            0 => String::new(),
            total => human::share(count as f64 / total as f64),
        },
        bad: count > 0 && headline.is_wrong(),
    }
}

fn is_measured(comparison: &Comparison, measure: &str) -> bool {
    let has = |variant: &VariantResult| {
        variant.measures.get(measure).is_some_and(|measure| measure.why().is_none())
    };
    comparison.variants.iter().any(has)
}

impl Column {
    fn cell(&self, variant: &VariantResult) -> Cell {
        let Some(measure) = variant.measures.get(self.measure) else { return nothing() };
        match self.pick {
            Pick::Never => never(measure).unwrap_or_else(nothing),
            Pick::Number(of) => number(measure, of),
        }
    }
}

fn nothing() -> Cell {
    Cell { main: "–".into(), ..Cell::default() }
}

fn number(measure: &MeasureResult, of: Statistic) -> Cell {
    measure.estimate(of).map_or_else(nothing, |estimate| Cell {
        main: format!("{}{}", mark(measure), human::value(measure.unit, estimate.value)),
        note: human::interval(measure.unit, &estimate),
        bad: false,
    })
}

/// A sign before numbers that rest on runs that did not settle.
fn mark(measure: &MeasureResult) -> &'static str {
    let found = measure.as_distribution();
    if found.is_some_and(|found| found.censored_seeds > 0) { "~" } else { "" }
}

fn never(measure: &MeasureResult) -> Option<Cell> {
    let found = measure.as_distribution()?;
    Some(Cell {
        main: human::count(found.never),
        note: format!("of {}", human::count(found.n)),
        bad: found.never > 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::result::{Better, Measured, Unit};
    use crate::tests::comparison;

    #[test]
    fn capacity_is_shown_where_variants_provision_differently() {
        let mut comparison = comparison::comparison(6);
        comparison.variants.truncate(2);
        let mut set = |at: usize, key: &str, unit, value: f64| {
            let result = MeasureResult::scalar(key, unit, Better::Lower, &[Some(value); 6]);
            comparison.variants[at].measures.insert(key.into(), result);
            let shown = tables(&comparison).into_iter().find(|table| table.title == "Capacity");
            shown.map(|table| table.rows[1].1.iter().map(|cell| cell.main.clone()).collect())
        };
        set(0, key::WORKERS, Unit::Count, 20.0);
        assert_eq!(set(1, key::WORKERS, Unit::Count, 20.0), None, "the same for both");
        set(1, key::WORKERS, Unit::Count, 36.0);
        set(1, key::WORKERS_USED, Unit::Count, 9.0);
        let row: Vec<String> = set(1, key::UTILISATION, Unit::Share, 0.25).expect("they differ");
        assert_eq!(row, ["36", "9", "25.0 %"]);
    }

    #[test]
    fn columns_that_nobody_measured_and_headlines_that_nobody_has_are_left_out() {
        let mut comparison = comparison::comparison(6);
        let tables = tables(&comparison);
        assert!(tables[1].heads.iter().any(|head| head == "accepted p50"));
        assert!(!tables[3].heads.iter().any(|head| head == "phantom"));
        assert!(tables[3].note.contains("In no variant: mixed, phantom."), "{}", tables[3].note);
        for variant in &mut comparison.variants {
            variant.measures.remove(key::ACCEPTED);
        }
        let tables = super::tables(&comparison);
        assert!(!tables[1].heads.iter().any(|head| head == "accepted p50"));
    }

    #[test]
    fn reads_by_services_are_shown_one_by_one_and_only_if_there_are_any() {
        let mut comparison = comparison::comparison(6);
        let is_shown = |comparison: &Comparison| {
            tables(comparison).iter().any(|table| table.title == "Reads by services")
        };
        assert!(!is_shown(&comparison));
        let right = MeasureResult::scalar("right", Unit::Share, Better::Higher, &[Some(0.5); 6]);
        let first = &mut comparison.variants[0];
        first.reads = vec!["report".into()];
        first.measures.insert("reads.report.right".into(), right);
        assert!(is_shown(&comparison));
        let shown = reads(&comparison).expect("a table");
        assert_eq!(shown.heads[1..], ["report right", "report stale", "report p99"]);
        let main = |row: usize, cell: usize| shown.rows[row].1[cell].main.clone();
        assert_eq!((main(0, 0), main(0, 1), main(1, 0)), ("50.0 %".into(), "–".into(), "–".into()));
    }

    #[test]
    fn estimates_of_unsettled_runs_are_marked() {
        let mut comparison = comparison::comparison(6);
        let settled = &tables(&comparison)[0];
        assert!(!settled.note.contains('~') && !settled.rows[0].1[0].main.contains('~'));
        let variant = &mut comparison.variants[0];
        variant.settled[0] = false;
        let Some(MeasureResult { value: Measured::Distribution(lag), .. }) =
            variant.measures.get_mut(key::LAG)
        else {
            panic!("lag is a distribution")
        };
        lag.censored_seeds = 1;
        let unsettled = &tables(&comparison)[0];
        assert!(unsettled.note.contains("~: some runs did not settle; Kaplan-Meier"));
        assert!(unsettled.rows[0].1[0].main.starts_with('~'));
    }

    #[test]
    fn every_row_has_a_cell_for_every_head() {
        for table in tables(&comparison::comparison(1)) {
            assert!(table.rows.iter().all(|(_, cells)| cells.len() + 1 == table.heads.len()));
        }
        let empty = tables(&Comparison::default());
        assert!(empty.iter().all(|table| table.rows.is_empty()));
    }
}
