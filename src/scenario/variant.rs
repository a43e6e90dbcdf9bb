//! # Variants
//!
//! A variant determines how the operations of a scenario are carried out, usually by one pattern
//! with its settings:
//!
//! ```toml
//! [variants.saga]
//! pattern = "orchestrated"
//! settings = { parallel = true }
//! ```
//!
//! **Several patterns side by side.** Instead of a pattern there may be a map from operation to
//! pattern, in which `default` stands for all operations that it does not name. The settings are
//! then those of each pattern, by its name:
//!
//! ```toml
//! [variants.mixed]
//! pattern = { open-ticket = "orchestrated", default = "event-based" }
//! settings = { event-based = { publish = "log-tailing" } }
//! ```
//!
//! The patterns share services and databases, and driver nodes for which all of them use the same
//! name. A job that synchronizes corrects what its own operations derive, and a relay carries their
//! events. Such a job works on rows, though: where operations of another pattern write tables from
//! which it derives rows, it completes those as well, so that the variant no longer promises how
//! operations end. Otherwise the variant promises the guarantees that all its patterns give, within
//! the fault budget that all of them tolerate.
//!
//! **A switch at a time**, as in a migration: operations that arrive from then on are carried out
//! by the new pattern. Those that arrived earlier end under the old one, however late, and so do
//! retries of their clients. Operations that the map of a switch does not name keep their pattern.
//!
//! ```toml
//! [variants.migration]
//! pattern = "event-based"
//! settings = { publish = "dual-write" }
//!
//! [[variants.migration.switch]]
//! at = "120s"
//! pattern = "orchestrated"
//! ```
//!
//! **Operations of one store**: where one service carries out all steps of an operation in one
//! database, as the file says or as the technique leaves it, the operation is a local transaction
//! of that service under every pattern, and needs no driver. A transaction manager commits a single
//! participant in one phase, and a workflow is not worth its cost for one row. `single-store =
//! "through-driver"` sends these operations through the driver nevertheless.
//!
//! **Retries and deadlines of its own.** `[variants.NAME.retry]` has the keys in which the variant
//! differs from the `[retry]` of the scenario: attempts, pauses, deadlines, a circuit breaker.
//! `[operations.NAME.retry]` and, for calls to a service, `[services.NAME.retry]` have keys that
//! take precedence over the variant's. `[variants.NAME.clients]` has the keys in which its clients
//! differ from `[clients]`: their deadline and attempts. The report's section "The ranking rests
//! on" names both where variants differ in them.
//!
//! A pattern has one choice of settings within a variant, because its state on nodes and in logs
//! exists once.
//!
//! **Random numbers of its own.** All variants see the same arrivals, keys, delays and faults
//! (common random numbers), which removes most of the noise from their differences. With
//! `random-numbers = "other"` a variant gets other random numbers, those of that name. Two variants
//! that differ in nothing else are a comparison under the null hypothesis: any difference between
//! them is noise.
//!
//! **A switch of the technique.** A switch may name a technique, with or without a pattern, and
//! arranges ownership anew: its techniques are applied to the system of the file, not to the system
//! that results from the variant's own techniques.
//!
//! ```toml
//! [variants.strangler]
//! technique = "shared-database"
//! pattern = "local-transaction"
//!
//! [[variants.strangler.switch]]
//! at = "60s"
//! technique = ["shared-database", "delegate"]
//! ```
//!
//! No row can move while operations are in progress. So every table has to stay in its database
//! with its columns, every copy has to stay, services have to run in the same processes as before,
//! and operations have to keep their steps; a switch that changes any of this is refused, with the
//! reason. The owner of a table, the services that access it directly, and the service that carries
//! out a step or is called for it may change, but not the owner of a table that is copied.
//!
//! * An operation that arrives before the switch is carried out under the old layout to its end,
//!   look-ups and retries of its client included; one that arrives later, under the new layout.
//!   Where the two differ, results show the later one as another operation, named `restock (from
//!   60s)`.
//! * A read uses the owners and rights at the time of its request.
//! * Rights to write are not withdrawn. A database accepts writes of every service that has the
//!   right under either layout, because operations under the old layout have to end; no new
//!   operation uses an old right.
//! * A change of the schema affects every service that depends on it under any of the layouts; the
//!   coupling of the variant counts them all, too. A fault with the target `table:X` strikes the
//!   first owner of `X`.
//! * A search for failures lets all operations arrive within a few seconds, and rarely reaches a
//!   late switch: give it a scenario with an early one. In a counterexample operations have the
//!   names of the file; the time of arrival determines the layout.

use std::ops::Range;
use std::sync::Arc;

use toml::de::DeTable;

use super::Origin;
use super::decode::{Decode, Decoder, Fields, Item, in_order, unknown_key};
use super::plan::{note_settings, settings_of, unknown};
use super::problem::{Code, Place, Problem};
use super::resolve::names::Names;
use super::technique::{self, TechniqueText};
use super::values::{At, Length};
use crate::kernel::{Span, Time};
use crate::model::contract::Driver;
use crate::model::reason::Reason;
use crate::model::system::{OperationKind, System};
use crate::patterns::pattern::Prepared;
use crate::patterns::pattern_mix::{Era, pattern_mix};
use crate::patterns::share::Share;
use crate::reason;

/// The manual page about variants.
pub const MANUAL: &str = include_str!("variant.rs");

/// The patterns of a variant: which of them carries out which operation, and from which time.
#[derive(Clone)]
pub struct Roster {
    /// The patterns, each once, in the order in which they are named.
    parts: Vec<Part>,
    /// The settings from the start, then those of each switch.
    eras: Vec<EraText>,
}

#[derive(Clone)]
struct Part {
    name: At<String>,
    pattern: Arc<dyn Prepared>,
    /// The places of the settings that are written, by their keys.
    written: Vec<At<String>>,
}

/// The assignment of patterns from a time on; operations that it does not name keep theirs.
#[derive(Clone)]
struct EraText {
    at: At<Span>,
    /// The place of the pattern or the map.
    place: Place,
    /// The named operations, each with the position of its pattern.
    named: Vec<(At<String>, usize)>,
    /// The pattern of all other operations.
    others: Option<usize>,
    /// The techniques from then on, if they are switched.
    technique: Option<Vec<TechniqueText>>,
}

/// The key of a map that stands for all operations that it does not name.
const DEFAULT: &str = "default";

impl Roster {
    /// Reads the keys of a variant that determine its patterns: `pattern`, `settings` and `switch`.
    /// Returns the pattern's name as written, too.
    pub fn read(
        fields: &mut Fields<'_, '_>,
        decoder: &mut Decoder<'_>,
    ) -> Option<(At<String>, Self)> {
        let mut roster = Self { parts: Vec::new(), eras: Vec::new() };
        let start = At { place: fields.place.clone(), value: Span::ZERO };
        let first = roster.read_era(fields, start, decoder);
        roster.refuse_settings(fields, decoder);
        let switches = fields.item("switch");
        let switched = switches.is_none_or(|list| {
            decoder.within("switch", |decoder| roster.read_switches(list, decoder)).is_some()
        });
        let name = first.filter(|_| switched)?;
        Some((name, roster))
    }

    /// Reports the keys of a variant that are settings of its pattern, and belong one level deeper.
    fn refuse_settings(&self, fields: &mut Fields<'_, '_>, decoder: &mut Decoder<'_>) {
        for (key, _) in fields.rest() {
            let key_text = key.get_ref();
            let has = |part: &&Part| part.pattern.settings().get(key_text.as_ref()).is_some();
            let Some(part) = self.parts.iter().find(has) else { continue };
            fields.item(key_text);
            let message = reason!("`{}` is a setting of `{}`", key_text, part.name.value);
            let problem =
                Problem::error(Code::UnknownKey, &decoder.place(key), message, "not of a variant");
            decoder.report(problem.help(format!("write `settings = {{ {key_text} = ... }}`")));
        }
    }

    fn read_switches(&mut self, list: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<()> {
        let Some(switches) = list.get_ref().as_array() else {
            return decoder.expected(list, "a list");
        };
        let mut all_well = Some(());
        for (number, item) in switches.iter().enumerate() {
            let read = decoder.item(number, |decoder| self.read_switch(item, decoder));
            all_well = all_well.and(read);
        }
        all_well
    }

    fn read_switch(&mut self, item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<()> {
        let mut fields = decoder.table(item, "a switch")?;
        let at: Option<At<Span>> = fields.read(decoder, "at", None);
        let technique = fields
            .item("technique")
            .map(|item| decoder.within("technique", |decoder| technique::decode(item, decoder)));
        let place = fields.place.clone();
        let start = at.clone().unwrap_or(At { place: place.clone(), value: Span::ZERO });
        let read = if fields.item("pattern").is_some() {
            self.read_era(&mut fields, start, decoder).map(|_| ())
        } else {
            if technique.is_none() {
                let message =
                    reason!("a switch needs the key `{}`, `{}`, or both", "pattern", "technique");
                let label = "nothing is switched";
                decoder.report(Problem::error(Code::MissingKey, &place, message, label));
            }
            let (named, others, none) = (Vec::new(), None, None);
            self.eras.push(EraText { at: start, place, named, others, technique: none });
            technique.is_some().then_some(())
        };
        fields.close(decoder);
        let all_well = at.and(read).filter(|()| !matches!(technique, Some(None)));
        if let Some(era) = self.eras.last_mut() {
            era.technique = technique.flatten();
        }
        all_well
    }

    /// Reads the assignment from a time on, and returns the patterns that it names.
    fn read_era(
        &mut self,
        fields: &mut Fields<'_, '_>,
        at: At<Span>,
        decoder: &mut Decoder<'_>,
    ) -> Option<At<String>> {
        let map = fields.item("pattern").filter(|item| item.get_ref().is_table());
        let Some(map) = map else {
            let name: Option<At<String>> = fields.read(decoder, "pattern", None);
            let settings = fields.item("settings");
            let name = name?;
            let others = Some(self.part(&name, settings, None, decoder)?);
            let place = name.place.clone();
            let (named, technique) = (Vec::new(), None);
            self.eras.push(EraText { at, place, named, others, technique });
            return Some(name);
        };
        let settings = fields.item("settings");
        let named = decoder.within("pattern", |decoder| names_of(map, decoder));
        let settings = settings
            .map(|item| decoder.within("settings", |decoder| by_pattern(item, &named, decoder)));
        let mut all_well = named.len() == map.get_ref().as_table().map_or(0, |map| map.len())
            && settings.as_ref().is_none_or(Option::is_some);
        let settings = settings.flatten().unwrap_or_default();
        let place = decoder.place(map);
        let (named_at, technique) = (place.clone(), None);
        let mut era = EraText { at, place: named_at, named: Vec::new(), others: None, technique };
        for (operation, name) in &named {
            let known = self.parts.iter().position(|part| part.name.value == name.value);
            let written = settings.get(name.value.as_str());
            let fresh = era.named.iter().map(|(_, at)| *at).chain(era.others);
            let again = known.filter(|known| fresh.into_iter().any(|at| at == *known));
            let Some(part) = again.or_else(|| self.part(name, written, Some(&name.value), decoder))
            else {
                all_well = false;
                continue;
            };
            match operation.value.as_str() {
                DEFAULT => era.others = Some(part),
                _ => era.named.push((operation.clone(), part)),
            }
        }
        self.eras.push(era);
        let names: Vec<&str> = named.iter().map(|(_, name)| name.value.as_str()).collect();
        all_well.then(|| At { place, value: names.join(", ") })
    }

    /// The position of a pattern, with these settings if they are given; `path` leads to the
    /// settings in the file.
    fn part(
        &mut self,
        name: &At<String>,
        settings: Option<&Item<'_>>,
        path: Option<&str>,
        decoder: &mut Decoder<'_>,
    ) -> Option<usize> {
        let patterns = &decoder.registries.patterns;
        let Some(entry) = patterns.find(&name.value) else {
            decoder.report(unknown(Code::UnknownPattern, "pattern", name, &patterns.names()));
            return None;
        };
        let known = self.parts.iter().position(|part| part.name.value == name.value);
        let pattern = match settings {
            None => match known {
                Some(known) => return Some(known),
                None => entry.with_defaults(),
            },
            Some(item) => {
                decoder.within("settings", |decoder| settings_of(entry, item, decoder))?
            }
        };
        let Some(known) = known else {
            let written = settings.and_then(|item| item.get_ref().as_table());
            let noted = pattern.settings();
            let source = "the pattern's manual page";
            decoder.within("settings", |decoder| match path {
                None => note_settings(decoder, &noted, written, source),
                Some(name) => {
                    decoder.within(name, |decoder| note_settings(decoder, &noted, written, source))
                }
            });
            let keys = written.into_iter().flat_map(|table| table.iter());
            let keys = keys.map(|(key, item)| At {
                place: decoder.place(item),
                value: key.get_ref().to_string(),
            });
            self.parts.push(Part { name: name.clone(), pattern, written: keys.collect() });
            return Some(self.parts.len() - 1);
        };
        let first = &self.parts[known];
        if first.pattern.settings() != pattern.settings() {
            let place = settings.map_or_else(|| name.place.clone(), |item| decoder.place(item));
            let message = reason!("`{}` has two choices of settings in one variant", name.value);
            let problem = Problem::error(Code::TwoSettings, &place, message, "other settings");
            let problem = problem.also(&first.name.place, "it is here already");
            let help = "the operations of a pattern share its nodes and logs, and so its \
                        settings; use two patterns, or two variants";
            decoder.report(problem.help(help));
            return None;
        }
        Some(known)
    }

    /// The driver nodes that all patterns together need.
    pub fn drivers(&self) -> Vec<Driver> {
        self.parts.iter().flat_map(|part| part.pattern.drivers()).collect()
    }

    /// Checks that the named operations exist, that every operation has a pattern, and that the
    /// times of switches are in order.
    pub fn check_names(&self, operations: &Names, load: &At<Length>, problems: &mut Vec<Problem>) {
        let named = self.eras.iter().flat_map(|era| &era.named);
        named.for_each(|(operation, _)| {
            operations.find(operation, problems);
        });
        let Some((first, switches)) = self.eras.split_first() else { return };
        if first.others.is_none() {
            for operation in operations.all() {
                if first.named.iter().any(|(named, _)| named.value == operation.value) {
                    continue;
                }
                let message = reason!("no pattern carries out `{}`", operation.value);
                let label = "not in this map";
                let problem = Problem::error(Code::NoPattern, &first.place, message, label);
                let problem = problem.also(&operation.place, "defined here");
                problems.push(problem.help("name it, or add `default`"));
            }
        }
        let mut before = Span::ZERO;
        for EraText { at, .. } in switches {
            if at.value <= before {
                let message = "switches must be in the order of their times, the first after 0s";
                problems.push(Problem::error(Code::Times, &at.place, message, "not later"));
            }
            if at.value >= load.value.0 {
                let message = "this switch concerns no operation";
                let problem = Problem::error(Code::Times, &at.place, message, "too late");
                problems.push(problem.also(&load.place, "the load ends here"));
            }
            before = at.value;
        }
    }

    /// The times at which techniques are switched, with the techniques from then on.
    pub fn techniques(&self) -> impl Iterator<Item = (Span, &[TechniqueText])> {
        self.eras.iter().filter_map(|era| Some((era.at.value, &**era.technique.as_ref()?)))
    }

    /// Warns of written settings that do nothing for the operations of a system that are not local;
    /// each message begins with `lead`.
    pub fn idle(&self, system: &System, lead: &Reason) -> Vec<Problem> {
        let spanning = system.kinds().filter(|kind| !system.operation(*kind).is_local(system));
        let spanning = Share::these(spanning).own(system);
        let parts = self.parts.iter().enumerate().flat_map(|(at, part)| {
            let own = self.share(at, &spanning).own(&spanning);
            let idle = part.pattern.idle(&own).into_iter();
            idle.map(|(key, why)| {
                let written = part.written.iter().find(|written| written.value == key);
                let place = &written.unwrap_or(&part.name).place;
                let message = lead.clone().and(reason!("`{}` ", key)).and(why);
                Problem::error(Code::DoesNothing, place, message, "").warning()
            })
        });
        parts.collect()
    }

    /// The operations that a pattern carries out at any time.
    fn share(&self, part: usize, system: &System) -> Share {
        let named = |era: &EraText, name: &str| {
            let named = era.named.iter().find(|(operation, _)| operation.value == name);
            named.map(|(_, part)| *part).or(era.others)
        };
        Share::these(system.kinds().filter(|kind| {
            let name = &system.operation(system.declared(*kind)).name.shown;
            self.eras.iter().any(|era| named(era, name) == Some(part))
        }))
    }

    /// The pattern of the variant, prepared for a system whose operations it names.
    pub fn prepared(&self, system: &System) -> Arc<dyn Prepared> {
        let patterns: Vec<_> = self.parts.iter().map(|part| Arc::clone(&part.pattern)).collect();
        // Outside its load's window an operation has the first or the last of its patterns.
        let pattern = |kind: OperationKind, from: Time| {
            let Range { start, end } = system.offered(kind);
            let name = &system.operation(system.declared(kind)).name.shown;
            let begun = |era: &&EraText| {
                let at = Time::ZERO + era.at.value;
                at <= from.max(start) && at < end
            };
            let eras = self.eras.iter().take_while(begun);
            let named = eras.filter_map(|era| {
                let named = era.named.iter().find(|(operation, _)| *operation.value == **name);
                named.map(|(_, part)| *part).or(era.others)
            });
            named.last().unwrap_or(0)
        };
        let eras = self.eras.iter().map(|era| {
            let from = Time::ZERO + era.at.value;
            let patterns = system.kinds().map(|kind| pattern(kind, from)).collect();
            Era { from: era.at.value, patterns }
        });
        pattern_mix(&patterns, eras.collect(), system)
    }
}

/// The operations of a map, each with the name of its pattern, in the order of the file.
fn names_of(map: &Item<'_>, decoder: &mut Decoder<'_>) -> Vec<(At<String>, At<String>)> {
    let entries = map.get_ref().as_table().map_or_else(Vec::new, in_order);
    let named = entries.into_iter().filter_map(|(key, item)| {
        let operation = At { place: decoder.place(key), value: key.get_ref().to_string() };
        let name = decoder.within(&operation.value, |decoder| {
            let text = decoder.text.get(item.span()).unwrap_or_default().to_owned();
            decoder.used(text, Origin::File);
            At::<String>::decode(item, decoder)
        });
        Some((operation, name?))
    });
    named.collect()
}

/// The settings of several patterns, by their names.
fn by_pattern<'i>(
    item: &Item<'i>,
    named: &[(At<String>, At<String>)],
    decoder: &mut Decoder<'_>,
) -> Option<DeTable<'i>> {
    let Some(table) = item.get_ref().as_table() else {
        return decoder.expected(item, "a table with the settings of each pattern");
    };
    let names: Vec<&str> = named.iter().map(|(_, name)| name.value.as_str()).collect();
    let patterns = &decoder.registries.patterns;
    let misspelt = names.iter().any(|name| patterns.find(name).is_none());
    let mut known = true;
    for (key, _) in in_order(table) {
        let key_place = decoder.place(key);
        let key = &**key.get_ref();
        if names.contains(&key) {
            continue;
        }
        known = false;
        if patterns.find(key).is_none() {
            let what = "a map from operation to pattern";
            decoder.report(unknown_key(key, &key_place, what, &names));
        } else if !misspelt {
            let message = reason!("no operation is carried out by `{}`", key);
            let label = "settings without a pattern";
            decoder.report(Problem::error(Code::UnknownKey, &key_place, message, label));
        }
    }
    known.then(|| table.clone())
}
