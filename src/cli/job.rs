//! A job: a comparison, a sweep or a fuzz as a plan says it, from its runs to a folder of results.
//!
//! A plan holds the scenario with its data, so that it can be carried to another machine. Its runs
//! have an order, point by point and seed by seed, and a run is known by its position in it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::archive;
use super::args::MOST_RUNS;
use super::args::Runs;
use super::compare::{check, intent, interrupt, verdict, whereabouts};
use super::figures::figures;
use super::hunted::FuzzRuns;
use super::moved::{Moves, run_moved};
use super::precision::Precision;
use super::results::Results;
use super::sought::Search;
use super::swept::{points, warnings};
use super::unfinished::Unfinished;
use super::work::{again, work};
use super::{Error, Exit, Session, remark, source};
use crate::experiment::compare::{Shelf, Study};
use crate::experiment::precision::Rule;
use crate::experiment::result::{Comparison, Figure};
use crate::experiment::sensitivity::{Design, Sensitivity};
use crate::experiment::sought::{Searched, Sought};
use crate::experiment::stop::Stop;
use crate::experiment::sweep::{Sweep, Swept};
use crate::report;
use crate::report::export::File;
use crate::report::human::some;
use crate::report::text::Terminal;
use crate::scenario::sweep::{Axis, AxisText, Point, bounded};
use crate::scenario::{Scenario, Source, Variant, load, render};

/// The format of plans that is written, and the only one that is read.
const FORMAT: u32 = 1;

/// The runs of a job, in a form that any machine can take a part of.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The number of the format.
    format: u32,
    /// The version of the program that made it, which must be that of all who run it.
    driftlab: String,
    /// The command whose results these are, such as `compare`.
    command: String,
    /// The options of that command, as they are typed.
    options: String,
    /// The name of the scenario.
    name: String,
    /// The text of the scenario.
    text: String,
    /// The data that it names, by their paths as written.
    data: BTreeMap<String, Data>,
    /// The variants, in the order in which they are told.
    variants: Vec<String>,
    /// The seeds.
    seeds: Vec<u64>,
    /// True if runs have fault-free twins.
    twins: bool,
    /// The axes of a sweep, as they are typed.
    vary: Vec<String>,
    /// The figures that a sweep tells; by default those that say something.
    measure: Vec<String>,
    /// The runs of a fuzz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fuzz: Option<FuzzRuns>,
    /// The assumptions that are moved, if any are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moves: Option<Moves>,
    /// The rule by which there are so many seeds, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    precision: Option<Precision>,
    /// The search whose values the points are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    search: Option<Search>,
}

/// The content of a file of data: text, as it should be, or whatever it is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Data {
    /// Text.
    Text(String),
    /// Bytes that are none.
    Bytes(Vec<u8>),
}

/// A job as the command line orders it.
#[derive(Default)]
pub struct Order {
    /// The command, such as `compare`.
    pub command: &'static str,
    /// Its options, as they are typed.
    pub options: String,
    /// The variants by name.
    pub variants: Vec<String>,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// True if runs have fault-free twins.
    pub twins: bool,
    /// The axes of a sweep, as they are typed.
    pub vary: Vec<String>,
    /// The figures that a sweep tells.
    pub measure: Vec<String>,
    /// The runs of a fuzz.
    pub fuzz: Option<FuzzRuns>,
    /// The assumptions that are moved.
    pub moves: Option<Moves>,
    /// The rule by which there are so many seeds.
    pub precision: Option<Precision>,
    /// The search whose values the points are.
    pub search: Option<Search>,
}

impl Plan {
    /// The plan of an order.
    pub fn new(scenario: &Scenario, order: Order) -> Self {
        let data = scenario.inputs.all_data().map(|(path, bytes)| {
            let text = String::from_utf8(bytes.to_vec());
            let data = text.map_or_else(|error| Data::Bytes(error.into_bytes()), Data::Text);
            (path.to_owned(), data)
        });
        let data = data.collect();
        Self {
            format: FORMAT,
            driftlab: env!("CARGO_PKG_VERSION").into(),
            command: order.command.into(),
            options: order.options,
            name: scenario.name.clone(),
            text: scenario.inputs.text().into(),
            data,
            variants: order.variants,
            seeds: order.seeds,
            twins: order.twins,
            vary: order.vary,
            measure: order.measure,
            fuzz: order.fuzz,
            moves: order.moves,
            precision: order.precision,
            search: order.search,
        }
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// If it is none, or of another version of the program.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let plan: Self = serde_json::from_slice(bytes)
            .map_err(|error| Error::Usage(format!("this is no plan: {error}")))?;
        let ours = env!("CARGO_PKG_VERSION");
        if plan.format != FORMAT || plan.driftlab != ours {
            let theirs = &plan.driftlab;
            let message = format!("the plan is of driftlab {theirs}, and this is {ours}");
            return Err(Error::Usage(message));
        }
        if plan.fuzz.as_ref().is_some_and(|fuzz| !(1..=MOST_RUNS).contains(&fuzz.runs)) {
            let message = format!("a plan has from 1 to {MOST_RUNS} runs of each variant");
            return Err(Error::Usage(message));
        }
        Ok(plan)
    }

    /// The plan as one line of text.
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The name of the plan: a hash of all that it says.
    pub fn id(&self) -> String {
        format!("{:016x}", xxh3_64(self.line().as_bytes()))
    }

    /// The command that gives the same bytes again, with the scenario at this path.
    fn again(&self, scenario: &str) -> String {
        format!("driftlab {} {}{}", self.command, super::quote(scenario), self.options)
    }
}

/// A plan with its scenario, ready to be run.
pub struct Job {
    /// The plan.
    pub plan: Plan,
    /// The scenario.
    pub scenario: Scenario,
    axes: Vec<Axis>,
    figures: Vec<Figure>,
    points: Vec<Point>,
    design: Option<Design>,
    rule: Option<Rule>,
    sought: Vec<Sought>,
}

/// The outcome of a job.
pub enum Outcome {
    /// Of a comparison.
    Compared(Box<Comparison>),
    /// Of a comparison whose assumptions were moved.
    Moved(Box<Comparison>, Box<Sensitivity>),
    /// Of a sweep.
    Swept(Box<Swept>),
}

impl Job {
    /// The job of a plan, read as it was carried here.
    ///
    /// # Errors
    /// If the scenario cannot be read by this program.
    pub fn of(session: &Session, plan: Plan) -> Result<Self, Error> {
        let source = Source { name: format!("{}.toml", plan.name), text: plan.text.clone() };
        let files = |path: &str| match plan.data.get(path) {
            Some(Data::Text(text)) => Ok(text.clone().into_bytes()),
            Some(Data::Bytes(bytes)) => Ok(bytes.clone()),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        let (scenario, problems) = load(&source, &files, &session.registries);
        let scenario = scenario
            .ok_or_else(|| Error::Scenario(render(&source, &problems, session.colour_errors)))?;
        Self::new(session, scenario, plan)
    }

    /// The job of a plan with its scenario.
    ///
    /// # Errors
    /// If the plan names what the scenario does not have.
    pub fn new(session: &Session, scenario: Scenario, plan: Plan) -> Result<Self, Error> {
        for name in &plan.variants {
            super::compare::find(&scenario, name)?;
        }
        let axis = |text: &String| AxisText::parse(text).map(|axis| axis.axis());
        let axes: Result<Vec<Axis>, _> = plan.vary.iter().map(axis).collect();
        let axes = axes.map_err(|problem| Error::Usage(problem.message))?;
        bounded(&axes).map_err(|reason| Error::Usage(reason.words))?;
        let mut figures = figures(session, &scenario, &plan.measure)?;
        let points = points(&scenario, &axes)?;
        let design = match &plan.moves {
            Some(moves) => {
                let named = |name: &String| scenario.variant(name);
                let variants: Vec<&Variant> = plan.variants.iter().filter_map(named).collect();
                Some(moves.design(&scenario, &variants)?)
            }
            None => None,
        };
        let rule = match &plan.precision {
            Some(precision) => Some(precision.rule(session, &scenario)?),
            None => None,
        };
        let sought = match &plan.search {
            Some(search) => search.sought(session, &scenario, &plan.variants)?,
            None => Vec::new(),
        };
        for Sought { figure, .. } in &sought {
            if !figures.contains(figure) {
                figures.push(figure.clone());
            }
        }
        Ok(Self { plan, scenario, axes, figures, points, design, rule, sought })
    }

    /// The runs of a fuzz, and its variants, if it is one.
    pub fn fuzz(&self) -> Option<(&FuzzRuns, Vec<&Variant>)> {
        let fuzz = self.plan.fuzz.as_ref()?;
        let named = |name: &String| self.scenario.variant(name);
        Some((fuzz, self.plan.variants.iter().filter_map(named).collect()))
    }

    /// The studies of its points.
    pub fn studies(&self) -> Vec<Study<'_>> {
        let lists = self.axes.is_empty();
        let studies = self.sweep().studies().into_iter();
        let studies = studies.map(|study| Study { lists, ..study });
        let Plan { variants, seeds, .. } = &self.plan;
        let moved = self.design.iter().flat_map(|design| design.studies(variants, seeds));
        studies.chain(moved).collect()
    }

    fn sweep(&self) -> Sweep<'_> {
        let Plan { variants, seeds, twins, .. } = &self.plan;
        let (variants, seeds) = (variants.clone(), seeds.clone());
        Sweep { points: &self.points, variants, seeds, twins: *twins }
    }

    /// The announcement of it.
    fn intent(&self) -> String {
        let studies = self.studies();
        let first = studies.first().map_or_else(String::new, intent);
        match (&self.design, self.axes.is_empty()) {
            (Some(design), _) => {
                let assumptions = some(design.assumptions.len(), "assumption");
                format!("{assumptions}, {}, each: {first}", some(studies.len(), "comparison"))
            }
            (None, true) => first,
            (None, false) => format!("{}, each: {first}", some(self.points.len(), "point")),
        }
    }

    /// Runs what is not on the shelf. Gives the outcome, unless nothing was finished, and whether
    /// everything was.
    pub fn run(
        &self,
        shelf: &dyn Shelf,
        stop: &Stop,
        done: &(dyn Fn() + Sync),
    ) -> Option<(Outcome, bool)> {
        let inputs = &self.scenario.inputs;
        let mut command = self.plan.again(&inputs.path());
        if inputs.reach_above() {
            command.push_str(" --allow-path scenario");
        }
        if let Some(design) = &self.design {
            let moved = run_moved(design, &self.studies(), &self.scenario, (shelf, stop, done))?;
            let (mut comparison, found) = moved;
            comparison.command = command;
            return Some((Outcome::Moved(comparison.into(), found.into()), true));
        }
        if self.axes.is_empty() {
            let studies = self.studies();
            let study = studies.first()?;
            let compared = study.resume(shelf, stop, done);
            let (finished, all) = (compared.finished, study.seeds.len());
            let mut comparison = compared.comparison?;
            comparison.command = command;
            if let Some(rule) = &self.rule {
                comparison.answers = report::precision::answer(rule, &comparison);
            }
            if finished < all {
                let warning = format!("Interrupted: these are {finished} of {all} seeds.");
                comparison.warnings.push(warning);
            }
            return Some((Outcome::Compared(comparison.into()), finished == all));
        }
        let finished = self.sweep().run(shelf, stop, done);
        let is_whole = finished.len() == self.points.len();
        let warnings = warnings(&self.axes, &finished, self.points.len());
        let figures = match &self.figures[..] {
            [] => Swept::telling(&finished),
            named => named.to_vec(),
        };
        let inputs = Arc::clone(inputs);
        let axes = self.axes.clone();
        let (points, searches) = (finished, Vec::new());
        let mut swept = Swept { axes, points, figures, inputs, command, warnings, searches };
        let sought = self.sought.iter().cloned();
        swept.searches = sought.filter_map(|sought| sought.among(&swept)).collect();
        let is_whole = is_whole && swept.searches.len() == self.sought.len();
        (!swept.points.is_empty()).then(|| (Outcome::Swept(swept.into()), is_whole))
    }

    /// The folder of its results below `reports`.
    pub fn folder(&self) -> String {
        let more = match () {
            () if self.plan.fuzz.is_some() => "/counterexamples",
            () if self.design.is_some() => "-sensitivity",
            () if self.axes.is_empty() => "",
            () => "-sweep",
        };
        format!("{}{more}", self.scenario.name)
    }

    /// The names of the files in which its runs are kept, in their order.
    pub fn names(&self) -> Vec<String> {
        let studies = self.studies();
        let ids = studies.iter().flat_map(Study::ids);
        ids.map(super::unfinished::name).collect()
    }
}

impl Outcome {
    /// The files of its folder.
    pub fn files(&self, session: &Session) -> Vec<File> {
        match self {
            Self::Compared(comparison) => session.exports.files(comparison),
            Self::Moved(comparison, found) => {
                let mut files = session.exports.files(comparison);
                files.extend(report::sensitivity::files(found, comparison));
                files.sort_by(|a, b| a.path.cmp(&b.path));
                files
            }
            Self::Swept(swept) => report::sweep::files(swept),
        }
    }

    /// The text that a terminal shows of it, every table of a comparison if `details` says so.
    pub fn render(&self, terminal: Terminal, details: bool) -> String {
        match self {
            Self::Compared(comparison) => report::terminal::render(comparison, terminal, details),
            Self::Moved(comparison, found) => {
                report::sensitivity::render(found, comparison, terminal)
            }
            Self::Swept(swept) => report::sweep::render(swept, terminal),
        }
    }

    /// The exit code that it stands for. A sweep judges nothing; a search without any number is
    /// undecided, and so is what differences hang on where none is stated.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Compared(comparison) => verdict(comparison),
            Self::Moved(_, found) if found.stated.is_empty() => Exit::Undecided,
            Self::Swept(swept) if !swept.searches.iter().all(Searched::has_numbers) => {
                Exit::Undecided
            }
            Self::Moved(..) | Self::Swept(_) => Exit::Held,
        }
    }
}

/// Where the results of a job go.
pub struct Place<'a> {
    /// The folder that was asked for.
    pub out: Option<&'a Path>,
    /// The folder that is taken otherwise, below `reports`.
    pub named: String,
    /// True to start over instead of resuming.
    pub fresh: bool,
}

/// Replaces results, unless a signal comes meanwhile: then they are as they were (false). One that
/// has come before has ended the runs, and what was finished of them is written.
pub fn put(results: &Results, files: &[File], stop: &Stop) -> Result<bool, Error> {
    let before = stop.is_set();
    let cut = || stop.is_set() && !before;
    match results.replace(files, &cut) {
        Err(_) if cut() => Ok(false),
        written => Ok(written.map(|()| true)?),
    }
}

/// The folder of results to be, what is kept until it is there, and what ends the work early.
pub struct Workshop {
    folder: PathBuf,
    results: Results,
    /// The flag that ends it.
    pub stop: Stop,
    /// The finished runs.
    pub kept: Arc<Unfinished>,
}

impl Workshop {
    /// Claims the place of results of a scenario.
    ///
    /// # Errors
    /// If it cannot hold results.
    pub fn open(
        session: &Session,
        scenario: &Scenario,
        runs: &Runs,
        place: &Place<'_>,
    ) -> Result<Self, Error> {
        let named = || PathBuf::from("reports").join(&place.named);
        let folder = place.out.map_or_else(named, Path::to_owned);
        let results = Results::claim(&folder)?;
        let stop = interrupt(session, runs.limits.stop());
        let kept = Unfinished::open(results.aside("unfinished"), scenario, place.fresh);
        Ok(Self { folder, results, stop, kept: Arc::new(kept) })
    }
}

/// Carries out a job here: runs what is not finished, writes the folder, shows the outcome.
pub fn carry_out(
    session: &Session,
    job: &Job,
    runs: &Runs,
    place: &Place<'_>,
    show: impl FnOnce(&Outcome) -> Result<Exit, Error>,
) -> Result<Exit, Error> {
    source::bound(session, &runs.scenario, &job.studies(), &runs.limits)?;
    let workshop = Workshop::open(session, &job.scenario, runs, place)?;
    remark(session, &job.intent());
    carry_on(session, job, runs, (&workshop, place.out), show)
}

/// Carries out a job in a workshop, whose folder may have been typed.
pub fn carry_on(
    session: &Session,
    job: &Job,
    runs: &Runs,
    (workshop, typed): (&Workshop, Option<&Path>),
    show: impl FnOnce(&Outcome) -> Result<Exit, Error>,
) -> Result<Exit, Error> {
    let Workshop { folder, results, stop, kept } = workshop;
    let run = |done: &(dyn Fn() + Sync)| job.run(&**kept, stop, done);
    let outcome = work(session, &job.studies(), kept, &runs.workers, run)?;
    check(stop)?;
    let Some((outcome, is_whole)) = outcome else {
        remark(session, "interrupted before anything whole was finished: there are no results\n");
        remark(session, again(kept));
        return Ok(Exit::Interrupted);
    };
    let mut files = outcome.files(session);
    if is_whole && !kept.has_failed() {
        files.push(archive::file(&job.plan, Arc::clone(kept), job.names()));
    }
    if !put(results, &files, stop)? {
        remark(session, "interrupted while the results were written: the folder is as it was\n");
        remark(session, again(kept));
        return Ok(Exit::Interrupted);
    }
    show(&outcome)?;
    let command = job.plan.again(&runs.scenario.display().to_string());
    remark(session, &whereabouts(session, folder, typed, &command));
    if !is_whole {
        remark(session, again(kept));
        return Ok(Exit::Interrupted);
    }
    kept.clear();
    Ok(outcome.exit())
}
