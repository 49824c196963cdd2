//! An upstream that costs nothing: 200 without a body, over kept connections.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Serves until the process ends. Requests have no body.
pub async fn serve() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    Ok(address)
}

async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 4096];
    let mut length = 0;
    loop {
        let read = stream
            .read(buffer.get_mut(length..).unwrap_or_default())
            .await?;
        if read == 0 {
            return Ok(());
        }
        length += read;
        // Envoy sends the next request on a connection when the last is answered.
        if buffer
            .get(..length)
            .unwrap_or_default()
            .ends_with(b"\r\n\r\n")
        {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await?;
            length = 0;
        }
    }
}
