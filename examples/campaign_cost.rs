//! The cost of a campaign of a billion runs, from that of a few thousand of them on this machine:
//! writes `reports/campaigns.md` and prints it.
//!
//! ```text
//! cargo build --profile dist
//! cargo run --release --example campaign_cost -- target/dist/driftlab
//! ```
//!
//! Plans of two sizes are run in one shard and merged, each as a process of its own. What a run
//! adds is the difference of the two, so that the start of a process counts for nothing. Times are
//! processor time, which other work on the machine hardly changes; memory is the peak of a process.

#[cfg(not(target_os = "linux"))]
fn main() {
    panic!("memory and time of a process are read from Linux");
}

#[cfg(target_os = "linux")]
fn main() -> process::Result<()> {
    linux::main()
}

#[cfg(target_os = "linux")]
#[path = "support/process.rs"]
mod process;

#[cfg(target_os = "linux")]
mod linux {
    use std::fmt::Write;
    use std::fs;
    use std::path::Path;

    use super::process::{Result, Took, take};

    /// The runs of the campaign that is estimated.
    const MANY: f64 = 1e9;

    /// A sort of campaign: the options of its plans, and the smaller and the larger number of runs.
    struct Sort {
        name: &'static str,
        scenario: &'static str,
        /// The option that says how many, and how many runs one of it is.
        option: (&'static str, u64),
        others: &'static [&'static str],
        sizes: [u64; 2],
    }

    const SORTS: [Sort; 2] = [
        Sort {
            name: "fuzz, 20 operations",
            scenario: "tests/scenarios/explored.toml",
            option: ("--runs", 2),
            others: &["--fuzz"],
            sizes: [4_096, 32_768],
        },
        Sort {
            name: "comparison, 2 x 200 operations",
            scenario: "tests/scenarios/held.toml",
            option: ("--seeds", 2),
            others: &[],
            sizes: [32, 256],
        },
    ];

    /// The cost of a campaign of one size.
    struct Measured {
        runs: f64,
        shard: Took,
        /// The length of the file of the shard.
        bytes: f64,
        merge: Took,
    }

    pub(crate) fn main() -> Result<()> {
        let program = std::env::args().nth(1).unwrap_or("target/release/driftlab".into());
        let program = fs::canonicalize(program)?;
        let mut text = String::from(INTRODUCTION);
        for sort in &SORTS {
            let folder = tempfile::tempdir()?;
            let lab = Lab { program: &program, sort, folder: folder.path() };
            let [few, many] = [lab.measure(sort.sizes[0], 1)?, lab.measure(sort.sizes[1], 1)?];
            let split = lab.measure(sort.sizes[1], 64)?;
            tell(&mut text, sort, [&few, &many, &split]);
        }
        text.push_str(END);
        fs::write("reports/campaigns.md", &text)?;
        print(&text);
        Ok(())
    }

    #[expect(clippy::print_stdout, reason = "a program that prints a note")]
    fn print(text: &str) {
        print!("{text}");
    }

    /// Where the campaigns of a sort are run.
    struct Lab<'a> {
        program: &'a Path,
        sort: &'a Sort,
        folder: &'a Path,
    }

    impl Lab<'_> {
        /// Plans, runs and merges a campaign of one size in so many shards.
        fn measure(&self, size: u64, shards: u64) -> Result<Measured> {
            let name = format!("{size}-{shards}");
            let path = |of: &str| self.folder.join(format!("{name}-{of}")).display().to_string();
            let (plan, parts, out) = (path("plan"), path("parts"), path("out"));
            let (option, each) = self.sort.option;
            let many = size.to_string();
            let start = ["campaign", "plan", self.sort.scenario, option, &many, "--out", &plan];
            let memory = ["--limit-memory", "99999GB"];
            take(self.program, &[&start[..], &memory, self.sort.others].concat(), &[0])?;
            let mut shard = Took::default();
            for at in 0..shards {
                let which = format!("{at}/{shards}");
                let run = ["campaign", "run", &plan, "--shard", &which, "--out", &parts];
                let took =
                    take(self.program, &[&run[..], &["--threads", "1"], &memory].concat(), &[0])?;
                shard.time += took.time;
                shard.memory = shard.memory.max(took.memory);
            }
            let merge = ["campaign", "merge", &plan, &parts, "--out", &out, "--threads", "1"];
            let merge = take(self.program, &merge, &[0, 1, 3])?;
            Ok(Measured { runs: (size * each) as f64, shard, bytes: size_of(&parts)?, merge })
        }
    }

    /// The bytes of all files below a folder.
    fn size_of(folder: &str) -> Result<f64> {
        let mut bytes = 0.0;
        for plan in fs::read_dir(folder)? {
            for file in fs::read_dir(plan?.path())? {
                bytes += file?.metadata()?.len() as f64;
            }
        }
        Ok(bytes)
    }

    const INTRODUCTION: &str = "\
# What a billion runs cost

Printed by `cargo run --release --example campaign_cost`, which runs and merges small campaigns, takes what each further run adds,
and multiplies. Times are those of one core of the machine on which it was last run.
";

    const END: &str = "
Shards need nothing from each other, so cores divide the time of the runs as they are; what does not divide is the merge, one
process that reads the files of all shards one after the other. Where a row says how many cores are as fast as the merge, more
cores than that wait for it longer than for the runs. The memory of a merge does not depend on the number of shards. That of a fuzz
is 17 bytes for each batch of 128 runs; a comparison, whose results have numbers of every seed, is held as a whole. So a billion
runs are a matter of fuzzing: nobody needs as many seeds for an interval, and no machine would hold them.
";

    /// How many runs 16 GB hold, at so many bytes each.
    fn held(memory: f64) -> String {
        if memory < 1.0 { "more than 10^9".into() } else { format!("{:.0}", 16e9 / memory) }
    }

    /// Adds what was measured of a sort, and what follows from it.
    fn tell(text: &mut String, sort: &Sort, [few, many, split]: [&Measured; 3]) {
        let each =
            |of: fn(&Measured) -> f64| ((of(many) - of(few)) / (many.runs - few.runs)).max(0.0);
        let run = each(|it| it.shard.time);
        let merge = each(|it| it.merge.time);
        let bytes = each(|it| it.bytes);
        let memory = each(|it| it.merge.memory);
        let days = |seconds: f64| seconds / 86_400.0;
        let rows = [
            ("measured on", format!("{} and {} runs", few.runs, many.runs)),
            ("a run", format!("{:.3} ms", run * 1e3)),
            ("a run in the file of its shard", format!("{bytes:.1} bytes")),
            ("a run when merged", format!("{:.2} us, {memory:.0} bytes of memory", merge * 1e6)),
            ("memory of the merge, 1 shard", format!("{:.1} MB", many.merge.memory / 1e6)),
            ("memory of the merge, 64 shards", format!("{:.1} MB", split.merge.memory / 1e6)),
            ("**10^9 runs**", format!("{:.1} days of a core", days(run * MANY))),
            ("on 100 cores", format!("{:.1} hours", run * MANY / 3_600.0 / 100.0)),
            ("on 1,000 cores", format!("{:.1} hours", run * MANY / 3_600.0 / 1e3)),
            ("on 10,000 cores", format!("{:.2} hours", run * MANY / 3_600.0 / 1e4)),
            ("files of all shards", format!("{:.1} GB", bytes * MANY / 1e9)),
            (
                "the merge",
                format!(
                    "{:.1} hours, {:.1} GB of memory",
                    merge * MANY / 3_600.0,
                    memory * MANY / 1e9
                ),
            ),
            ("cores that are as fast as the merge", format!("{:.0}", run / merge)),
            ("runs whose merge takes 16 GB", held(memory)),
        ];
        let _ = writeln!(text, "\n| {}, `{}` | |\n|---|---|", sort.name, sort.scenario);
        for (name, value) in rows {
            let _ = writeln!(text, "| {name} | {value} |");
        }
    }
}
