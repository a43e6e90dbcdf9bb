//! An event bus within the process: the publisher calls the handlers and waits for them.

use std::future::Future;
use std::pin::Pin;

use super::consumer::{self, ConsumerOptions};
use crate::model::call::{Message, Reply};
use crate::model::database::Event;
use crate::model::once::once;
use crate::model::process::ProcessCtx;
use crate::model::record::Answer;
use crate::model::system::{ServiceId, Work};
use crate::patterns::step::{self, Failure};

/// The result of the handlers of an event. The type is boxed because a handler calls further
/// handlers, so the future is recursive.
type Handled = Pin<Box<dyn Future<Output = Result<(), Failure>>>>;

/// Publishes the event of the first step, and answers the client by the results of the handlers.
pub(super) async fn tell(here: &ProcessCtx, event: Event, options: ConsumerOptions) -> Answer {
    match hand_over(here, event, options).await {
        Ok(()) => Answer::Done,
        Err(Failure::Refused) => Answer::RefusedByRule,
        Err(Failure::Unknown | Failure::UsedUp { in_doubt: true }) => Answer::Unknown,
        Err(_) => Answer::TechnicalNo,
    }
}

/// Calls the handler of every service that wants an event, one after the other. A service that
/// could not be reached, or failed at its own step, is called again as the retry policy says. The
/// first that fails for good ends the delivery: the handlers after it are not called.
pub(super) async fn hand_over(
    here: &ProcessCtx,
    event: Event,
    options: ConsumerOptions,
) -> Result<(), Failure> {
    let services = 0..here.system().services.len() as u16;
    for service in services.map(ServiceId) {
        let wanted = consumer::wanted(here, service, &event);
        if wanted == 0 {
            continue;
        }
        let here = here.at_step(event.step, 0);
        let policy = here.retry_at(service);
        let message = Message::request("handle", policy.step_deadline);
        let message = message.costs(Work::Steps(wanted));
        let mut in_doubt = false;
        let handled =
            step::retry(&here, "handle", (policy, policy.attempts), async |here: ProcessCtx| {
                let node = here.instance(service);
                let reply = match node == here.node() {
                    true => Reply::Answered(handle(here, event, options).await),
                    false => {
                        let guard = (policy.breaker, step::is_failure as fn(&_) -> _);
                        here.guarded(node, guard, || {
                            here.call(node, message, move |it| handle(it, event, options))
                        })
                        .await
                    }
                };
                match reply {
                    Reply::Answered(Err(Failure::Technical)) | Reply::Refused | Reply::Rejected => {
                        None
                    }
                    Reply::Answered(Err(Failure::Unknown)) | Reply::Unknown => {
                        in_doubt = true;
                        None
                    }
                    Reply::Answered(handled) => Some(handled),
                }
            });
        handled.await.unwrap_or(Err(Failure::UsedUp { in_doubt }))?;
    }
    Ok(())
}

/// Handles an event for a caller. A caller that repeats its request while the handler runs waits
/// for the result, if handlers are idempotent: the handler calls others in turn, and must not start
/// again.
fn handle(here: ProcessCtx, event: Event, options: ConsumerOptions) -> Handled {
    Box::pin(async move {
        let work = async || consumer::process(&here, event, options).await;
        if !options.idempotent {
            return work().await;
        }
        let part = 1 + u32::from(event.step.0) * 4 + event.kind as u32;
        let is_kept = |handled: &Result<(), Failure>| {
            !matches!(handled, Err(Failure::Technical | Failure::Unknown))
        };
        once(&here, (event.op, part.into()), is_kept, work).await
    })
}
