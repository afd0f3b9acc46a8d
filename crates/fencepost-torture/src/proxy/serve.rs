//! One connection: one request, and what is done to it.

use super::message::{Reply, Request};
use super::{Fault, Shared};
use crate::fault::FaultKind;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

pub(super) async fn serve(mut client: TcpStream, shared: Arc<Shared>) {
    let _ = client.set_nodelay(true);
    let Ok(Some(request)) = Request::read(&mut client).await else { return };
    // What cannot be passed on is a connection that ends, which is what a client would see without a proxy.
    let _ = match shared.draw(&request) {
        None => pass(&mut client, &shared, &request).await,
        Some(fault) => suffer(&mut client, &shared, &request, &fault).await,
    };
    let _ = client.shutdown().await;
}

async fn suffer(client: &mut TcpStream, shared: &Shared, request: &Request, fault: &Fault) -> io::Result<()> {
    use FaultKind as K;
    match fault.kind {
        K::CutBefore => shared.happen(fault.kind),
        K::CutRequest => {
            let mut server = TcpStream::connect(shared.server).await?;
            // All of the head and half of the body: the server waits for the rest in vain.
            let half = request.body + (request.bytes.len() - request.body) / 2;
            let half = if half == request.bytes.len() { request.body - 2 } else { half };
            server.write_all(&request.bytes[..half]).await?;
            server.flush().await?;
            shared.happen(fault.kind);
        }
        K::CutReply => {
            let reply = forward(shared, request).await?;
            client.write_all(&reply.bytes[..reply.bytes.len() / 2]).await?;
            shared.happen(fault.kind);
        }
        K::LoseReply => {
            forward(shared, request).await?;
            shared.happen(fault.kind);
        }
        K::Delay => {
            sleep(fault.time).await;
            pass(client, shared, request).await?;
            shared.happen(fault.kind);
        }
        K::Throttle => {
            let pause = fault.time / (2 * PIECES);
            let mut server = TcpStream::connect(shared.server).await?;
            crawl(&mut server, &request.bytes, pause).await?;
            let reply = Reply::read(&mut server, request).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            crawl(client, &reply.bytes, pause).await?;
            shared.happen(fault.kind);
        }
        K::HoldPut => hold(client, shared, request, fault.time).await?,
        K::LieWith500 => {
            forward(shared, request).await?;
            client.write_all(&Reply::refusal(500, "InternalError").bytes).await?;
            shared.happen(fault.kind);
        }
        K::Answer409 | K::Answer429 | K::Answer500 | K::Answer503 | K::Expired | K::DiskFull => {
            let odd = shared.state().requests % 2 == 1;
            let (status, code) = match fault.kind {
                // A client must not take either for another writer's object.
                K::Answer409 if odd => (409, "OperationAborted"),
                K::Answer409 => (409, "Conflict"),
                K::Answer429 => (429, "TooManyRequests"),
                K::Answer500 => (500, "InternalError"),
                K::Answer503 => (503, "SlowDown"),
                K::DiskFull => (507, "StorageFull"),
                _ => (403, "ExpiredToken"),
            };
            client.write_all(&Reply::refusal(status, code).bytes).await?;
            shared.happen(fault.kind);
        }
        // These are done to processes.
        _ => pass(client, shared, request).await?,
    }
    Ok(())
}

async fn pass(client: &mut TcpStream, shared: &Shared, request: &Request) -> io::Result<()> {
    let reply = forward(shared, request).await?;
    client.write_all(&reply.bytes).await
}

async fn forward(shared: &Shared, request: &Request) -> io::Result<Reply> {
    let exchange = async {
        let mut server = TcpStream::connect(shared.server).await?;
        let _ = server.set_nodelay(true);
        server.write_all(&request.bytes).await?;
        Reply::read(&mut server, request).await?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    };
    timeout(SERVER_TIMEOUT, exchange).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Keeps a request back, and delivers it whether its client still waits or is long dead.
async fn hold(client: &mut TcpStream, shared: &Shared, request: &Request, time: Duration) -> io::Result<()> {
    shared.state().held += 1;
    let mut flush = shared.flush.subscribe();
    let _ = timeout(time, flush.wait_for(|flush| *flush)).await;
    // A client that gave up has closed its end.
    let orphan = matches!(timeout(Duration::ZERO, client.read(&mut [0])).await, Ok(Ok(0) | Err(_)));
    let delivered = forward(shared, request).await;
    shared.delivered(delivered.as_ref().ok().map(|reply| reply.status), orphan);
    client.write_all(&delivered?.bytes).await
}

async fn crawl(to: &mut TcpStream, bytes: &[u8], pause: Duration) -> io::Result<()> {
    for piece in bytes.chunks(bytes.len().div_ceil(PIECES as usize).max(1)) {
        to.write_all(piece).await?;
        to.flush().await?;
        sleep(pause).await;
    }
    Ok(())
}

const PIECES: u32 = 10;
const SERVER_TIMEOUT: Duration = Duration::from_secs(60);
