//! `driftlab verify-model`: the model verified against closed forms.

use crate::report::verification;
use crate::verification::{self as cases, Finding, Verdict};

use super::args::{Format, VerifyModel};
use super::compare::pool;
use super::progress::Progress;
use super::{Error, Exit, Session, output, print, remark};

/// `driftlab verify-model`.
pub fn verify_model(session: &Session, args: &VerifyModel) -> Result<Exit, Error> {
    if let Some(folder) = &args.out {
        output::probe(folder)?;
        output::check_own(&folder.join(verification::PAGE), b"")?;
    }
    let cases = cases::cases();
    let progress = Progress::new(args.seeds * cases.len() as u64, session.quiet);
    let done = || progress.advance();
    let verify = || {
        let found = cases.iter().flat_map(|case| case.verify(args.seeds, args.seconds, &done));
        found.collect::<Vec<Finding>>()
    };
    let findings = pool(args.workers.threads())?.install(verify);
    progress.finish();
    if let Some(folder) = &args.out {
        output::write_all(folder, &[verification::page(&findings)])?;
        let page = folder.join(verification::PAGE);
        remark(session, &format!("the page is {}\n", page.display()));
    }
    print(&match args.format {
        Format::Human => verification::table(&findings),
        Format::Json => format!("{:#}\n", serde_json::json!(findings)),
        Format::Csv => verification::csv(&findings),
    })?;
    let some = |verdict| findings.iter().any(|finding| finding.verdict == verdict);
    Ok(if some(Verdict::Differs) {
        Exit::Violated
    } else if some(Verdict::Wide) {
        Exit::Undecided
    } else {
        Exit::Held
    })
}
