//! # README.md
//!
//! The file that names the scenario and seeds of the results, the command that makes them again,
//! and the content of each file of the folder.

use super::export::{Export, Exports, File, Results};
use super::{terminal, view};
use crate::experiment::result::Comparison;

/// The file `README.md`.
pub struct Readme;

impl Export for Readme {
    const NAME: &'static str = "README.md";
    const SUMMARY: &'static str = "what was done, how to do it again, and what each file is";
    const MANUAL: &'static str = include_str!("readme.rs");

    fn files(results: &Results<'_>) -> Vec<File> {
        vec![File::new(Self::NAME, readme(results.comparison, results.exports))]
    }
}

/// The rows of what stands beside the files of a comparison if its assumptions were moved.
const OF_SENSITIVITY: &str = "\
    | `sensitivity.html` | what the stated differences hang on: charts and tables |\n\
    | `sensitivity.csv` | a row for each assumption, direction and stated difference |\n\
    | `sensitivity.json` | the same for programs |\n\
    | `charts/tornado-*` | how far each assumption moves a stated difference |\n";

/// The text of `README.md`.
pub fn readme(comparison: &Comparison, exports: &Exports) -> String {
    let scenario = &comparison.scenario;
    let others = exports.iter().filter(|entry| entry.name != Readme::NAME);
    let rows = others.map(|entry| format!("| `{}` | {} |\n", entry.name, entry.summary));
    let moved = if comparison.matters.is_empty() { "" } else { OF_SENSITIVITY };
    let rows: String = rows.chain([moved.to_owned()]).collect();
    format!(
        "# {name}: results\n\n{about}\n\nMade by {engine} from scenario `{hash}` with {seeds}. \
         {said}The same bytes again, in this \
         folder:\n\n```sh\n{command}\n```\n\n\
         | file | what it is |\n|---|---|\n{rows}\n\
         Times are whole nanoseconds of simulated time, but where a column says seconds (`_s`). \
         Never is larger than every number: `inf` in tables, `never` in `summary.json`.\n\
         An empty field means that there is no number; `summary.csv` and \
         `summary.json` say why.\n",
        said = view::about(comparison).iter().map(|it| format!("{it} ")).collect::<String>(),
        name = scenario.name,
        // Markdown renders HTML in the text, so it is escaped.
        about = scenario.about.replace('&', "&amp;").replace('<', "&lt;"),
        engine = comparison.engine,
        hash = scenario.hash,
        seeds = terminal::seeds(&comparison.seeds),
        command = comparison.command,
    )
}
