//! `driftlab list`: the names that scenarios and reports can use.

use serde_json::json;

use super::args::{Format, List, Listing};
use super::topics::{Sort, Topic, Topics};
use super::{Error, Exit, Session, points, print};
use crate::report::text::width;

/// `driftlab list`.
pub fn list(session: &Session, args: &List) -> Result<Exit, Error> {
    let sort = match (args.what, &args.scenario) {
        (Listing::Points, Some(scenario)) => return points::points(session, args, scenario),
        (_, Some(_)) => {
            return Err(Error::Usage("only `list points` takes a scenario".into()));
        }
        (what, None) => what.sort(),
    };
    let topics = Topics::of(&session.registries, &session.exports);
    let items: Vec<&Topic<'_>> = sort.into_iter().flat_map(|sort| topics.of_sort(sort)).collect();
    let text = match args.format {
        Format::Human => columns(session, &items),
        Format::Json => {
            let items: Vec<_> = items
                .iter()
                .map(|item| json!({ "name": item.name, "summary": item.summary }))
                .collect();
            format!("{:#}\n", json!(items))
        }
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            let rows = std::iter::once(["name", "summary"])
                .chain(items.iter().map(|item| [item.name.as_str(), &item.summary]));
            for row in rows {
                writer.write_record(row).map_err(std::io::Error::other)?;
            }
            let bytes =
                writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
    };
    print(&text)
}

impl Listing {
    /// The sort of topics to list; none for the points, which are those of a scenario.
    const fn sort(self) -> Option<Sort> {
        match self {
            Self::Patterns => Some(Sort::Pattern),
            Self::Techniques => Some(Sort::Technique),
            Self::Faults => Some(Sort::Fault),
            Self::Checks => Some(Sort::Check),
            Self::Measures => Some(Sort::Measure),
            Self::Exports => Some(Sort::Export),
            Self::Outcomes => Some(Sort::Outcome),
            Self::Profiles => Some(Sort::Profile),
            Self::Keys => Some(Sort::Key),
            Self::Terms => Some(Sort::Term),
            Self::Points => None,
        }
    }
}

/// Names in one column, and their summaries in the next.
fn columns(session: &Session, items: &[&Topic<'_>]) -> String {
    let names = items.iter().map(|item| width(&item.name)).max().unwrap_or(0) + 2;
    let rest = " ".repeat(names);
    let line = |item: &&Topic<'_>| {
        session.terminal.fill(&format!("{:names$}", item.name), &rest, &item.summary)
    };
    items.iter().map(line).collect()
}
