//! Variants, faults and other parts of a file whose keys depend on the pattern, technique or fault.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::Origin;
use super::decode::{Decode, Decoder, Fallback, Item, unknown_key};
use super::file::{DriverParts, ForceByKind, OwnClients, OwnRetry};
use super::problem::{Code, Place, Problem};
use super::shape::words;
use super::suggest::{either, nearest};
use super::technique::{self, TechniqueText};
use super::values::{At, Length};
use super::variant::Roster;
use crate::faults::fault::{Fault, Part, PreparedFault};
use crate::faults::plan::{PlannedFault, Start};
use crate::faults::random::{Nemesis, Random};
use crate::faults::target::TABLE;
use crate::faults::trigger::Trigger;
use crate::kernel::{Dist, Span};
use crate::model::point::Action;
use crate::model::reason::Reason;
use crate::model::registry::{Configurable, Entry, decode};
use crate::model::system::{ForceSpec, System};
use crate::patterns::pattern::Prepared;
use crate::patterns::single_store;
use crate::reason;

/// The duration of forced writes: one distribution for all kinds, or a table with one for each.
#[derive(Clone)]
pub struct Force(pub ForceSpec);

impl Decode for Force {
    const LEAF: bool = true;

    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let table = item.get_ref().as_table();
        let by_kind = |table: &DeTable<'_>| {
            ["commit", "prepare", "decide"].iter().any(|kind| table.contains_key(*kind))
        };
        if !table.is_some_and(by_kind) {
            let all = Dist::decode(item, decoder)?;
            let (commit, prepare) = (all.clone(), all.clone());
            return Some(Self(ForceSpec { commit, prepare, decide: all }));
        }
        let ForceByKind { commit, prepare, decide, .. } = ForceByKind::decode(item, decoder)?;
        Some(Self(ForceSpec { commit, prepare, decide }))
    }

    fn schema() -> serde_json::Value {
        json!({ "anyOf": [Dist::schema(), ForceByKind::schema()] })
    }
}

/// A variant: its techniques and the patterns that carry out its operations.
#[derive(Clone)]
pub struct VariantText {
    /// The techniques that arrange ownership, in the order in which they are applied.
    pub technique: Vec<TechniqueText>,
    /// The pattern, as named.
    pub name: At<String>,
    /// The pattern of each operation, with its settings.
    pub pattern: Roster,
    /// The name of its random streams, by default its own name.
    pub stream: Option<String>,
    /// The name of its own random numbers.
    pub random_numbers: Option<String>,
    /// The keys in which the capacity of its drivers differs.
    pub drivers: Option<DriverParts>,
    /// The way in which operations of one store are carried out.
    pub single_store: SingleStore,
    /// The keys in which its retry policy differs.
    pub retry: Option<OwnRetry>,
    /// The keys in which its clients differ.
    pub clients: Option<OwnClients>,
}

words! {
    /// The way in which operations of one store are carried out.
    pub enum SingleStore {
        /// Local transactions of their service, whatever the pattern is.
        Local = "local",
        /// The pattern, as for all other operations.
        ThroughDriver = "through-driver",
    }
}

/// The default of `single-store`, and its source.
pub const SINGLE_STORE: (&str, &str) =
    ("'local'", "X/Open XA: one participant commits in one phase");
pub(super) const LOCAL: Fallback = Fallback::Fixed(SINGLE_STORE.0, SINGLE_STORE.1);

impl Decode for VariantText {
    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let mut table = decoder.table(item, "a variant")?;
        let stream = table.read(decoder, "stream", None);
        let random_numbers: Option<Option<String>> = table.read(decoder, "random-numbers", None);
        let drivers: Option<Option<DriverParts>> = table.read(decoder, "drivers", None);
        let single_store = table.read(decoder, "single-store", Some(LOCAL));
        let retry: Option<Option<OwnRetry>> = table.read(decoder, "retry", None);
        let clients: Option<Option<OwnClients>> = table.read(decoder, "clients", None);
        let place = table.place.clone();
        let technique = table.item("technique");
        let technique = decoder.within("technique", |decoder| match technique {
            Some(item) => technique::decode(item, decoder),
            None => Some(technique::usual(&place, decoder)),
        });
        let roster = Roster::read(&mut table, decoder);
        table.close(decoder);
        let (name, pattern) = roster?;
        let (stream, random_numbers, drivers) = (stream?, random_numbers?, drivers?);
        let (single_store, technique) = (single_store?, technique?);
        let (retry, clients) = (retry?, clients?);
        Some(Self {
            technique,
            name,
            pattern,
            stream,
            random_numbers,
            drivers,
            single_store,
            retry,
            clients,
        })
    }

    fn schema() -> serde_json::Value {
        json!({ "$ref": "#/$defs/Variant" })
    }
}

impl VariantText {
    /// The pattern of the variant, prepared for a system whose operations it names.
    pub fn prepared(&self, system: &System) -> Arc<dyn Prepared> {
        let pattern = self.pattern.prepared(system);
        match self.single_store {
            SingleStore::Local => single_store::locally(pattern, system),
            SingleStore::ThroughDriver => pattern,
        }
    }
}

/// Lists the settings of a pattern or technique among the values in force.
pub(super) fn note_settings(
    decoder: &mut Decoder<'_>,
    settings: &serde_json::Value,
    written: Option<&DeTable<'_>>,
    source: &'static str,
) {
    for (key, value) in settings.as_object().into_iter().flatten() {
        let from_file = written.is_some_and(|table| table.contains_key(key.as_str()));
        let origin = match from_file {
            true => Origin::File,
            false => Origin::Default { source },
        };
        let value = value.to_string();
        decoder.within(key, |decoder| decoder.used(value, origin));
    }
}

/// A fault of the plan, with its places in the file.
#[derive(Clone)]
pub struct FaultText {
    /// The time or the trigger point at which it begins.
    pub start: At<Start>,
    /// The time that it lasts.
    pub length: Option<At<Length>>,
    /// The fault.
    pub fault: Arc<dyn PreparedFault>,
    /// Its targets, as written.
    pub targets: Vec<At<String>>,
    /// The parts of tables that it is about, as written.
    pub parts: Vec<PartText>,
    /// The random faults for which it stands, if it does.
    pub nemesis: Option<Nemesis>,
}

/// A part of a table that a fault is about.
#[derive(Clone)]
pub enum PartText {
    /// A column of a table.
    Column {
        /// The table.
        table: At<String>,
        /// The column.
        column: At<String>,
    },
    /// A copy of a table, kept by this service or by any.
    Copy {
        /// The table.
        table: At<String>,
        /// The service.
        reader: Option<At<String>>,
    },
}

impl PartText {
    /// A part of a table, with the place of each of its names in the settings.
    fn of(part: Part, settings: &Item<'_>) -> Self {
        let at = |value: String| {
            let place = place_of(settings, &value).unwrap_or_else(|| settings.span());
            At { place, value }
        };
        match part {
            Part::Column { table, column } => Self::Column { table: at(table), column: at(column) },
            Part::Copy { table, reader } => Self::Copy { table: at(table), reader: reader.map(at) },
        }
    }
}

impl FaultText {
    /// The fault of the plan.
    pub fn planned(&self) -> PlannedFault {
        PlannedFault {
            start: self.start.value.clone(),
            length: self.length.as_ref().map(|length| length.value.0),
            fault: Arc::clone(&self.fault),
        }
    }
}

impl Decode for FaultText {
    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let registries = decoder.registries;
        let mut table = decoder.table(item, "a fault")?;
        let kind: Option<At<String>> = table.read(decoder, "kind", None);
        let at = table.item("at").and_then(|_| table.read::<At<Span>>(decoder, "at", None));
        let on =
            table.item("on").map(|item| decoder.within("on", |decoder| trigger(item, decoder)));
        let length = table.read(decoder, "for", None);
        let place = table.place.clone();
        let rest = Spanned::new(place.clone(), DeValue::Table(table.take_rest()));
        table.close(decoder);
        let start = match (at, on) {
            (Some(at), None) => Some(At { place: at.place, value: Start::At(at.value) }),
            (None, Some(on)) => on.map(|on| At { place: on.place, value: Start::On(on.value) }),
            _ => {
                let message =
                    reason!("a fault needs the key `{}`, or `{}`, and not both", "at", "on");
                let label = "when does it begin?";
                decoder.report(Problem::error(Code::MissingKey, &place, message, label));
                None
            }
        };
        let kind = kind?;
        let Some(entry) = registries.faults.find(&kind.value) else {
            decoder.report(unknown(Code::UnknownFault, "fault", &kind, &registries.faults.names()));
            return None;
        };
        let fault = settings_of(entry, &rest, decoder)?;
        for message in fault.check() {
            decoder.report(Problem::error(Code::WrongValue, &place, message, "in this fault"));
        }
        if fault.action() != Action::Go && start.as_ref().is_some_and(is_timed) {
            let message =
                reason!("`{}` strikes the message at a point: it needs `{}`", entry.name, "on");
            decoder.report(Problem::error(Code::MissingKey, &place, message, "which message?"));
        }
        let mut targets: Vec<At<String>> = Vec::new();
        for target in fault.reach().names() {
            let table = target.strip_prefix(TABLE).filter(|name| !name.is_empty());
            let found = place_of(&rest, &target);
            let found = found.or_else(|| table.and_then(|name| place_of(&rest, name)));
            let place = found.unwrap_or_else(|| place.clone());
            targets.push(At { place, value: target });
        }
        let start = start?;
        let nemesis = match kind.value == Random::NAME {
            true => Some(nemesis(&rest, &start, &kind, decoder)?),
            false => None,
        };
        if let Start::On(trigger) = &start.value {
            let names = trigger.who.iter().chain(&trigger.to).cloned();
            targets.extend(names.map(|value| At { place: start.place.clone(), value }));
        }
        let parts = fault.parts().into_iter().map(|part| PartText::of(part, &rest)).collect();
        Some(Self { start, length: length?, fault, targets, parts, nemesis })
    }

    fn schema() -> serde_json::Value {
        json!({ "$ref": "#/$defs/Fault" })
    }
}

fn is_timed(start: &At<Start>) -> bool {
    matches!(start.value, Start::At(_))
}

/// Decodes the window, rate and choices of random faults.
fn nemesis(
    settings: &Item<'_>,
    start: &At<Start>,
    kind: &At<String>,
    decoder: &mut Decoder<'_>,
) -> Option<Nemesis> {
    if let Start::On(_) = start.value {
        let message =
            reason!("random faults begin within a window of time: they need the key `{}`", "at");
        let label = "this is a point";
        decoder.report(Problem::error(Code::RandomFault, &start.place, message, label));
        return None;
    }
    let settings = decode(settings.clone()).ok()?; // They were decoded before, as a fault's.
    let nemesis = Nemesis::new(settings, &decoder.registries.faults);
    let report =
        |message| decoder.report(Problem::error(Code::RandomFault, &kind.place, message, ""));
    nemesis.map_err(report).ok()
}

/// The point at which a fault begins.
fn trigger(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<At<Trigger>> {
    if item.get_ref().as_table().is_none() {
        return decoder.expected(item, "a table");
    }
    match Trigger::deserialize(toml::de::ValueDeserializer::from(item.clone())) {
        Ok(value) => Some(At { place: item.span(), value }),
        Err(error) => {
            decoder.report(settings_problem(&error, &item.span(), reason!("`{}`", "on")));
            None
        }
    }
}

/// The place of a string in a subtree.
fn place_of(item: &Item<'_>, text: &str) -> Option<Place> {
    match item.get_ref() {
        DeValue::String(found) if found == text => Some(item.span()),
        DeValue::Array(list) => list.iter().find_map(|item| place_of(item, text)),
        DeValue::Table(table) => table.values().find_map(|item| place_of(item, text)),
        _ => None,
    }
}

/// The problem of an unknown pattern, technique or kind of fault.
pub(super) fn unknown(
    code: Code,
    what: &str,
    name: &At<String>,
    known: &[&'static str],
) -> Problem {
    let message = reason!("no {what} is named `{}`", name.value);
    let problem = Problem::error(code, &name.place, message, "not registered");
    match nearest(&name.value, known.iter().copied()) {
        Some(better) => problem
            .meant(better)
            .help(format!("a {what} with a similar name exists"))
            .patch(&name.place, format!("{better:?}")),
        None => problem.help(format!("choose {}", either(known.iter().copied()))),
    }
}

/// Decodes registered settings and reports everything that is wrong with them. The decoder of serde
/// stops at the first problem, so each value that was reported is taken out and the decoder runs
/// again.
pub(super) fn settings_of<T: ?Sized>(
    entry: &Entry<Configurable<T>>,
    item: &Item<'_>,
    decoder: &mut Decoder<'_>,
) -> Option<Arc<T>> {
    let Some(table) = item.get_ref().as_table() else {
        return decoder.expected(item, "a table");
    };
    let mut table = table.clone();
    let before = decoder.problems.len();
    let known = keys_of(entry);
    let mut taken: Vec<String> = Vec::new();
    for (key, _) in super::decode::in_order(&table) {
        if !known.iter().any(|known| known == key.get_ref()) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            decoder.report(unknown_key(key.get_ref(), &key.span(), entry.name, &known));
            taken.push(key.get_ref().to_string());
        }
    }
    for key in &taken {
        table.remove(key.as_str());
    }
    loop {
        let tree = Spanned::new(item.span(), DeValue::Table(table.clone()));
        let error = match entry.decode(tree) {
            Ok(part) => return (decoder.problems.len() == before).then_some(part),
            Err(error) => error,
        };
        let Some(key) = culprit(&table, &error) else {
            // A key that is missing because it was taken out was reported before.
            let problem = settings_problem(&error, &item.span(), entry.name.into());
            let is_missing = problem.code == Code::MissingKey;
            if !(is_missing && taken.iter().any(|taken| problem.is_about(taken))) {
                decoder.report(problem);
            }
            return None;
        };
        let place = table.get(key.as_str()).map_or(item.span(), Spanned::span);
        decoder.report(settings_problem(&error, &place, reason!("`{}`", key)));
        table.remove(key.as_str());
        taken.push(key);
    }
}

/// The key whose value an error is about.
fn culprit(table: &DeTable<'_>, error: &Error) -> Option<String> {
    let span = error.span()?;
    let inside = |place: Place| place.start <= span.start && span.end <= place.end;
    let mut entries = table.iter();
    let (key, _) = entries.find(|(key, item)| inside(item.span()) || inside(key.span()))?;
    Some(key.get_ref().to_string())
}

/// The problem that the decoder of settings reports.
fn settings_problem(error: &Error, near: &Place, what: Reason) -> Problem {
    let place = error.span().filter(|span| !span.is_empty()).unwrap_or_else(|| near.clone());
    in_our_words(error.message().lines().next().unwrap_or_default(), &place, what)
}

/// A message of serde, reworded.
fn in_our_words(message: &str, place: &Place, what: Reason) -> Problem {
    let (found, wanted) = message.split_once(", expected ").unwrap_or((message, ""));
    if let Some(key) = found.strip_prefix("missing field ") {
        let message = what.and(" needs the key ").and(quoted(key));
        return Problem::error(Code::MissingKey, place, message, "not given here");
    }
    if let Some(word) = found.strip_prefix("unknown variant ") {
        let message = what.and(" must be ").and(quoted(wanted));
        return Problem::error(Code::WrongValue, place, message, format!("{word} is no choice"));
    }
    for (start, code) in
        [("invalid type: ", Code::WrongType), ("invalid value: ", Code::WrongValue)]
    {
        if let Some(found) = found.strip_prefix(start).filter(|_| !wanted.is_empty()) {
            let message = what.and(format!(" must be {}", plain(wanted)));
            return Problem::error(code, place, message, format!("this is {}", plain(found)));
        }
    }
    Problem::error(Code::WrongValue, place, what.and(": ").and(quoted(message)), "")
}

/// A text of serde with the names in it, which serde marks only by backticks.
fn quoted(text: &str) -> Reason {
    let names = text.split('`').skip(1).step_by(2).map(str::to_owned);
    Reason { words: text.to_owned(), names: names.collect() }
}

/// Translates serde's name of a type or value into the words of these messages.
fn plain(text: &str) -> String {
    let (kind, value) = text.split_once(' ').unwrap_or((text, ""));
    match kind {
        "u8" => format!("a whole number from 0 to {}", u8::MAX),
        "u16" => format!("a whole number from 0 to {}", u16::MAX),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "u64" | "usize" => "a whole number, at least 0".into(),
        "i32" | "i64" => "a whole number".into(),
        "f32" | "f64" => "a number".into(),
        "integer" => format!("the whole number {value}"),
        "string" | "boolean" => format!("the {kind} {value}"),
        "floating" => format!("the number {}", value.trim_start_matches("point ")),
        "sequence" => "a list".into(),
        "map" => "a table".into(),
        "a" => text.replace("sequence", "list").replace("map", "table"),
        _ => text.to_owned(),
    }
}

/// The keys that settings may have, according to their schema.
fn keys_of<T: ?Sized>(entry: &Entry<Configurable<T>>) -> Vec<String> {
    let mut generator = super::schema::generator();
    let schema = entry.schema(&mut generator).to_value();
    let definitions = serde_json::Value::Object(generator.take_definitions(true));
    let target = schema.get("$ref").and_then(|target| target.as_str());
    let target = target.and_then(|target| target.rsplit('/').next()).unwrap_or_default();
    let object = definitions.get(target).unwrap_or(&schema);
    let keys = object.get("properties").and_then(|properties| properties.as_object());
    keys.into_iter().flatten().map(|(key, _)| key.clone()).collect()
}
