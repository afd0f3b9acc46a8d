//! Opening cloud stores: settings that cannot work are refused at once. No request is made.

use fencepost_store::{Backend, ClientRetries, LogStore, OpenError, StoreOptions};

fn open(location: &str, options: &[(&str, &str)]) -> Result<LogStore, OpenError> {
    let with = |all: StoreOptions, (key, value): &(&str, &str)| all.with_client_option(*key, *value);
    LogStore::open(location, options.iter().fold(StoreOptions::new(), with))
}

#[test]
fn each_cloud_opens_with_its_root_and_without_retries() {
    let key = r#"{"gcs_base_url":"http://127.0.0.1:1","disable_oauth":true,"client_email":"","private_key":"","private_key_id":""}"#;
    let cases = [
        (
            "s3://bucket/a/b",
            &[("region", "eu-central-1"), ("AWS_ACCESS_KEY_ID", "x"), ("secret_access_key", "x")][..],
            Backend::S3,
        ),
        ("gs://bucket/a/b", &[("service_account_key", key)], Backend::Gcs),
        (
            "az://container/a/b",
            &[("use_emulator", "true"), ("account_name", "devstoreaccount1")],
            Backend::Azure,
        ),
        ("abfss://container@account.dfs.core.windows.net/a/b", &[("access_key", "a2V5")], Backend::Azure),
    ];
    for (location, options, backend) in cases {
        let store = open(location, options).unwrap_or_else(|error| panic!("{location}: {error}"));
        assert_eq!((store.backend(), store.client_retries()), (backend, ClientRetries::Off), "{location}");
        assert_eq!(store.root().as_ref(), "a/b", "{location}");
        assert_eq!(store.counts().total(), 0);
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let cases = [
        ("s3://bucket", &[("no_such_option", "x")][..], "there is no option `no_such_option` for S3"),
        ("gs://bucket", &[("region", "x")], "there is no option `region` for Google"),
        ("memory://x", &[("region", "x")], "there is no option `region` for local directories and memory"),
        ("s3://bucket", &[("endpoint", "http://127.0.0.1:9")], "allow_http"),
        (
            "az://container",
            &[("use_emulator", "true"), ("endpoint", "http://127.0.0.1:9")],
            "AZURITE_BLOB_STORAGE_URL",
        ),
        ("az://container", &[], "the client cannot be set up"),
    ];
    for (location, options, expected) in cases {
        let error = open(location, options).expect_err(location).to_string();
        assert!(error.contains(expected), "{location}: {error}");
    }
}
