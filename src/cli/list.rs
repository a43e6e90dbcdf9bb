//! `driftlab list` and `driftlab explain`: what can be named, and what it does.

use serde_json::json;

use super::args::{Format, Listing};
use super::{Error, Exit, Session, print};
use crate::checks::measures::CATALOGUE;
use crate::scenario::{PROFILES, nearest};

/// One line of a list.
struct Item {
    name: String,
    summary: String,
}

/// `driftlab list`.
pub fn list(session: &Session, what: Listing, format: Format) -> Result<Exit, Error> {
    let items = items(session, what);
    let text = match format {
        Format::Human => columns(&items),
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
        Listing::Faults => {
            session.registries.faults.iter().map(|entry| item(entry.name, entry.summary)).collect()
        }
        Listing::Profiles => {
            PROFILES.iter().map(|profile| item(profile.name, profile.summary)).collect()
        }
        Listing::Measures => CATALOGUE
            .iter()
            .map(|measure| {
                let what = format!("{} [{}]: {}", measure.name, measure.unit.name(), measure.what);
                item(measure.id.0, &what)
            })
            .collect(),
    }
}

/// Names in one column, what they are in the next, wrapped at a hundred characters.
fn columns(items: &[Item]) -> String {
    let width = items.iter().map(|item| item.name.len()).max().unwrap_or(0) + 2;
    let mut text = String::new();
    for item in items {
        let mut line = format!("{:width$}", item.name);
        for word in item.summary.split_whitespace() {
            if line.trim_end().len() > width && line.len() + word.len() > 98 {
                text.push_str(line.trim_end());
                text.push('\n');
                line = " ".repeat(width);
            }
            line.push_str(word);
            line.push(' ');
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// `driftlab explain`: the manual page of a pattern or a fault, and its default settings.
pub fn explain(session: &Session, name: &str) -> Result<Exit, Error> {
    let (patterns, faults) = (&session.registries.patterns, &session.registries.faults);
    let (page, defaults) = if let Some(entry) = patterns.find(name) {
        (entry.page(), (entry.defaults)())
    } else if let Some(entry) = faults.find(name) {
        (entry.page(), (entry.defaults)())
    } else {
        let mut known = patterns.names();
        known.extend(faults.names());
        let hint = nearest(name, known.iter().copied()).map_or_else(
            || format!("known are {}", known.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(Error::Usage(format!("no pattern or fault is called `{name}`\nhint: {hint}")));
    };
    let settings = match defaults.as_object() {
        Some(object) if !object.is_empty() => {
            let width = object.keys().map(String::len).max().unwrap_or(0);
            let lines = object.iter().map(|(key, value)| {
                let value = if value.is_null() { "none".into() } else { value.to_string() };
                format!("  {key:width$} = {value}\n")
            });
            format!("\nSettings and their defaults:\n\n{}", lines.collect::<String>())
        }
        _ => String::new(),
    };
    print(&format!("{page}{settings}"))
}
