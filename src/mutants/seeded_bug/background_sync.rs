//! Seeded bugs of background synchronization: jobs whose watermark is ahead of the corrections.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::super::mutated::OtherDriver;
use super::{PutToWork, decode};
use crate::model::process::ProcessCtx;
use crate::model::system::TableId;
use crate::patterns::background_sync::job::{self, Job, Progress, Unreachable};
use crate::patterns::background_sync::{BackgroundSync, JOB, Settings};
use crate::patterns::pattern::{Pattern, at_work};

/// The pattern with another job.
pub(super) fn following<J: Job>(settings: &toml::Table, job: fn(BackgroundSync) -> J) -> PutToWork {
    let settings: Settings = decode(settings);
    Box::new(move |world, share| {
        let pattern = || BackgroundSync::beside(&settings, world, share);
        let (original, job) = (at_work(Rc::new(pattern())), Rc::new(job(pattern())));
        let start = move |here: ProcessCtx| here.spawn(|here| job::run(Rc::clone(&job), here));
        Rc::new(OtherDriver { original, driver: JOB, start })
    })
}

pub(super) struct MovesOnAfterFailure(pub BackgroundSync);

impl Job for MovesOnAfterFailure {
    fn pattern(&self) -> &BackgroundSync {
        &self.0
    }

    async fn follow(
        &self,
        here: &ProcessCtx,
        number: usize,
        progress: &mut Progress,
        corrected: &mut BTreeSet<TableId>,
    ) -> Result<(), Unreachable> {
        let changes = self.0.find(here, number, progress).await?;
        let waiting = self.0.correct(here, number, &changes, corrected).await.unwrap_or_default();
        progress.advance(number, changes.reached, waiting);
        Ok(())
    }
}

pub(super) struct SavesBeforeItWrites(pub BackgroundSync);

impl Job for SavesBeforeItWrites {
    fn pattern(&self) -> &BackgroundSync {
        &self.0
    }

    async fn follow(
        &self,
        here: &ProcessCtx,
        number: usize,
        progress: &mut Progress,
        corrected: &mut BTreeSet<TableId>,
    ) -> Result<(), Unreachable> {
        let changes = self.0.find(here, number, progress).await?;
        progress.watermarks[number] = changes.reached;
        progress.save(here).await;
        let waiting = self.0.correct(here, number, &changes, corrected).await?;
        progress.advance(number, changes.reached, waiting);
        Ok(())
    }
}

pub(super) struct TakesItsOwnTime(pub BackgroundSync);

impl Job for TakesItsOwnTime {
    fn pattern(&self) -> &BackgroundSync {
        &self.0
    }

    async fn follow(
        &self,
        here: &ProcessCtx,
        number: usize,
        progress: &mut Progress,
        corrected: &mut BTreeSet<TableId>,
    ) -> Result<(), Unreachable> {
        let changes = self.0.find(here, number, progress).await?;
        let waiting = self.0.correct(here, number, &changes, corrected).await?;
        progress.advance(number, here.clock(), waiting);
        Ok(())
    }
}

pub(super) struct DiesOfAFailure(pub BackgroundSync);

impl Job for DiesOfAFailure {
    fn pattern(&self) -> &BackgroundSync {
        &self.0
    }

    async fn follow(
        &self,
        here: &ProcessCtx,
        number: usize,
        progress: &mut Progress,
        corrected: &mut BTreeSet<TableId>,
    ) -> Result<(), Unreachable> {
        let followed = async {
            let changes = self.0.find(here, number, progress).await?;
            let waiting = self.0.correct(here, number, &changes, corrected).await?;
            progress.advance(number, changes.reached, waiting);
            Ok(())
        };
        match followed.await {
            Ok(()) => Ok(()),
            Err(Unreachable) => std::future::pending().await,
        }
    }
}
