use super::*;

fn path(text: &str) -> ObjectPath {
    ObjectPath::parse(text).unwrap()
}

#[test]
fn paths_and_file_urls_are_directories() {
    let here = std::env::current_dir().unwrap();
    let cases = [
        ("dir", here.join("dir")),
        ("./dir/sub", here.join("dir/sub")),
        ("/abs/dir", "/abs/dir".into()),
        ("file:///abs/a%20dir", "/abs/a dir".into()),
        ("file:/abs", "/abs".into()),
        ("with:colon", here.join("with:colon")),
        ("c:/drive", here.join("c:/drive")),
    ];
    for (text, expected) in cases {
        assert_eq!(Location::parse(text).unwrap(), Location::Directory(expected), "{text}");
    }
}

#[test]
fn buckets_and_prefixes_are_told_apart() {
    let cases = [
        ("s3://bucket", Backend::S3, ""),
        ("s3://bucket/a/b/", Backend::S3, "a/b"),
        ("s3a://bucket/a%20b", Backend::S3, "a b"),
        ("gs://bucket/a", Backend::Gcs, "a"),
        ("az://container/a", Backend::Azure, "a"),
        ("abfss://container@account.dfs.core.windows.net/a", Backend::Azure, "a"),
        ("https://account.blob.core.windows.net/container/a", Backend::Azure, "a"),
        ("https://s3.eu-central-1.amazonaws.com/bucket/a", Backend::S3, "a"),
    ];
    for (text, expected, below) in cases {
        let Location::Cloud { backend, prefix, .. } = Location::parse(text).unwrap() else {
            panic!("{text}")
        };
        assert_eq!((backend, prefix), (expected, path(below)), "{text}");
    }
    let memory = |name: &str, prefix| Location::Memory { name: name.into(), prefix: path(prefix) };
    assert_eq!(Location::parse("memory://x/a/b").unwrap(), memory("x", "a/b"));
    assert_eq!(Location::parse("memory:///a").unwrap(), memory("", "a"));
    assert_eq!(Location::parse("memory://").unwrap(), memory("", ""));
}

#[test]
fn errors_say_what_to_write_instead() {
    let cases = [
        ("", "give a directory or a URL"),
        ("s3://", "write s3://BUCKET or s3://BUCKET/PREFIX"),
        ("s3:///prefix", "write s3://BUCKET or s3://BUCKET/PREFIX"),
        ("gs://", "write gs://BUCKET"),
        ("az:///x", "write az://BUCKET"),
        ("hdfs://host/x", "scheme `hdfs` is not known; use a directory, file:///"),
        ("ftp://host/x", "scheme `ftp` is not known"),
        ("http://host/x", "write s3://BUCKET/PREFIX and set AWS_ENDPOINT"),
        ("file://host/x", "with three slashes"),
        ("s3://bucket/a?region=x", "pass settings as options"),
        ("s3://key:hush@bucket/a", "credentials do not belong in a URL"),
        ("s3://bucket/a//b", "empty path segment"),
    ];
    for (text, expected) in cases {
        let error = Location::parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
        assert!(!error.contains("hush") && !error.contains("region=x"), "{error}");
    }
}
