//! Multipart uploads: parts travel, and the object appears whole when the upload is completed.

use super::SimClient;
use crate::request::{Reply, Request};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use object_store::path::Path;
use object_store::{Attributes, MultipartUpload, PutMode, PutPayload, PutResult, Result, UploadPart};

#[derive(Debug)]
pub(super) struct Upload {
    client: SimClient,
    path: Path,
    attributes: Attributes,
    parts: Vec<PutPayload>,
}

impl Upload {
    pub(super) const fn new(client: SimClient, path: Path, attributes: Attributes) -> Self {
        Self { client, path, attributes, parts: Vec::new() }
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (client, path, bytes) = (self.client.clone(), self.path.clone(), data.content_length() as u64);
        self.parts.push(data);
        Box::pin(async move {
            match client.request(Request::Part { path: path.clone(), bytes }).await {
                Reply::Failed(failure) => Err(failure.into_error(path.as_ref())),
                _ => Ok(()),
            }
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let mut whole = BytesMut::new();
        for part in self.parts.iter().flatten() {
            whole.extend_from_slice(part);
        }
        let payload: Bytes = whole.freeze();
        self.client.put(&self.path, payload, PutMode::Overwrite, self.attributes.clone()).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.parts.clear();
        Ok(())
    }
}
