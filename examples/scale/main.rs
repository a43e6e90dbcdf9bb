//! Scale: what memory and processor time grow with, and what two threads gain. Prints a table for
//! each curve, every number of it measured in a process of its own.
//!
//! ```text
//! cargo build --release
//! cargo run --release --features internals --example scale [-- WORD...]
//! ```
//!
//! With words, only the curves whose names contain one of them; `--small` takes a tenth of every
//! size. Times are processor time, which other work on the machine hardly changes, but for what
//! threads gain; memory is the peak of a process. What an operation keeps is the difference of two
//! peaks, divided by that of the numbers of operations, so that the start of a process counts for
//! nothing.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it measures, and prints"
)]

#[cfg(not(target_os = "linux"))]
fn main() {
    panic!("memory and time of a process are read from Linux");
}

#[cfg(target_os = "linux")]
mod curves;
#[cfg(target_os = "linux")]
mod estate;
#[cfg(target_os = "linux")]
mod jobs;
#[cfg(target_os = "linux")]
mod merging;
#[cfg(target_os = "linux")]
#[path = "../support/process.rs"]
mod process;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(target_os = "linux")]
fn main() -> process::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, job] = arguments.as_slice()
        && flag == "--job"
    {
        let job: jobs::Job = serde_json::from_str(job)?;
        println!("{}", serde_json::to_string(&job.run()?)?);
        return Ok(());
    }
    let is_small = arguments.iter().any(|it| it == "--small");
    let words: Vec<&String> = arguments.iter().filter(|it| !it.starts_with("--")).collect();
    let is_wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(*word));
    for curve in curves::all(is_small) {
        if is_wanted(&curve.name) {
            println!("{}", curve.measure()?);
        }
    }
    if is_wanted("merging") {
        println!("{}", merging::measure(is_small)?);
    }
    Ok(())
}
