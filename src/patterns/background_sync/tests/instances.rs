//! Several instances of the job.

use super::*;

/// The world with several jobs, which work so long for each request.
fn with_jobs(instances: u16, work: &str, take_over: &str) -> String {
    let job = format!("job = {{ instances = {instances}, workers = 1, work = \"{work}\" }}");
    let keys = format!("[drivers]\n{job}\ntake-over = \"{take_over}\"");
    WORLD.replace("[drivers]", &keys)
}

fn run_in(world: &str, parts: &[&str], settings: &str) -> RecordedRun {
    let variant =
        format!("[variants.job]\npattern = \"background-sync\"\nsettings = {{ {settings} }}\n");
    record_text(&[&[world], parts, &[&variant]].concat().join("\n"), "job", 1)
}

/// The longest that an order was without its bill; all have one in the end.
fn longest_lag(told: &RecordedRun) -> Span {
    let rows = told.report.operations.iter();
    assert!(rows.clone().all(|row| row.state == State::All));
    let lags = rows.filter_map(|row| Some(row.last_partial? - row.first_visible?));
    lags.max().expect("many were offered")
}

/// The rows of a job that is away wait for the other one to take over, and are corrected once.
#[test]
fn the_rows_of_a_job_that_is_away_are_corrected_by_the_others() {
    let outage = "[[faults]]\nkind = \"crash\"\ntarget = \"sync-job#2\"\nat = \"10s\"\n\
                  for = \"40s\"\n";
    let lag = |take_over| {
        let world = with_jobs(2, "0s", take_over);
        let told = run_in(&world, &[BILL, &every("250ms"), outage], "interval = \"2s\"");
        let shown = told.all(Kind::Shown).count() as u64;
        assert_eq!(shown, 2 * told.report.offered, "an order and a bill each, once");
        longest_lag(&told)
    };
    let (taken_over, waited_for) = (lag("15s"), lag("100s"));
    assert!((Span::from_secs(14)..Span::from_secs(20)).contains(&taken_over), "{taken_over}");
    assert!(waited_for > Span::from_secs(38), "{waited_for}");
}

/// A job that works a second on each request finds five rows with one and corrects them with three,
/// which is less than the two a second that come in. Several find them all, and correct their own.
#[test]
fn more_jobs_relieve_one_that_is_too_slow() {
    let settings = "interval = \"1s\", batch = 5, overlap = \"500ms\"";
    let lag = |instances| {
        let world = with_jobs(instances, "1s", "15s");
        longest_lag(&run_in(&world, &[BILL, &every("500ms")], settings))
    };
    assert!(lag(1) > Span::from_secs(20), "{}", lag(1));
    assert!(lag(4) < Span::from_secs(15), "{}", lag(4));
}
