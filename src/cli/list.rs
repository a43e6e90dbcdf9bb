//! `driftlab list`: what scenarios and reports can name.

use serde_json::json;

use super::args::{Format, List, Listing};
use super::{Error, Exit, Session, points, print};
use crate::checks::measures::catalogue::CATALOGUE;
use crate::checks::properties::PropertyEntry;
use crate::report::text::width;
use crate::scenario::PROFILES;

/// One line of a list.
struct Item {
    name: String,
    summary: String,
}

/// `driftlab list`.
pub fn list(session: &Session, args: &List) -> Result<Exit, Error> {
    match (args.what, &args.scenario) {
        (Listing::Points, Some(scenario)) => return points::points(session, args, scenario),
        (_, None) => {}
        (_, Some(_)) => {
            return Err(Error::Usage("only `list points` is about a scenario".into()));
        }
    }
    let items = items(session, args.what);
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
            let rows = std::iter::once(["name".to_owned(), "summary".to_owned()])
                .chain(items.into_iter().map(|item| [item.name, item.summary]));
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

fn items(session: &Session, what: Listing) -> Vec<Item> {
    let item = |name: &str, summary: &str| Item { name: name.into(), summary: summary.into() };
    match what {
        Listing::Patterns => session
            .registries
            .patterns
            .iter()
            .map(|entry| item(entry.name, entry.summary))
            .collect(),
        Listing::Techniques => session
            .registries
            .techniques
            .iter()
            .map(|entry| item(entry.name, entry.summary))
            .collect(),
        Listing::Faults => {
            session.registries.faults.iter().map(|entry| item(entry.name, entry.summary)).collect()
        }
        Listing::Checks => {
            let entries = session.registries.properties.iter();
            entries.map(|entry| item(entry.name, &say(entry))).collect()
        }
        Listing::Points => Vec::new(), // They are those of a scenario.
        Listing::Profiles => {
            PROFILES.iter().map(|profile| item(profile.name, profile.summary)).collect()
        }
        Listing::Measures => CATALOGUE
            .iter()
            .map(|measure| {
                let what = format!("{} [{}]: {}", measure.name, measure.unit.name(), measure.what);
                item(measure.id, &what)
            })
            .collect(),
    }
}

/// What a property says, and when it must be true.
fn say(entry: &PropertyEntry) -> String {
    format!("{} [{}]", entry.summary, entry.kind.when.name())
}

/// Names in one column, what they are in the next.
fn columns(session: &Session, items: &[Item]) -> String {
    let names = items.iter().map(|item| width(&item.name)).max().unwrap_or(0) + 2;
    let rest = " ".repeat(names);
    let line = |Item { name, summary }: &Item| {
        session.terminal.fill(&format!("{name:names$}"), &rest, summary)
    };
    items.iter().map(line).collect()
}
