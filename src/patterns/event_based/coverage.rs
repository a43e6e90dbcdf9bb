//! The paths of event-based choreography.

use super::settings::{Acknowledge, Delivery, Publish, Settings};
use crate::model::path::{Paths, all_but, paths};
use crate::model::system::System;
use crate::patterns::step;

paths! {
    /// The events in the life of a relay.
    pub(super) enum Relayed {
        Full = "a relay reads a full batch",
        Again = "a restarted relay publishes what it finds",
        Refused = "the broker does not store a batch",
    }
}

paths! {
    /// The reactions of a consumer to an event.
    pub(super) enum Consumed {
        Applied = "a consumer applies its step",
        Refused = "a consumer refuses its step",
        TakenBack = "a consumer takes its step back",
        Failed = "a consumer fails, and is handed the event again",
    }
}

/// All paths with these settings.
pub(super) fn paths(settings: &Settings, system: &System) -> Paths {
    let later = system.operations.iter().flat_map(|operation| operation.steps.iter().skip(1));
    let refuses = later.into_iter().any(step::may_be_refused);
    let never = [(!refuses, Consumed::Refused), (!refuses, Consumed::TakenBack)];
    let heard = settings.acknowledge == Acknowledge::AfterProcessing
        && settings.delivery == Delivery::AtLeastOnce;
    let mut paths = all_but(Consumed::ALL, never);
    if !heard || settings.publish == Publish::InProcess {
        paths.remove(&Consumed::Failed.into());
    }
    if settings.publish.is_stored() {
        let tails = settings.publish == Publish::LogTailing;
        paths.extend(all_but(Relayed::ALL, [(tails, Relayed::Full)]));
    }
    if settings.idempotent_consumer {
        paths.extend(step::copies(refuses, refuses));
        paths.extend(if refuses { step::compensations() } else { Paths::new() });
    }
    paths
}
