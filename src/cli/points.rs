//! `driftlab list points`: the semantic points of a run, at which faults can be triggered.

use std::fmt::Write;
use std::path::Path;

use serde_json::json;

use super::args::{Format, List};
use super::run::variant;
use super::{Error, Exit, Session, print, remark, source};
use crate::faults::trigger::OpName;
use crate::search::points::Passed;
use crate::search::trial::{Case, Trial};

/// Prints every point that a few operations pass without faults.
pub fn points(session: &Session, args: &List, path: &Path) -> Result<Exit, Error> {
    let scenario = source::load(session, path)?;
    let trial = Trial::new(&scenario, variant(&scenario, args.variant.as_deref())?);
    let seed = args.seed.unwrap_or(scenario.seed);
    let count = args.operations.unwrap_or(scenario.explore.operations);
    let operations = trial.offers(seed, usize::from(count));
    let names: Vec<String> = operations.iter().map(|offer| offer.name.to_string()).collect();
    let heals = trial.heals(&operations);
    let only = args.operation.clone().map(OpName::try_from).transpose();
    let only = only.map_err(|reason| Error::Usage(reason.to_string()))?;
    if let Some(only) = only.as_ref().filter(|only| !names.contains(&only.to_string())) {
        let hint = format!("the operations are {}", names.join(", "));
        return Err(Error::Usage(format!("no operation {only} is offered\nhint: {hint}")));
    }
    let case = Case { seed, operations, faults: Vec::new(), ..Case::default() };
    let wanted =
        |passed: &Passed| passed.at < heals && (only.is_none() || passed.trigger.of == only);
    let passed: Vec<Passed> = trial.points(&case).into_iter().filter(wanted).collect();
    let variant = &trial.variant().name.shown;
    let all = passed.len();
    remark(session, &format!("{variant}: {all} points of {}\n", names.join(", ")));
    match args.format {
        Format::Human => print(&human(&passed)),
        Format::Json => print(&json(&passed)),
        Format::Csv => print(&csv(&passed)?),
    }
}

/// The points, a line each, as a fault of a scenario writes its trigger.
fn human(passed: &[Passed]) -> String {
    let mut text = String::new();
    for passed in passed {
        let _ = writeln!(text, "on = {} # {}", passed.trigger.toml(), passed.at);
    }
    text
}

fn json(passed: &[Passed]) -> String {
    let item = |passed: &Passed| json!({ "at-ns": passed.at.as_nanos(), "on": passed.trigger });
    let items: Vec<_> = passed.iter().map(item).collect();
    format!("{:#}\n", json!(items))
}

fn csv(passed: &[Passed]) -> Result<String, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let rows = std::iter::once(["at_ns".to_owned(), "on".to_owned()]).chain(
        passed.iter().map(|passed| [passed.at.as_nanos().to_string(), passed.trigger.toml()]),
    );
    for row in rows {
        writer.write_record(row).map_err(std::io::Error::other)?;
    }
    let bytes = writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
