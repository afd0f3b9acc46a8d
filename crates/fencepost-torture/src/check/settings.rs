//! Does the doctor see what a bucket does to its objects by itself? On servers that know such settings.

use super::ensure;
use crate::error::Result;
use crate::server::{Access, Server};
use serde_json::Value;

/// A bucket without settings, then with versioning, then with a rule that deletes everything. `ask` gives the
/// doctor's word on a bucket.
///
/// # Errors
/// It sees something else.
pub fn are_seen(server: &Server, ask: impl Fn(&Access) -> Result<Value>) -> Result<()> {
    server.make_bucket(BUCKET)?;
    let mut access = server.access("settings", None);
    access.location = format!("s3://{BUCKET}/settings");
    let expect = |outcome: &str, saying: &str| {
        let found = ask(&access)?;
        let seen = found["seen"].as_str().unwrap_or_default();
        ensure(found["outcome"] == outcome && seen.contains(saying), || {
            format!(
                "the doctor was to say `{outcome}` and `{saying}` of the bucket's settings, and said {found}"
            )
        })
    };
    expect("passed", "versioning is off")?;
    server.set(BUCKET, "versioning", VERSIONING)?;
    expect("warning", "versioning is on")?;
    server.set(BUCKET, "lifecycle", LIFECYCLE)?;
    expect("failed", "`everything` deletes all objects of the bucket, 30 days")
}

const BUCKET: &str = "fencepost-settings";
const VERSIONING: &str = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>Enabled</Status>\
                          </VersioningConfiguration>";
const LIFECYCLE: &str = "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule><ID>everything</ID><Filter>\
                         <Prefix></Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule>\
                         </LifecycleConfiguration>";
