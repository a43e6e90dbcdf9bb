//! Decoding of positioned TOML to typed values, which reports all problems at once.
//!
//! A type that implements [`Decode`] defines both how it is read *and* how a JSON Schema describes
//! it, so that the two cannot drift apart. Tables are declared with the `shape!` macro, which looks
//! like a struct: every key has its documentation and, where it may be left out, its default as
//! TOML text with its source. Decoding continues after a problem: a bad value counts as its
//! default.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::data::Data;
use super::problem::{Code, Place, Problem};
use super::profile::Profile;
use super::shape::key;
use super::suggest::{either, nearest};
use super::{Origin, Registries, ValueUsed};
use crate::model::reason::Reason;
use crate::reason;

/// A value of the file with its position.
pub type Item<'i> = Spanned<DeValue<'i>>;

/// A type of values that a scenario file may contain.
pub trait Decode: Sized {
    /// True if the type is one value (a number, a duration) rather than a structure of others. Such
    /// values are listed with their origin.
    const LEAF: bool = false;

    /// Reads a value; returns `None` after a problem was reported.
    fn decode(item: &Item<'_>, decoder: &mut Decoder<'_>) -> Option<Self>;

    /// Describes the type as JSON Schema.
    fn schema() -> serde_json::Value;

    /// The value of a key that is left out, if that is allowed without a default.
    fn absent() -> Option<Self> {
        None
    }

    /// The value to continue with after a problem, if there is one that leads to no further
    /// problem.
    fn recover() -> Option<Self> {
        None
    }
}

/// The value of a key that is left out.
#[derive(Clone, Copy)]
pub enum Fallback {
    /// This TOML text; the second text is the source of the default.
    Fixed(&'static str, &'static str),
    /// A value of the scenario's profile.
    Profile(fn(&Profile) -> &'static str),
    /// A table all of whose keys can be left out.
    Empty,
}

/// The sections that define what is looked for or what goes wrong, not how the system behaves:
/// their values are not listed as settings.
const NO_SETTINGS: [&str; 4] = ["invariants", "expect", "explore", "faults"];

/// The key of a table whose values are settings wherever it stands, also within those sections.
const RETRY: &str = "retry";

/// The state of decoding one file.
pub struct Decoder<'d> {
    /// The text of the file.
    pub text: &'d str,
    /// The problems found so far.
    pub problems: Vec<Problem>,
    /// Values in force so far.
    pub values: Vec<ValueUsed>,
    /// The CSV files that the scenario names.
    pub data: Data<'d>,
    /// The patterns, techniques and kinds of fault that the scenario may name.
    pub registries: &'d Registries,
    /// The profile: named defaults for network and disk.
    pub profile: &'static Profile,
    path: Vec<String>,
    /// The place to report while a default is decoded, since a default has no position in the file.
    instead: Option<Place>,
    /// The depth of values that are listed as a whole: above zero their parts are not listed.
    quiet: u32,
}

impl<'d> Decoder<'d> {
    /// A decoder at the beginning of a file.
    pub fn new(text: &'d str, data: Data<'d>, registries: &'d Registries) -> Self {
        Self {
            text,
            problems: Vec::new(),
            values: Vec::new(),
            data,
            registries,
            profile: Profile::usual(),
            path: Vec::new(),
            instead: None,
            quiet: 0,
        }
    }

    /// The place of an item in the file; of a default, the place of the table that lacks the key.
    pub fn place<T>(&self, item: &Spanned<T>) -> Place {
        self.instead.clone().unwrap_or_else(|| item.span())
    }

    /// Reports a problem.
    pub fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Reports that another type of value was expected here; returns `None`.
    pub fn expected<T>(&mut self, item: &Item<'_>, what: impl Into<Reason>) -> Option<T> {
        let found = match item.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(float) if float.as_str().parse().is_ok_and(f64::is_finite) => "a number",
            DeValue::Float(_) => "no finite number",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.wrong(Code::WrongType, item, what, format!("this is {found}"))
    }

    /// Reports a value that has the right type and is not allowed; returns `None`.
    pub fn refused<T>(
        &mut self,
        item: &Item<'_>,
        what: impl Into<Reason>,
        label: &str,
    ) -> Option<T> {
        self.wrong(Code::WrongValue, item, what, label)
    }

    /// Reports that the current key needs another type of value; returns `None`.
    pub fn wrong<T>(
        &mut self,
        code: Code,
        item: &Item<'_>,
        what: impl Into<Reason>,
        label: impl Into<String>,
    ) -> Option<T> {
        let place = self.place(item);
        let problem = match self.path.last() {
            Some(key) => {
                let message = reason!("`{}` must be ", key).and(what);
                Problem::error(code, &place, message, label)
            }
            None => Problem::error(code, &place, Reason::from("expected ").and(what), label),
        };
        self.report(problem);
        None
    }

    /// Runs `work` with this key added to the path of the current key.
    pub fn within<T>(&mut self, key: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key.to_owned());
        let done = work(self);
        self.path.pop();
        done
    }

    /// Runs `work` with the number of an item added to the path of the current key, which is a
    /// list.
    pub fn item<T>(&mut self, at: usize, work: impl FnOnce(&mut Self) -> T) -> T {
        let list = self.path.pop().unwrap_or_default();
        let done = self.within(&format!("{list}[{at}]"), work);
        self.path.push(list);
        done
    }

    /// Records a value in force.
    pub fn used(&mut self, value: String, origin: Origin) {
        let section = self.path.first().map_or("", String::as_str);
        let is_setting =
            !NO_SETTINGS.contains(&section) || self.path.iter().any(|key| key == RETRY);
        if self.quiet == 0 && is_setting {
            self.values.push(ValueUsed { key: self.path.join("."), value, origin });
        }
    }

    fn fallback<T: Decode>(&mut self, fallback: Fallback, table: &Place) -> Option<T> {
        let (text, origin) = match fallback {
            Fallback::Fixed(text, source) => (text, Origin::Default { source }),
            Fallback::Profile(pick) => {
                let Profile { name, source, .. } = *self.profile;
                (pick(self.profile), Origin::Profile { name, source })
            }
            Fallback::Empty => ("{}", Origin::Default { source: "" }),
        };
        let item = DeValue::parse(text).ok()?;
        if T::LEAF {
            self.used(text.to_owned(), origin);
            self.quiet += 1;
        }
        let outer = self.instead.replace(table.clone());
        let value = T::decode(&item, self);
        self.instead = outer;
        self.quiet -= u32::from(T::LEAF);
        value
    }

    /// Reads a table whose keys are known.
    pub fn table<'t, 'i>(
        &mut self,
        item: &'t Item<'i>,
        what: impl Into<Reason>,
    ) -> Option<Fields<'t, 'i>> {
        let Some(table) = item.get_ref().as_table() else {
            return self.expected(item, "a table");
        };
        let place = self.place(item);
        let what = what.into();
        Some(Fields { table, place, what, known: Vec::new(), missing: Vec::new() })
    }
}

/// A table whose keys are being read.
pub struct Fields<'t, 'i> {
    table: &'t DeTable<'i>,
    /// The place of the table: its header, or its braces.
    pub place: Place,
    what: Reason,
    known: Vec<String>,
    missing: Vec<String>,
}

impl<'t, 'i> Fields<'t, 'i> {
    /// Reads the value of a key; returns its default after a problem, so that reading can continue.
    pub fn read<T: Decode>(
        &mut self,
        decoder: &mut Decoder<'_>,
        field: &str,
        fallback: Option<Fallback>,
    ) -> Option<T> {
        let key = key(field);
        decoder.within(&key, |decoder| {
            let Some(item) = self.item(&key) else {
                let value = match fallback {
                    Some(fallback) => decoder.fallback(fallback, &self.place),
                    None => T::absent(),
                };
                if value.is_none() {
                    self.missing.push(key.clone());
                }
                return value;
            };
            if T::LEAF && decoder.instead.is_none() {
                let text = decoder.text.get(item.span()).unwrap_or_default();
                decoder.used(text.to_owned(), Origin::File);
                decoder.quiet += 1;
            }
            let value = T::decode(item, decoder);
            if T::LEAF && decoder.instead.is_none() {
                decoder.quiet -= 1;
            }
            match fallback {
                Some(fallback) if value.is_none() => decoder.fallback(fallback, &self.place),
                _ => value.or_else(T::recover),
            }
        })
    }

    /// Returns the raw value of a key, which counts as known from now on.
    pub fn item(&mut self, key: &str) -> Option<&'t Item<'i>> {
        if !self.known.iter().any(|known| known == key) {
            self.known.push(key.to_owned());
        }
        self.table.get(key)
    }

    /// The place where a key is written.
    pub fn key_place(&self, decoder: &Decoder<'_>, key: &str) -> Option<Place> {
        self.table.get_key_value(key).map(|(key, _)| decoder.place(key))
    }

    /// The keys that have not been read, in the order of the file.
    pub fn rest(&self) -> Vec<(&'t Spanned<toml::de::DeString<'i>>, &'t Item<'i>)> {
        let known = |key: &str| self.known.iter().any(|known| known == key);
        in_order(self.table).into_iter().filter(|(key, _)| !known(key.get_ref())).collect()
    }

    /// Takes out the keys that have not been read, with their values; they count as known from now
    /// on.
    pub fn take_rest(&mut self) -> DeTable<'i> {
        let rest = self.rest();
        self.known.extend(rest.iter().map(|(key, _)| key.get_ref().to_string()));
        rest.into_iter().map(|(key, item)| (key.clone(), item.clone())).collect()
    }

    /// Ends reading: reports keys that are unknown and required keys that are missing.
    pub fn close(self, decoder: &mut Decoder<'_>) {
        let mut meant = Vec::new();
        for (key, _) in self.rest() {
            let place = decoder.place(key);
            let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
            let problem = unknown_key(key.get_ref(), &place, &self.what.words, &known);
            meant.extend(problem.meant.clone());
            decoder.report(problem);
        }
        for key in self.missing.iter().filter(|key| !meant.iter().any(|better| better == *key)) {
            let message = self.what.clone().and(reason!(" needs the key `{}`", key));
            let problem = Problem::error(Code::MissingKey, &self.place, message, "not given here");
            decoder.report(problem);
        }
    }

    /// Checks a table in which exactly one of several leading keys is wanted, each with
    /// companions that it needs and companions that it allows.
    pub fn check_leads(&mut self, decoder: &mut Decoder<'_>, leads: &[Lead]) {
        let given: Vec<&Lead> =
            leads.iter().filter(|lead| self.table.contains_key(lead.key)).collect();
        let [lead] = given.as_slice() else {
            let keys = || leads.iter().map(|lead| lead.key);
            let (what, names) = (self.what.clone(), either(keys()));
            let problem = if given.is_empty() {
                let near =
                    self.rest().iter().any(|(key, _)| nearest(key.get_ref(), keys()).is_some());
                if near {
                    return;
                }
                let message = what.and(" needs one of ").and(names);
                Problem::error(Code::MissingKey, &self.place, message, "none is given here")
            } else {
                let places: Vec<Place> =
                    given.iter().filter_map(|lead| self.key_place(decoder, lead.key)).collect();
                let message = what.and(" has only one of ").and(names);
                let first = Problem::error(Code::TooManyKeys, &places[0], message, "this one");
                places[1..].iter().fold(first, |problem, place| problem.also(place, "or this one"))
            };
            return decoder.report(problem);
        };
        for key in lead.needs.iter().filter(|key| !self.table.contains_key(**key)) {
            let message = reason!("`{}` needs the key `{}` beside it", lead.key, key);
            let place = self.key_place(decoder, lead.key).unwrap_or_else(|| self.place.clone());
            decoder.report(Problem::error(Code::MissingKey, &place, message, "not given here"));
        }
        let fits = |key: &str| lead.needs.contains(&key) || lead.allows.contains(&key);
        for other in leads {
            for key in other.needs.iter().chain(other.allows).filter(|key| !fits(key)) {
                if let Some(place) = self.key_place(decoder, key) {
                    let message = reason!("`{}` has no meaning beside `{}`", key, lead.key);
                    let label = format!("belongs to `{}`", other.key);
                    decoder.report(Problem::error(Code::UnknownKey, &place, message, label));
                }
            }
        }
    }
}

/// A leading key of a table, see [`Fields::check_leads`].
pub struct Lead {
    /// The key.
    pub key: &'static str,
    /// Keys that must stand beside it.
    pub needs: &'static [&'static str],
    /// Keys that may stand beside it.
    pub allows: &'static [&'static str],
}

/// The problem of an unknown key, with the nearest known one.
pub fn unknown_key(key: &str, place: &Place, what: &str, known: &[&str]) -> Problem {
    let message = reason!("unknown key `{}`", key);
    let label = format!("{what} has no such key");
    let problem = Problem::error(Code::UnknownKey, place, message, label);
    match nearest(key, known.iter().copied()) {
        Some(better) => {
            problem.meant(better).help("a key with a similar name exists").patch(place, better)
        }
        None if known.is_empty() => problem,
        None => problem.help(format!("it may have {}", either(known.iter().copied()))),
    }
}

/// The entries of a table in the order of the file.
pub fn in_order<'t, 'i>(
    table: &'t DeTable<'i>,
) -> Vec<(&'t Spanned<toml::de::DeString<'i>>, &'t Item<'i>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}
