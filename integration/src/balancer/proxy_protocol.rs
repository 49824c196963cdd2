//! The header of the PROXY protocol, version 2, as an NLB writes it
//! (<https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt>, section 2.2).

use std::net::{IpAddr, SocketAddr};

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// Version 2; the connection is the balancer's own.
const LOCAL: u8 = 0x20;

/// Version 2; the connection is a client's.
const PROXY: u8 = 0x21;

const TCP_OVER_IPV4: u8 = 0x11;
const TCP_OVER_IPV6: u8 = 0x21;

/// The checksum (section 2.2.4).
const PP2_TYPE_CRC32C: u8 = 0x03;

/// Padding (section 2.2.5).
const PP2_TYPE_NOOP: u8 = 0x04;

/// AWS's own type, with the endpoint of a PrivateLink.
const PP2_TYPE_AWS: u8 = 0xea;
const PP2_SUBTYPE_AWS_VPCE_ID: u8 = 0x01;

/// What follows the first 16 bytes is padded to so many.
const PADDED: usize = 84;

/// The header of a health check. It names no addresses, though it says that they would be of IPv4.
#[must_use]
pub fn local() -> Vec<u8> {
    header(LOCAL, TCP_OVER_IPV4, &[], None)
}

/// The header of a client's connection.
///
/// # Panics
/// When one address is of IPv4 and the other of IPv6.
#[must_use]
pub fn proxied(client: SocketAddr, to: SocketAddr, vpc_endpoint: Option<&str>) -> Vec<u8> {
    let (family, mut addresses) = match (client.ip(), to.ip()) {
        (IpAddr::V4(client), IpAddr::V4(to)) => {
            (TCP_OVER_IPV4, [client.octets(), to.octets()].concat())
        }
        (IpAddr::V6(client), IpAddr::V6(to)) => {
            (TCP_OVER_IPV6, [client.octets(), to.octets()].concat())
        }
        mixed => panic!("one header for two families: {mixed:?}"),
    };
    addresses.extend(client.port().to_be_bytes());
    addresses.extend(to.port().to_be_bytes());
    header(PROXY, family, &addresses, vpc_endpoint)
}

fn header(command: u8, family: u8, addresses: &[u8], vpc_endpoint: Option<&str>) -> Vec<u8> {
    let mut rest = addresses.to_vec();
    rest.extend(tlv(PP2_TYPE_CRC32C, &[0; 4]));
    if let Some(id) = vpc_endpoint {
        let value = [&[PP2_SUBTYPE_AWS_VPCE_ID], id.as_bytes()].concat();
        rest.extend(tlv(PP2_TYPE_AWS, &value));
    }
    let padding = PADDED.saturating_sub(rest.len() + TLV_HEAD);
    rest.extend(tlv(PP2_TYPE_NOOP, &vec![0; padding]));

    let mut header = SIGNATURE.to_vec();
    header.extend([command, family]);
    header.extend(length(rest.len()));
    let checksum_at = header.len() + addresses.len() + TLV_HEAD;
    header.extend(rest);
    // The sum is of the whole header, itself being 0.
    let checksum = crc32c(&header).to_be_bytes();
    header.splice(checksum_at..checksum_at + checksum.len(), checksum);
    header
}

/// The bytes of a type and a length.
const TLV_HEAD: usize = 3;

fn tlv(kind: u8, value: &[u8]) -> Vec<u8> {
    [&[kind], &length(value.len())[..], value].concat()
}

fn length(length: usize) -> [u8; 2] {
    u16::try_from(length).expect("a short value").to_be_bytes()
}

/// RFC 9260 appendix A, bit by bit: a header is short.
fn crc32c(bytes: &[u8]) -> u32 {
    const REVERSED_POLYNOMIAL: u32 = 0x82f6_3b78;
    let sum = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (REVERSED_POLYNOMIAL * (sum & 1))
        })
    });
    !sum
}
