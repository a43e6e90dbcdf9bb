//! Faults in words.

use serde_json::Value;

use crate::faults::plan::{PlannedFault, Start};

/// A fault of a plan as a sentence without its full stop: what, whom, when, for how long.
pub fn fault(planned: &PlannedFault) -> String {
    let kind = planned.fault.name().replace('-', " ");
    let settings = planned.fault.settings();
    let side = |name: &str| -> Vec<&str> {
        let names = settings.get(name).and_then(Value::as_array);
        names.into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let (from, to) = (side("from"), side("to"));
    let whom = match from.is_empty() {
        true if planned.fault.targets().is_empty() => String::new(),
        true => format!(" of {}", planned.fault.targets().join(", ")),
        false => {
            let to = if to.is_empty() { "everybody else".into() } else { to.join(", ") };
            let (one, other) = match settings.get("one-way") {
                Some(Value::Bool(true)) => ("from", "to"),
                _ => ("between", "and"),
            };
            format!(" {one} {} {other} {to}", from.join(", "))
        }
    };
    let details = details(&settings);
    let when = match &planned.start {
        Start::At(at) => format!("at {at}"),
        Start::On(trigger) => trigger.to_string(),
    };
    let length = planned.length.map_or_else(String::new, |length| format!(", for {length}"));
    format!("{kind}{whom}{details}, {when}{length}")
}

/// Settings that say more than whom it strikes: those that are not simply off.
fn details(settings: &Value) -> String {
    let said = ["target", "targets", "from", "to", "one-way"];
    let fields = settings.as_object().into_iter().flatten();
    let more: Vec<String> = fields
        .filter(|(name, value)| {
            let off = [Value::Null, Value::Bool(false), Value::Array(Vec::new())];
            !off.contains(value) && !said.contains(&name.as_str())
        })
        .map(|(name, value)| {
            let name = name.replace('-', " ");
            match value {
                Value::Bool(_) => name,
                Value::String(text) => format!("{name} {text}"),
                other => format!("{name} {other}"),
            }
        })
        .collect();
    if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) }
}
