//! Who Envoy is in the cluster.

use k8s_openapi::api::core::v1::ServiceAccount;

use super::names::Names;

/// Nobody who may do anything: Envoy asks the cluster for nothing, so its pods get no token.
pub(super) fn service_account(names: &Names<'_>) -> ServiceAccount {
    ServiceAccount {
        metadata: names.metadata(),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}
