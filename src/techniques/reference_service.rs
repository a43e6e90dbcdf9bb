//! # Reference service
//!
//! Data that many services read and one writes (countries, zip codes) stays where it is: every
//! reader calls its owner, each time. That is the meaning of a scenario without any technique, so
//! this one changes nothing; it states the choice in reports and in lists of techniques.
//!
//! **Gains**: one copy, never stale; no other service depends on the schema.
//!
//! **Costs**: a call before each step that looks something up.
//!
//! **Fails as**: the availability of every reader is multiplied by the owner's; a slow owner slows
//! them all.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::technique::Technique;
use crate::model::reason::Reason;
use crate::model::system::System;

/// Common data that every reader requests from its owner.
pub struct ReferenceService;

/// A reference service has no settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {}

impl Technique for ReferenceService {
    const NAME: &'static str = "reference-service";
    const SUMMARY: &'static str = "readers of common data call its owner; nothing is changed";
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
