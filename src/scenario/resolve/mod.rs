//! Resolution of a file: names become ids, and every error that can be found before a run is
//! reported.

mod arrivals;
mod capacity;
mod course;
mod derive;
mod expect;
mod expressions;
mod idle;
mod invariants;
mod layout;
mod loads;
pub(super) mod names;
mod operations;
mod parts;
mod settle;
mod switch;
mod tables;
mod trace;
mod undo;

use std::sync::Arc;

use super::Variant;
use super::data::Data;
use super::estimate::{Estimate, Offered};
use super::file::File;
use super::problem::{Code, Problem, any_error};
use super::values::{At, Scalar};
use crate::checks::expectation::Expectation;
use crate::checks::measures::Measure;
use crate::faults::plan::PlannedFault;
use crate::faults::random::Nemesis;
use crate::model::system::{Name, System, TableId, ValueSpec};
use crate::patterns::pattern::shortest_period;
use crate::reason;
use names::{Names, no_duplicates};

/// The parts of a scenario that refer to each other.
pub struct Resolved {
    /// The system.
    pub system: Arc<System>,
    /// The variants to compare.
    pub variants: Vec<Variant>,
    /// The written faults.
    pub faults: Vec<PlannedFault>,
    /// The expectations of measures and outcomes.
    pub expectations: Vec<Expectation>,
    /// The random faults, drawn for each seed.
    pub nemeses: Vec<Nemesis>,
}

/// Resolves a file in which faults may target these roles and expectations may name these measures;
/// returns `None` if any part is broken. Problems are added to `problems`.
pub fn resolve(
    file: &File,
    data: &Data<'_>,
    roles: &[String],
    measures: &[&'static Measure],
    problems: &mut Vec<Problem>,
) -> Option<Resolved> {
    let mut context = Context::new(file, roles, measures);
    let services = context.services();
    let databases = context.databases();
    let tables = context.tables();
    let links = context.links();
    let operations = context.operations();
    let loads = context.loads(data);
    let reads = context.reads();
    let invariants = context.invariants();
    let expectations = context.expectations();
    let (retry, client, phases) = context.course();
    context.variants();
    let (faults, nemeses) = (context.faults(), context.nemeses());
    context.words_are_written();
    let Context { symbols, problems: found, .. } = context;
    problems.extend(found);
    if any_error(problems) {
        return None;
    }
    let (mut operations, tables) = (operations?, tables?);
    for operation in &mut operations {
        let mut stores = operation.steps.iter().map(|step| tables[step.table.index()].database);
        let first = stores.next();
        operation.spans_stores = stores.any(|store| Some(store) != first);
    }
    let system = Arc::new(System {
        name: file.scenario.name.value.as_str().into(),
        services: services?,
        databases: databases?,
        tables,
        broker: tables::broker(&file.broker),
        links: links?,
        driver_disk: file.drivers.force.0.clone(),
        driver_recovery: file.drivers.recovery,
        driver_endpoint_delay: file.drivers.endpoint_delay,
        drivers: tables::drivers(&file.drivers),
        driver_zone: file.drivers.zone.as_deref().map(Into::into),
        take_over: file.drivers.take_over,
        clear_after: file.drivers.clear_after.0 as u32,
        operations,
        loads: loads?,
        reads: reads?,
        replicas: Vec::new(),
        quorums: Vec::new(),
        layouts: Vec::new(),
        invariants: invariants?,
        retry,
        client,
        phases,
        symbols,
    });
    let expectations = expectations?;
    let layouts = layout::lay_out(&system, file, problems);
    capacity::check(&system, &layouts, file, problems);
    layout::check_writers(&system, &layouts, file, problems);
    parts::check_copies(&layouts, file, problems);
    course::check_variants(&layouts, file, problems);
    idle::check(&layouts, &expectations, file, problems);
    let variants = course::variants(layouts, file)?;
    let mut resolved = Resolved { system, variants, faults, nemeses, expectations };
    settle::settle(&mut resolved, file, problems);
    Some(estimated(resolved))
}

/// Adds the estimated cost of a run of each variant.
fn estimated(mut resolved: Resolved) -> Resolved {
    for variant in &mut resolved.variants {
        let Variant { name, pattern, system, .. } = &*variant;
        let pattern = (&**pattern, shortest_period(&**pattern, system));
        let faults = &resolved.faults;
        variant.estimate = Estimate::of(&name.shown, pattern, system, faults, Offered::Drawn);
    }
    resolved
}

/// The context in which names are looked up.
struct Context<'f> {
    file: &'f File,
    roles: &'f [String],
    measures: &'f [&'static Measure],
    service: Names,
    database: Names,
    table: Names,
    operation: Names,
    load: Names,
    /// The columns of each table, and for each whether it holds words; `None` where the table is
    /// broken.
    columns: Vec<Option<Columns>>,
    symbols: Vec<Arc<str>>,
    /// The words that are written to columns; the list after it has the words that columns are
    /// compared with.
    written: Vec<(TableId, u8, At<String>)>,
    sought: Vec<(TableId, u8, At<String>)>,
    problems: Vec<Problem>,
}

struct Columns {
    names: Names,
    worded: Vec<bool>,
}

impl<'f> Context<'f> {
    fn new(file: &'f File, roles: &'f [String], measures: &'f [&'static Measure]) -> Self {
        let mut context = Self {
            file,
            roles,
            measures,
            service: Names::new(Code::UnknownService, "service", file.services.names()),
            database: Names::new(Code::UnknownDatabase, "database", file.databases.names()),
            table: Names::new(Code::UnknownTable, "table", file.tables.names()),
            operation: Names::new(Code::UnknownOperation, "operation", file.operations.names()),
            load: Names::new(Code::UnknownLoad, "load", file.load.names()),
            columns: Vec::new(),
            symbols: Vec::new(),
            written: Vec::new(),
            sought: Vec::new(),
            problems: Vec::new(),
        };
        for (at, (_, table)) in file.tables.0.iter().enumerate() {
            let columns = table.as_ref().map(|table| Columns {
                names: Names::new(Code::UnknownColumn, "column", table.columns.names()),
                worded: (table.columns.0.iter())
                    .map(|(_, value)| matches!(value, Some(Scalar::Word(_))))
                    .collect(),
            });
            for (column, name, value) in table.iter().flat_map(|table| table.columns.iter()) {
                if let Scalar::Word(word) = value {
                    let word = At { place: name.place.clone(), value: word.clone() };
                    context.written.push((TableId(at as u16), column as u8, word));
                }
            }
            context.columns.push(columns);
        }
        no_duplicates(
            "service or database",
            context.service.all().iter().chain(context.database.all()),
            &mut context.problems,
        );
        context
    }

    /// The id of a named table.
    fn table_id(&mut self, name: &At<String>) -> Option<TableId> {
        self.table.find(name, &mut self.problems).map(|at| TableId(at as u16))
    }

    /// The position of a named column of a table.
    fn column(&mut self, table: TableId, name: &At<String>) -> Option<u8> {
        let columns = self.columns[table.index()].as_ref()?;
        columns.names.find(name, &mut self.problems).map(|at| at as u8)
    }

    /// The position of a column that holds numbers.
    fn number_column(&mut self, table: TableId, name: &At<String>) -> Option<u8> {
        let column = self.column(table, name)?;
        if self.worded(table, column) {
            let message = reason!("the column `{}` holds words", name.value);
            let label = "a number is needed here";
            self.problems.push(Problem::error(Code::WrongColumn, &name.place, message, label));
            return None;
        }
        Some(column)
    }

    fn worded(&self, table: TableId, column: u8) -> bool {
        let columns = self.columns[table.index()].as_ref();
        columns.and_then(|c| c.worded.get(usize::from(column)).copied()).unwrap_or(false)
    }

    /// The number of a symbol.
    fn symbol(&mut self, word: &str) -> i64 {
        let known = self.symbols.iter().position(|symbol| &**symbol == word);
        let at = known.unwrap_or_else(|| {
            self.symbols.push(word.into());
            self.symbols.len() - 1
        });
        at as i64
    }

    /// A value for a column; with `keys`, it may refer to a key of the operation.
    fn value(
        &mut self,
        table: TableId,
        column: u8,
        value: &At<Scalar>,
        keys: Option<&Names>,
    ) -> Option<ValueSpec> {
        let worded = self.worded(table, column);
        let wrong = |problems: &mut Vec<Problem>, found: &str| {
            let holds = if worded { "words" } else { "numbers" };
            let message = format!("this column holds {holds}, not {found}");
            problems.push(Problem::error(Code::WrongColumn, &value.place, message, ""));
            None
        };
        match &value.value {
            Scalar::Number(_) if worded => wrong(&mut self.problems, "numbers"),
            Scalar::Number(number) => Some(ValueSpec::Literal(*number)),
            Scalar::Word(word) => match word.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
                Some(_) if worded => wrong(&mut self.problems, "keys and ordinals"),
                Some("ordinal") if keys.is_some() => Some(ValueSpec::Ordinal),
                Some(key) => self.key_value(key, value, keys),
                None if !worded => wrong(&mut self.problems, "words"),
                None => Some(ValueSpec::Literal(self.symbol(word))),
            },
        }
    }

    fn key_value(
        &mut self,
        key: &str,
        value: &At<Scalar>,
        keys: Option<&Names>,
    ) -> Option<ValueSpec> {
        let place = value.place.clone();
        let Some(keys) = keys else {
            let message = "a key means nothing here";
            let label = "only written values may refer to a key";
            self.problems.push(Problem::error(Code::WrongValue, &place, message, label));
            return None;
        };
        let name = At { place, value: key.to_owned() };
        let before = self.problems.len();
        let found = keys.find(&name, &mut self.problems);
        if let Some((_, better)) =
            self.problems.get_mut(before).and_then(|problem| problem.patch.as_mut())
        {
            *better = format!("\"{{{}}}\"", better.trim_matches('"'));
        }
        found.map(|at| ValueSpec::Key(at as u8))
    }

    /// Column values that rows are compared with.
    fn filter(
        &mut self,
        table: TableId,
        filter: &super::values::Map<At<Scalar>>,
    ) -> Option<Vec<(u8, i64)>> {
        let mut tests = Some(Vec::new());
        for (_, name, value) in filter.iter() {
            let test = self.column(table, name).and_then(|column| {
                let found = self.value(table, column, value, None)?;
                if let Scalar::Word(word) = &value.value {
                    let word = At { place: value.place.clone(), value: word.clone() };
                    self.sought.push((table, column, word));
                }
                match found {
                    ValueSpec::Literal(literal) => Some((column, literal)),
                    ValueSpec::Key(_) | ValueSpec::Ordinal => None,
                }
            });
            tests = tests.zip(test).map(|(mut tests, test)| {
                tests.push(test);
                tests
            });
        }
        tests
    }

    /// Warns of words that are looked for in a column to which nothing writes them.
    fn words_are_written(&mut self) {
        for (table, column, word) in std::mem::take(&mut self.sought) {
            let here = self.written.iter().filter(|(t, c, _)| (*t, *c) == (table, column));
            let words: Vec<&At<String>> = here.map(|(_, _, word)| word).collect();
            if words.iter().any(|known| known.value == word.value) {
                continue;
            }
            let message = reason!("nothing ever writes `{}` to this column", word.value);
            let problem =
                Problem::error(Code::NeverWritten, &word.place, message, "looked for here");
            let better =
                super::suggest::nearest(&word.value, words.iter().map(|word| word.value.as_str()));
            let problem = match better {
                Some(better) => problem
                    .help("a similar word is written")
                    .patch(&word.place, format!("{better:?}")),
                None => problem,
            };
            self.problems.push(problem.warning());
        }
    }
}

/// A name with its random stream.
fn name(shown: &At<String>, stream: Option<&String>) -> Name {
    Name::with_stream(&shown.value, stream.unwrap_or(&shown.value))
}
