//! Semantic points (failpoints): the moments of a run at which a fault can be triggered.
//!
//! The primitives that every pattern uses (messages, logs, databases, brokers) call [`Env::reach`]
//! right before and right after each effect. Without a watcher that costs one branch. A [`Watcher`]
//! may crash a node at a point, and the crash takes effect at once: with `before` the effect does
//! not happen any more, with `after` it has happened and nothing after it. It may also return an
//! [`Action`] about the effect itself.
//!
//! Points are named by what happens, never by when, so that the same point is found again in a run
//! that went differently up to there.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::database::error::DbError;
use super::env::{Ctx, Env};
use super::record::{LabelId, OpId};
use super::system::StepId;
use crate::kernel::{NodeId, Span, Time};

/// The kind of effect at a semantic point (a failpoint).
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
    /// The answer arrives at the caller; the peer is the node that answered.
    Hear,
    /// A log record is written without waiting; it is durable with the next forced write.
    Append,
    /// A log record is forced: before it is written, and once it is durable.
    Force,
    /// A statement of a step was carried out inside an open transaction.
    Work,
    /// A statement of a compensation was carried out inside an open transaction.
    Compensate,
    /// The changes of a transaction take effect at its database.
    Apply,
    /// A coordinator, an orchestrator or a consumer takes a decision.
    Decide,
    /// A broker has stored a message as safely as it can: consumers may have it.
    Publish,
}

impl Hook {
    /// All hooks, in the order of their numbers.
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

    /// The name in scenario files.
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

    /// Returns whether the hook is about a message, which has two ends.
    pub const fn has_peer(self) -> bool {
        matches!(self, Self::Send | Self::Receive | Self::Reply | Self::Hear)
    }

    /// Returns whether the hook is about a message that can be lost, duplicated or delayed.
    pub const fn is_message(self) -> bool {
        matches!(self, Self::Send | Self::Reply)
    }
}

/// The side of its effect on which a point lies.
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
    /// Before the effect, of which nothing has happened.
    Before,
    /// After the effect, and before anything that follows it.
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

/// A semantic point that is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    /// The sort of effect.
    pub hook: Hook,
    /// The side of the effect.
    pub when: When,
    /// The node that reaches the point.
    pub node: NodeId,
    /// The other end of a message; otherwise `node` itself.
    pub peer: NodeId,
    /// The name of the message, log record or decision, as a label of the history.
    pub label: LabelId,
    /// The operation, or [`OpId::NONE`].
    pub op: OpId,
    /// The step, or [`StepId::NONE`].
    pub step: StepId,
    /// The attempt, from 0.
    pub attempt: u16,
    /// The deadline of the call, known before a message leaves; zero at all other points.
    pub deadline: Span,
}

/// The decision of a watcher on the effect of its point; it counts only before the effect.
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
    /// A commit takes effect, and the session breaks after it.
    Mute,
    /// A stored message makes every consumer fail.
    Spoil,
}

/// A watcher that is called at every semantic point of a run.
pub trait Watcher {
    /// Handles a point. No state of the world is borrowed: the watcher may crash nodes and cut
    /// links.
    fn reach(&self, point: &Point) -> Action;

    /// Returns whether the watcher was finished before `now`: once all are, points cost nothing
    /// again. At the instant of a crash it must not be finished yet, because the crashed process
    /// runs on to its next await.
    fn is_over(&self, now: Time) -> bool {
        let _ = now;
        false
    }
}

impl Env {
    /// Reaches a point and returns the first action that a watcher gives other than [`Action::Go`].
    /// After a point before an effect, the caller must check whether its node is still up.
    #[inline]
    pub fn reach(&self, ctx: &Ctx, hook: Hook, label: LabelId, peer: NodeId, when: When) -> Action {
        if !self.is_watched() {
            return Action::Go;
        }
        let Ctx { node, op, step, attempt, .. } = *ctx;
        let deadline = Span::ZERO;
        self.tell_watchers(&Point { hook, when, node, peer, label, op, step, attempt, deadline })
    }

    /// Reaches the point before a message of a call with this deadline is sent.
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
