//! Asking a target whether it is well.

use std::io;

use httparse::Status;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::member::Member;
use super::{Options, proxy_protocol};

/// Asks while the balancer's nodes take the target for registered.
pub(super) async fn watch(member: &Member, options: &Options) {
    let check = &options.health_check;
    let mut last = None;
    let mut in_a_row = 0;
    while member.is_known() {
        let asked = tokio::time::timeout(check.timeout, ask(member, options)).await;
        let passed = matches!(asked, Ok(Ok(200..400)));
        in_a_row = if last == Some(passed) {
            in_a_row + 1
        } else {
            1
        };
        last = Some(passed);
        let turns_unhealthy = member.checked(passed, in_a_row, check);
        if turns_unhealthy && options.unhealthy_connection_termination {
            member.cut();
        }
        tokio::time::sleep(check.interval).await;
    }
}

/// The status that a target answers with; 0 for what is no answer.
async fn ask(member: &Member, options: &Options) -> io::Result<u16> {
    let address = member.target.health;
    let mut stream = TcpStream::connect(address).await?;
    let mut request = match options.proxy_protocol {
        true => proxy_protocol::local(),
        false => Vec::new(),
    };
    let line = format!(
        "GET {} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: ELB-HealthChecker/2.0\r\nConnection: close\r\n\r\n",
        options.health_check.path
    );
    request.extend(line.into_bytes());
    stream.write_all(&request).await?;
    let mut received = Vec::new();
    loop {
        let mut lines = [httparse::EMPTY_HEADER; 100];
        let mut head = httparse::Response::new(&mut lines);
        match head.parse(&received) {
            Ok(Status::Complete(_)) => return Ok(head.code.unwrap_or_default()),
            Ok(Status::Partial) if stream.read_buf(&mut received).await? > 0 => {}
            _ => return Ok(0),
        }
    }
}
