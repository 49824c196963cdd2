//! A module within a layer: `plugin.wasm` in a gzipped tar, as the "compat" variant of the Wasm image
//! specification has it, which Istio and Envoy Gateway read.

use std::io::{self, Read, Write};
use std::path::Path;

use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};

use super::digest;

/// The name that readers look for; in which directory does not count.
pub const FILE: &str = "plugin.wasm";

/// The largest module that is read: Envoy Gateway's limit (`maxWasmSize`).
pub const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// A packed layer.
pub struct Layer {
    /// What is stored in the registry.
    pub packed: Vec<u8>,
    /// The digest of the tar within, which an image's configuration names (`diff_ids`).
    pub tar_digest: String,
}

/// Packs a module. The same module gives the same bytes: no time, no owner, one level of compression.
///
/// # Errors
/// None that happen: it writes to memory.
pub fn pack(module: &[u8]) -> io::Result<Layer> {
    let mut header = tar::Header::new_ustar();
    header.set_size(module.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, FILE, module)?;
    let archive = archive.into_inner()?;
    // Without a file name and with the time 0, which the format has for "none".
    let mut packer = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Vec::new(), Compression::best());
    packer.write_all(&archive)?;
    Ok(Layer {
        packed: packer.finish()?,
        tar_digest: digest(&archive),
    })
}

/// Unpacks a module. None if there is no such file in the layer.
///
/// # Errors
/// When it is no gzipped tar, the module is no plain file, or larger than what is read.
pub fn unpack(packed: &[u8]) -> io::Result<Option<Vec<u8>>> {
    // A small layer can unpack to any size.
    let mut archive = tar::Archive::new(GzDecoder::new(packed).take(MOST_BYTES));
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.path()?.file_name() == Some(Path::new(FILE).as_os_str()) {
            // The holes of a sparse file are in no archive: they would be made here, of any size.
            if !entry.header().entry_type().is_file() {
                return Err(io::Error::other(format!("{FILE} is no plain file")));
            }
            if entry.size() > MOST_BYTES {
                let problem = format!("{FILE} has {} bytes; {MOST_BYTES} are read", entry.size());
                return Err(io::Error::other(problem));
            }
            let mut module = Vec::new();
            entry
                .by_ref()
                .take(MOST_BYTES + 1)
                .read_to_end(&mut module)?;
            if module.len() as u64 != entry.size() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            return Ok(Some(module));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        let layer = pack(b"\0asm and more").unwrap();
        assert_eq!(unpack(&layer.packed).unwrap().unwrap(), b"\0asm and more");
    }

    #[test]
    fn a_module_in_a_directory_is_found_and_another_file_is_not() {
        let tar_of = |name: &str| {
            let mut archive = tar::Builder::new(Vec::new());
            let mut header = tar::Header::new_gnu();
            header.set_size(2);
            archive
                .append_data(&mut header, name, b"ok".as_slice())
                .unwrap();
            let mut packer = GzBuilder::new().write(Vec::new(), Compression::fast());
            packer.write_all(&archive.into_inner().unwrap()).unwrap();
            packer.finish().unwrap()
        };
        assert_eq!(unpack(&tar_of("opt/plugin.wasm")).unwrap().unwrap(), b"ok");
        assert_eq!(unpack(&tar_of("other.wasm")).unwrap(), None);
    }

    fn packed(header: &tar::Header) -> Vec<u8> {
        let mut packer = GzBuilder::new().write(Vec::new(), Compression::fast());
        packer.write_all(header.as_bytes()).unwrap();
        packer.write_all(&[0; 1024]).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn a_file_with_holes_is_not_made_whole() {
        let mut header = tar::Header::new_gnu();
        header.set_path(FILE).unwrap();
        header.set_entry_type(tar::EntryType::GNUSparse);
        header.set_size(0);
        let gnu = header.as_gnu_mut().unwrap();
        gnu.set_real_size(1024);
        // In octal: 1024 bytes of nothing, then none.
        gnu.sparse[0].offset = *b"00000002000\0";
        gnu.sparse[0].numbytes = *b"00000000000\0";
        header.set_cksum();
        let problem = unpack(&packed(&header)).unwrap_err();
        assert_eq!(problem.to_string(), "plugin.wasm is no plain file");
    }

    #[test]
    fn more_than_is_read_is_refused_before_it_is_read() {
        let mut header = tar::Header::new_gnu();
        header.set_path(FILE).unwrap();
        header.set_size(MOST_BYTES + 1);
        header.set_cksum();
        let problem = unpack(&packed(&header)).unwrap_err();
        assert_eq!(
            problem.to_string(),
            "plugin.wasm has 268435457 bytes; 268435456 are read"
        );
    }

    #[test]
    fn what_is_no_archive_or_a_piece_of_one_is_an_error() {
        unpack(b"no gzip").unwrap_err();
        let whole = pack(&[7; 10_000]).unwrap().packed;
        unpack(whole.get(..whole.len() / 2).unwrap()).unwrap_err();
    }
}
