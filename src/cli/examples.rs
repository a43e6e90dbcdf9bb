//! `driftlab examples`: the scenarios that come with the program, listed and written.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::args::Examples;
use super::output::{self, FileError};
use super::{Error, Exit, Session, print, quote, remark};
use crate::report::export::File;
use crate::report::text::width;
use crate::scenario::{self, Source, nearest};

/// The folder of the scenarios that ship, as it was when the program was built.
static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// The file by which editors complete scenarios; each of them names it in its first line.
const SCHEMA: &str = "scenario.schema.json";

/// `driftlab examples`.
pub fn examples(session: &Session, args: &Examples) -> Result<Exit, Error> {
    if args.names.is_empty() {
        return print(&list(session));
    }
    let mut paths = BTreeSet::from([SCHEMA.to_owned()]);
    for name in &args.names {
        let path = path(name)?;
        paths.extend(data(session, &path));
        paths.insert(path);
    }
    let files: Vec<(&str, &[u8])> =
        paths.iter().filter_map(|path| Some((path.as_str(), content(path)?))).collect();
    let written = put(&args.out, &files)?;
    for path in written.iter().filter(|path| !path.ends_with(SCHEMA)) {
        remark(session, &format!("wrote {}\n", path.display()));
    }
    let scenarios = args.names.iter().filter_map(|name| path(name).ok());
    let commands = scenarios.map(|path| {
        let place = args.out.join(path);
        format!("driftlab compare {}\n", quote(&place.display().to_string()))
    });
    print(&commands.collect::<String>())
}

/// The names of the examples and what each is about, as a list.
fn list(session: &Session) -> String {
    let mut names = Vec::new();
    collect(&SCENARIOS, &mut names);
    // Those of the top first, then folder by folder.
    names.sort_by_key(|name| (name.contains('/'), name.clone()));
    let column = names.iter().map(|name| width(name)).max().unwrap_or(0) + 2;
    let rest = " ".repeat(column);
    let line = |name: &String| {
        session.terminal.fill(&format!("{name:column$}"), &rest, &about(name).unwrap_or_default())
    };
    let how = "`driftlab examples NAME` writes one of them, with what it names, to this folder.";
    names.iter().map(line).collect::<String>() + "\n" + &session.terminal.fill("", "", how)
}

/// The names of all scenarios in a folder and below: their paths without the ending.
fn collect(folder: &Dir<'_>, names: &mut Vec<String>) {
    let paths = folder.files().filter_map(|file| file.path().to_str());
    names.extend(paths.filter_map(|path| path.strip_suffix(".toml")).map(str::to_owned));
    for folder in folder.dirs() {
        collect(folder, names);
    }
}

fn content(path: &str) -> Option<&'static [u8]> {
    SCENARIOS.get_file(path).map(include_dir::File::contents)
}

/// The text of the scenario that is called so.
///
/// # Errors
/// If there is none.
pub fn text(name: &str) -> Result<&'static str, Error> {
    let bytes = content(&path(name)?).unwrap_or_default();
    Ok(std::str::from_utf8(bytes).unwrap_or_default()) // Each is read as a scenario by a test.
}

/// The texts of all scenarios, by the order of their names.
pub fn texts() -> impl Iterator<Item = (String, &'static str)> {
    let mut names = Vec::new();
    collect(&SCENARIOS, &mut names);
    names.sort();
    names.into_iter().filter_map(|name| text(&name).ok().map(|text| (name, text)))
}

/// The subject of an example, as it says itself.
fn about(name: &str) -> Option<String> {
    let text = std::str::from_utf8(content(&format!("{name}.toml"))?).ok()?;
    let table: toml::Table = toml::from_str(text).ok()?;
    let about = table.get("scenario")?.get("about")?.as_str()?;
    Some(about.split_whitespace().collect::<Vec<_>>().join(" ")) // It may have lines of its own.
}

/// The path of the example that is called so, with or without the ending.
fn path(name: &str) -> Result<String, Error> {
    let name = name.strip_suffix(".toml").unwrap_or(name);
    let path = format!("{name}.toml");
    if content(&path).is_some() {
        return Ok(path);
    }
    let mut names = Vec::new();
    collect(&SCENARIOS, &mut names);
    let last = |known: &&String| known.rsplit('/').next() == Some(name);
    let near = names.iter().find(last).map(String::as_str);
    let near = near.or_else(|| nearest(name, names.iter().map(String::as_str)));
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`driftlab examples` lists them".into(),
    };
    Err(Error::Usage(format!("no example is called `{name}`\nhint: {hint}")))
}

/// The place of a file that an example names, and its bytes.
///
/// # Errors
/// If the program does not carry it.
pub fn beside(path: &str, relative: &str) -> io::Result<(String, &'static [u8])> {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let place = folder.join(relative).to_string_lossy().into_owned();
    let found = content(&place).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    Ok((place, found))
}

/// The paths of the data that an example names.
fn data(session: &Session, path: &str) -> Vec<String> {
    let named = std::cell::RefCell::new(Vec::new());
    let files = |relative: &str| {
        let (place, found) = beside(path, relative)?;
        named.borrow_mut().push(place);
        Ok(found.to_vec())
    };
    let text = String::from_utf8_lossy(content(path).unwrap_or_default()).into_owned();
    scenario::load(&Source { name: path.into(), text }, &files, &session.registries);
    named.into_inner()
}

/// Writes files that are not there yet, all or none, and returns where they are. One that is there
/// and has another content is somebody's own.
///
/// # Errors
/// If such a file is there, or one cannot be written.
pub fn put(folder: &Path, files: &[(&str, &[u8])]) -> Result<Vec<PathBuf>, Error> {
    let mut missing = Vec::new();
    for (path, content) in files {
        let place = folder.join(path);
        match place.symlink_metadata() {
            Err(_) => missing.push(File::new(*path, *content)),
            Ok(kind) if kind.is_file() && output::read(&place)? == *content => {}
            Ok(_) => {
                let own = io::Error::other("it is there already and holds something else");
                return Err(FileError::new("write", &place)(own).into());
            }
        }
    }
    output::put_all(folder, &missing)?;
    Ok(files.iter().map(|(path, _)| folder.join(path)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_says_what_it_is_about() {
        let mut names = Vec::new();
        collect(&SCENARIOS, &mut names);
        assert!(names.len() > 50, "{names:?}");
        for name in names {
            let about = about(&name).unwrap_or_else(|| panic!("{name}"));
            assert!(about.len() > 20 && !about.contains('\n'), "{name}: {about}");
        }
    }

    #[test]
    fn a_name_in_a_folder_is_found_by_its_last_part() {
        let error = path("1-joint-table").unwrap_err().to_string();
        assert!(error.contains("did you mean `ownership/1-joint-table`?"), "{error}");
        assert_eq!(path("ownership/1-joint-table.toml").unwrap(), "ownership/1-joint-table.toml");
    }

    #[test]
    fn what_is_ones_own_is_not_replaced_and_nothing_is_written_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("b.toml"), "mine").expect("written");
        let files: [(&str, &[u8]); 2] = [("a.toml", b"1"), ("b.toml", b"2")];
        let error = put(folder.path(), &files).unwrap_err().to_string();
        assert!(error.contains("b.toml"), "{error}");
        assert!(!folder.path().join("a.toml").exists());
        put(folder.path(), &files[..1]).expect("written");
        put(folder.path(), &files[..1]).expect("it is there and the same");
    }
}
