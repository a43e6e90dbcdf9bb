//! `driftlab run`: one variant, one seed, in detail.

use std::fmt::Write;
use std::path::PathBuf;

use super::args::{Format, Run};
use super::compare::{check, find, intent, interrupt, verdict};
use super::{Error, Exit, Session, print, quote, remark, source};
use crate::checks::census::State;
use crate::experiment::compare::{self, Study};
use crate::experiment::result::{Comparison, VariantResult};
use crate::model::record::Answer;
use crate::report;
use crate::report::text::align;
use crate::scenario::{Scenario, Variant};
use crate::stats::Quantile;

/// `driftlab run`.
pub fn run(session: &Session, args: &Run) -> Result<Exit, Error> {
    let scenario = source::load(session, &args.scenario)?;
    let variant = variant(&scenario, args.variant.as_deref())?;
    let seed = args.seed.unwrap_or(scenario.seed);
    let study = Study { variants: vec![variant], ..Study::of(&scenario, [seed]) };
    source::bound(session, &args.scenario, std::slice::from_ref(&study), &args.limits)?;
    let stop = interrupt(session, args.limits.stop());
    remark(session, &intent(&study));
    let compared = study.run(&stop, &|| ());
    check(&stop)?;
    let Some(mut comparison) = compared.comparison else { return Ok(Exit::Interrupted) };
    comparison.command = format!(
        "driftlab run {} --variant {} --seed {seed}",
        quote(&args.scenario.display().to_string()),
        quote(&variant.name.shown)
    );
    match args.format {
        Format::Human => {
            print(&report::terminal::render(&comparison, session.terminal, true))?;
            print(&details(&comparison))?;
            let again = &comparison.command;
            let trace = again.replacen("driftlab run", "driftlab trace", 1);
            remark(
                session,
                &format!("\none operation: {trace} --operation NUMBER\nagain: {again}\n"),
            );
        }
        Format::Json => {
            super::write(&report::json::summary(&comparison))?;
        }
        Format::Csv => {
            super::write(&report::csv::operations::operations(&comparison).bytes())?;
        }
    }
    Ok(verdict(&comparison))
}

/// `driftlab fingerprints`: the fingerprint of every variant of some scenarios, a line each.
pub fn fingerprints(session: &Session, files: &[PathBuf]) -> Result<Exit, Error> {
    for path in files {
        print(&compare::fingerprints(&source::load(session, path)?))?;
    }
    Ok(Exit::Held)
}

/// The variant that was asked for, or the first.
pub fn variant<'a>(scenario: &'a Scenario, name: Option<&str>) -> Result<&'a Variant, Error> {
    match (name, scenario.variants.first()) {
        (Some(name), _) => find(scenario, name),
        (None, Some(first)) => Ok(first),
        (None, None) => Err(Error::Usage("the scenario has no variant".into())),
    }
}

/// A lag as text; `never` if the operation never became consistent.
fn lag_text(lag: Quantile) -> String {
    match lag {
        Quantile::Value(nanos) => report::human::nanos(nanos as f64),
        Quantile::Never => "never".into(),
    }
}

/// The number of the slowest operations that are listed.
const SLOWEST: usize = 10;

/// The details of a single run: the census as a matrix, the checks, the slowest operations.
fn details(comparison: &Comparison) -> String {
    let mut text = String::new();
    for variant in &comparison.variants {
        matrix(&mut text, variant);
        slowest(&mut text, variant);
        let _ = writeln!(text, "\nFingerprint {:016x}", variant.fingerprints[0]);
    }
    text
}

/// The census as a matrix: states of the stores by answers to the clients.
fn matrix(text: &mut String, variant: &VariantResult) {
    let census = &variant.census;
    let row = |head: &str, cells: [String; 5]| [vec![head.to_owned()], cells.to_vec()].concat();
    let mut table = vec![row("", Answer::ALL.map(|answer| answer.name().to_owned()))];
    for state in State::ALL {
        let counts = Answer::ALL.map(|answer| census.cell(state, answer).to_string());
        table.push(row(state.name(), counts));
    }
    text.push_str("\nWhat the stores hold, by what the client was told\n\n");
    *text += &align("  ", &table, |_| true);
}

/// The operations with the longest consistency lag.
fn slowest(text: &mut String, variant: &VariantResult) {
    let all = variant.operations.iter().flatten();
    let rows = all.filter_map(|row| Some((row.lag.quantile()?, row)));
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|(lag, row)| (std::cmp::Reverse(*lag), row.op));
    let heads = ["operation", "kind", "arrived", "answer", "lag", "outcome"];
    let mut table = vec![heads.map(str::to_owned)];
    for (lag, row) in rows.into_iter().take(SLOWEST) {
        table.push([
            row.op.0.to_string(),
            variant.kinds[row.kind.index()].to_string(),
            report::human::nanos(row.arrived.as_nanos() as f64),
            row.answer.name().to_owned(),
            lag_text(lag),
            row.headline.name().to_owned(),
        ]);
    }
    text.push_str("\nLongest consistency lag\n\n");
    *text +=
        &align("  ", &table, |column| matches!(heads[column], "operation" | "arrived" | "lag"));
}
