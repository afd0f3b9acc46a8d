//! The proxy before a server of a few lines, which says what reached it.

use super::*;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener as StdListener, TcpStream as StdStream};
use std::sync::mpsc::{Receiver, channel};

/// Answers every request with 200 and reports its body, or what came of it.
fn server() -> (SocketAddr, Receiver<String>) {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut bytes = vec![0; 4096];
            let mut length = 0;
            loop {
                let read = client.read(&mut bytes[length..]).unwrap();
                length += read;
                let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                if read == 0 || text.ends_with("body") {
                    let body = text.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned();
                    let _ = client.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone");
                    if sender.send(body).is_err() {
                        return;
                    }
                    break;
                }
            }
        }
    });
    (address, receiver)
}

fn fault(kind: FaultKind, time: Duration) -> Fault {
    Fault { kind, which: Which::Entry, times: 1, time }
}

/// Sends a create of an entry through a proxy with one fault; what the client heard.
fn send(proxy: &Proxy) -> StdStream {
    let mut client = StdStream::connect(proxy.address()).unwrap();
    let request = "PUT /b/wal/1 HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nbody";
    client.write_all(request.as_bytes()).unwrap();
    client
}

fn hear(mut client: StdStream) -> String {
    let mut reply = String::new();
    let _ = client.read_to_string(&mut reply);
    reply
}

fn check(kind: FaultKind, heard: &str, arrived: Option<&str>) {
    let (address, requests) = server();
    let proxy = Proxy::start(address).unwrap();
    proxy.arm(fault(kind, Duration::from_millis(20)));
    let reply = hear(send(&proxy));
    assert!(reply.starts_with(heard) && (heard.is_empty() == reply.is_empty()), "{kind}: {reply}");
    let request = requests.recv_timeout(Duration::from_secs(if arrived.is_some() { 10 } else { 0 }));
    assert_eq!(request.ok().as_deref(), arrived, "{kind}");
    for _ in 0..200 {
        if !proxy.shared.state().happened.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(proxy.take_happened(), BTreeMap::from([(kind, 1)]), "{kind}");
    // It was armed for one request.
    assert!(hear(send(&proxy)).ends_with("done"), "{kind}");
}

#[test]
fn each_fault_does_what_it_says() {
    check(FaultKind::CutBefore, "", None);
    check(FaultKind::CutRequest, "", Some("bo"));
    check(FaultKind::CutReply, "HTTP/1.1 200", Some("body"));
    check(FaultKind::LoseReply, "", Some("body"));
    check(FaultKind::Delay, "HTTP/1.1 200", Some("body"));
    check(FaultKind::Throttle, "HTTP/1.1 200", Some("body"));
    check(FaultKind::HoldPut, "HTTP/1.1 200", Some("body"));
    check(FaultKind::LieWith500, "HTTP/1.1 500", Some("body"));
    check(FaultKind::Answer409, "HTTP/1.1 409", None);
    check(FaultKind::Answer429, "HTTP/1.1 429", None);
    check(FaultKind::Answer500, "HTTP/1.1 500", None);
    check(FaultKind::Answer503, "HTTP/1.1 503", None);
    check(FaultKind::Expired, "HTTP/1.1 403", None);
    check(FaultKind::DiskFull, "HTTP/1.1 507", None);
}

/// The hazard of this whole project: a create that arrives when its writer is long gone.
#[test]
fn held_create_arrives_after_its_client_has_gone() {
    let (address, requests) = server();
    let proxy = Proxy::start(address).unwrap();
    proxy.arm(fault(FaultKind::HoldPut, Duration::from_secs(3_600)));
    let client = send(&proxy);
    while proxy.shared.state().held == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(client);
    proxy.heal();
    assert!(requests.try_recv().is_err(), "nothing arrives before its time");
    proxy.deliver_all();
    assert_eq!(requests.recv_timeout(Duration::from_secs(10)).unwrap(), "body");
    assert_eq!(proxy.late(), Late { orphans: 1, landed: 1, refused: 0 });
}

#[test]
fn fault_for_entries_leaves_other_requests_alone() {
    let (address, _requests) = server();
    let proxy = Proxy::start(address).unwrap();
    proxy.arm(fault(FaultKind::CutBefore, Duration::ZERO));
    let mut client = StdStream::connect(proxy.address()).unwrap();
    client.write_all(b"PUT /b/manifest/1 HTTP/1.1\r\ncontent-length: 4\r\n\r\nbody").unwrap();
    assert!(hear(client).ends_with("done"));
    assert!(proxy.take_happened().is_empty());
}
