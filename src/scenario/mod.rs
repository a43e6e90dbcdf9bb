//! Scenario files: text to a typed [`System`] with variants and faults, or all problems at once.
//!
//! ```text
//! text ──► positioned TOML ──► `file`: what is written ──► `resolve`: what it refers to ──► System
//!             (syntax)         (keys, types, ranges)        (names, ownership, cycles)
//! ```
//!
//! Every stage reports everything it finds, as [`Problem`]s with positions in the text; one place
//! ([`render`]) shows them in the manner of rustc. `file` is also the reference of the format:
//! the JSON Schema ([`schema`]) is generated from the same declarations that decode it.
//!
//! Nothing here reads a file: the caller hands in the text and the bytes of the CSV files that a
//! scenario names. A scenario's hash covers both.

pub mod assumption;
mod change;
pub mod counterexample;
mod data;
mod decode;
mod dist;
pub mod estimate;
mod file;
mod inputs;
mod keepalive;
mod measured;
mod operation;
mod plan;
mod problem;
mod profile;
mod render;
mod resolve;
mod schema;
mod settle;
mod shape;
mod suggest;
pub mod sweep;
mod technique;
mod trace;
mod values;
mod variant;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::Arc;

pub use change::Change;
pub use data::Files;
pub use inputs::Inputs;
pub use problem::{Code, Label, Place, Problem, Severity, any_error};
pub use profile::{PROFILES, Profile};
pub use render::render;
pub use schema::{opened, schema};
pub use settle::Settling;
pub use shape::{BY_PROFILE, SOURCE, UNIT};
pub use suggest::{alike, either, nearest};
pub use variant::MANUAL as VARIANTS;

use crate::checks::expectation::Expectation;
use crate::checks::measures::meter::Meters;
use crate::checks::properties::Properties;
use crate::faults::fault::Faults;
use crate::faults::plan::PlannedFault;
use crate::faults::random::{self, Nemesis};
use crate::faults::target::{CLIENTS, DRIVERS, ROLE};
use crate::kernel::{RandomStreams, Span};
use crate::model::system::{Name, System};
use crate::patterns::pattern::{Patterns, Prepared};
use crate::techniques::technique::Techniques;
use data::Data;
use decode::{Decode, Decoder};
use estimate::Estimate;
use file::File;
use sweep::AxisText;
use values::Settle;

/// A scenario file: its path and its text.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path, as problems show it.
    pub name: String,
    /// The text.
    pub text: String,
}

/// The parts that a scenario may name: patterns, techniques, kinds of fault, properties and meters.
#[derive(Clone, Default)]
pub struct Registries {
    /// The patterns.
    pub patterns: Patterns,
    /// The ownership techniques.
    pub techniques: Techniques,
    /// The kinds of fault.
    pub faults: Faults,
    /// The properties that patterns may promise.
    pub properties: Arc<Properties>,
    /// The meters, beside the measures that driftlab brings.
    pub meters: Arc<Meters>,
}

impl Registries {
    /// The parts that driftlab brings.
    pub fn builtin() -> Self {
        Self {
            patterns: Patterns::builtin(),
            techniques: Techniques::builtin(),
            faults: Faults::builtin(),
            properties: Arc::new(Properties::builtin()),
            meters: Arc::default(),
        }
    }
}

/// A scenario that is free of errors and can be run.
#[derive(Clone)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// The subject of the scenario.
    pub about: Option<String>,
    /// Its first seed.
    pub seed: u64,
    /// Hash (xxh3) of the bytes of the file and of all CSV files that it names.
    pub hash: u64,
    /// The file and the CSV files that it names, from which it can be run again.
    pub inputs: Arc<Inputs>,
    /// The name of the profile with the defaults for network and disk.
    pub profile: String,
    /// The system as the file lays it out. Services, operations, loads and the tables of the file
    /// have the same numbers in every variant; techniques add behind them.
    pub system: Arc<System>,
    /// The number of operations that `driftlab explore` offers, and the length of its outages.
    pub explore: ExploreSpec,
    /// The variants to compare.
    pub variants: Vec<Variant>,
    /// The written faults, in the order of the file.
    pub faults: Vec<PlannedFault>,
    /// The expectations of measures and outcomes.
    pub expectations: Vec<Expectation>,
    /// The properties by which runs are judged.
    pub properties: Arc<Properties>,
    /// The meters that measure runs, beside the measures that driftlab brings.
    pub meters: Arc<Meters>,
    /// The axes of its sweep; none if it has no `[sweep]`.
    pub sweep: Vec<sweep::Axis>,
    /// The changes against its file, in words; empty if there are none.
    pub changes: String,
    /// The random faults, drawn for each seed.
    pub nemeses: Vec<Nemesis>,
    /// The roles that a fault may strike, each once, as `role:NAME`.
    pub roles: Vec<String>,
    /// The settings in force, each with its origin.
    pub values: Vec<ValueUsed>,
    /// The parts that it may name; it is read again with them when values are changed.
    pub registries: Arc<Registries>,
}

/// The problems of a text that is no valid scenario.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{rendered}")]
pub struct Invalid {
    /// The problems, in the order of the text.
    pub problems: Vec<Problem>,
    /// The problems as a terminal without colours shows them, each with an excerpt of the text.
    rendered: String,
}

/// The number of operations that `driftlab explore` offers, and the length of its outages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExploreSpec {
    /// How many operations are offered.
    pub operations: u16,
    /// The time that a crashed node stays down.
    pub outage: Span,
}

/// A variant of a scenario: one side of a comparison.
#[derive(Clone)]
pub struct Variant {
    /// Its name.
    pub name: Name,
    /// The names of its techniques, as in `delegate + replicate`, and of those to which it
    /// switches.
    pub technique: String,
    /// The pattern or patterns by which operations are carried out.
    pub pattern: Arc<dyn Prepared>,
    /// The system as the technique lays it out.
    pub system: Arc<System>,
    /// The name of its own random numbers; without one it has those of the other variants.
    pub random_numbers: Option<Arc<str>>,
    /// The time that it needs to settle after the load.
    pub settles: Settling,
    /// The estimated cost of a run.
    pub estimate: Estimate,
    /// The invariants that it is meant to violate, by name.
    pub meant_to_fail: Vec<Arc<str>>,
}

/// A setting in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ValueUsed {
    /// Its key, such as `services.ticket.workers`.
    pub key: String,
    /// Its value as TOML.
    pub value: String,
    /// The origin of the value.
    pub origin: Origin,
}

/// The origin of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The scenario file.
    File,
    /// The profile.
    Profile {
        /// The name of the profile.
        name: &'static str,
        /// The source of the value in the profile.
        source: &'static str,
    },
    /// The documented default.
    Default {
        /// The source of the default.
        source: &'static str,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("file"),
            Self::Profile { name, source } => write!(f, "profile {name}: {source}"),
            Self::Default { source } => write!(f, "default: {source}"),
        }
    }
}

impl Scenario {
    /// Reads a scenario that names no other file, for programs that have its text at hand.
    ///
    /// # Errors
    /// All its problems.
    pub fn from_text(text: &str, registries: &Registries) -> Result<Self, Invalid> {
        let source = Source { name: "scenario".into(), text: text.into() };
        let no_file = |_: &str| Err(io::Error::other("a scenario from text has no file beside it"));
        let (scenario, problems) = load(&source, &no_file, registries);
        scenario.ok_or_else(|| {
            let rendered = render(&source, &problems, false);
            Invalid { problems, rendered }
        })
    }

    /// The plan of faults for a seed: the written faults, then those that are drawn for the seed.
    pub fn plan(&self, seed: u64) -> Arc<[PlannedFault]> {
        random::plan(&self.faults, &self.nemeses, &self.system, &RandomStreams::new(seed)).into()
    }

    /// Returns the scenario with other values for these keys. The result keeps the hash of the
    /// file, and warnings are left out.
    ///
    /// # Errors
    /// The problems of the changed scenario; an empty list if a change names no place.
    pub fn changed(&self, changes: &[Change]) -> Result<Self, Vec<Problem>> {
        let text = change::changed(self.inputs.text(), changes).ok_or_else(Vec::new)?;
        let changes = change::words(changes);
        self.reread(text).map(|scenario| Self { hash: self.hash, changes, ..scenario })
    }

    /// Reads another text with the same CSV files and the same parts to name.
    fn reread(&self, text: String) -> Result<Self, Vec<Problem>> {
        let source = Source { name: self.name.clone(), text };
        let files = |path: &str| {
            let data = self.inputs.data(path).map(<[u8]>::to_vec);
            data.ok_or_else(|| io::ErrorKind::NotFound.into())
        };
        let (scenario, problems) = load(&source, &files, &self.registries);
        scenario.ok_or(problems)
    }

    /// The variant with this name.
    pub fn variant(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| &*variant.name.shown == name)
    }
}

/// Reads a scenario. `files` reads the CSV files that it names, by their path as written.
///
/// Returns the scenario, or nothing if any problem is an error, and all problems in the order of
/// the text; warnings may accompany a scenario.
pub fn load(
    source: &Source,
    files: Files<'_>,
    registries: &Registries,
) -> (Option<Scenario>, Vec<Problem>) {
    let text = source.text.as_str();
    let (tree, errors) = toml::de::DeTable::parse_recoverable(text);
    let mut syntax: Vec<Problem> = errors.iter().map(syntax_problem).collect();
    // The parser reports the same problem for every bracket that is never closed; one report is
    // enough.
    syntax.dedup();
    let mut decoder = Decoder::new(text, Data::new(files), registries);
    if let Some(profile) = named_profile(tree.get_ref()) {
        decoder.profile = profile;
    }
    let root = toml::Spanned::new(tree.span(), toml::de::DeValue::Table(tree.into_inner()));
    let file = File::decode(&root, &mut decoder);
    let mut problems = std::mem::take(&mut decoder.problems);
    let mut scenario = None;
    if !syntax.is_empty() {
        let lines = Lines::of(text);
        let broken: BTreeSet<usize> = syntax.iter().map(|it| lines.at(it.place())).collect();
        problems.retain(|problem| survives(problem, &broken, &lines));
        problems.extend(syntax);
    } else if let Some(file) = file {
        let roles = roles(&file, &registries.patterns);
        let resolved = {
            let measures = registries.meters.measures();
            resolve::resolve(&file, &decoder.data, &roles, &measures, &mut problems)
        };
        if let Some(resolved) = &resolved {
            let settle = resolved.system.phases.settle;
            let auto = |used: &&mut ValueUsed| {
                used.key == "scenario.settle" && file.scenario.settle.value == Settle::Auto
            };
            if let Some(used) = decoder.values.iter_mut().find(auto) {
                used.value = format!("\"auto\": {settle}");
            }
        }
        scenario = resolved.filter(|_| !any_error(&problems)).map(|resolved| Scenario {
            name: file.scenario.name.value.clone(),
            about: file.scenario.about.clone(),
            seed: file.scenario.seed.0,
            hash: decoder.data.hash(text),
            inputs: Inputs::new(&file.scenario.name.value, text, decoder.data.files()).into(),
            profile: decoder.profile.name.to_owned(),
            system: resolved.system,
            explore: ExploreSpec::of(&file),
            variants: resolved.variants,
            faults: resolved.faults,
            expectations: resolved.expectations,
            properties: Arc::clone(&registries.properties),
            meters: Arc::clone(&registries.meters),
            sweep: file.sweep.0.iter().map(AxisText::axis).collect(),
            changes: String::new(),
            nemeses: resolved.nemeses,
            roles,
            values: std::mem::take(&mut decoder.values),
            registries: registries.clone().into(),
        });
        if let Some(scenario) = &scenario {
            problems.extend(file.sweep.0.iter().flat_map(|axis| axis.check(scenario)));
        }
        scenario = scenario.filter(|_| !any_error(&problems));
    }
    drop_echoes(&mut problems);
    problems.sort_by_key(|problem| problem.place().start);
    (scenario, problems)
}

impl ExploreSpec {
    fn of(File { explore, .. }: &File) -> Self {
        Self { operations: explore.operations.0 as u16, outage: explore.outage.0 }
    }
}

/// The roles that a fault may strike: all drivers, all clients, and the roles of the drivers of
/// every pattern, so that one plan of faults fits every variant.
fn roles(file: &File, patterns: &Patterns) -> Vec<String> {
    let mut roles = vec![DRIVERS.to_owned(), CLIENTS.to_owned()];
    let variants = file.variants.iter().flat_map(|(_, _, variant)| variant.pattern.drivers());
    for role in patterns.roles().into_iter().chain(variants.map(|driver| driver.role)) {
        let role = format!("{ROLE}{role}");
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    roles
}

/// The profile that a file names. The defaults of other sections come from it, so it is read before
/// them.
fn named_profile(root: &toml::de::DeTable<'_>) -> Option<&'static Profile> {
    let head = root.get("scenario")?.get_ref().as_table()?;
    Profile::named(head.get("profile")?.get_ref().as_str()?)
}

fn syntax_problem(error: &toml::de::Error) -> Problem {
    let place = error.span().unwrap_or(0..0);
    Problem::error(Code::Syntax, &place, error.message(), "")
}

/// Drops problems that only follow from another one: that a section is missing whose name is
/// misspelt, and that a table has no rows whose number cannot be read. If there is any error, the
/// warnings that nothing writes a word, that nothing arrives and that a setting does nothing are
/// dropped, too: the part that would write, arrive or act may be the one with the error.
fn drop_echoes(problems: &mut Vec<Problem>) {
    let misspelt = |section: &str| problems.iter().any(|it| it.meant.as_deref() == Some(section));
    let wrong = |it: &Problem| matches!(it.code, Code::WrongType | Code::WrongValue);
    let echoes = [
        (misspelt("load"), Code::NoLoad),
        (misspelt("variants"), Code::NoVariants),
        (problems.iter().any(|it| wrong(it) && it.is_about("rows")), Code::NoRows),
    ];
    let uncertain = any_error(problems);
    problems.retain(|problem| {
        let doubtful = [Code::NeverWritten, Code::NoArrivals, Code::DoesNothing]
            .contains(&problem.code)
            && problem.severity == Severity::Warning;
        !(echoes.contains(&(true, problem.code)) || uncertain && doubtful)
    });
}

/// Returns whether a problem is likely to be more than a consequence of a syntax error. A missing
/// key may have been on a line that could not be parsed, and a value on such a line was read
/// wrongly.
fn survives(problem: &Problem, broken: &BTreeSet<usize>, lines: &Lines) -> bool {
    // The place of a key that is missing is empty.
    let lost = problem.code == Code::MissingKey || problem.place().is_empty();
    !lost && !broken.contains(&lines.at(problem.place()))
}

/// The positions at which the lines of a text end.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect(),
        )
    }

    /// The line of a place, counted from 0.
    fn at(&self, place: Place) -> usize {
        self.0.partition_point(|end| *end < place.start)
    }
}
