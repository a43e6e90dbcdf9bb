//! Assumptions: the quantities of a scenario that somebody had to choose, and what they are when
//! each is multiplied by a factor.
//!
//! An assumption is a value in force that a run depends on and that is a number, a duration or a
//! distribution of durations: what the profile says of network and disk, work, retries, timeouts,
//! capacities, loads, settings of patterns, lengths and strengths of faults. Among them are all
//! quantities that "The ranking rests on" names. No assumptions are what is measured (reads), when
//! something begins, what operations write, and the phases of a run.
//!
//! A value that several services, databases, tables or links share is one assumption: a profile
//! says once how long a forced write takes, and all databases have it from there.

use std::collections::BTreeMap;

use super::{Change, Origin, Scenario, ValueUsed, Variant};
use crate::kernel::Span;
use crate::model::reason::Reason;
use crate::scenario::sweep::{number, rounded, shown};

/// Something that a scenario assumes, in one place or in several.
#[derive(Clone, PartialEq, Debug)]
pub struct Assumption {
    /// The key of the place, with `*` for the names of several parts that have the same value.
    pub name: String,
    /// The keys of all places.
    pub keys: Vec<String>,
    /// The value: a number, a duration, or a distribution of durations.
    pub value: toml::Value,
    /// Where it came from, in the first of the places.
    pub origin: Origin,
}

/// The sections of which all quantities are assumptions.
const WHOLE: [&str; 11] = [
    "clients",
    "retry",
    "services",
    "databases",
    "broker",
    "links",
    "drivers",
    "load",
    "variants",
    "faults",
    "tables",
];

/// The sections whose parts share an assumption where they have the same value.
const SHARED: [&str; 4] = ["services", "databases", "tables", "links"];

/// The last keys of what says when something begins or ends, and not how long it takes.
const MOMENTS: [&str; 3] = ["at", "from", "until"];

/// The last keys of the quantities of an operation's steps.
const OF_STEPS: [&str; 2] = ["work", "probability"];

/// The assumptions under which these variants of a scenario are compared, in the order of its
/// values.
pub fn assumptions(scenario: &Scenario, variants: &[&Variant]) -> Vec<Assumption> {
    let mut found: Vec<Assumption> = Vec::new();
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    for used in &scenario.values {
        let Some(value) = quantity(used).filter(|_| is_assumed(&used.key, variants)) else {
            continue;
        };
        let name = shared(&used.key);
        match places.get(&(name.clone(), value.to_string())) {
            Some(at) => {
                let known = &mut found[*at];
                known.name = name;
                known.keys.push(used.key.clone());
            }
            None => {
                places.insert((name, value.to_string()), found.len());
                let key = used.key.clone();
                let origin = used.origin;
                found.push(Assumption { name: key.clone(), keys: vec![key], value, origin });
            }
        }
    }
    found
}

/// The value as a number, a duration or a distribution; none if it is something else.
fn quantity(used: &ValueUsed) -> Option<toml::Value> {
    let text = format!("value = {}", used.value);
    let value = text.parse::<toml::Table>().ok()?.remove("value")?;
    let is_quantity = match &value {
        toml::Value::Table(table) => table.keys().any(|key| DISTRIBUTIONS.contains(&&**key)),
        value => number(value).is_some(),
    };
    is_quantity.then_some(value)
}

/// Returns whether a value of this key is assumed: a run of these variants depends on it.
fn is_assumed(key: &str, variants: &[&Variant]) -> bool {
    let section = key.split(['.', '[']).next().unwrap_or_default();
    let last = key.rsplit('.').next().unwrap_or_default();
    let is_patience = key.contains(".retry.");
    match section {
        _ if MOMENTS.contains(&last) => false,
        "tables" => last == "rows",
        "operations" => is_patience || OF_STEPS.contains(&last),
        "variants" => variants.iter().any(|variant| is_of(key, variant)),
        _ => WHOLE.contains(&section),
    }
}

/// Returns whether a value is that of a variant, and can do anything there.
fn is_of(key: &str, variant: &Variant) -> bool {
    let own = format!("variants.{}.", variant.name.shown);
    let Some(key) = key.strip_prefix(&own) else { return false };
    let unused = variant.pattern.unused(&variant.system);
    let settings = key.strip_prefix("settings.");
    settings.is_none_or(|setting| !unused.iter().any(|unused| unused == setting))
}

/// The name of an assumption that parts share: `databases.*.force`.
fn shared(key: &str) -> String {
    let mut parts = key.splitn(3, '.');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(section), Some(_), Some(rest)) if SHARED.contains(&section) => {
            format!("{section}.*.{rest}")
        }
        _ => key.to_owned(),
    }
}

impl Assumption {
    /// The changes that multiply it by a factor above zero.
    ///
    /// # Errors
    /// Why it cannot be multiplied, in words.
    pub fn moved(&self, factor: f64) -> Result<Vec<Change>, Reason> {
        let value = scaled(&self.value, factor)?;
        let change = |key: &String| Change { key: key.clone(), value: value.clone() };
        Ok(self.keys.iter().map(change).collect())
    }

    /// The scenario in which it is multiplied by a factor, and the value that it has there.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub fn moved_in(&self, scenario: &Scenario, factor: f64) -> Result<(Scenario, String), Reason> {
        let changes = self.moved(factor)?;
        let value = changes.first().map(|change| shown(&change.value)).unwrap_or_default();
        let changed = scenario.changed(&changes).map_err(|problems| {
            let why = problems.first().map_or("it cannot be read", |problem| &problem.message);
            format!("{value}: {why}")
        })?;
        Ok((changed, value))
    }
}

/// A value multiplied by a factor.
fn scaled(value: &toml::Value, factor: f64) -> Result<toml::Value, Reason> {
    if number(value) == Some(0.0) {
        return Err("zero stays zero".into());
    }
    match value {
        toml::Value::Integer(whole) => {
            let moved = (*whole as f64 * factor).round() as i64;
            match moved == *whole {
                true => Err(format!("{whole} is the whole number that is nearest").into()),
                false => Ok(toml::Value::Integer(moved)),
            }
        }
        toml::Value::Float(number) => Ok(toml::Value::Float(rounded(number * factor, 12))),
        toml::Value::String(text) => match text.parse::<Span>() {
            Ok(span) => {
                let nanos = (span.as_nanos() as f64 * factor).round() as u64;
                Ok(toml::Value::String(Span::from_nanos(nanos).exact()))
            }
            Err(_) => Err("it is a word".into()),
        },
        toml::Value::Table(shape) => stretched(shape, factor).map(toml::Value::Table),
        _ => Err("it is no quantity".into()),
    }
}

/// The names of the distributions of a scenario.
const DISTRIBUTIONS: [&str; 8] =
    ["exponential", "uniform", "normal", "log-normal", "pareto", "erlang", "mixture", "empirical"];

/// A distribution of which every draw is multiplied by a factor.
fn stretched(shape: &toml::Table, factor: f64) -> Result<toml::Table, Reason> {
    let mut moved = shape.clone();
    for (name, value) in &mut moved {
        *value = match (&**name, &*value) {
            ("exponential", value) => scaled(value, factor)?,
            ("uniform", toml::Value::Array(ends)) => {
                let ends: Result<_, Reason> = ends.iter().map(|it| end(it, factor)).collect();
                toml::Value::Array(ends?)
            }
            ("normal" | "log-normal" | "pareto" | "erlang", toml::Value::Table(inner)) => {
                toml::Value::Table(parameters(inner, factor)?)
            }
            ("mixture", toml::Value::Array(parts)) => {
                let parts: Result<_, Reason> = parts.iter().map(|it| part(it, factor)).collect();
                toml::Value::Array(parts?)
            }
            _ => return Err("measured times are taken as they are".into()),
        };
    }
    Ok(moved)
}

/// The end of a range of durations, which may be zero.
fn end(value: &toml::Value, factor: f64) -> Result<toml::Value, Reason> {
    if number(value) == Some(0.0) { Ok(value.clone()) } else { scaled(value, factor) }
}

/// Parameters of a distribution: durations are multiplied, the mean of a logarithm moves, and what
/// says how wide or how skewed it is stays.
fn parameters(inner: &toml::Table, factor: f64) -> Result<toml::Table, Reason> {
    let mut moved = inner.clone();
    for (name, value) in &mut moved {
        *value = match (&**name, number(value)) {
            ("mu", Some(mu)) => toml::Value::Float(rounded(mu + libm::log(factor), 12)),
            _ if value.is_str() => end(value, factor)?,
            _ => value.clone(),
        };
    }
    Ok(moved)
}

/// A part of a mixture, which keeps its weight.
fn part(value: &toml::Value, factor: f64) -> Result<toml::Value, Reason> {
    let toml::Value::Table(part) = value else { return Err("it is no part of a mixture".into()) };
    let mut part = part.clone();
    if let Some(dist) = part.get_mut("dist") {
        *dist = if dist.is_str() { end(dist, factor)? } else { scaled(dist, factor)? };
    }
    Ok(toml::Value::Table(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::runs::{SHOP, scenario};

    fn found(text: &str) -> Vec<Assumption> {
        let scenario = scenario(text);
        assumptions(&scenario, &scenario.variants.iter().collect::<Vec<_>>())
    }

    fn named<'a>(found: &'a [Assumption], name: &str) -> &'a Assumption {
        let names = || found.iter().map(|it| &*it.name).collect::<Vec<_>>().join("\n");
        found.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("{name} in\n{}", names()))
    }

    #[test]
    fn what_parts_share_is_one_assumption() {
        let found = found(SHOP);
        let force = named(&found, "databases.*.force");
        assert_eq!(force.keys, ["databases.order-db.force", "databases.stock-db.force"]);
        assert_eq!(force.value, "2ms".into());
        assert_eq!(named(&found, "tables.product.rows").value, 5.into());
        assert_eq!(named(&found, "retry.attempts").origin.to_string(), "default: resilience4j");
        named(&found, "load.shoppers.constant");
        for other in ["scenario.load", "load.shoppers.from", "variants.saga.settings.parallel"] {
            assert!(found.iter().all(|it| !it.keys.iter().any(|key| key == other)), "{other}");
        }
        assert!(found.iter().all(|it| !it.name.starts_with("operations.")), "what is written");
    }

    #[test]
    fn every_quantity_is_multiplied_in_its_own_way() {
        let moved = |text: &str, factor: f64| {
            let value = format!("v = {text}").parse::<toml::Table>().expect("TOML").remove("v");
            scaled(&value.expect("v"), factor).map(|value| value.to_string())
        };
        let ok = |text: &str| Ok(text.to_owned());
        assert_eq!(moved("3", 2.0), ok("6"));
        assert_eq!(moved("0.25", 0.5), ok("0.125"));
        assert_eq!(moved("'1.8ms'", 2.0), ok("\"3.6ms\""));
        assert_eq!(moved("{ exponential = '2ms' }", 0.5), ok("{ exponential = \"1ms\" }"));
        let wide = moved("{ log-normal = { median = '2ms', p99 = '6ms' } }", 2.0);
        assert_eq!(wide, ok("{ log-normal = { median = \"4ms\", p99 = \"12ms\" } }"));
        let logarithm = moved("{ log-normal = { mu = 1.0, sigma = 0.5 } }", 2.0);
        assert_eq!(logarithm, ok("{ log-normal = { mu = 1.69314718056, sigma = 0.5 } }"));
        let uniform = moved("{ uniform = ['0s', '3ms'] }", 2.0);
        assert_eq!(uniform, ok("{ uniform = [\"0s\", \"6ms\"] }"));
        let erlang = moved("{ erlang = { shape = 3, mean = '6ms' } }", 2.0);
        assert_eq!(erlang, ok("{ erlang = { mean = \"12ms\", shape = 3 } }"));
        let mixture = moved("{ mixture = [{ weight = 3, dist = '2ms' }] }", 2.0);
        assert_eq!(mixture, ok("{ mixture = [{ dist = \"4ms\", weight = 3 }] }"));
        assert_eq!(moved("0.0", 2.0), Err("zero stays zero".into()));
        assert!(moved("1", 0.6).is_err(), "nothing between");
        assert!(moved("{ empirical = { file = 'x', column = 'y' } }", 2.0).is_err());
    }

    #[test]
    fn a_move_that_the_scenario_refuses_says_why() {
        let scenario = scenario(SHOP);
        let all = assumptions(&scenario, &scenario.variants.iter().collect::<Vec<_>>());
        let (twice, value) = named(&all, "links.*.delay").moved_in(&scenario, 2.0).expect("moved");
        assert_eq!(value, "2ms");
        assert!(twice.changes.contains("links.client.delay = \"2ms\""), "{}", twice.changes);
        let refused = named(&all, "load.regrets.follows.share").moved_in(&scenario, 2.0);
        let why = refused.err().expect("a share above one");
        assert!(why.words.starts_with("2.0: ") && why.words.contains("from 0 to 1"), "{why}");
    }
}
