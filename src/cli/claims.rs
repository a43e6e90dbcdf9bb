//! `driftlab claims`: statements about ownership and consistency, judged by measurement.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::args::{Claims as Args, Format, Workers};
use super::compare::{check, interrupt};
use super::examples;
use super::job::put;
use super::results::Results;
use super::unfinished::Unfinished;
use super::work::{again, work};
use super::{Error, Exit, Session, output, print, quote, remark, write};
use crate::claims::{Claim, Claims, Found, JudgedClaim, Turn, found};
use crate::experiment::compare::Study;
use crate::experiment::result::Comparison;
use crate::experiment::stop::Stop;
use crate::report::{self, human};
use crate::scenario::sweep::AxisText;
use crate::scenario::{Change, Problem, Registries, Scenario, nearest};

/// `driftlab claims`.
pub fn claims(session: &Session, args: &Args) -> Result<Exit, Error> {
    let all = Claims::all();
    let chosen = choose(&all, &args.only)?;
    let folder = args.out.clone().unwrap_or_else(|| PathBuf::from("reports/claims"));
    let results = Results::claim(&folder)?;
    let stop = interrupt(session, Stop::default());
    let unfinished = results.aside("unfinished");
    let mut judged: BTreeMap<&str, JudgedClaim> = BTreeMap::new();
    let mut is_whole = true;
    let shelves = scenarios(&chosen).into_iter().enumerate();
    let shelves = shelves.map(|(number, name)| -> Result<Unfinished, Error> {
        let its: Vec<&Claim> = chosen.iter().copied().filter(|it| it.scenario == name).collect();
        let many = human::some(its.len(), "claim");
        remark(session, &format!("{}. {name}: {many}\n", number + 1));
        let scenario = scenario(&all, name)?;
        let kept =
            Unfinished::open(unfinished.join(output::file_name(name)), &scenario, args.fresh);
        let bench = Bench { session, args, scenario: &scenario, kept: &kept, stop: &stop };
        match bench.judge(&all, &its)? {
            Some(found) => judged.extend(its.iter().map(|it| &*it.id).zip(found)),
            None => is_whole = false,
        }
        Ok(kept)
    });
    let shelves: Vec<Unfinished> = shelves.collect::<Result<_, _>>()?;
    let found: Vec<JudgedClaim> =
        chosen.iter().filter_map(|claim| judged.remove(&*claim.id)).collect();
    let command = command(args);
    if is_whole && put(&results, &report::claims::files(&found, &command), &stop)? {
        shelves.iter().for_each(Unfinished::clear);
        let _ = std::fs::remove_dir(&unfinished); // It is empty, or another claim's run is in it.
    } else {
        is_whole = false;
    }
    match args.format {
        Format::Human => print(&report::claims::render(&found, session.terminal))?,
        Format::Json => print(&format!("{:#}\n", report::claims::json(&found, &command)))?,
        Format::Csv => write(&report::claims::csv(&found))?,
    };
    if !is_whole {
        remark(session, shelves.last().map_or("interrupted\n", again));
        return Ok(Exit::Interrupted);
    }
    remark(session, &format!("{command}\nthe page is {}\n", folder.join("index.html").display()));
    Ok(exit(&found))
}

/// The claims with these ids or of these sources; all without any.
fn choose<'c>(all: &'c Claims, only: &[String]) -> Result<Vec<&'c Claim>, Error> {
    for name in only {
        if !all.claims.iter().any(|claim| claim.id == *name || claim.source() == *name) {
            let sources = all.sources.iter().map(|source| &*source.id);
            let names = all.claims.iter().map(|claim| &*claim.id).chain(sources);
            let hint = nearest(name, names).map(|name| format!("\nhint: did you mean `{name}`?"));
            let hint = hint.unwrap_or_default();
            return Err(Error::Usage(format!("there is no claim or source `{name}`{hint}")));
        }
    }
    let is_wanted = |claim: &&Claim| {
        only.is_empty() || only.iter().any(|name| claim.id == *name || claim.source() == *name)
    };
    Ok(all.claims.iter().filter(is_wanted).collect())
}

/// The scenarios of some claims, each once, in their order.
fn scenarios<'c>(claims: &[&'c Claim]) -> Vec<&'c str> {
    let mut names: Vec<&str> = Vec::new();
    for claim in claims {
        if !names.contains(&&*claim.scenario) {
            names.push(&claim.scenario);
        }
    }
    names
}

/// A scenario that ships, with the expectations of all its claims.
fn scenario(all: &Claims, name: &str) -> Result<Scenario, Error> {
    let text = examples::text(name)?;
    let text = all.with_expectations(name, text);
    Scenario::from_text(&text, &Registries::builtin())
        .map_err(|invalid| Error::Scenario(invalid.to_string()))
}

/// The command that judges the same claims again.
fn command(args: &Args) -> String {
    let mut command = "driftlab claims".to_owned();
    if !args.only.is_empty() {
        command.push_str(&format!(" --only {}", quote(&args.only.join(","))));
    }
    if args.check {
        command.push_str(" --check");
    }
    command + &format!(" --seeds {}", args.seeds)
}

/// The exit code: that of the worst claim, and a violation for one that its change does not turn.
fn exit(judged: &[JudgedClaim]) -> Exit {
    let any = |is: &dyn Fn(&JudgedClaim) -> bool| judged.iter().any(is);
    match () {
        () if any(&|it| it.found() == Found::Contradicted || it.is_stuck()) => Exit::Violated,
        () if any(&|it| it.found() == Found::Undecided) => Exit::Undecided,
        () => Exit::Held,
    }
}

/// A scenario with what its claims are judged by.
struct Bench<'a> {
    session: &'a Session,
    args: &'a Args,
    scenario: &'a Scenario,
    kept: &'a Unfinished,
    stop: &'a Stop,
}

impl Bench<'_> {
    /// Judges claims of the scenario; none after an interruption.
    fn judge(&self, all: &Claims, claims: &[&Claim]) -> Result<Option<Vec<JudgedClaim>>, Error> {
        let needed = |name: &str| {
            claims.iter().any(|claim| claim.variants(self.scenario).iter().any(|it| it == name))
        };
        let variants = self.scenario.variants.iter().filter(|it| needed(&it.name.shown));
        let study = Study { variants: variants.collect(), ..self.study(self.scenario) };
        let Some(comparison) = self.compare(&study)? else { return Ok(None) };
        let mut judged = Vec::new();
        for claim in claims {
            let evidence = claim.evidence(self.scenario, &comparison);
            let is_checked = self.args.check && !claim.turned_by.is_empty();
            let turned = match is_checked {
                false => None,
                true => match self.look(claim, &claim.changes())? {
                    None => return Ok(None),
                    found => found,
                },
            };
            let turn = match &claim.depends_on {
                None => None,
                Some(axis) => match self.turn(claim, axis)? {
                    None => return Ok(None),
                    turn => turn,
                },
            };
            let (claim, source) = ((*claim).clone(), all.title(claim).to_owned());
            judged.push(JudgedClaim { claim, source, evidence, turned, turn });
        }
        Ok(Some(judged))
    }

    /// The study of a scenario on the seeds that were asked for, without variants so far.
    fn study<'s>(&self, scenario: &'s Scenario) -> Study<'s> {
        let seeds = (0..self.args.seeds).map(|offset| scenario.seed.wrapping_add(offset));
        Study { scenario, variants: Vec::new(), seeds: seeds.collect(), twins: false, lists: false }
    }

    /// Makes the runs that are missing; none after an interruption.
    fn compare(&self, study: &Study<'_>) -> Result<Option<Comparison>, Error> {
        let workers: &Workers = &self.args.workers;
        let run = |done: &(dyn Fn() + Sync)| study.resume(self.kept, self.stop, done);
        let compared = work(self.session, std::slice::from_ref(study), self.kept, workers, run)?;
        check(self.stop)?;
        Ok(compared.comparison.filter(|_| compared.finished == study.seeds.len()))
    }

    /// The verdict on a claim in the scenario with these changes; none after an interruption.
    fn look(&self, claim: &Claim, changes: &[Change]) -> Result<Option<Found>, Error> {
        let changed = self.scenario.changed(changes).map_err(|problems| {
            let why = problems.first().map_or("no such place", |it: &Problem| &it.message);
            Error::Usage(format!("{}: the change does not go with the scenario: {why}", claim.id))
        })?;
        let named = |name: &String| changed.variant(name);
        let variants = claim.variants(&changed);
        let variants = variants.iter().filter_map(named).collect();
        let study = Study { variants, ..self.study(&changed) };
        let comparison = self.compare(&study)?;
        Ok(comparison.map(|comparison| found(&claim.evidence(&changed, &comparison))))
    }

    /// The place at which the verdict on a claim turns; none after an interruption.
    fn turn(&self, claim: &Claim, axis: &str) -> Result<Option<Turn>, Error> {
        let axis = AxisText::parse(axis).map_err(|problem| {
            Error::Usage(format!("{}: `depends-on`: {}", claim.id, problem.message))
        })?;
        let mut failed = None;
        let turn = Turn::search(&axis.axis(), &mut |value| {
            let change = Change { key: axis.axis().key, value: value.clone() };
            self.look(claim, &[change]).unwrap_or_else(|error| {
                failed = Some(error);
                None
            })
        });
        failed.map_or(Ok(turn), Err)
    }
}
