//! What a command says when a bucket is to be opened and nothing in the environment names credentials: the clients
//! then ask the metadata service of a cloud machine, which elsewhere is a long wait for nothing.

use crate::output::note_line;

/// Says which variables were looked for, if none of them is set.
pub(crate) fn note_missing(log: &str) {
    if let Some(missing) = missing(log, |name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
    {
        note_line(missing);
    }
}

fn missing(log: &str, is_set: impl Fn(&str) -> bool) -> Option<String> {
    let (scheme, _) = log.split_once("://")?;
    let (store, names, advice) = match scheme.to_ascii_lowercase().as_str() {
        "s3" | "s3a" => ("S3", S3, S3_ADVICE),
        "gs" | "gcs" => ("Google Cloud Storage", GCS, GCS_ADVICE),
        "az" | "azure" | "abfs" | "abfss" | "adl" => ("Azure", AZURE, AZURE_ADVICE),
        _ => return None,
    };
    if names.iter().any(|name| is_set(name)) {
        return None;
    }
    Some(format!(
        "note: no credentials for {store} are in the environment, so the metadata service of a cloud machine is asked; looked for {}. {advice}",
        names.join(", ")
    ))
}

const S3: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
];
const S3_ADVICE: &str = "Profiles (AWS_PROFILE, ~/.aws) and SSO are not read; this takes them over: \
                         eval \"$(aws configure export-credentials --format env)\"";
const GCS: &[&str] = &[
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "GOOGLE_BEARER_TOKEN",
    "GOOGLE_SKIP_SIGNATURE",
];
const GCS_ADVICE: &str = "What `gcloud auth application-default login` left in its usual place is used, too.";
const AZURE: &[&str] = &[
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_SAS_KEY",
    "AZURE_STORAGE_TOKEN",
    "AZURE_CLIENT_ID",
    "AZURE_STORAGE_CLIENT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_USE_AZURE_CLI",
    "AZURE_STORAGE_USE_EMULATOR",
    "AZURE_SKIP_SIGNATURE",
];
const AZURE_ADVICE: &str = "AZURE_USE_AZURE_CLI=true takes them from `az login`.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_credentials_are_named_by_their_variables() {
        let said = missing("s3://bucket/log", |_| false).unwrap();
        assert!(said.contains("AWS_ACCESS_KEY_ID") && said.contains("AWS_PROFILE"), "{said}");
        assert!(missing("gs://bucket/log", |_| false).unwrap().contains("GOOGLE_APPLICATION_CREDENTIALS"));
        assert!(missing("az://container/log", |_| false).unwrap().contains("AZURE_CLIENT_ID"));
        assert_eq!(missing("s3://bucket/log", |name| name == "AWS_ACCESS_KEY_ID"), None);
        assert_eq!(missing("./s3", |_| false), None);
        assert_eq!(missing("file:///s3", |_| false), None);
    }
}
