//! `driftlab capacity`: the load at which a variant breaks its expectation.

use std::path::PathBuf;

use super::args::Capacity;
use super::compare::choose;
use super::crossover::show;
use super::job::{Outcome, Place};
use super::seek::{order, range, seek};
use super::sought::Search;
use super::{Error, Exit, Session, output, quote, source};

/// `driftlab capacity`.
pub fn capacity(session: &Session, args: &Capacity) -> Result<Exit, Error> {
    let scenario = source::load(session, &args.runs.scenario)?;
    let vary = range(session, &scenario, &args.vary)?;
    let given = args.below.as_ref().map(|text| (text.clone(), true));
    let limit = given.or(args.at_least.as_ref().map(|text| (text.clone(), false)));
    let search = Search::limit(vary, args.measure.clone(), limit);
    let variants = choose(&scenario, &args.runs.variants)?;
    let names: Vec<String> = variants.iter().map(|it| it.name.shown.to_string()).collect();
    let mut meant = Vec::new();
    for name in names {
        if !search.sought(session, &scenario, std::slice::from_ref(&name))?.is_empty() {
            meant.push(name);
        }
    }
    if meant.is_empty() {
        return Err(Error::Usage(format!(
            "`{}` expects no measure to be below or above a number\nhint: give one, such as \
             `--measure m10.done.p99 --below 500ms`",
            scenario.name
        )));
    }
    let options = options(args);
    let mut exit = Exit::Held;
    for name in meant {
        let below = output::file_name(&name);
        let named = format!("{}-capacity/{below}", scenario.name);
        let out: Option<PathBuf> = args.out.as_ref().map(|out| out.join(&below));
        let place = Place { out: out.as_deref(), named, fresh: args.fresh };
        let order = order(&scenario, &args.runs, vec![name], (search.clone(), &options));
        let show = |outcome: &Outcome| show(session, args.format, outcome);
        let typed = args.out.as_deref();
        exit = exit.max(seek(session, &scenario, &args.runs, order, (&place, typed), show)?);
        if exit == Exit::Interrupted {
            break;
        }
    }
    Ok(exit)
}

/// The options that say all but the scenario, the seeds and the variants, as they are typed.
fn options(args: &Capacity) -> String {
    let mut options = format!(" --vary {}", quote(&args.vary));
    let limits = [("measure", &args.measure), ("below", &args.below), ("at-least", &args.at_least)];
    for (name, value) in limits {
        if let Some(value) = value {
            options.push_str(&format!(" --{name} {}", quote(value)));
        }
    }
    options
}
