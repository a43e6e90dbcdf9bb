//! A counterexample as text.

use std::fmt::Write;

use toml::Value;

use super::{Counterexample, FORMAT};
use crate::faults::plan::{PlannedFault, Start};
use crate::faults::trigger::OpName;
use crate::kernel::Time;
use crate::model::env::OpInfo;
use crate::model::system::{RowKey, System};
use crate::model::workload::maker;

impl Counterexample {
    /// The text of the file. A comment at its head says in words why the property is violated.
    pub fn text(&self, system: &System, remark: &str) -> String {
        let mut text = String::new();
        for line in remark.lines() {
            let _ = writeln!(text, "# {line}");
        }
        let key = |text: &mut String, key: &str, value: Value| {
            let _ = writeln!(text, "{key} = {value}");
        };
        let word = |text: &str| Value::String(text.to_owned());
        let hash = |hash: u64| Value::String(format!("{hash:016x}"));
        text.push_str("\n[counterexample]\n");
        key(&mut text, "format", Value::Integer(FORMAT as i64));
        key(&mut text, "engine", word(&self.engine));
        key(&mut text, "scenario", word(&self.scenario));
        key(&mut text, "scenario-hash", hash(self.scenario_hash));
        key(&mut text, "variant", word(&self.variant));
        key(&mut text, "property", word(&self.property));
        key(&mut text, "seed", Value::Integer(self.seed as i64));
        if self.degraded {
            key(&mut text, "degraded", Value::Boolean(true));
        }
        key(&mut text, "fingerprint", hash(self.fingerprint));
        if !self.found_by.is_empty() {
            key(&mut text, "found-by", word(&self.found_by));
        }
        for (name, info) in &self.operations {
            text.push_str("\n[[operations]]\n");
            key(&mut text, "name", word(&name.to_string()));
            key(&mut text, "operation", word(&system.operation(info.kind).name.stream_name));
            key(&mut text, "at", word(&(info.arrived - Time::ZERO).exact()));
            let _ = writeln!(text, "keys = {}", keys(system, name, info));
        }
        for fault in &self.faults {
            text.push_str("\n[[faults]]\n");
            text.push_str(&fault_text(fault));
        }
        for (at, branch_seed) in &self.branch_seeds {
            text.push_str("\n[[branch-seeds]]\n");
            key(&mut text, "at", word(&(*at - Time::ZERO).exact()));
            key(&mut text, "branch-seed", Value::Integer(*branch_seed as i64));
        }
        for change in &self.changes {
            text.push_str("\n[[changes]]\n");
            key(&mut text, "key", word(&change.key));
            key(&mut text, "value", change.value.clone());
        }
        text
    }
}

/// The keys of an operation as an inline table.
fn keys(system: &System, name: &OpName, info: &OpInfo) -> String {
    let specs = system.operation(info.kind).keys.iter().zip(info.keys);
    let keys = specs.map(|(spec, key)| {
        format!("{} = {}", quoted_key(&spec.name.stream_name), row(system, name, key))
    });
    let keys: Vec<String> = keys.collect();
    match keys.is_empty() {
        true => "{}".into(),
        false => format!("{{ {} }}", keys.join(", ")),
    }
}

/// A row: its number, or the operation that made it.
fn row(system: &System, own: &OpName, key: RowKey) -> Value {
    let Some((load, number)) = maker(key) else { return Value::Integer(key.0 as i64) };
    let load = system.loads.get(load.index()).map_or("", |load| &load.name.stream_name);
    let made_by = OpName { load: load.to_owned(), number };
    Value::String(if made_by == *own { "new".into() } else { made_by.to_string() })
}

/// A key, in quotes if it needs them.
fn quoted_key(key: &str) -> String {
    let bare = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let is_bare = !key.is_empty() && key.chars().all(bare);
    if is_bare { key.to_owned() } else { Value::String(key.to_owned()).to_string() }
}

/// A fault as a scenario writes it, without its heading.
pub fn fault_text(planned: &PlannedFault) -> String {
    let word = |text: String| Value::String(text);
    let mut text = format!("kind = {}\n", word(planned.fault.name().into()));
    let _ = match &planned.start {
        Start::At(at) => writeln!(text, "at = {}", word(at.exact())),
        Start::On(trigger) => writeln!(text, "on = {}", trigger.toml()),
    };
    if let Some(length) = planned.length {
        let _ = writeln!(text, "for = {}", word(length.exact()));
    }
    for (key, value) in planned.fault.settings() {
        let _ = writeln!(text, "{} = {value}", quoted_key(&key));
    }
    text
}
