//! The files from which a scenario was read, laid out as in a folder from which it can be run
//! again.

use std::path::{Component, Path};

/// The text of a scenario and the CSV files that it names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Inputs {
    name: String,
    text: String,
    data: Vec<(String, Vec<u8>)>,
}

impl Inputs {
    /// The files of a scenario of this name, with its CSV files by their paths as written.
    pub fn new(name: &str, text: &str, data: Vec<(String, Vec<u8>)>) -> Self {
        Self { name: name.into(), text: text.into(), data }
    }

    /// The text of the scenario.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The content of a CSV file that the scenario names by this path.
    pub fn data(&self, path: &str) -> Option<&[u8]> {
        self.data.iter().find(|(name, _)| name == path).map(|(_, bytes)| &bytes[..])
    }

    /// The CSV files that the scenario names, by their paths as written.
    pub fn all_data(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.data.iter().map(|(path, bytes)| (&**path, &**bytes))
    }

    /// The path of the scenario relative to the folder. Files that the scenario names above its own
    /// folder stay above it.
    pub fn path(&self) -> String {
        format!("{}{}.toml", self.folder(), self.name)
    }

    /// All files, by their paths relative to the folder. CSV files with absolute paths are left
    /// out.
    pub fn files(&self) -> Vec<(String, &[u8])> {
        let own = [(self.path(), self.text.as_bytes())];
        let data = self.data.iter().filter_map(|(path, bytes)| {
            let (up, rest) = relative(path)?;
            let levels = self.up() - up;
            Some((format!("scenario/{}{rest}", LEVEL.repeat(levels)), &bytes[..]))
        });
        own.into_iter().chain(data).collect()
    }

    /// Returns whether the scenario names CSV files above its own folder.
    pub fn reach_above(&self) -> bool {
        self.up() > 0
    }

    fn folder(&self) -> String {
        format!("scenario/{}", LEVEL.repeat(self.up()))
    }

    /// The number of folders above its own that the scenario's paths go up.
    fn up(&self) -> usize {
        let paths = self.data.iter().filter_map(|(path, _)| relative(path));
        paths.map(|(up, _)| up).max().unwrap_or(0)
    }
}

/// A folder between the scenario and the files that it names above its own.
const LEVEL: &str = "in/";

/// The number of folders that a path goes up, and the rest of it; `None` if it is absolute.
fn relative(path: &str) -> Option<(usize, String)> {
    let (mut up, mut parts) = (0, Vec::new());
    for component in Path::new(path).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir if parts.pop().is_none() => up += 1,
            Component::ParentDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some((up, parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paths of the scenario `x` with these data, in a folder.
    fn paths(data: &[&str]) -> Vec<String> {
        let data = data.iter().map(|path| (path.to_string(), Vec::new())).collect();
        let inputs = Inputs::new("x", "", data);
        assert_eq!(inputs.files()[0].0, inputs.path());
        inputs.files().into_iter().map(|(path, _)| path).collect()
    }

    #[test]
    fn data_keep_their_place_beside_the_scenario_and_stay_in_the_folder() {
        assert_eq!(paths(&[]), ["scenario/x.toml"]);
        assert_eq!(
            paths(&["data/a.csv", "./b/../c.csv"]),
            ["scenario/x.toml", "scenario/data/a.csv", "scenario/c.csv",]
        );
        assert_eq!(
            paths(&["../data/a.csv", "b.csv", "../../c.csv"]),
            [
                "scenario/in/in/x.toml",
                "scenario/in/data/a.csv",
                "scenario/in/in/b.csv",
                "scenario/c.csv",
            ]
        );
        assert_eq!(paths(&["/somewhere/a.csv"]), ["scenario/x.toml"]);
    }
}
