//! As much of HTTP/1.1 (RFC 9112) as a check of one response needs, over a connection that the
//! caller keeps: a WebSocket goes on with it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

const TIMEOUT: Duration = Duration::from_secs(10);

/// A response.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    /// As long as `content-length` says; empty without it.
    pub body: String,
}

/// A connection on which nothing waits for ever.
pub fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

/// GETs a path.
pub fn get(address: SocketAddr, path: &str) -> Result<Response> {
    send(address, "GET", path, &[], "")
}

/// Sends one request on a connection of its own.
pub fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Response> {
    let stream = connect(address)?;
    let length = body.len().to_string();
    let framing = [("connection", "close"), ("content-length", &length)];
    write_request(&stream, method, path, &[headers, &framing].concat(), body)?;
    read_response(&mut BufReader::new(stream))
}

/// Writes a request; `headers` has everything but the host.
pub fn write_request(
    mut stream: impl Write,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<()> {
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let request =
        format!("{method} {path} HTTP/1.1\r\nhost: petstore.example\r\n{headers}\r\n{body}");
    stream.write_all(request.as_bytes())?;
    Ok(())
}

/// Reads one response, and not a byte more.
pub fn read_response(stream: &mut impl BufRead) -> Result<Response> {
    let first = read_line(stream)?;
    let status = first
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .with_context(|| format!("expected a status line, found {first:?}"))?;
    let mut response = Response {
        status,
        headers: Vec::new(),
        body: String::new(),
    };
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else {
            bail!("expected a header, found {line:?}")
        };
        response
            .headers
            .push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if let Some(length) = response.header("content-length") {
        let length = length
            .parse()
            .with_context(|| format!("content-length is {length:?}"))?;
        stream.take(length).read_to_string(&mut response.body)?;
    }
    Ok(response)
}

impl Response {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }
}

fn read_line(stream: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    match line.strip_suffix("\r\n") {
        Some(line) => Ok(line.to_owned()),
        None => bail!("the connection ended in the middle of {line:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_ends_where_its_length_says() {
        let mut stream =
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-A:  b \r\n\r\nbodyrest".as_bytes();
        let response = read_response(&mut stream).unwrap();
        assert_eq!((response.status, response.body.as_str()), (200, "body"));
        assert_eq!(response.header("x-a"), Some("b"));
        assert_eq!(stream, b"rest");
    }

    #[test]
    fn what_is_cut_off_is_no_response() {
        for cut in [
            "",
            "HTTP/1.1 200",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 OK\r\n\r\n",
        ] {
            assert!(read_response(&mut cut.as_bytes()).is_err(), "{cut:?}");
        }
    }
}
