//! Scenario files: reading them and whatever they name, and telling what is wrong with them.

use std::path::Path;

use super::{Error, Exit, Session, complain, output, print, remark};
use crate::scenario::{self, Scenario, Source, any_error, nearest, render};

/// Loads a scenario; its warnings are shown, its errors end the command.
pub fn load(session: &Session, path: &Path) -> Result<Scenario, Error> {
    let (scenario, rendered) = examine(session, path)?;
    match scenario {
        Some(scenario) => {
            remark(session, &rendered);
            Ok(scenario)
        }
        None => Err(Error::Scenario(rendered)),
    }
}

/// `driftlab validate`: every problem of every file.
pub fn validate(session: &Session, files: &[std::path::PathBuf]) -> Result<Exit, Error> {
    let mut exit = Exit::Held;
    for path in files {
        let (scenario, rendered) = match examine(session, path) {
            Ok(examined) => examined,
            Err(error) => {
                complain(&format!("error: {error}\n"));
                exit = Exit::BadInput;
                continue;
            }
        };
        complain(&rendered);
        match scenario {
            Some(scenario) => {
                let variants = match scenario.variants.len() {
                    1 => "1 variant".to_owned(),
                    several => format!("{several} variants"),
                };
                print(&format!("{}: valid, {variants}\n", path.display()))?;
            }
            None => exit = Exit::BadInput,
        }
    }
    Ok(exit)
}

/// A scenario, unless it has errors, and the rendering of all its problems.
fn examine(session: &Session, path: &Path) -> Result<(Option<Scenario>, String), Error> {
    let name = path.display().to_string();
    let bytes = output::read_text(path).map_err(|error| match neighbour(path) {
        Some(near) if error.is_missing() => {
            Error::Usage(format!("{error}\nhint: did you mean `{near}`?"))
        }
        _ => error.into(),
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Error::Usage(format!("`{name}` is not UTF-8 text")))?;
    let source = Source { name, text };
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let files = |relative: &str| output::read_at_most(&folder.join(relative), output::MOST_BYTES);
    let (scenario, problems) = scenario::load(&source, &files, &session.registries);
    let rendered = render(&source, &problems, session.colour_errors);
    Ok((scenario.filter(|_| !any_error(&problems)), rendered))
}

/// The scenario file beside a missing one whose name is nearest.
fn neighbour(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let entries = std::fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".toml")).collect();
    names.sort();
    let near = nearest(path.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    Some(path.with_file_name(near).display().to_string())
}
