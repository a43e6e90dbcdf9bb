//! # Sweeps
//!
//! A sweep runs a scenario again and again, each time with another value in one place, or in two:
//!
//! ```toml
//! [sweep]
//! load.requests.poisson = "10..1000:log:9"
//! variants.events.settings.poll-interval = ["100ms", "1s", "10s"]
//! ```
//!
//! `driftlab sweep FILE` runs it; with `--vary 'load.requests.poisson=10..1000:log:9'` the command
//! line says what is swept instead. Every variant runs on the same seeds at every point,
//! so that points differ by the value alone (common random numbers).
//!
//! **The place** is named by its keys with dots between them, as the table of values in a report
//! does: `services.stock.workers`, `retry.step-deadline`, `variants.saga.settings.instances`. An
//! item of a list has its number, counted from 0: `faults[0].for`. It may be any value that a
//! scenario can name, also one that the file leaves to its default.
//!
//! **The values** are a list, or a range:
//!
//! | | |
//! |---|---|
//! | `["100ms", "1s"]`, or `"100ms,1s"` | these |
//! | `"10..50:5"` | five values at equal distances: 10, 20, 30, 40, 50 |
//! | `"10..1000:log:5"` | five values at equal ratios: 10, 32, 100, 316, 1000 |
//! | `"10ms..1s:log:3"` | durations: 10ms, 100ms, 1s |
//!
//! A range whose ends are whole numbers has whole numbers; `1.0..2.0:5` has fractions. Values at
//! equal ratios have three digits. With two places, every value of one meets every value of the
//! other; there are at most 10,000 points. A chart over numbers has lines. Over two places, or over
//! words such as `faults[0].kind = ["crash", "pause"]`, it is a field of cells; over words it has a
//! row for each variant.

use std::collections::BTreeSet;

use serde_json::json;
use toml::de::DeValue;
use toml_edit::{DocumentMut, Item as EditItem, TableLike, Value as EditValue};

use super::decode::{Decode, Decoder, Item, in_order};
use super::problem::{Code, Place, Problem};
use super::suggest::nearest;
use super::values::At;
use super::{Change, Scenario};
use crate::kernel::Span;
use crate::model::reason::Reason;
use crate::reason;

/// The manual page of sweeps.
pub const MANUAL: &str = include_str!("sweep.rs");

/// The most places that a sweep varies.
pub const MOST_AXES: usize = 2;
/// The most points that a sweep has.
const MOST_POINTS: usize = 10_000;
/// The most values of one place.
const MOST_VALUES: usize = 1_000;

/// A place of a scenario and the values that a sweep puts there, in their order.
#[derive(Clone, PartialEq, Debug)]
pub struct Axis {
    /// The keys of the place, with dots between them.
    pub key: String,
    /// The values.
    pub values: Vec<toml::Value>,
    /// The distances at which a chart puts them.
    pub scale: Scale,
}

/// The distances of values on an axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scale {
    /// All the same: they are no numbers.
    Names,
    /// Equal differences are equal distances.
    Linear,
    /// Equal ratios are equal distances.
    Logarithmic,
}

impl Axis {
    /// An axis of these values.
    pub fn new(key: &str, values: Vec<toml::Value>) -> Self {
        let numbers: Option<Vec<f64>> = values.iter().map(number).collect();
        let scale = match numbers {
            None => Scale::Names,
            Some(numbers) => {
                let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
                let most = numbers.iter().copied().fold(0.0, f64::max);
                // From a factor of ten on, equal distances would hide what happens below.
                let is_wide = least > 0.0 && most >= 10.0 * least;
                if is_wide { Scale::Logarithmic } else { Scale::Linear }
            }
        };
        Self { key: key.into(), values, scale }
    }

    /// Returns whether its values are durations.
    pub fn is_time(&self) -> bool {
        self.scale != Scale::Names && self.values.iter().any(toml::Value::is_str)
    }

    /// A value between two others of its kind, with three digits; none if there is no other.
    pub fn between(&self, low: &toml::Value, high: &toml::Value) -> Option<toml::Value> {
        let (from, to) = (number(low)?, number(high)?);
        let is_log = self.scale == Scale::Logarithmic;
        let middle = if is_log { libm::sqrt(from * to) } else { f64::midpoint(from, to) };
        let middle = rounded(middle, 3);
        let value = match low {
            toml::Value::Integer(_) => toml::Value::Integer(middle.round() as i64),
            toml::Value::Float(_) => toml::Value::Float(middle),
            _ => toml::Value::String(Span::from_nanos((middle + 0.5) as u64).exact()),
        };
        let at = number(&value)?;
        (from < at && at < to).then_some(value)
    }

    /// The axis as the command line has it.
    pub fn typed(&self) -> String {
        let values: Vec<String> = self.values.iter().map(shown).collect();
        format!("{}={}", self.key, values.join(","))
    }

    /// The change that puts the value at this position in its place.
    pub fn change(&self, at: usize) -> Change {
        Change { key: self.key.clone(), value: self.values[at].clone() }
    }
}

/// A value as a number, durations in nanoseconds; none if it is a word.
pub fn number(value: &toml::Value) -> Option<f64> {
    match value {
        toml::Value::Integer(number) => Some(*number as f64),
        toml::Value::Float(number) => Some(*number),
        toml::Value::String(text) => text.parse::<Span>().ok().map(|span| span.as_nanos() as f64),
        _ => None,
    }
}

/// A value as people write it: a text without its quotation marks.
pub fn shown(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A point of a sweep: the scenario with its values.
#[derive(Clone)]
pub struct Point {
    /// The position of its value on each axis.
    pub at: Vec<usize>,
    /// The scenario.
    pub scenario: Scenario,
}

/// The points of a sweep over these axes, the last axis turning fastest.
///
/// # Errors
/// The first point whose values do not go together, in words, and its problems.
pub fn points(scenario: &Scenario, axes: &[Axis]) -> Result<Vec<Point>, (String, Vec<Problem>)> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for axis in axes {
        let longer = |at: &Vec<usize>, next| at.iter().copied().chain([next]).collect();
        let next = |at: &Vec<usize>| -> Vec<Vec<usize>> {
            (0..axis.values.len()).map(|next| longer(at, next)).collect()
        };
        all = all.iter().flat_map(next).collect();
    }
    let point = |at: Vec<usize>| {
        let changes = axes.iter().zip(&at).map(|(axis, at)| axis.change(*at));
        let changes: Vec<Change> = changes.collect();
        match scenario.changed(&changes) {
            Ok(scenario) => Ok(Point { at, scenario }),
            Err(problems) => Err((super::change::words(&changes), problems)),
        }
    };
    all.into_iter().map(point).collect()
}

/// An axis as it is written, with the places of its parts in that text.
#[derive(Clone, Debug)]
pub struct AxisText {
    key: At<String>,
    values: Vec<At<toml::Value>>,
}

/// The axes of `[sweep]`.
#[derive(Clone, Debug, Default)]
pub struct Axes(pub Vec<AxisText>);

impl AxisText {
    /// Reads `services.stock.workers=1,2,4`, as the command line has it.
    ///
    /// # Errors
    /// The problem of the text, with its place in it.
    pub fn parse(text: &str) -> Result<Self, Box<Problem>> {
        let Some((key, values)) = text.split_once('=') else {
            let message = "expected PLACE=VALUES, such as `services.stock.workers=1,2,4`";
            let whole = 0..text.len();
            return Err(Problem::error(Code::WrongValue, &whole, message, "no `=`").into());
        };
        let place = 0..key.trim_end().len();
        let key = At { place, value: key.trim().to_owned() };
        let start = text.len() - values.len();
        Ok(Self { key, values: several(values, start)? })
    }

    /// The axis.
    pub fn axis(&self) -> Axis {
        let values = self.values.iter().map(|value| value.value.clone()).collect();
        Axis::new(&self.key.value, values)
    }

    /// The problems of its values in a scenario: each is tried.
    pub fn check(&self, scenario: &Scenario) -> Vec<Problem> {
        let mut problems = Vec::new();
        for value in &self.values {
            let change = Change { key: self.key.value.clone(), value: value.value.clone() };
            match scenario.changed(std::slice::from_ref(&change)) {
                Ok(changed) if parts(&changed) == parts(scenario) => {}
                Ok(_) => return vec![self.unknown(scenario, None)],
                Err(found) if !is_named(scenario, &change.key) => {
                    return vec![self.unknown(scenario, found.first())];
                }
                Err(found) => problems.extend(found.first().map(|problem| {
                    let message = reason!("`{}` cannot be {}: ", change.key, change.value);
                    let problem = Problem { message: message.words, ..problem.clone() }
                        .because(&problem.message);
                    Problem { labels: label(&value.place), patch: None, ..problem }
                })),
            }
        }
        problems
    }

    /// The problem of a place that the scenario does not have.
    fn unknown(&self, scenario: &Scenario, why: Option<&Problem>) -> Problem {
        let At { place, value: key } = &self.key;
        let message = reason!("the scenario has no value `{}`", key);
        let problem = Problem::error(Code::UnknownKey, place, message, "not a place in it");
        let known = named(scenario);
        match (nearest(key, known.iter().map(String::as_str)), why) {
            (Some(better), _) => problem
                .meant(better)
                .help("a value with a similar name exists")
                .patch(place, better),
            (None, Some(why)) => problem.help(why.message.clone()),
            (None, None) => problem.help("a report lists all values by their names"),
        }
    }
}

impl Problem {
    /// The same problem with a reason behind its message.
    fn because(mut self, why: &str) -> Self {
        self.message.push_str(why);
        self
    }
}

/// The label of a problem at this place.
fn label(place: &Place) -> Vec<super::Label> {
    vec![super::Label { span: place.clone(), text: String::new(), primary: true }]
}

/// The number of each sort of part of a scenario. A value changes none; a misspelt name adds one.
fn parts(scenario: &Scenario) -> [usize; 7] {
    let system = &scenario.system;
    [
        system.services.len(),
        system.databases.len(),
        system.tables.len(),
        system.operations.len(),
        system.loads.len(),
        system.reads.len(),
        scenario.variants.len(),
    ]
}

/// Returns whether a scenario has a value of this name, written or by default.
fn is_named(scenario: &Scenario, key: &str) -> bool {
    named(scenario).contains(key)
}

/// The names of all values of a scenario: those in force, and whatever else its file says.
fn named(scenario: &Scenario) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = scenario.values.iter().map(|it| it.key.clone()).collect();
    if let Ok(document) = scenario.inputs.text().parse::<DocumentMut>() {
        leaves(document.as_item(), "", &mut names);
    }
    names
}

/// Adds the names of all single values below an item.
fn leaves(item: &EditItem, name: &str, names: &mut BTreeSet<String>) {
    let mut table = |table: &dyn TableLike| {
        for (key, item) in table.iter() {
            let dot = if name.is_empty() { "" } else { "." };
            leaves(item, &format!("{name}{dot}{key}"), names);
        }
    };
    match item {
        EditItem::Table(inner) => table(inner),
        EditItem::Value(EditValue::InlineTable(inner)) => table(inner),
        EditItem::ArrayOfTables(list) => {
            for (at, inner) in list.iter().enumerate() {
                leaves(&EditItem::Table(inner.clone()), &format!("{name}[{at}]"), names);
            }
        }
        EditItem::Value(EditValue::Array(list)) => {
            for (at, value) in list.iter().enumerate() {
                leaves(&EditItem::Value(value.clone()), &format!("{name}[{at}]"), names);
            }
        }
        _ => {
            names.insert(name.to_owned());
        }
    }
}

impl Decode for Axes {
    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        if !item.get_ref().is_table() {
            return decoder.expected(item, "a table");
        }
        let mut axes = Vec::new();
        collect(item, "", decoder, &mut axes);
        if let Some(axis) = axes.get(MOST_AXES) {
            let place = &axis.key.place;
            let message = format!("a sweep varies at most {MOST_AXES} values");
            decoder.report(Problem::error(Code::TooMany, place, message, "one too many"));
            axes.truncate(MOST_AXES);
        } else if let (Some(axis), true) = (axes.last(), count(&axes) > MOST_POINTS) {
            let (place, many) = (&axis.key.place, count(&axes));
            let message = format!("a sweep has at most {MOST_POINTS} points");
            let label = format!("these are {many}");
            decoder.report(Problem::error(Code::TooMany, place, message, label));
        }
        Some(Self(axes))
    }

    fn schema() -> serde_json::Value {
        let value = json!({ "type": ["string", "number", "boolean"] });
        let values = json!({
            "anyOf": [
                { "type": "string", "description": "Values with commas between them, or a range." },
                { "type": "array", "items": value, "minItems": 1 },
                { "type": "object" },
            ],
        });
        json!({ "type": "object", "properties": {}, "additionalProperties": values })
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

/// The number of points of these axes.
fn count(axes: &[AxisText]) -> usize {
    axes.iter().map(|axis| axis.values.len()).fold(1, usize::saturating_mul)
}

/// Checks that axes of the command line, or of a plan, are few enough together.
///
/// # Errors
/// In words, what there is too much of.
pub fn bounded(axes: &[Axis]) -> Result<(), Reason> {
    let many = axes.iter().map(|axis| axis.values.len()).fold(1, usize::saturating_mul);
    match () {
        () if axes.len() > MOST_AXES => {
            Err(format!("a sweep varies at most {MOST_AXES} values").into())
        }
        () if many > MOST_POINTS => {
            Err(format!("a sweep has at most {MOST_POINTS} points, and these are {many}").into())
        }
        () => Ok(()),
    }
}

/// Adds the axes of a table and of those in it, in the order of the text.
fn collect(item: &Item<'_>, name: &str, decoder: &mut Decoder<'_>, axes: &mut Vec<AxisText>) {
    let DeValue::Table(table) = item.get_ref() else { return };
    for (key, item) in in_order(table) {
        let dot = if name.is_empty() { "" } else { "." };
        let whole = format!("{name}{dot}{}", key.get_ref());
        if item.get_ref().is_table() {
            collect(item, &whole, decoder, axes);
            continue;
        }
        let place = decoder.place(key);
        let values = decoder.within(key.get_ref(), |decoder| values(item, decoder));
        axes.extend(values.map(|values| AxisText { key: At { place, value: whole }, values }));
    }
}

/// The values of an axis: a list of them, or a text that names them.
fn values(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Vec<At<toml::Value>>> {
    let place = decoder.place(item);
    if let Some(text) = item.get_ref().as_str() {
        // The places within a text are known where it is written as it is meant.
        let written = decoder.text.get(place.start + 1..place.end.saturating_sub(1));
        let found = match several(text, place.start + 1) {
            found if written == Some(text) => found,
            found => {
                found.map_err(|problem| Box::new(Problem { labels: label(&place), ..*problem }))
            }
        };
        return found.map_err(|problem| decoder.report(*problem)).ok();
    }
    let list = item.get_ref().as_array().filter(|list| !list.is_empty());
    let Some(list) = list else {
        let what = "a list of values, or a text such as \"1,2,4\" or \"10..1000:log:9\"";
        return decoder.expected(item, what);
    };
    let value = |item: &Item<'_>, decoder: &mut Decoder<'_>| {
        let value = match item.get_ref() {
            DeValue::Integer(_) => i64::decode(item, decoder).map(toml::Value::Integer),
            DeValue::Float(float) => float.as_str().parse().ok().map(toml::Value::Float),
            DeValue::Boolean(value) => Some(toml::Value::Boolean(*value)),
            DeValue::String(text) => Some(toml::Value::String(text.to_string())),
            _ => decoder.expected(item, "a number, a duration or a word"),
        };
        value.map(|value| At { place: decoder.place(item), value })
    };
    list.iter().map(|item| value(item, decoder)).collect()
}

/// The values that a text names; it begins at `start` of what problems point into.
fn several(text: &str, start: usize) -> Result<Vec<At<toml::Value>>, Box<Problem>> {
    if text.contains("..") {
        let place = start..start + text.len();
        let values = range(text).map_err(|why| {
            let problem = Problem::error(Code::WrongValue, &place, why, "");
            problem.help("a range is written `10..50:5` or, at equal ratios, `10..1000:log:9`")
        })?;
        let at = |value| At { place: place.clone(), value };
        return Ok(values.into_iter().map(at).collect());
    }
    let mut from = start;
    let words = text.split(',').map(|word| {
        let lead = word.len() - word.trim_start().len();
        let place = from + lead..from + lead + word.trim().len();
        from += word.len() + 1;
        match word.trim() {
            "" => {
                let message = "expected values with commas between them";
                let label = "nothing is here";
                Err(Box::new(Problem::error(Code::WrongValue, &place, message, label)))
            }
            word => Ok(At { place, value: value(word) }),
        }
    });
    words.collect()
}

/// A value as a word says it.
fn value(word: &str) -> toml::Value {
    if let Ok(number) = word.parse() {
        return toml::Value::Integer(number);
    }
    match (word.parse::<f64>(), word) {
        (Ok(number), _) if number.is_finite() => toml::Value::Float(number),
        (_, "true") => toml::Value::Boolean(true),
        (_, "false") => toml::Value::Boolean(false),
        _ => toml::Value::String(word.to_owned()),
    }
}

/// The values of a range.
fn range(text: &str) -> Result<Vec<toml::Value>, Reason> {
    let (low, rest) = text.split_once("..").unwrap_or((text, ""));
    let (high, rest) = rest.split_once(':').unwrap_or((rest, ""));
    let (is_log, many) = match rest.split_once(':') {
        Some(("log", many)) => (true, many),
        Some(("lin", many)) => (false, many),
        Some((scale, _)) => return Err(reason!("`{}` is neither `log` nor `lin`", scale)),
        None => (false, rest),
    };
    let many = match many.trim().parse() {
        Ok(many @ 2..=MOST_VALUES) => many,
        _ => return Err(format!("a range has from 2 to {MOST_VALUES} values").into()),
    };
    let ends = [value(low.trim()), value(high.trim())];
    let (Some(from), Some(to)) = (number(&ends[0]), number(&ends[1])) else {
        return Err("a range goes from a number or a duration to another".into());
    };
    let texts = ends.iter().filter(|end| end.is_str()).count();
    match () {
        () if texts == 1 => return Err("one end is a duration and the other is none".into()),
        () if from >= to => return Err("a range goes up".into()),
        () if is_log && from <= 0.0 => return Err("equal ratios begin above zero".into()),
        () => {}
    }
    let is_whole = ends.iter().all(toml::Value::is_integer);
    let mut values: Vec<toml::Value> = Vec::with_capacity(many);
    for at in 0..many {
        let number = match at {
            0 => from,
            at if at + 1 == many => to,
            at => between(from, to, at as f64 / (many - 1) as f64, is_log),
        };
        let value = match (texts, is_whole) {
            (2, _) => toml::Value::String(Span::from_nanos((number + 0.5) as u64).exact()),
            (_, true) => toml::Value::Integer(number.round() as i64),
            (_, false) => toml::Value::Float(number),
        };
        if values.last() != Some(&value) {
            values.push(value);
        }
    }
    Ok(values)
}

/// A number at this share of the way between two others, without digits that nobody asked for.
fn between(from: f64, to: f64, share: f64, is_log: bool) -> f64 {
    if is_log {
        return rounded(from * libm::pow(to / from, share), 3);
    }
    rounded(from + (to - from) * share, 12)
}

/// A number with so many digits.
pub fn rounded(number: f64, digits: i32) -> f64 {
    if number == 0.0 {
        return number;
    }
    let power = f64::from(digits) - 1.0 - libm::floor(libm::log10(number.abs()));
    // Powers of ten below one are not exact.
    if power >= 0.0 {
        let scale = libm::pow(10.0, power);
        (number * scale).round() / scale
    } else {
        let scale = libm::pow(10.0, -power);
        (number / scale).round() * scale
    }
}

#[cfg(test)]
mod tests;
