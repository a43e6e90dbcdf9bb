//! Versions of rows of quorum tables that are being sent from the store of their coordinator to the
//! copies.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Database, DbError, RowVersion, Shown};
use crate::kernel::{NodeId, Signal, Sim};
use crate::model::env::{Ctx, Env};
use crate::model::record::{OpId, Sight};
use crate::model::system::{QuorumSpec, StepId};

/// The versions of one database's rows that are being sent to copies.
pub struct Versions {
    /// Versions that no coordinator has sent yet, or that some copy has not acknowledged.
    open: RefCell<Vec<Rc<Write>>>,
    committed: Signal,
    /// The version that each step has written, to judge copies that have a newer one.
    written: RefCell<BTreeMap<(OpId, StepId), u64>>,
    rules: Cell<&'static dyn Rules>,
}

/// The rules by which coordinators count a write as committed.
pub trait Rules {
    /// The number of copies that must have acknowledged a write before it counts as committed.
    fn acknowledgements(&self, spec: &QuorumSpec) -> usize;
}

/// The rule of W acknowledgements.
struct WriteQuorum;

impl Rules for WriteQuorum {
    fn acknowledgements(&self, spec: &QuorumSpec) -> usize {
        usize::from(spec.write)
    }
}

/// A version that is being sent to the copies.
pub struct Write {
    quorum: usize,
    /// The operation and step that have written it.
    ctx: Ctx,
    row: RowVersion,
    /// The copies that have acknowledged it.
    acknowledged: RefCell<Vec<bool>>,
    /// The instance of the coordinator that has sent it, once one has.
    sent_by: Cell<Option<NodeId>>,
    changed: Signal,
}

impl Write {
    /// The number of its quorum.
    pub(in crate::model) const fn quorum(&self) -> usize {
        self.quorum
    }

    /// The operation and step that have written it.
    pub(in crate::model) const fn ctx(&self) -> Ctx {
        self.ctx
    }

    /// The version.
    pub(in crate::model) fn row(&self) -> RowVersion {
        self.row.clone()
    }

    /// Returns whether a copy has acknowledged it.
    pub(in crate::model) fn is_stored(&self, copy: usize) -> bool {
        self.acknowledged.borrow()[copy]
    }

    /// Notes that a copy has acknowledged it.
    pub(in crate::model) fn acknowledge(&self, copy: usize) {
        self.acknowledged.borrow_mut()[copy] = true;
        self.changed.notify_all();
    }

    /// The number of copies that have acknowledged it.
    pub(in crate::model) fn count(&self) -> usize {
        self.acknowledged.borrow().iter().filter(|it| **it).count()
    }
}

impl Versions {
    pub fn new(sim: &Sim) -> Self {
        let (open, written) = (RefCell::default(), RefCell::default());
        Self { open, committed: Signal::new(sim), written, rules: Cell::new(&WriteQuorum) }
    }

    /// Lets the coordinators follow other rules.
    #[cfg(feature = "mutants")]
    pub fn follow(&self, rules: &'static dyn Rules) {
        self.rules.set(rules);
    }

    /// Adds a version that was committed in the store of its coordinator, to be sent. `undone` if
    /// it compensates its step.
    pub fn commit(
        &self,
        env: &Env,
        number: usize,
        ctx: Ctx,
        row: RowVersion,
        undone: bool,
    ) -> Rc<Write> {
        let step = (ctx.op, ctx.step);
        match undone {
            true => drop(self.written.borrow_mut().remove(&step)),
            false => drop(self.written.borrow_mut().insert(step, row.version())),
        }
        self.send(env, number, ctx, row)
    }

    /// Adds a version that is to be sent to the copies, perhaps once more.
    pub fn send(&self, env: &Env, number: usize, ctx: Ctx, row: RowVersion) -> Rc<Write> {
        let copies = env.system().quorums[number].copies.len();
        let write = Rc::new(Write {
            quorum: number,
            ctx,
            row,
            acknowledged: RefCell::new(vec![false; copies]),
            sent_by: Cell::new(None),
            changed: Signal::new(env.sim()),
        });
        self.open.borrow_mut().push(Rc::clone(&write));
        self.committed.notify_all();
        write
    }

    /// Waits until there is something to send.
    pub(in crate::model) async fn changed(&self) {
        self.committed.wait().await;
    }

    /// The unsent versions of a quorum, which this instance of the coordinator sends now. They are
    /// remembered afterwards with hinted handoff only.
    pub(in crate::model) fn unsent(
        &self,
        number: usize,
        hinted: bool,
        by: NodeId,
    ) -> Vec<Rc<Write>> {
        let mut open = self.open.borrow_mut();
        let unsent = |write: &Rc<Write>| write.quorum == number && write.sent_by.get().is_none();
        let found: Vec<Rc<Write>> = open.iter().filter(|write| unsent(write)).cloned().collect();
        if !hinted {
            open.retain(|write| !unsent(write));
        }
        found.iter().for_each(|write| write.sent_by.set(Some(by)));
        found
    }

    /// Starts an instance of the coordinator of a quorum, perhaps again. With hinted handoff, the
    /// versions that it has sent before and some copy has not acknowledged are sent again; without,
    /// the versions that were not sent are dropped.
    pub(in crate::model) fn restart(&self, number: usize, hinted: bool, by: NodeId) {
        let mut open = self.open.borrow_mut();
        open.retain(|write| write.quorum != number || hinted);
        let sent = open.iter().filter(|it| it.quorum == number && it.sent_by.get() == Some(by));
        sent.for_each(|write| write.sent_by.set(None));
    }

    /// Removes a version that all copies have.
    pub(in crate::model) fn close(&self, write: &Rc<Write>) {
        self.open.borrow_mut().retain(|other| !Rc::ptr_eq(other, write));
    }

    /// The sight of a step in a copy: a version newer than that which the step has written reflects
    /// the step, even if the row shows nothing of it any more.
    pub(in crate::model) fn sight(&self, op: OpId, step: StepId, seen: &Shown) -> Sight {
        let written = self.written.borrow().get(&(op, step)).copied();
        match seen.sight {
            Sight::Nothing if written.is_some_and(|version| seen.version > version) => {
                Sight::Effect
            }
            sight => sight,
        }
    }
}

/// Waits until each of these versions has its write quorum.
///
/// # Errors
///
/// [`DbError::Unknown`] if one has not in time: it may reach it later.
pub(in crate::model) async fn acknowledged(
    database: &Database,
    ctx: &Ctx,
    writes: Vec<Rc<Write>>,
) -> Result<(), DbError> {
    let env = &database.env;
    let until = env.now() + env.retry(ctx).step_deadline;
    for write in writes {
        let rules = database.versions.rules.get();
        let needed = rules.acknowledgements(&env.system().quorums[write.quorum]);
        while write.count() < needed {
            let left = until.since(env.now());
            if env.sim().timeout(left, write.changed.wait()).await.is_none() {
                return Err(DbError::Unknown);
            }
        }
    }
    Ok(())
}
