//! `driftlab report`: a folder of results made again, without simulating.

use super::args::Report;
use super::campaign::rebuild;
use super::compare::interrupt;
use super::job::{Job, Plan};
use super::output::FileError;
use super::{Error, Exit, Session, archive, remark};
use crate::experiment::stop::Stop;

/// `driftlab report`.
pub fn report(session: &Session, args: &Report) -> Result<Exit, Error> {
    let path = args.folder.join(archive::NAME);
    if !path.is_file() {
        let folder = args.folder.display();
        return Err(Error::Usage(format!(
            "`{folder}` does not hold the runs of a comparison or a sweep (`{}`)\nhint: its \
             README.md has the command that makes it again",
            archive::NAME
        )));
    }
    let read = archive::unpack(&path, &mut |_, _| Ok(()));
    let (plan, _) = read.map_err(FileError::new("read", &path))?;
    let job = Job::of(session, Plan::read(plan.as_bytes())?)?;
    let folder = args.out.as_ref().unwrap_or(&args.folder);
    let stop = interrupt(session, Stop::default());
    let exit = rebuild(session, &job, (folder, &[path]), &args.workers, args.details, &stop)?;
    if exit != Exit::Interrupted {
        remark(session, &format!("\nresults: {}\n", folder.join("index.html").display()));
    }
    Ok(exit)
}
