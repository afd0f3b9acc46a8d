//! Settings of the bucket, which lie beside its objects and mostly out of reach.

use super::bench::{Bench, Found};
use super::report::Seen;
use crate::store::Backend;

/// Not looked at: reading them takes permissions that a writer should not have. Says how to look by hand.
pub(super) fn of_bucket(bench: Bench<'_>) -> Found {
    Ok(Seen::not_applicable(match bench.store().backend() {
        Backend::Memory | Backend::Local => "there are none",
        Backend::S3 => {
            "not looked at; by hand: `aws s3api get-bucket-versioning`, `get-bucket-lifecycle-configuration` and \
             `get-object-lock-configuration`, each with `--bucket BUCKET`; no rule may delete or move what is below the log"
        }
        Backend::Gcs => {
            "not looked at; by hand: `gcloud storage buckets describe gs://BUCKET` shows lifecycle, versioning, soft delete and \
             retention; no rule may delete or move what is below the log"
        }
        Backend::Azure => {
            "not looked at; by hand: `az storage account management-policy show` and `az storage account blob-service-properties show`, \
             each with `--account-name ACCOUNT`; no rule may delete or move what is below the log"
        }
        Backend::Other => "not looked at; no lifecycle rule may delete or move what is below the log",
    }))
}
