//! The list of the ownership techniques that driftlab brings.

use super::technique::Techniques;

impl Techniques {
    /// The techniques that driftlab brings.
    pub fn builtin() -> Self {
        Self::default()
            .with::<super::table_split::TableSplit>()
            .with::<super::shared_database::SharedDatabase>()
            .with::<super::schema_per_owner::SchemaPerOwner>()
            .with::<super::data_domain::DataDomain>()
            .with::<super::delegate::Delegate>()
            .with::<super::consolidation::Consolidation>()
            .with::<super::monolith::Monolith>()
            .with::<super::microlith::Microlith>()
            .with::<super::reference_service::ReferenceService>()
            .with::<super::replicate::Replicate>()
            .with::<super::quorum::Quorum>()
            .with::<super::shared_schema::SharedSchema>()
            .with::<super::audit_sink::AuditSink>()
            .with::<super::same_schema::SameSchema>()
            .with::<super::rows_api::RowsApi>()
    }
}
