//! Soak: `driftlab compare` is killed, interrupted, and given closed and full outputs and a disk
//! that is full, over and over, and its results are compared byte by byte with those of a run that
//! nobody disturbed.
//!
//! ```text
//! cargo build --release
//! cargo run --release --example soak -- --minutes 10 [--seed N] [--program PATH]
//! ```
//!
//! Behind every disturbance the folder holds the results that were there before, whole, or the new
//! ones, whole, or nothing yet; the next run ends with the new ones and leaves nothing beside them.
//! Exit code 1 if that was not so.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "it disturbs at times of its own"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The files of a folder of results, by their paths in it.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A way to disturb a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Disturbance {
    /// Killing it at some moment.
    Kill,
    /// Interrupting it at some moment, as Ctrl-C does.
    Interrupt,
    /// Closing its standard output at once.
    ClosedOutput,
    /// Sending its standard output to a device that is full.
    FullOutput,
    /// Letting no file become larger than a few blocks, as on a disk that is full.
    FullDisk,
}

use Disturbance::{ClosedOutput, FullDisk, FullOutput, Interrupt, Kill};

const ALL: [Disturbance; 5] = [Kill, Interrupt, ClosedOutput, FullOutput, FullDisk];

/// The exit code of an interrupted run.
const INTERRUPTED: i32 = 130;

/// The program, the scenario, and where it is run.
struct Soak {
    program: PathBuf,
    scenario: PathBuf,
    folder: PathBuf,
    /// The results of few seeds and of more.
    few: Files,
    many: Files,
    /// How long an undisturbed run takes, about.
    takes: Duration,
}

const FEW: &str = "1";
const MANY: &str = "2";

impl Soak {
    fn new(program: PathBuf, scenario: PathBuf, folder: &Path) -> Result<Self> {
        let folder = folder.to_owned();
        let (few, many, takes) = (Files::new(), Files::new(), Duration::ZERO);
        let mut soak = Self { program, scenario, folder, few, many, takes };
        soak.few = soak.undisturbed(FEW)?;
        let began = Instant::now();
        soak.many = soak.undisturbed(MANY)?;
        soak.takes = began.elapsed();
        Ok(soak)
    }

    fn results(&self) -> PathBuf {
        self.folder.join("results")
    }

    fn compare(&self, seeds: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder).arg("compare").arg(&self.scenario);
        command.args(["--quiet", "--out", "results", "--seeds", seeds]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// The results of a run that is left alone.
    fn undisturbed(&self, seeds: &str) -> Result<Files> {
        let status = self.compare(seeds).status()?;
        if !status.success() {
            return Err(format!("a run that nobody disturbed ends with {status}").into());
        }
        Ok(read(&self.results())?)
    }

    /// Disturbs a run of many seeds, in a folder with the results of few, and checks what is left.
    fn round(&self, disturbance: Disturbance, rng: &mut ChaCha8Rng) -> Result<()> {
        self.undisturbed(FEW)?;
        let moment = self.takes.mul_f64(rng.random_range(0.0..1.1));
        let status = self.disturbed(disturbance, moment, rng)?;
        let code = status.code();
        let expected = match disturbance {
            Kill => code.is_none() || code == Some(0),
            Interrupt => code == Some(INTERRUPTED) || code == Some(0),
            ClosedOutput | FullOutput => code == Some(0),
            FullDisk => code != Some(0) || read(&self.results())? == self.many,
        };
        if !expected {
            return Err(format!("the run ends with {status}").into());
        }
        let left = read(&self.results())?;
        if left != self.few && left != self.many && !left.is_empty() {
            return Err("the folder holds neither the old results nor the new ones".into());
        }
        if self.undisturbed(MANY)? != self.many {
            return Err("the next run has other results".into());
        }
        let beside: Vec<_> = fs::read_dir(&self.folder)?.filter_map(|it| it.ok()).collect();
        match beside.iter().find(|entry| entry.file_name() != "results") {
            Some(left) => Err(format!("`{}` is left behind", left.path().display()).into()),
            None => Ok(()),
        }
    }

    fn disturbed(
        &self,
        disturbance: Disturbance,
        moment: Duration,
        rng: &mut ChaCha8Rng,
    ) -> Result<ExitStatus> {
        let mut command = self.compare(MANY);
        let mut child = match disturbance {
            ClosedOutput => {
                let mut child = command.stdout(Stdio::piped()).spawn()?;
                drop(child.stdout.take());
                child
            }
            FullOutput => {
                command.stdout(OpenOptions::new().write(true).open("/dev/full")?).spawn()?
            }
            FullDisk => self.limited(rng.random_range(0..200)).spawn()?,
            Kill | Interrupt => command.spawn()?,
        };
        if let Kill | Interrupt = disturbance {
            std::thread::sleep(moment);
            signal(&child, if disturbance == Kill { "-KILL" } else { "-INT" });
        }
        Ok(child.wait()?)
    }

    /// The run under a shell that lets no file grow beyond so many blocks, and has a larger one
    /// fail as on a full disk instead of ending the program.
    fn limited(&self, blocks: u32) -> Command {
        let plain = self.compare(MANY);
        let mut command = Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        command.args(["-c", &script]).arg(plain.get_program()).args(plain.get_args());
        command.current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// Sends a signal to a process, which may be over already.
fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let _ = Command::new("kill").args([name, &id]).stderr(Stdio::null()).status();
}

/// All files below a folder, none if it does not exist.
fn read(folder: &Path) -> std::io::Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        if !next.exists() {
            continue;
        }
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is in the folder").to_owned();
                files.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(files)
}

/// The value of an option of the command line.
fn option(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|it| it != name);
    arguments.nth(1)
}

#[expect(clippy::print_stdout, reason = "a program that prints what it did")]
fn main() -> Result<()> {
    let minutes: f64 = option("--minutes").unwrap_or("1".into()).parse()?;
    let seed: u64 = option("--seed").unwrap_or("1".into()).parse()?;
    let beside = std::env::current_exe()?.with_file_name("../driftlab");
    let program = option("--program").map_or(beside, PathBuf::from).canonicalize()?;
    let scenario = Path::new("scenarios/quiet.toml").canonicalize()?;
    let folder = tempfile::tempdir()?;
    let soak = Soak::new(program, scenario, folder.path())?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (began, mut rounds) = (Instant::now(), BTreeMap::new());
    // In turn, and each at least once: on a slow machine chance leaves some out.
    for (number, disturbance) in ALL.into_iter().cycle().enumerate() {
        let is_over = began.elapsed().as_secs_f64() >= minutes * 60.0;
        if is_over && rounds.len() == ALL.len() {
            break;
        }
        soak.round(disturbance, &mut rng)
            .map_err(|why| format!("round {number}, seed {seed}, {disturbance:?}: {why}"))?;
        *rounds.entry(disturbance).or_insert(0_u32) += 1;
    }
    for (disturbance, count) in &rounds {
        println!("{disturbance:?}: {count} rounds, the bytes are those of an undisturbed run");
    }
    Ok(())
}
