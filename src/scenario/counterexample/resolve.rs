//! Resolution of the names in a counterexample in its scenario.

use super::{Counterexample, CounterexampleText, FORMAT, Head, OperationText};
use crate::faults::target::TABLE;
use crate::faults::targets::Targets;
use crate::faults::trigger::OpName;
use crate::kernel::Time;
use crate::model::contract::role;
use crate::model::env::OpInfo;
use crate::model::system::{KeyChoice, MAX_KEYS, Name, OperationKind, RowKey, System};
use crate::model::workload::{fresh_key, op_stream};
use crate::reason;
use crate::scenario::problem::{Code, Place, Problem, Severity};
use crate::scenario::suggest::{either, nearest};
use crate::scenario::values::{At, Scalar};
use crate::scenario::{Change, Scenario, Variant};

impl CounterexampleText {
    /// Resolves the names of the file in its scenario.
    ///
    /// # Errors
    /// All names that the scenario does not have, each with its place in this file.
    pub fn resolve(&self, scenario: &Scenario) -> Result<Counterexample, Vec<Problem>> {
        let mut found = Vec::new();
        let head = &self.counterexample;
        debug_assert_eq!(head.format.0, FORMAT, "no other is decoded");
        let (changes, changed) = self.changes(scenario, &mut found);
        let variant = variant(scenario, head, &mut found);
        if let Some(variant) = variant {
            // What a fault strikes may be there only with the changes, as a second instance is.
            let changed = changed
                .as_ref()
                .and_then(|changed| Some((changed, changed.variant(&variant.name.shown)?)));
            let (scenario, variant) = changed.unwrap_or((scenario, variant));
            self.check_targets(scenario, variant, &mut found);
        }
        let operations = self.operations.iter();
        let operations: Vec<Option<(OpName, OpInfo)>> =
            operations.map(|text| operation(&scenario.system, text, &mut found)).collect();
        let scenario_hash = hash(&head.scenario_hash, &mut found);
        let fingerprint = hash(&head.fingerprint, &mut found);
        for fault in self.faults.iter().filter(|fault| fault.nemesis.is_some()) {
            let message = "a counterexample says what was drawn, not what might be";
            let label = "random faults mean nothing here";
            found.push(Problem::error(Code::RandomFault, &fault.start.place, message, label));
        }
        let resolved =
            variant.zip(scenario_hash.zip(fingerprint)).zip(operations.into_iter().collect());
        match resolved {
            Some(((variant, (scenario_hash, fingerprint)), operations)) if found.is_empty() => {
                Ok(Counterexample {
                    engine: head.engine.clone(),
                    scenario: head.scenario.value.clone(),
                    scenario_hash,
                    variant: variant.name.stream_name.to_string(),
                    property: head.property.value.clone(),
                    seed: head.seed.0,
                    degraded: head.degraded.unwrap_or_default(),
                    fingerprint,
                    found_by: head.found_by.clone().unwrap_or_default(),
                    operations,
                    faults: self.faults.iter().map(|fault| fault.planned()).collect(),
                    branch_seeds: (self.branch_seeds.iter())
                        .map(|branch_seed| (Time::ZERO + branch_seed.at, branch_seed.branch_seed.0))
                        .collect(),
                    changes,
                })
            }
            _ => Err(found),
        }
    }

    /// The changes of the scenario, each of which must be possible after those before it, and the
    /// scenario with all of them, if there are any.
    fn changes(
        &self,
        scenario: &Scenario,
        found: &mut Vec<Problem>,
    ) -> (Vec<Change>, Option<Scenario>) {
        let (mut changes, mut changed) = (Vec::new(), None);
        for text in &self.changes {
            let value = match &text.value.value {
                Scalar::Number(number) => (*number).into(),
                Scalar::Word(word) => word.as_str().into(),
            };
            changes.push(Change { key: text.key.value.clone(), value });
            let problems = match scenario.changed(&changes) {
                Ok(with) => {
                    changed = Some(with);
                    continue;
                }
                Err(problems) => problems,
            };
            let message = reason!("the scenario cannot have this value of `{}`", text.key.value);
            let why = problems.iter().find(|problem| problem.severity == Severity::Error);
            let why = why.map_or("there is no such value", |why| &why.message);
            found.push(wrong(&text.key.place, &message.to_string(), why.to_owned()));
            break;
        }
        (changes, changed)
    }

    /// Checks that every target and every trigger name of a fault exists.
    fn check_targets(&self, scenario: &Scenario, variant: &Variant, found: &mut Vec<Problem>) {
        let system = &scenario.system;
        let targets = Targets::of(system, &variant.pattern.drivers());
        let mut known: Vec<&str> = targets.nodes().collect();
        known.extend(scenario.roles.iter().map(String::as_str));
        known.push(role::BROKER);
        let names = system.services.iter().map(|it| &it.name);
        let names: Vec<&Name> = names.chain(system.databases.iter().map(|it| &it.name)).collect();
        let is_table = |name: &str| system.tables.iter().any(|table| table.name.is_called(name));
        for target in self.faults.iter().flat_map(|fault| &fault.targets) {
            let name = target.value.as_str();
            let first = name.strip_suffix("#1").unwrap_or(name);
            let is_known = known.contains(&name)
                || name.starts_with("zone:")
                || name.strip_prefix(TABLE).is_some_and(is_table)
                || names.iter().any(|name| name.is_called(first));
            if !is_known {
                found.push(unknown(Code::UnknownTarget, "node", target, known.iter().copied()));
            }
        }
    }
}

fn variant<'s>(
    scenario: &'s Scenario,
    head: &Head,
    found: &mut Vec<Problem>,
) -> Option<&'s Variant> {
    let named = |variant: &&Variant| variant.name.is_called(&head.variant.value);
    let variant = scenario.variants.iter().find(named);
    if variant.is_none() {
        let names = scenario.variants.iter().map(|variant| &*variant.name.shown);
        found.push(unknown(Code::UnknownVariant, "variant", &head.variant, names));
    }
    variant
}

/// A hash as it is written: sixteen hexadecimal digits.
fn hash(text: &At<String>, found: &mut Vec<Problem>) -> Option<u64> {
    let hash = u64::from_str_radix(&text.value, 16).ok();
    if hash.is_none() {
        let message = "a hash has sixteen hexadecimal digits";
        found.push(Problem::error(Code::WrongValue, &text.place, message, ""));
    }
    hash
}

fn operation(
    system: &System,
    text: &OperationText,
    found: &mut Vec<Problem>,
) -> Option<(OpName, OpInfo)> {
    let name = op_name(&text.name, found)?;
    let load = system.loads.iter().find(|load| load.name.is_called(&name.load));
    if load.is_none() {
        let names = system.loads.iter().map(|load| &*load.name.stream_name);
        let load = At { place: text.name.place.clone(), value: name.load.clone() };
        found.push(unknown(Code::UnknownLoad, "load", &load, names));
    }
    let known = system.operations.iter().position(|it| it.name.is_called(&text.operation.value));
    if known.is_none() {
        let names = system.operations.iter().map(|operation| &*operation.name.stream_name);
        found.push(unknown(Code::UnknownOperation, "operation", &text.operation, names));
    }
    let (load, kind) = (load?, OperationKind(known? as u16));
    let mut keys = [RowKey(0); MAX_KEYS];
    let specs = &system.operation(kind).keys;
    for (at, spec) in specs.iter().enumerate() {
        let written = text.keys.iter().find(|(_, name, _)| spec.name.is_called(&name.value));
        let Some((_, _, value)) = written else {
            let message = reason!("the key `{}` is missing", spec.name.shown);
            let label = format!("`{}` has it", text.operation.value);
            found.push(Problem::error(Code::MissingKey, &text.place, message, label));
            continue;
        };
        keys[at] = row(system, &name, &spec.choice, value, found)?;
    }
    for (_, written, _) in text.keys.iter() {
        if !specs.iter().any(|spec| spec.name.is_called(&written.value)) {
            let names = specs.iter().map(|spec| &*spec.name.stream_name);
            found.push(unknown(Code::UnknownKey, "key of this operation", written, names));
        }
    }
    let stream = op_stream(load.name.stream, name.number);
    let arrived = Time::ZERO + text.at;
    Some((name.clone(), OpInfo { kind, keys, stream, ordinal: name.number, arrived }))
}

fn op_name(text: &At<String>, found: &mut Vec<Problem>) -> Option<OpName> {
    let report = |message| found.push(Problem::error(Code::WrongValue, &text.place, message, ""));
    OpName::try_from(text.value.clone()).map_err(report).ok()
}

/// The row that a key stands for: given by its number, or by the operation that made it.
fn row(
    system: &System,
    own: &OpName,
    choice: &KeyChoice,
    value: &At<Scalar>,
    found: &mut Vec<Problem>,
) -> Option<RowKey> {
    let word = match &value.value {
        Scalar::Number(number) => {
            let rows = match choice {
                KeyChoice::Uniform(table) | KeyChoice::Zipf(table, _) => system.table(*table).rows,
                KeyChoice::New | KeyChoice::Followed => u64::MAX >> 1,
            };
            let number = u64::try_from(*number).ok().filter(|number| *number < rows);
            if number.is_none() {
                let message = "there is no such row";
                found.push(wrong(&value.place, message, format!("rows are numbered below {rows}")));
            }
            return number.map(RowKey);
        }
        Scalar::Word(word) => word,
    };
    let maker = match word.as_str() {
        "new" => own.clone(),
        _ => op_name(&At { place: value.place.clone(), value: word.clone() }, found)?,
    };
    let load = system.loads.iter().position(|load| load.name.is_called(&maker.load));
    if load.is_none() {
        found.push(wrong(&value.place, "no load has this name", String::new()));
    }
    load.map(|load| fresh_key(crate::model::system::LoadId(load as u16), maker.number))
}

fn wrong(place: &Place, message: &str, label: String) -> Problem {
    Problem::error(Code::WrongValue, place, message, label)
}

/// The problem of a name that the scenario does not have.
fn unknown<'a>(
    code: Code,
    what: &str,
    name: &At<String>,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Problem {
    let message = reason!("the scenario has no {what} named `{}`", name.value);
    let problem = Problem::error(code, &name.place, message, "not in the scenario");
    match nearest(&name.value, known.clone()) {
        Some(better) => problem
            .help(format!("a {what} with a similar name exists"))
            .patch(&name.place, format!("{better:?}")),
        None => problem.help(format!("it has {}", either(known))),
    }
}
