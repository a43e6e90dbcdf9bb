//! `README.md` of a folder of results: what was done, and what each file is.

use super::terminal;
use crate::experiment::result::Comparison;

const FILES: &str = "\
| file | what it is |
|---|---|
| `index.html` | the whole report; opens from disk and fetches nothing |
| `charts/*.svg`, `charts/*.png` | its charts, for slides and documents |
| `summary.csv` | a row for each variant and measure: the number and its 95 % interval over seeds |
| `runs.csv` | a row for each variant, seed and measure, outcomes included |
| `coupling.csv` | a row for each variant and fact about who depends on whom, who waited for \
whom (all seeds together) and which services each fault touched |
| `operations.csv` | a row for each variant and operation of the first seed |
| `summary.json` | all of it for programs; the field `format` is the number of the format |

Times are whole nanoseconds of simulated time. `never` is a value: it is larger than every number.
An empty field means that there is no number; `summary.csv` and `summary.json` say why.
";

/// The text of `README.md`.
pub fn readme(comparison: &Comparison) -> String {
    let scenario = &comparison.scenario;
    format!(
        "# {name}: results\n\n{about}\n\nMade by {engine} from scenario `{hash}` with {seeds}. \
         The same bytes again:\n\n```sh\n{command}\n```\n\n{FILES}",
        name = scenario.name,
        about = scenario.about,
        engine = comparison.engine,
        hash = scenario.hash,
        seeds = terminal::seeds(&comparison.seeds),
        command = comparison.command,
    )
}
