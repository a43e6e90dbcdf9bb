//! The inquiry of a participant in doubt about the decision of the coordinator.

use super::coverage::PeerAnswer;
use super::decisions::Decisions;
use super::{Place, Presumption, TwoPhaseCommit, coordinator};
use crate::model::call::Message;
use crate::model::process::ProcessCtx;
use crate::model::record::Decision;
use crate::patterns::atomic_commit::branches::Branches;
use crate::patterns::atomic_commit::participant::{ParticipantOptions, Termination};
use crate::patterns::atomic_commit::{Participants, Transaction, operation};

/// The termination protocol of a participant in doubt.
#[derive(Clone, Copy)]
pub(super) struct InDoubt {
    pub decisions: &'static dyn Decisions,
    pub presumption: Presumption,
    coordinator: Place,
    part: u8,
    /// True if it also asks the other participants.
    cooperative: bool,
}

impl Termination for InDoubt {
    fn part(self) -> u8 {
        self.part
    }

    fn is_acknowledged(self, decision: Decision) -> bool {
        self.presumption.is_acknowledged(decision)
    }

    async fn ask(self, here: &ProcessCtx, id: Transaction, _: u32) -> Option<Decision> {
        match ask_coordinator(here, id, self).await {
            None if self.cooperative => ask_peers(here, id).await,
            known => known,
        }
    }
}

impl TwoPhaseCommit {
    /// The options of the participants.
    pub(super) fn options(&self) -> ParticipantOptions<InDoubt> {
        let Self { settings, decisions, part } = self;
        let termination = InDoubt {
            decisions: *decisions,
            presumption: settings.presumption,
            coordinator: settings.coordinator,
            part: *part,
            cooperative: settings.cooperative_termination,
        };
        ParticipantOptions {
            termination,
            read_only_vote: settings.read_only_vote,
            no_record: settings.no_record(),
            inquiry_interval: settings.inquiry_interval,
            heuristic: settings.heuristic_after.map(|after| (after, settings.heuristic.into())),
        }
    }
}

async fn ask_coordinator(
    here: &ProcessCtx,
    id: Transaction,
    termination: InDoubt,
) -> Option<Decision> {
    let all = coordinator::coordinators(termination.coordinator, here.world(), id.op);
    let node = all[usize::from(id.coordinator)];
    let message = Message::control("inquire", here.retry().step_deadline);
    let reply = here.call(node, message, move |here: ProcessCtx| async move {
        coordinator::inquire(&here, id, termination)
    });
    reply.await.answer().flatten()
}

/// Cooperative termination: a peer that knows the decision tells it, and one that has not voted yet
/// aborts, so that it never will. A peer that does not remember the transaction gives no answer: it
/// may have voted and forgotten.
async fn ask_peers(here: &ProcessCtx, id: Transaction) -> Option<Decision> {
    let own = here.service();
    let message = Message::control("inquire peer", here.retry().step_deadline);
    let operation = operation(here, id.op);
    let all = Participants::of(operation);
    let calls = all.iter(operation).filter(|peer| Some(*peer) != own).map(|peer| {
        let node = id.participant(here.world(), peer);
        let answer = move |here: ProcessCtx| async move {
            let known = Branches::tell_peer(&here, id);
            here.passes(if known.is_some() { PeerAnswer::Decision } else { PeerAnswer::Nothing });
            known
        };
        (*here.ctx(), node, answer)
    });
    let replies = here.call_all(message, calls).await;
    replies.into_iter().find_map(|reply| reply.answer().flatten())
}
