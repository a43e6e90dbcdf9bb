//! Processes and what they cost, for examples that measure the program.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "it measures processes")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The time and the memory of a process.
#[derive(Clone, Copy, Default)]
pub struct Took {
    /// Processor time in seconds.
    pub time: f64,
    /// Time by the clock, in seconds.
    #[allow(dead_code, reason = "not every example asks for it")]
    pub clock: f64,
    /// The most memory in bytes.
    pub memory: f64,
}

/// Runs the program with arguments, which may end with these codes.
///
/// # Errors
/// If it ends with another one.
pub fn take(program: &Path, arguments: &[&str], codes: &[i32]) -> Result<Took> {
    let (before, began) = (children()?, Instant::now());
    let mut command = Command::new(program);
    command.args(arguments).arg("--quiet").stdin(Stdio::null());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut memory = 0.0_f64;
    let ended = loop {
        memory = memory.max(peak(&status).unwrap_or(0.0));
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    if !ended.code().is_some_and(|code| codes.contains(&code)) {
        return Err(format!("{arguments:?} ended with {ended}").into());
    }
    let clock = began.elapsed().as_secs_f64();
    Ok(Took { time: children()? - before, clock, memory })
}

/// The processor time of all processes that have ended, in seconds.
fn children() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(micros as f64 / 1e6)
}

/// The most memory that a process had so far, in bytes.
pub fn peak(status: &Path) -> Option<f64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<f64>().ok()? * 1024.0)
}
