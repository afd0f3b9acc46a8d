//! Without faults it is an object store like any other.

use crate::support::{create, names, path, plain, read, there};
use futures::TryStreamExt;
use object_store::{
    Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, UpdateVersion, WriteMultipart,
};

#[tokio::test(start_paused = true)]
async fn a_create_wins_once() {
    let (store, client) = (plain(), plain().client("x"));
    create(&client, "a", "first").await.unwrap();
    assert!(matches!(create(&client, "a", "second").await, Err(Error::AlreadyExists { .. })));
    assert_eq!(read(&client, "a").await.as_deref(), Some("first"));
    assert_eq!(read(&store.client("other"), "a").await, None, "stores do not share");
}

#[tokio::test(start_paused = true)]
async fn an_update_needs_the_right_tag() {
    let client = plain().client("x");
    let put = client.put(&path("a"), "1".into()).await.unwrap();
    let target = path("a");
    let update = |e_tag| {
        client.put_opts(&target, "2".into(), PutMode::Update(UpdateVersion { e_tag, version: None }).into())
    };
    assert!(matches!(update(Some("\"99\"".to_owned())).await, Err(Error::Precondition { .. })));
    update(put.e_tag).await.unwrap();
    assert_eq!(read(&client, "a").await.as_deref(), Some("2"));
}

#[tokio::test(start_paused = true)]
async fn reads_know_ranges_heads_and_conditions() {
    let client = plain().client("x");
    client.put(&path("a"), "0123456789".into()).await.unwrap();
    assert_eq!(client.get_range(&path("a"), 2..5).await.unwrap(), "234");
    assert_eq!(client.get_ranges(&path("a"), &[0..1, 8..20]).await.unwrap(), ["0", "89"]);
    let suffix = GetOptions::new().with_range(Some(GetRange::Suffix(3)));
    assert_eq!(client.get_opts(&path("a"), suffix).await.unwrap().bytes().await.unwrap(), "789");
    let meta = client.head(&path("a")).await.unwrap();
    assert_eq!(meta.size, 10);
    let unless = GetOptions::new().with_if_none_match(meta.e_tag);
    assert!(matches!(client.get_opts(&path("a"), unless).await, Err(Error::NotModified { .. })));
    assert!(client.get_range(&path("a"), 10..12).await.is_err());
    assert!(matches!(client.get(&path("b")).await, Err(Error::NotFound { .. })));
}

#[tokio::test(start_paused = true)]
async fn listings_are_by_folder() {
    let client = plain().client("x");
    for name in ["a", "d/1", "d/2", "d/sub/3", "dd/4"] {
        client.put(&path(name), "x".into()).await.unwrap();
    }
    assert_eq!(names(&client, "d").await, ["d/1", "d/2", "d/sub/3"]);
    let flat = client.list_with_delimiter(Some(&path("d"))).await.unwrap();
    assert_eq!(flat.common_prefixes, [path("d/sub")]);
    assert_eq!(flat.objects.len(), 2);
    let rest: Vec<_> = client.list_with_offset(Some(&path("d")), &path("d/1")).try_collect().await.unwrap();
    assert_eq!(rest.len(), 2);
    assert_eq!(client.list(None).try_collect::<Vec<_>>().await.unwrap().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn copies_renames_and_uploads_work() {
    let store = plain();
    let client = store.client("x");
    client.put(&path("a"), "1".into()).await.unwrap();
    client.copy(&path("a"), &path("b")).await.unwrap();
    assert!(matches!(
        client.copy_if_not_exists(&path("a"), &path("b")).await,
        Err(Error::AlreadyExists { .. })
    ));
    client.rename(&path("a"), &path("c")).await.unwrap();
    assert_eq!((there(&store, "a"), there(&store, "c").as_deref()), (None, Some("1")));
    let mut upload = WriteMultipart::new(client.put_multipart(&path("big")).await.unwrap());
    upload.write(&[b'x'; 6 << 20]);
    assert_eq!(there(&store, "big"), None, "parts are not seen");
    upload.finish().await.unwrap();
    assert_eq!(client.head(&path("big")).await.unwrap().size, 6 << 20);
    client.delete(&path("big")).await.unwrap();
    client.delete(&path("big")).await.unwrap();
    assert_eq!(there(&store, "big"), None);
}
