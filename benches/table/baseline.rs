//! The baseline that was recorded before, and the aims: two files beside this bench.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::measure::Value;

/// The numbers that later ones are compared with: `benches/baseline.json`.
#[derive(Default, Serialize, Deserialize)]
pub struct Baseline {
    /// The compiler that made the program.
    pub rustc: String,
    pub rows: BTreeMap<String, Recorded>,
    /// Instructions by callgrind.
    pub instructions: BTreeMap<String, u64>,
}

/// A recorded number.
#[derive(Serialize, Deserialize)]
pub struct Recorded {
    pub median: f64,
    pub scaled: f64,
    pub noise: f64,
}

impl From<Value> for Recorded {
    fn from(Value { median, scaled, noise }: Value) -> Self {
        let short = |number: f64| format!("{number:.4}").parse().expect("a number");
        Self { median: short(median), scaled: short(scaled), noise: short(noise) }
    }
}

/// The aim of one row of the table: `benches/aims.toml`.
#[derive(Deserialize)]
pub struct Aim {
    /// The number before work on speed began, as it was found from outside.
    pub before: String,
    pub aim: f64,
    /// Why the aim is missed, where it is.
    #[serde(default)]
    pub miss: String,
}

/// A file of the folder `benches`.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches").join(name)
}

impl Baseline {
    /// Reads what was recorded; nothing, if there is nothing.
    pub fn read() -> Self {
        let text = std::fs::read_to_string(file("baseline.json"));
        text.map_or_else(|_| Self::default(), |text| serde_json::from_str(&text).expect("JSON"))
    }

    /// Writes it, with the name of the compiler.
    pub fn write(&mut self) {
        let output = Command::new("rustc").arg("--version").output().expect("rustc runs");
        self.rustc = String::from_utf8_lossy(&output.stdout).trim().into();
        let text = serde_json::to_string_pretty(self).expect("a baseline is data") + "\n";
        std::fs::write(file("baseline.json"), text).expect("the baseline can be written");
    }
}

/// Reads the aims, by the names of their rows.
pub fn aims() -> BTreeMap<String, Aim> {
    let text = std::fs::read_to_string(file("aims.toml")).expect("the aims");
    toml::from_str(&text).expect("TOML")
}
