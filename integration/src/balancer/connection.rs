//! One connection from a client to a target.

use std::io;
use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

use super::member::Member;
use super::{Options, proxy_protocol};

/// Passes bytes in both directions until both sides have ended. What goes wrong with one side resets the
/// other.
pub(super) async fn serve(client: TcpStream, member: Option<&Member>, options: &Options) {
    let Some(member) = member else {
        return reset(&client);
    };
    let _counted = member.count();
    let mut cuts = member.cuts();
    let mut client = client;
    let Ok(mut target) = connect(&client, member.target.address, options).await else {
        return reset(&client);
    };
    let passed = tokio::select! {
        passed = pass(&mut client, &mut target, options) => passed.is_ok(),
        _ = cuts.changed() => false,
    };
    if !passed {
        reset(&client);
        reset(&target);
    }
}

/// What is dropped after this is reset and not ended.
fn reset(stream: &TcpStream) {
    // A connection that is gone already needs none.
    let _ = stream.set_zero_linger();
}

async fn connect(client: &TcpStream, to: SocketAddr, options: &Options) -> io::Result<TcpStream> {
    let target = if options.preserve_client_ip {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(client.peer_addr()?.ip(), 0))?;
        socket.connect(to).await?
    } else {
        TcpStream::connect(to).await?
    };
    client.set_nodelay(true)?;
    target.set_nodelay(true)?;
    Ok(target)
}

async fn pass(client: &mut TcpStream, target: &mut TcpStream, options: &Options) -> io::Result<()> {
    if options.proxy_protocol {
        let mut to = client.local_addr()?;
        to.set_port(options.port.unwrap_or(to.port()));
        let endpoint = options.vpc_endpoint.as_deref();
        let header = proxy_protocol::proxied(client.peer_addr()?, to, endpoint);
        // The header goes with the client's first bytes. A client without any needs none, and a target
        // that has ended by then takes none.
        let (mut first, mut early) = ([0], [0]);
        let said = tokio::select! {
            said = client.peek(&mut first) => said?,
            ended = target.peek(&mut early) => { ended?; 0 }
        };
        if said == 0 {
            return Ok(());
        }
        target.write_all(&header).await?;
    }
    tokio::io::copy_bidirectional(client, target).await?;
    Ok(())
}
