//! An event bus within the process: those who follow are called, and whoever told them waits.

use std::future::Future;
use std::pin::Pin;

use super::consumer::{self, Manners};
use crate::model::call::{Message, Reply};
use crate::model::database::Event;
use crate::model::process::ProcessCtx;
use crate::model::record::Answer;
use crate::model::system::ServiceId;
use crate::patterns::step::Failure;

/// The result of the handlers of an event. A handler tells others in turn, so its process has no
/// size that could be known.
type Handled = Pin<Box<dyn Future<Output = Result<(), Failure>>>>;

/// Tells of the first step, and answers the client by what the handlers came to.
pub(super) async fn tell(here: &ProcessCtx, event: Event, manners: Manners) -> Answer {
    match hand_over(here, event, manners).await {
        Ok(()) => Answer::Done,
        Err(Failure::Refused) => Answer::RefusedByRule,
        Err(Failure::Unknown) => Answer::Unknown,
        Err(Failure::Technical | Failure::Fenced) => Answer::TechnicalNo,
    }
}

/// Has every service that wants an event handle it, one after the other, once each. The first that
/// fails ends it: those behind it never hear.
pub(super) async fn hand_over(
    here: &ProcessCtx,
    event: Event,
    manners: Manners,
) -> Result<(), Failure> {
    let services = 0..here.system().services.len() as u16;
    for service in services.map(ServiceId) {
        if !consumer::wants(here, service, &event) {
            continue;
        }
        let here = here.at_step(event.step, here.ctx().attempt);
        let node = here.instance(service);
        if node == here.node() {
            handle(here, event, manners).await?;
            continue;
        }
        let message = Message::request("handle", here.system().retry.step_deadline);
        match here.call(node, message, move |there| handle(there, event, manners)).await {
            Reply::Answered(handled) => handled?,
            Reply::Refused | Reply::Rejected => return Err(Failure::Technical),
            Reply::Unknown => return Err(Failure::Unknown),
        }
    }
    Ok(())
}

fn handle(here: ProcessCtx, event: Event, manners: Manners) -> Handled {
    Box::pin(async move { consumer::process(&here, event, manners).await })
}
