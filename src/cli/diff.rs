//! `driftlab diff`: two folders of results, before and after.

use std::path::Path;

use super::args::{Diff, SweepFormat};
use super::{Error, Exit, Session, output, print, write};
use crate::report::diff::{Diff as Compared, Side};

/// `driftlab diff`.
pub fn diff(session: &Session, args: &Diff) -> Result<Exit, Error> {
    let diff = Compared::of(side(&args.before)?, side(&args.after)?);
    match args.format {
        SweepFormat::Human => print(&diff.render(session.terminal)),
        SweepFormat::Csv => write(&diff.csv()),
    }
}

/// A folder of results, as far as it is compared.
fn side(folder: &Path) -> Result<Side, Error> {
    let read = |name: &str| output::read(&folder.join(name));
    let side = Side::read(&read("summary.json")?, &read("runs.csv")?);
    side.map_err(|error| {
        let hint = "both are of a folder that `driftlab compare` has written";
        Error::Usage(format!("`{}`: {error}\nhint: {hint}", folder.display()))
    })
}
