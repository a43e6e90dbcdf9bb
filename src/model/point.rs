//! Semantic points: the moments of a run at which a fault can be aimed.
//!
//! The primitives that every pattern uses (messages, logs, databases, brokers) call [`Env::reach`]
//! right before and right behind each effect. Usually nobody watches, and that costs one branch. A
//! [`Watcher`] may crash a node at a point, since a crash takes effect at once: with `before` the
//! effect does not happen any more, with `after` it has happened and nothing behind it. It may also
//! answer with an [`Action`] about the effect itself.
//!
//! Points are named by what they are, never by when they happen, so that the same point is found
//! again in a run that went differently up to there.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::database::error::DbError;
use super::env::{Ctx, Env};
use super::record::{LabelId, OpId};
use super::system::StepId;
use crate::kernel::{NodeId, Span, Time};

/// The sort of effect at a semantic point (a failpoint).
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Hook {
    /// A request or a one-way message leaves its sender; the peer is the receiver.
    Send,
    /// The message arrives at a process that serves; the peer is the sender.
    Receive,
    /// The receiver's answer leaves; the peer is the caller.
    Reply,
    /// The answer arrives at the caller; the peer is who answered.
    Hear,
    /// A log record is written that nobody waits for; durable with the next forced write.
    Append,
    /// A log record is forced: before it is written, and once it is durable.
    Force,
    /// A statement of a step was carried out inside an open transaction.
    Work,
    /// A statement was carried out that takes a step back.
    Compensate,
    /// The changes of a transaction take effect at its database.
    Apply,
    /// A coordinator, an orchestrator or a consumer takes a decision.
    Decide,
    /// A broker has stored a message as safely as it can: consumers may have it.
    Publish,
}

impl Hook {
    /// All acts, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Send,
        Self::Receive,
        Self::Reply,
        Self::Hear,
        Self::Append,
        Self::Force,
        Self::Work,
        Self::Compensate,
        Self::Apply,
        Self::Decide,
        Self::Publish,
    ];

    /// As scenario files write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Receive => "receive",
            Self::Reply => "reply",
            Self::Hear => "hear",
            Self::Append => "append",
            Self::Force => "force",
            Self::Work => "work",
            Self::Compensate => "compensate",
            Self::Apply => "apply",
            Self::Decide => "decide",
            Self::Publish => "publish",
        }
    }

    /// Returns whether it is about a message, which has two ends.
    pub const fn has_peer(self) -> bool {
        matches!(self, Self::Send | Self::Receive | Self::Reply | Self::Hear)
    }

    /// Returns whether it is about a message that can be lost, doubled or held up.
    pub const fn is_message(self) -> bool {
        matches!(self, Self::Send | Self::Reply)
    }
}

/// On which side of its effect a point lies.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum When {
    /// Nothing of it has happened.
    Before,
    /// The effect has happened, and nothing behind it.
    #[default]
    After,
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

/// A point as it is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    /// The sort of effect.
    pub hook: Hook,
    /// On which side of the effect.
    pub when: When,
    /// The node that reaches the point.
    pub node: NodeId,
    /// The other end of a message; otherwise `node` itself.
    pub peer: NodeId,
    /// The name of the message, log record or decision, as a label of the history.
    pub label: LabelId,
    /// On whose behalf, or [`OpId::NONE`].
    pub op: OpId,
    /// Which step of it, or [`StepId::NONE`].
    pub step: StepId,
    /// Which attempt, from 0.
    pub attempt: u16,
    /// How long the sender of a call waits for its answer; known before a message leaves, and zero
    /// everywhere else.
    pub deadline: Span,
}

/// The action of a watcher on the effect of its point; heeded only before the effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Action {
    /// The effect takes place.
    #[default]
    Go,
    /// A message, also a stored one, is lost; a forced write is answered at once although nothing
    /// is durable yet.
    Skip,
    /// A message arrives twice.
    Twice,
    /// A message takes this much longer.
    Late(Span),
    /// A statement, or what a transaction has to log, is refused with this error: the transaction
    /// is rolled back.
    Refuse(DbError),
    /// A commit stands, and the session breaks behind it.
    Mute,
    /// A stored message makes every consumer fail.
    Spoil,
}

/// A watcher that is called at every semantic point of a run.
pub trait Watcher {
    /// A point is reached. Nothing of the world is borrowed: nodes may be crashed, links cut.
    fn reach(&self, point: &Point) -> Action;

    /// Returns whether it had seen enough before `now`: once nobody watches any more, points cost
    /// nothing again. At the instant of a crash somebody must watch on, for the process that runs
    /// on to its next await.
    fn is_over(&self, now: Time) -> bool {
        let _ = now;
        false
    }
}

impl Env {
    /// A process reaches a point. After a point `before` an effect, whoever caused it must look
    /// whether its node is still up. The first order that any watcher gives counts.
    #[inline]
    pub fn reach(&self, ctx: &Ctx, hook: Hook, label: LabelId, peer: NodeId, when: When) -> Action {
        if !self.is_watched() {
            return Action::Go;
        }
        let Ctx { node, op, step, attempt, .. } = *ctx;
        let deadline = Span::ZERO;
        self.tell_watchers(&Point { hook, when, node, peer, label, op, step, attempt, deadline })
    }

    /// A message of a call with this deadline is about to leave.
    #[inline]
    pub fn reach_sending(
        &self,
        ctx: &Ctx,
        hook: Hook,
        label: LabelId,
        peer: NodeId,
        deadline: Span,
    ) -> Action {
        if !self.is_watched() {
            return Action::Go;
        }
        let Ctx { node, op, step, attempt, .. } = *ctx;
        let when = When::Before;
        self.tell_watchers(&Point { hook, when, node, peer, label, op, step, attempt, deadline })
    }
}
