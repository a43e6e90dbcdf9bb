//! `driftlab verify-model`: the model verified against closed forms.

use crate::experiment::stop::Stop;
use crate::report::human::some;
use crate::report::verification;
use crate::verification::{self as cases, Finding, Verdict};

use super::args::{Format, VerifyModel};
use super::compare::{interrupt, pool};
use super::progress::Progress;
use super::{Error, Exit, Session, output, print, remark};

/// `driftlab verify-model`.
pub fn verify_model(session: &Session, args: &VerifyModel) -> Result<Exit, Error> {
    if let Some(folder) = &args.out {
        output::probe(folder)?;
        output::check_own(&folder.join(verification::PAGE), b"")?;
    }
    let cases = cases::cases();
    let stop = interrupt(session, Stop::default());
    let VerifyModel { seeds, seconds, .. } = *args;
    let systems = some(cases.len(), "system");
    remark(session, &format!("{systems} on {seeds} seeds, {seconds} s of load each\n"));
    let progress = Progress::new(args.seeds * cases.len() as u64, session.quiet);
    let done = || progress.advance();
    let verify = || {
        let found = cases.iter().map_while(|case| case.verify(seeds, seconds, &stop, &done));
        found.flatten().collect::<Vec<Finding>>()
    };
    let findings = pool(args.workers.threads())?.install(verify);
    progress.finish();
    if let Some(folder) = args.out.as_ref().filter(|_| !stop.is_set()) {
        output::write_all(folder, &[verification::page(&findings)])?;
        let page = folder.join(verification::PAGE);
        remark(session, &format!("the page is {}\n", page.display()));
    }
    print(&match args.format {
        Format::Human => verification::table(&findings),
        Format::Json => format!("{:#}\n", serde_json::json!(findings)),
        Format::Csv => verification::csv(&findings),
    })?;
    let any = |verdict| findings.iter().any(|finding| finding.verdict == verdict);
    Ok(if stop.is_set() {
        Exit::Interrupted
    } else if any(Verdict::Differs) {
        Exit::Violated
    } else if any(Verdict::Wide) {
        Exit::Undecided
    } else {
        Exit::Held
    })
}
