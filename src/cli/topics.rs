//! The topics that can be explained and listed by name, collected from the registries, the
//! catalogue of measures, the schema of scenario files and the glossary, which have all
//! descriptions.

mod glossary;
mod keys;
mod reference;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use crate::checks::census::Headline;
use crate::checks::expectation;
use crate::checks::measures::{Better, Covers, Measure, Values};
use crate::checks::properties::PropertyEntry;
use crate::model::database::{LIMITS, LOCKS};
use crate::model::point::Hook;
use crate::model::registry::{self, Configurable, Entry};
use crate::report::export::{ExportEntry, Exports};
use crate::report::text::Terminal;
use crate::scenario::{self, PROFILES, Profile, Registries, VARIANTS, alike, sweep};
pub use glossary::TEXT as GLOSSARY;
use keys::settings;
pub use reference::reference;

/// Chapters about tables of a scenario file that need more than the descriptions of their keys.
const CHAPTERS: [(&str, &str); 5] = [
    ("databases", LOCKS),
    ("databases", LIMITS),
    ("expect", expectation::MANUAL),
    ("sweep", sweep::MANUAL),
    ("variants", VARIANTS),
];

/// The sort of a topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sort {
    /// A way to keep data consistent.
    Pattern,
    /// A technique that arranges which service owns which data.
    Technique,
    /// A kind of fault.
    Fault,
    /// A property that patterns promise.
    Check,
    /// A measure.
    Measure,
    /// A file of a folder of results.
    Export,
    /// An outcome of operations.
    Outcome,
    /// Defaults for network and disk.
    Profile,
    /// A semantic point, which a fault can wait for.
    Point,
    /// A key of a scenario file.
    Key,
    /// A setting of a pattern, a technique or a fault.
    Setting,
    /// An entry of the glossary.
    Term,
}

impl Sort {
    /// All sorts, in the order in which they are shown.
    pub const ALL: [Self; 12] = [
        Self::Pattern,
        Self::Technique,
        Self::Fault,
        Self::Check,
        Self::Measure,
        Self::Export,
        Self::Outcome,
        Self::Profile,
        Self::Point,
        Self::Key,
        Self::Setting,
        Self::Term,
    ];

    /// Its name, in the singular.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pattern => "pattern",
            Self::Technique => "technique",
            Self::Fault => "fault",
            Self::Check => "check",
            Self::Measure => "measure",
            Self::Export => "export",
            Self::Outcome => "outcome",
            Self::Profile => "profile",
            Self::Point => "point",
            Self::Key => "key",
            Self::Setting => "setting",
            Self::Term => "term",
        }
    }
}

/// Something that can be explained.
pub struct Topic<'a> {
    /// The sort of the topic.
    pub sort: Sort,
    /// Its name. That of a key or a setting begins with its table or part: `services.workers`.
    pub name: String,
    /// Other names for it.
    pub others: Vec<String>,
    /// The topic in a few words.
    pub title: String,
    /// The line that a list shows.
    pub summary: String,
    /// Names of topics that explain it further.
    pub see: Vec<String>,
    page: Box<dyn Fn(Terminal) -> String + 'a>,
}

impl Topic<'_> {
    /// Its page.
    pub fn page(&self, terminal: Terminal) -> String {
        (self.page)(terminal)
    }

    /// The last part of the name of a key or a setting: what a scenario writes.
    fn key(&self) -> Option<&str> {
        let is_key = matches!(self.sort, Sort::Key | Sort::Setting);
        is_key.then(|| self.name.rsplit('.').next()).flatten()
    }

    /// Returns whether the topic has this name, among others.
    fn is_called(&self, name: &str) -> bool {
        self.names().any(|own| plain(own) == name)
    }

    /// Returns whether a name of it contains these words. A key or a setting counts by its last
    /// part.
    fn contains(&self, words: &str) -> bool {
        let of = |name: &str| format!("-{}-", plain(name).replace(['.', '#'], "-"));
        let inner = of(words);
        match self.key() {
            Some(key) => of(key).contains(&inner),
            None => self.names().any(|name| of(name).contains(&inner)),
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.others.iter().map(String::as_str))
    }
}

/// A name as it is compared: in lower case, with words joined by hyphens instead of blanks or
/// underscores.
pub fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '_'], "-")
}

/// The topics that a name stands for.
pub struct Found<'t, 'a> {
    /// The topics that have this name.
    pub named: Vec<&'t Topic<'a>>,
    /// The topics that it may mean as well: keys and settings with this last part, or else names
    /// that contain it.
    pub related: Vec<&'t Topic<'a>>,
}

/// Everything that can be explained.
pub struct Topics<'a>(Vec<Topic<'a>>);

impl<'a> Topics<'a> {
    /// All topics, with the parts that are registered.
    pub fn of(registries: &'a Registries, exports: &'a Exports) -> Self {
        let Registries { patterns, techniques, faults, properties, meters } = registries;
        let mut all = Vec::new();
        patterns.iter().for_each(|entry| part(Sort::Pattern, entry, &mut all));
        techniques.iter().for_each(|entry| part(Sort::Technique, entry, &mut all));
        faults.iter().for_each(|entry| part(Sort::Fault, entry, &mut all));
        all.extend(properties.iter().map(check));
        all.extend(meters.measures().into_iter().map(measure));
        all.extend(exports.iter().map(export));
        all.extend(Headline::ALL.map(outcome));
        all.extend(PROFILES.iter().map(profile));
        all.extend(points());
        file(registries, &mut all);
        let mut topics = Self(all);
        for entry in glossary::entries() {
            topics.add(entry);
        }
        topics
    }

    /// Adds an entry of the glossary, or the names that it gives to another topic.
    fn add(&mut self, entry: glossary::Entry) {
        let glossary::Entry { term, others, text, see } = entry;
        if text.is_empty() {
            let same = see.first().and_then(|name| self.0.iter_mut().find(|it| it.name == *name));
            if let Some(topic) = same {
                topic.others.extend(std::iter::once(term).chain(others));
            }
            return;
        }
        let head = format!("# {term}\n\n");
        let also = match others.as_slice() {
            [] => String::new(),
            others => format!("Also called: {}.", others.join(", ")),
        };
        let title = text.split_inclusive(['.', ':']).next().unwrap_or_default();
        self.0.push(Topic {
            sort: Sort::Term,
            title: title.trim_end_matches(['.', ':']).to_owned(),
            summary: text.clone(),
            name: term,
            others,
            see,
            page: Box::new(move |terminal| {
                let mut page = head.clone() + &terminal.fill("", "", &text);
                if !also.is_empty() {
                    page += &format!("\n{}", terminal.fill("", "", &also));
                }
                page
            }),
        });
    }

    /// All topics of a sort.
    pub fn of_sort(&self, sort: Sort) -> impl Iterator<Item = &Topic<'a>> {
        self.0.iter().filter(move |topic| topic.sort == sort)
    }

    /// Finds the topics that a name stands for.
    pub fn find(&self, name: &str) -> Found<'_, 'a> {
        let asked = plain(name);
        let mut named = self.called(&asked);
        if named.is_empty() {
            let other = asked.strip_suffix('s').map_or_else(|| format!("{asked}s"), str::to_owned);
            named = self.called(&other);
        }
        let is_new = |topic: &&Topic<'_>| !named.iter().any(|known| known.name == topic.name);
        let written = |topic: &&Topic<'_>| {
            topic.key().is_some_and(|key| key == asked || key.strip_suffix('s') == Some(&asked))
        };
        let mut related: Vec<&Topic<'a>> = self.0.iter().filter(is_new).filter(written).collect();
        if named.is_empty() && related.is_empty() {
            related = self.0.iter().filter(|topic| topic.contains(&asked)).collect();
        }
        Found { named, related }
    }

    /// The topics with this name. If it is another name for a term, the topics that the term refers
    /// to are included.
    fn called(&self, name: &str) -> Vec<&Topic<'a>> {
        let terms = self.of_sort(Sort::Term).filter(|term| term.is_called(name));
        let mut names: Vec<String> = terms.map(|term| plain(&term.name)).collect();
        names.push(name.to_owned());
        let is_meant = |topic: &&Topic<'_>| names.iter().any(|name| topic.is_called(name));
        let mut found: Vec<&Topic<'a>> = self.0.iter().filter(is_meant).collect();
        found.sort_by_key(|topic| topic.sort != Sort::Term);
        found
    }

    /// The topic that has exactly this name, as a reference.
    pub fn named(&self, name: &str) -> Option<&Topic<'a>> {
        self.0.iter().find(|topic| topic.name == name)
    }

    /// Known names that are like this one, the most alike first.
    pub fn alike(&self, name: &str) -> Vec<&str> {
        let names = self.0.iter().flat_map(|topic| topic.names().chain(topic.key()));
        alike(name, names)
    }
}

/// A registered part and its settings.
fn part<'a, T: ?Sized>(sort: Sort, entry: &'a Entry<Configurable<T>>, into: &mut Vec<Topic<'a>>) {
    let settings = settings(entry);
    for setting in &settings {
        let (head, page) = (format!("{} `{}`\n\n", sort.name(), entry.name), setting.clone());
        into.push(Topic {
            sort: Sort::Setting,
            name: format!("{}.{}", entry.name, setting.name),
            others: Vec::new(),
            title: setting.about.clone(),
            summary: setting.about.clone(),
            see: vec![entry.name.to_owned()],
            page: Box::new(move |terminal| head.clone() + &page.page(terminal)),
        });
    }
    into.push(Topic {
        sort,
        name: entry.name.into(),
        others: Vec::new(),
        title: entry.summary.into(),
        summary: entry.summary.into(),
        see: Vec::new(),
        page: Box::new(move |terminal| {
            let mut text = entry.page();
            if !settings.is_empty() {
                text += "\nSettings:\n";
            }
            for setting in &settings {
                text += &format!("\n{}", setting.page(terminal));
            }
            text
        }),
    });
}

fn check(entry: &PropertyEntry) -> Topic<'_> {
    Topic {
        sort: Sort::Check,
        name: entry.name.into(),
        others: Vec::new(),
        title: entry.summary.into(),
        summary: format!("{} [{}]", entry.summary, entry.kind.when.name()),
        see: Vec::new(),
        page: Box::new(|_| {
            format!("{}\nIt must be true: {}.\n", entry.page(), entry.kind.when.name())
        }),
    }
}

fn export(entry: &ExportEntry) -> Topic<'_> {
    Topic {
        sort: Sort::Export,
        name: entry.name.into(),
        others: Vec::new(),
        title: entry.summary.into(),
        summary: entry.summary.into(),
        see: Vec::new(),
        page: Box::new(|_| entry.page()),
    }
}

fn measure(measure: &Measure) -> Topic<'_> {
    let Measure { id, name, unit, better, values, covers, what, .. } = *measure;
    let counts_outcomes = Headline::ALL.into_iter().any(|headline| headline.measure().id == id);
    Topic {
        sort: Sort::Measure,
        name: id.into(),
        // The name of an outcome refers to the outcome, not to the measure that counts it.
        others: if counts_outcomes { Vec::new() } else { vec![name.into()] },
        title: name.into(),
        summary: format!("{name} [{}]: {what}", unit.name()),
        see: Vec::new(),
        page: Box::new(move |terminal| {
            let better = match better {
                Better::Lower => "Less is better.",
                Better::Higher => "More is better.",
                Better::Neither => "Neither direction is better by itself.",
            };
            let values = match values {
                Values::Many | Values::ManyUntilDeadline | Values::Once => format!(
                    "It has many values in a run: reports show `{id}.mean` (of what \
                     ended), `{id}.p50`, `{id}.p99` and `{id}.max`, and `[[expect]]` takes them \
                     and any other quantile."
                ),
                Values::One => format!("It has one value in a run: `{id}`."),
                Values::Greatest => format!(
                    "It has one value in a run: `{id}`. Over several runs it is the greatest one."
                ),
            };
            let parts = match covers {
                Covers::Pooled => format!(
                    "Here it is that of the operations that span several stores in the scenario \
                     as written, or of all if none does; each operation has its own, too: \
                     `operations.NAME.{id}`."
                ),
                Covers::All => format!(
                    "Here it is that of all operations, with what none of them caused, such as \
                     what a job or a broker does by itself; each operation has its own, too: \
                     `operations.NAME.{id}`."
                ),
                Covers::System => {
                    "It is that of the system as a whole: no operation has its own.".to_owned()
                }
            };
            let facts = format!("Unit: {}. {better} {values} {parts}", unit.name());
            let [what, facts] = [what, &*facts].map(|text| terminal.fill("", "", text));
            format!("# {id}: {name}\n\n{what}\n{facts}")
        }),
    }
}

/// The topic of an outcome, described as the measure that counts it.
fn outcome(headline: Headline) -> Topic<'static> {
    let (name, Measure { id, what, .. }) = (headline.name(), *headline.measure());
    let verdict = if headline.is_wrong() { "counts as wrong" } else { "does not count as wrong" };
    Topic {
        sort: Sort::Outcome,
        name: name.into(),
        others: Vec::new(),
        title: format!("an outcome that {verdict}"),
        summary: format!("{what} It {verdict}."),
        see: vec![id.to_owned(), "outcome".into()],
        page: Box::new(move |terminal| {
            let facts = format!("It {verdict}. In `[[expect]]`: `census = \"{name}\"`.");
            let [what, facts] = [what, &*facts].map(|text| terminal.fill("", "", text));
            format!("# {name}\n\n{what}\n{facts}")
        }),
    }
}

fn profile(profile: &Profile) -> Topic<'_> {
    let Profile { name, summary, delay, force, source } = *profile;
    Topic {
        sort: Sort::Profile,
        name: name.into(),
        others: Vec::new(),
        title: summary.into(),
        summary: summary.into(),
        see: vec!["scenario.profile".into(), "links".into(), "databases.force".into()],
        page: Box::new(move |terminal| {
            let source = terminal.fill("Source: ", "", source);
            format!(
                "# {name}\n\n{summary}\n\n  One-way delay of a message: {delay}\n  \
                 Forced write: {force}\n\n{source}"
            )
        }),
    }
}

/// The effects at semantic points, as the schema of triggers says.
fn points() -> Vec<Topic<'static>> {
    let schema = schemars::schema_for!(Hook).to_value();
    let hooks = schema["oneOf"].as_array().into_iter().flatten().map(|hook| {
        let name = hook["const"].as_str().unwrap_or_default().to_owned();
        let about = hook["description"].as_str().unwrap_or_default().replace('\n', " ");
        let (head, text) = (format!("# {name}\n\n"), about.clone());
        let trigger = format!("\nA fault that waits for it: `on = {{ what = \"{name}\" }}`.\n");
        Topic {
            sort: Sort::Point,
            name,
            others: Vec::new(),
            title: about.clone(),
            summary: about,
            see: vec!["semantic point".into(), "faults.on".into()],
            page: Box::new(move |terminal| head.clone() + &terminal.fill("", "", &text) + &trigger),
        }
    });
    hooks.collect()
}

/// The tables and keys of a scenario file.
fn file(registries: &Registries, into: &mut Vec<Topic<'_>>) {
    let tables = keys::tables(&scenario::schema(registries));
    let paths: Rc<[String]> = tables.iter().map(|table| table.path.clone()).collect();
    for table in tables {
        for key in &table.keys {
            let path = format!("{}.{}", table.path, key.name);
            if !paths.contains(&path) {
                let (head, key) = (format!("{}\n\n", table.head), key.clone());
                into.push(topic_of_key(path, &key.about.clone(), move |terminal| {
                    head.clone() + &key.page(terminal)
                }));
            }
        }
        let (path, about, paths) = (table.path.clone(), table.about.clone(), Rc::clone(&paths));
        let chapters = CHAPTERS.iter().filter(|(name, _)| *name == path);
        let chapters: String = chapters.map(|(_, source)| registry::page(source) + "\n").collect();
        into.push(topic_of_key(path, &about, move |terminal| {
            let keys = table.page(terminal, &|path| paths.iter().any(|it| it == path));
            chapters.clone() + &keys
        }));
    }
}

fn topic_of_key(
    path: String,
    about: &str,
    page: impl Fn(Terminal) -> String + 'static,
) -> Topic<'static> {
    Topic {
        sort: Sort::Key,
        name: path,
        others: Vec::new(),
        title: about.into(),
        summary: about.into(),
        see: Vec::new(),
        page: Box::new(page),
    }
}
