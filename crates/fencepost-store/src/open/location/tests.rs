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
        // As `/` does, it says that it means the root.
        ("file:///", "/".into()),
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
        ("file://", "names no directory"),
        ("FILE://", "names no directory"),
        ("file://localhost", "names no directory"),
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

/// Each of them was once a local directory of that name, in which appends were acknowledged.
#[test]
fn mistyped_urls_are_no_directories() {
    let cases = [
        ("s3:/bucket/log", "written s3://bucket/log"),
        ("s3:bucket", "written s3://bucket"),
        ("S3:Bucket/log", "written s3://Bucket/log"),
        ("gs:/bucket/log", "written gs://bucket/log"),
        ("az:container", "written az://container"),
        ("abfss:/container@account.dfs.core.windows.net/a", "written abfss://..@account"),
        ("https:/bucket.example/a", "written https://bucket.example/a"),
        ("s3:\\\\bucket\\log", "written s3://bucket\\log"),
        ("s3 ://bucket", "written s3://bucket"),
        ("s3//bucket/log", "write s3://bucket/log"),
        ("file:dir/log", "written file:///dir/log"),
        ("gcs:/bucket", "written gcs://bucket"),
        ("arn:aws:s3:::bucket/log", "write s3://BUCKET/PREFIX"),
        ("hdfs:/host/x", "URLs begin with"),
        ("s4:/bucket", "URLs begin with"),
        ("s_3://bucket", "URLs begin with"),
        ("://bucket", "URLs begin with"),
        (" s3://bucket", "white space"),
        ("s3://bucket ", "white space"),
        ("~/x", "write the whole path"),
        ("~", "write the whole path"),
        ("~somebody/x", "write the whole path"),
        ("$HOME/x", "the variable"),
        ("${LOGS}/x", "the variable"),
        ("%USERPROFILE%/x", "the variable"),
        ("localhost:9000/bucket/x", "set AWS_ENDPOINT"),
        ("bucket.s3.eu-central-1.amazonaws.com/log", "https://"),
        ("account.blob.core.windows.net/container", "https://"),
    ];
    for (text, expected) in cases {
        let error = Location::parse(text).map_err(|error| error.to_string()).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let error = Location::parse("s3:/key:hush@bucket?token=hush").unwrap_err().to_string();
    assert!(error.contains("written s3://..@bucket ") && !error.contains("hush"), "{error}");
}

#[test]
fn a_path_that_says_so_is_a_directory_whatever_its_name() {
    let here = std::env::current_dir().unwrap();
    for name in ["s3:/bucket", "~/x", "$HOME", "with:/colon", "localhost:9000/x", "s3", "s3/log", "at 12:30"]
    {
        let text = if name.contains([':', '~', '$']) && name != "at 12:30" {
            format!("./{name}")
        } else {
            name.to_owned()
        };
        assert_eq!(Location::parse(&text).unwrap(), Location::Directory(here.join(name)), "{text}");
    }
    let absolute = Location::parse("/logs/s3:/x").unwrap();
    assert_eq!(absolute, Location::Directory("/logs/s3:/x".into()));
}
