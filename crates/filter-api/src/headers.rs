//! A list of header fields: bytes, in order, names perhaps repeated.

use std::fmt;

/// Header fields as they came, pseudo-headers (`:path` and the like) first, values as bytes: HTTP does
/// not promise UTF-8.
///
/// The list is kept in the form in which proxy-wasm hosts hand it out (a count, the sizes of each name
/// and value, then the bytes), so a module takes it over without copying a field.
#[derive(Clone, PartialEq, Eq)]
pub struct HeaderList {
    serialized: Vec<u8>,
}

/// The host's bytes are no header list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host handed out a malformed header list")]
pub struct MalformedHeaderList;

impl HeaderList {
    /// A list without fields.
    pub fn new() -> Self {
        Self {
            serialized: 0_u32.to_le_bytes().to_vec(),
        }
    }

    /// Takes over the bytes of a proxy-wasm host. Nothing at all is an empty list.
    ///
    /// # Errors
    /// When counts and sizes do not fit the bytes.
    pub fn from_serialized(serialized: Vec<u8>) -> Result<Self, MalformedHeaderList> {
        if serialized.is_empty() {
            return Ok(Self::new());
        }
        if serialized.len() < 4 {
            return Err(MalformedHeaderList);
        }
        let list = Self { serialized };
        let expected = usize::try_from(list.count()).map_err(|_| MalformedHeaderList)?;
        if list.iter().count() == expected {
            Ok(list)
        } else {
            Err(MalformedHeaderList)
        }
    }

    /// The list in proxy-wasm's form.
    pub fn as_serialized(&self) -> &[u8] {
        &self.serialized
    }

    /// The same list with another value of a field, whose name is in lower case.
    #[must_use]
    pub fn with(&self, name: &str, value: &[u8]) -> Self {
        let replaced = |(field, old)| match field == name.as_bytes() {
            true => (field, value),
            false => (field, old),
        };
        self.iter().map(replaced).collect()
    }

    /// The same list without some fields.
    #[must_use]
    pub fn without(&self, is_left_out: impl Fn(&[u8]) -> bool) -> Self {
        self.iter().filter(|(name, _)| !is_left_out(name)).collect()
    }

    /// The fields in order, as name and value. Names are in lower case.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let sizes_end = usize::try_from(self.count())
            .ok()
            .and_then(|count| count.checked_mul(8)?.checked_add(4))
            .unwrap_or(usize::MAX);
        let sizes = self.serialized.get(4..sizes_end).unwrap_or_default();
        let mut bytes = self.serialized.get(sizes_end..).unwrap_or_default();
        sizes.chunks_exact(8).map_while(move |sizes| {
            let (name, value) = sizes.split_at(4);
            let name = take(&mut bytes, name)?;
            let value = take(&mut bytes, value)?;
            Some((name, value))
        })
    }

    /// The first value of a field. `name` is in lower case.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter()
            .find(|(key, _)| *key == name.as_bytes())
            .map(|(_, value)| value)
    }

    /// All values of a field, in order. `name` is in lower case.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(key, _)| *key == name.as_bytes())
            .map(|(_, value)| value)
    }

    /// `:method`; empty when there is none.
    pub fn method(&self) -> &[u8] {
        self.get(":method").unwrap_or_default()
    }

    /// `:path`, with its query; empty when there is none, as for CONNECT.
    pub fn path(&self) -> &[u8] {
        self.get(":path").unwrap_or_default()
    }

    /// `:authority`, or `host` of HTTP/1.1; empty when there is none.
    pub fn authority(&self) -> &[u8] {
        self.get(":authority").unwrap_or_default()
    }

    fn count(&self) -> u32 {
        self.serialized
            .first_chunk()
            .map_or(0, |count| u32::from_le_bytes(*count))
    }
}

/// The next name or value, and the zero byte behind it.
fn take<'a>(bytes: &mut &'a [u8], size: &[u8]) -> Option<&'a [u8]> {
    let size = usize::try_from(u32::from_le_bytes(*size.first_chunk()?)).ok()?;
    let (taken, rest) = bytes.split_at_checked(size)?;
    *bytes = rest.strip_prefix(&[0])?;
    Some(taken)
}

impl Default for HeaderList {
    fn default() -> Self {
        Self::new()
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for HeaderList {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut count = 0_u32;
        let mut sizes = Vec::new();
        let mut bytes = Vec::new();
        let size = |text: &[u8]| u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes();
        for (name, value) in fields {
            count += 1;
            for text in [name.as_ref(), value.as_ref()] {
                sizes.extend_from_slice(&size(text));
                bytes.extend_from_slice(text);
                bytes.push(0);
            }
        }
        let mut serialized = count.to_le_bytes().to_vec();
        serialized.append(&mut sizes);
        serialized.append(&mut bytes);
        Self { serialized }
    }
}

impl fmt::Debug for HeaderList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(name, value)| {
                (
                    name.escape_ascii().to_string(),
                    value.escape_ascii().to_string(),
                )
            }))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn sample() -> HeaderList {
        [
            (":path", &b"/a"[..]),
            ("x-n", b"\xff\x00"),
            ("x-n", b""),
            ("y", b"2"),
        ]
        .into_iter()
        .collect()
    }

    #[test]
    fn values_are_bytes_and_repeated_names_keep_their_order() {
        let list = sample();
        assert_eq!(list.path(), b"/a");
        assert_eq!(list.get("x-n"), Some(&b"\xff\x00"[..]));
        assert_eq!(
            list.get_all("x-n").collect::<Vec<_>>(),
            [&b"\xff\x00"[..], b""]
        );
        assert_eq!(list.get("z"), None);
        assert_eq!(list.iter().count(), 4);
    }

    #[test]
    fn the_hosts_form_is_taken_over_as_it_is() {
        let list = sample();
        let again = HeaderList::from_serialized(list.as_serialized().to_vec()).unwrap();
        assert_eq!(again, list);
        assert_eq!(
            HeaderList::from_serialized(Vec::new()).unwrap(),
            HeaderList::new()
        );
    }

    #[test]
    fn every_truncation_is_refused_and_none_panics() {
        let whole = sample().as_serialized().to_vec();
        for end in 1..whole.len() {
            let cut = whole.get(..end).unwrap().to_vec();
            assert_eq!(
                HeaderList::from_serialized(cut),
                Err(MalformedHeaderList),
                "{end}"
            );
        }
        assert_eq!(
            HeaderList::from_serialized(vec![255; 64]),
            Err(MalformedHeaderList)
        );
    }
}
