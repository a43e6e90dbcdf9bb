//! # Reference service
//!
//! Data that many read and one service writes (countries, zip codes) stays where it is: whoever
//! needs it asks its owner, each time. That is what a scenario file means without any technique, so
//! this one changes nothing; it says in a report, and in a list of techniques, that this was the
//! choice.
//!
//! **Gains**: one truth, never stale; the schema is nobody else's business.
//!
//! **Costs**: a call before each step that looks something up.
//!
//! **Fails as**: the availability of every reader is multiplied with the owner's; a slow owner
//! slows them all.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::technique::Technique;
use crate::model::reason::Reason;
use crate::model::system::System;

/// Readers ask the owner.
pub struct ReferenceService;

/// A reference service has no settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {}

impl Technique for ReferenceService {
    const NAME: &'static str = "reference-service";
    const SUMMARY: &'static str = "who needs common data asks its owner; nothing is changed";
    const MANUAL: &'static str = include_str!("reference_service.rs");
    type Settings = Settings;

    fn apply(_: &Settings, system: System) -> Result<System, Vec<Reason>> {
        Ok(system)
    }
}

#[cfg(test)]
mod tests {
    use crate::kernel::Time;
    use crate::model::system::{Access, TableId};
    use crate::techniques::tests::layouts::{Laid, laid};

    #[test]
    fn readers_ask_the_owner() {
        let Laid { after, .. } = laid("['delegate', 'reference-service']");
        let [catalog, desk] =
            ["catalog", "desk"].map(|name| after.service_named(name).expect("a service"));
        assert_eq!(after.access(desk, TableId(0), Time::ZERO), Access::Call(catalog));
    }
}
