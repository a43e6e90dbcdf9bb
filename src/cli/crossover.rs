//! `driftlab crossover`: where two variants change places in a measure.

use super::args::{Crossover, SweepFormat};
use super::compare::find;
use super::figures::figure;
use super::job::{Outcome, Place};
use super::seek::{order, range, seek};
use super::sought::Search;
use super::{Error, Exit, Session, print, quote, source, write};
use crate::report;

/// `driftlab crossover`.
pub fn crossover(session: &Session, args: &Crossover) -> Result<Exit, Error> {
    let scenario = source::load(session, &args.runs.scenario)?;
    let vary = range(session, &scenario, &args.vary)?;
    figure(session, &scenario, &args.measure)?;
    let [first, second] = &args.between[..] else {
        return Err(Error::Usage("`--between` takes two variants, such as `saga,events`".into()));
    };
    for name in [first, second] {
        find(&scenario, name)?;
    }
    if first == second {
        return Err(Error::Usage(format!("`{first}` is compared with itself")));
    }
    let options = format!(
        " --between {} --measure {} --vary {}",
        quote(&args.between.join(",")),
        quote(&args.measure),
        quote(&args.vary)
    );
    let search = Search::between(vary, &args.measure);
    let order = order(&scenario, &args.runs, args.between.clone(), (search, &options));
    let named = format!("{}-crossover", scenario.name);
    let place = Place { out: args.out.as_deref(), named, fresh: args.fresh };
    let show = |outcome: &Outcome| show(session, args.format, outcome);
    seek(session, &scenario, &args.runs, order, (&place, args.out.as_deref()), show)
}

/// Prints the outcome of a search.
pub fn show(session: &Session, format: SweepFormat, outcome: &Outcome) -> Result<Exit, Error> {
    match (outcome, format) {
        (Outcome::Swept(swept), SweepFormat::Csv) => write(&report::sweep::looks(&swept.searches)),
        _ => print(&outcome.render(session.terminal, false)),
    }
}
