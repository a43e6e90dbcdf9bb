//! Campaigns from the outside: whatever the number of shards, the merged folder is that of one
//! machine, to the byte, and a folder of results can be made again of the runs in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

mod support;
use support::files;

const HELD: &str = "tests/scenarios/held.toml";

fn driftlab(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftlab"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command.output().expect("driftlab starts")
}

/// The standard output of a command that ends with this code.
fn said(arguments: &[&str], code: i32) -> String {
    let output = driftlab(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (printed, complained) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{printed}\n{complained}");
    printed + &complained
}

/// The folder of one test, and paths in it as arguments.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("Unicode").to_owned()
    }

    /// A plan of these options.
    fn plan(&self, options: &[&str]) -> String {
        let plan = self.path("plan.json");
        let start = ["campaign", "plan", HELD, "--out", &plan];
        said(&[&start[..], options].concat(), 0);
        plan
    }

    fn shard(&self, plan: &str, shard: &str, parts: &str) {
        let parts = self.path(parts);
        let run = ["-q", "campaign", "run", plan, "--shard", shard, "--out", &parts];
        said(&run, 0);
    }

    /// The files of the shards below a folder.
    fn parts(&self, folder: &str) -> Vec<PathBuf> {
        let plans = fs::read_dir(self.path(folder)).expect("a folder");
        let files = plans.flat_map(|plan| {
            let plan = plan.expect("an entry").path();
            fs::read_dir(plan).expect("a folder").map(|file| file.expect("an entry").path())
        });
        let mut files: Vec<PathBuf> = files.collect();
        files.sort();
        files
    }
}

/// Fails with the names of the files that differ.
fn same(one: &str, other: &str) {
    let (one, other) = (files(one.as_ref()), files(other.as_ref()));
    let names = |files: &[(String, Vec<u8>)]| -> Vec<String> {
        files.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&one), names(&other));
    let differ = one.iter().zip(&other).filter(|(one, other)| one != other);
    let differ: Vec<&str> = differ.map(|((name, _), _)| &**name).collect();
    assert_eq!(differ, [""; 0]);
}

#[test]
fn merged_bytes_are_those_of_one_machine_whatever_the_number_of_shards() {
    let place = Place::new();
    let single = place.path("single");
    let seeds = ["--seeds", "6"];
    let compare = ["-q", "compare", HELD, "--out", &single];
    said(&[&compare[..], &seeds].concat(), 0);
    let plan = place.plan(&seeds);
    for shards in [1_u64, 2, 7] {
        let parts = format!("parts-{shards}");
        for shard in 0..shards {
            place.shard(&plan, &format!("{shard}/{shards}"), &parts);
        }
        let (parts, merged) = (place.path(&parts), place.path(&format!("merged-{shards}")));
        said(&["-q", "campaign", "merge", &plan, &parts, "--out", &merged], 0);
        same(&single, &merged);
    }
}

#[test]
fn a_sweep_in_shards_is_the_same_sweep() {
    let place = Place::new();
    let single = place.path("single");
    let options = ["--seeds", "2", "--variant", "saga", "--vary", "services.stock.workers=1,25"];
    let sweep = ["-q", "sweep", HELD, "--out", &single];
    said(&[&sweep[..], &options].concat(), 0);
    let plan = place.plan(&options);
    for shard in ["1/3", "2/3", "3/3"] {
        place.shard(&plan, shard, "parts");
    }
    let merged = place.path("merged");
    said(&["-q", "campaign", "merge", &plan, &place.path("parts"), "--out", &merged], 0);
    same(&single, &merged);
}

#[test]
fn a_sensitivity_in_shards_is_the_same_sensitivity() {
    let place = Place::new();
    let single = place.path("single");
    let options = ["--seeds", "6", "--only", "services.stock", "--factor", "3"];
    let sensitivity = ["-q", "sensitivity", HELD, "--out", &single];
    said(&[&sensitivity[..], &options].concat(), 0);
    let plan = place.plan(&[&["--sensitivity"], &options[..]].concat());
    for shard in ["0/2", "1/2"] {
        place.shard(&plan, shard, "parts");
    }
    let merged = place.path("merged");
    said(&["-q", "campaign", "merge", &plan, &place.path("parts"), "--out", &merged], 0);
    same(&single, &merged);
    let alone = ["campaign", "plan", HELD, "--factor", "3"];
    assert!(said(&alone, 2).contains("--sensitivity"), "what moves nothing is refused");
}

const SHOP: &str = "tests/scenarios/explored.toml";

/// A fuzz of two variants of which one breaks promises, a batch of three with fewer runs.
const FUZZ: [&str; 6] = ["--runs", "300", "--operations", "5", "--faults", "2"];

#[test]
fn counterexamples_of_a_fuzz_in_shards_are_those_of_one_machine() {
    let place = Place::new();
    // The page of a counterexample names its folder, so all of them have the same name.
    let (out, single) = (place.path("out"), place.path("single"));
    let keep = |under: &str| fs::rename(&out, under).expect("moved");
    let fuzz = ["-q", "fuzz", SHOP, "--out", &out];
    let alone = said(&[&fuzz[..], &FUZZ].concat(), 1);
    assert!(alone.contains(" is violated\n"), "{alone}");
    keep(&single);
    let plan = place.path("plan.json");
    let start = ["campaign", "plan", SHOP, "--fuzz", "--out", &plan];
    said(&[&start[..], &FUZZ].concat(), 0);
    for shards in [1_u64, 2, 7] {
        let parts = format!("parts-{shards}");
        for shard in 0..shards {
            place.shard(&plan, &format!("{shard}/{shards}"), &parts);
        }
        let (parts, merged) = (place.path(&parts), place.path(&format!("merged-{shards}")));
        let merge = ["-q", "campaign", "merge", &plan, &parts, "--out", &out];
        assert_eq!(said(&merge, 1), alone);
        same(&single, &out);
        // Once more: what was found is known, and nothing is written.
        let again = said(&merge, 1);
        assert!(again.contains("found earlier") && !again.contains("again:"), "{again}");
        same(&single, &out);
        keep(&merged);
    }
    let verified =
        said(&["campaign", "verify", &plan, &place.path("parts-2"), "--sample", "20%"], 0);
    assert!(verified.contains(" are the same here"), "{verified}");
}

#[test]
fn batches_of_a_fuzz_that_are_missing_are_counted_in_runs() {
    let place = Place::new();
    let plan = place.path("plan.json");
    let start = ["campaign", "plan", SHOP, "--fuzz", "--variants", "dual-write", "--out", &plan];
    let planned = said(&[&start[..], &FUZZ].concat(), 0);
    assert!(planned.contains(": 300 runs\n"), "{planned}");
    let parts = place.path("parts");
    for shard in ["0/3", "2/3"] {
        place.shard(&plan, shard, "parts");
    }
    let missing = said(&["campaign", "merge", &plan, &parts], 4);
    assert!(missing.contains("128 of 300 runs are missing"), "{missing}");
    assert!(missing.contains("--shard 1/3"), "{missing}");
    for (options, wanted) in [
        (&["--runs", "5"][..], "--fuzz"),
        (&["--fuzz", "--seeds", "5"], "'--fuzz' cannot be used with '--seeds"),
        (&["--fuzz", "--runs", "10000000001"], "10000000001 is not in 1..=10000000000"),
    ] {
        let start = ["campaign", "plan", SHOP, "--out", &plan];
        let refused = said(&[&start[..], options].concat(), 2);
        assert!(refused.contains(wanted), "{options:?}: {refused}");
    }
}

#[test]
fn what_is_missing_or_damaged_is_said_with_the_command_that_makes_it() {
    let place = Place::new();
    let plan = place.plan(&["--seeds", "2"]);
    let parts = place.path("parts");
    place.shard(&plan, "0/3", "parts");
    place.shard(&plan, "2/3", "parts");
    let missing = said(&["campaign", "status", &plan, &parts], 4);
    let command = format!("driftlab campaign run {plan} --shard 1/3 --out {parts}");
    assert!(missing.contains("1 of 4 runs are missing"), "{missing}");
    assert!(missing.contains(&command), "{missing}");
    let merged = place.path("merged");
    let refused = said(&["campaign", "merge", &plan, &parts, "--out", &merged], 4);
    assert!(refused.contains(&command) && !Path::new(&merged).exists(), "{refused}");

    place.shard(&plan, "1/3", "parts");
    let there = said(&["campaign", "run", &plan, "--shard", "1/3", "--out", &parts], 0);
    assert!(there.contains("is there already"), "{there}");
    said(&["campaign", "status", &plan, &parts], 0);
    let first = &place.parts("parts")[0];
    let whole = fs::read(first).expect("a file");
    fs::write(first, &whole[..whole.len() - 9]).expect("written");
    let damaged = said(&["campaign", "status", &plan, &parts], 4);
    assert!(damaged.contains("it is damaged or was cut off"), "{damaged}");
    place.shard(&plan, "0/3", "parts");
    assert!(fs::read(first).expect("a file") == whole, "it is run again, to the same bytes");
    let verified = said(&["campaign", "verify", &plan, &parts, "--sample", "50%"], 0);
    assert!(verified.contains("2 runs of 4 are the same here"), "{verified}");
}

#[test]
fn plans_and_shards_that_are_none_are_refused() {
    let place = Place::new();
    let plan = place.plan(&["--seeds", "1"]);
    for shard in ["3/2", "1/0", "x", "1"] {
        said(&["campaign", "run", &plan, "--shard", shard], 2);
    }
    let wrong = place.path("wrong.json");
    fs::write(&wrong, "{}").expect("written");
    assert!(said(&["campaign", "status", &wrong], 2).contains("this is no plan"));
    let full = place.path("full");
    fs::write(&full, "").expect("written");
    // Not 2, at which a scheduler gives up.
    let unwritten = said(&["campaign", "run", &plan, "--shard", "0/1", "--out", &full], 6);
    assert!(unwritten.contains("a file stands where a folder should be"), "{unwritten}");
    let text = fs::read_to_string(&plan).expect("a plan");
    fs::write(&wrong, text.replace("\"driftlab\":\"", "\"driftlab\":\"9")).expect("written");
    let other = said(&["campaign", "run", &wrong, "--shard", "0/1"], 2);
    assert!(other.contains("the plan is of driftlab 9"), "{other}");
    let axes = ["retry.attempts=1..900:900", "retry.backoff=1ms..900ms:900"];
    let vary = format!("\"vary\":[\"{}\",\"{}\"]", axes[0], axes[1]);
    fs::write(&wrong, text.replace("\"vary\":[]", &vary)).expect("written");
    let many = said(&["campaign", "run", &wrong, "--shard", "0/1"], 2);
    assert!(many.contains("at most 10000 points, and these are 810000"), "{many}");
}

#[cfg(unix)]
#[test]
fn a_shard_that_was_killed_goes_on_and_leaves_the_same_file() {
    let place = Place::new();
    killed(&place, &place.plan(&["--seeds", "24"]));
    let place = Place::new();
    let plan = place.path("fuzz.json");
    let start = ["campaign", "plan", SHOP, "--fuzz", "--runs", "512", "--out", &plan];
    said(&start, 0);
    killed(&place, &plan);
}

/// A shard that was killed between its file and the end leaves what the next start takes away.
#[test]
fn a_shard_that_is_there_leaves_nothing_else_behind() {
    let place = Place::new();
    let plan = place.plan(&["--seeds", "2"]);
    place.shard(&plan, "0/2", "parts");
    let [part] = &place.parts("parts")[..] else { panic!("one file") };
    let left = part.with_file_name(".part-0-of-2.unfinished").join("0123456789abcdef");
    fs::create_dir_all(&left).expect("a folder");
    fs::write(left.join(".driftlab-half"), "half").expect("a file");
    place.shard(&plan, "0/2", "parts");
    assert_eq!(place.parts("parts"), std::slice::from_ref(part));
}

/// Kills a shard three times.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "a real process is killed after a real time")]
fn killed(place: &Place, plan: &str) {
    place.shard(plan, "0/2", "whole");
    let parts = place.path("parts");
    let run = ["-q", "campaign", "run", plan, "--shard", "0/2", "--out", &parts];
    let mut killed = 0;
    for _ in 0..3 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_driftlab"));
        command.current_dir(env!("CARGO_MANIFEST_DIR")).args(run);
        let mut child = command.spawn().expect("driftlab starts");
        std::thread::sleep(std::time::Duration::from_millis(400));
        killed += u32::from(child.try_wait().expect("asked").is_none());
        child.kill().expect("killed");
        child.wait().expect("it ends");
    }
    said(&run, 0);
    let [one, other] = ["whole", "parts"].map(|folder| place.parts(folder));
    let bytes = |path: &PathBuf| fs::read(path).expect("a file");
    assert!(bytes(&one[0]) == bytes(&other[0]), "killed {killed} times");
    assert_eq!(other.len(), 1, "nothing else stays behind: {other:?}");
}

#[test]
fn a_search_leaves_a_folder_that_is_made_again_of_the_runs_in_it() {
    let place = Place::new();
    let (crossover, capacity) = (place.path("crossover"), place.path("capacity"));
    let seeds = ["-q", "--seeds", "6"];
    let places = ["--measure", "m1.p99", "--vary", "drivers.orchestrator.work=60ms..80ms:2"];
    let between = ["crossover", HELD, "--between", "saga,events", "--out", &crossover];
    let limit = ["capacity", HELD, "--variants", "saga", "--below", "400ms", "--out", &capacity];
    for (search, folder) in
        [(&between[..], crossover.clone()), (&limit, capacity.clone() + "/saga")]
    {
        let printed = said(&[search, &seeds, &places].concat(), 0);
        let again = place.path("again");
        assert_eq!(said(&["-q", "report", &folder, "--out", &again], 0), printed);
        same(&folder, &again);
        let read = |name: &str| fs::read_to_string(Path::new(&folder).join(name)).expect("text");
        let (looks, crossings) = (read("differences.csv"), read("crossings.csv"));
        assert!(looks.lines().count() > 5, "{looks}");
        let found: Vec<&str> = crossings.lines().skip(1).collect();
        let [found] = found[..] else { panic!("one crossing: {crossings}") };
        let column: Vec<&str> = found.split(',').collect();
        let number = |at: usize| column[at].parse::<f64>().expect("nanoseconds");
        assert!(number(8) <= number(6) && number(7) <= number(9), "{found}");
        let page = read("index.html");
        let [title] = [printed.lines().find(|line| !line.is_empty()).expect("a title")];
        assert!(page.contains(title), "{title} is not in {page}");
        let looked = looks.lines().count() - 1;
        let points = read("sweep.csv");
        let last = points.lines().last().expect("rows").split(',').next();
        assert_eq!(last, Some(&*(looked - 1).to_string()), "the points are what was looked at");
        fs::remove_dir_all(&again).expect("removed");
    }
    let csv = said(&[&between[..], &seeds, &places, &["--format", "csv"]].concat(), 0);
    let file = fs::read_to_string(Path::new(&crossover).join("differences.csv")).expect("text");
    assert_eq!(csv, file);
}

#[test]
fn a_folder_of_results_is_made_again_of_the_runs_in_it() {
    let place = Place::new();
    let (first, again) = (place.path("first"), place.path("again"));
    said(&["-q", "compare", HELD, "--seeds", "3", "--out", &first], 0);
    let page = Path::new(&first).join("index.html");
    let printed = said(&["-q", "report", &first, "--out", &again], 0);
    assert!(printed.contains("Summary"), "{printed}");
    same(&first, &again);
    // In place: only the runs are needed, but nobody's own change is replaced.
    fs::write(&page, "mine").expect("written");
    said(&["-q", "report", &first], 2);
    fs::remove_file(&page).expect("removed");
    said(&["-q", "report", &first], 0);
    same(&first, &again);
    let runs = Path::new(&first).join("runs.gz");
    fs::remove_file(&runs).expect("removed");
    assert!(said(&["report", &first], 2).contains("does not hold the runs"));
    let output = driftlab(&["diff", &again, &again]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("No difference in any of"));
}
