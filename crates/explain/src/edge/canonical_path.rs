//! Paths as the URL library of Chromium canonicalises them, which Envoy's `normalize_path` calls:
//! dot segments are resolved, `\` is a slash, what needs no escape is unescaped, what needs one is
//! escaped.

/// Envoy first makes `..` of a segment that begins with `..;`, and `.` of one that begins with `.;`,
/// since some servers read them so.
pub(super) fn without_parameters_of_dot_segments(path: &[u8]) -> Vec<u8> {
    let segments = path.split(|&byte| byte == b'/').map(|segment| {
        if segment.starts_with(b"..;") {
            &b".."[..]
        } else if segment.starts_with(b".;") {
            b"."
        } else {
            segment
        }
    });
    segments.collect::<Vec<_>>().join(&b'/')
}

/// The canonical form of a path that begins with a slash, without query; `None` for one with an
/// escaped NUL.
pub(super) fn canonical(path: &[u8]) -> Option<Vec<u8>> {
    let mut output = Output::default();
    let mut input = path;
    while let Some((&byte, rest)) = input.split_first() {
        if let Some(after) = after_dot(input) {
            input = match (output.ends_with_slash(), after_dot_segment(after)) {
                (true, Some(Segment::Current(after))) => after,
                (true, Some(Segment::Parent(after))) => {
                    output.pop_segment();
                    after
                }
                _ => {
                    output.push(b'.');
                    after
                }
            };
            continue;
        }
        input = rest;
        match byte {
            b'\\' => output.push(b'/'),
            b'%' => match escape(rest) {
                Some((0, ..)) => return None,
                Some((decoded, digits, after)) => {
                    input = after;
                    if is_unreserved(decoded) {
                        output.push_unescaped(decoded, after);
                    } else {
                        // Its digits keep their case.
                        output.push(b'%');
                        digits.iter().for_each(|&digit| output.push(digit));
                    }
                }
                None => output.push_lone_percent(),
            },
            _ if must_be_escaped(byte) => output.push_escaped(byte),
            _ => output.push(byte),
        }
    }
    Some(output.bytes)
}

/// A dot segment, with what follows it.
enum Segment<'a> {
    Current(&'a [u8]),
    Parent(&'a [u8]),
}

/// What follows a dot, plain or escaped.
fn after_dot(input: &[u8]) -> Option<&[u8]> {
    let dots = [&b"."[..], b"%2e", b"%2E"];
    dots.iter().find_map(|dot| input.strip_prefix(*dot))
}

/// Whether a dot at the beginning of a segment is all of it, or with a second dot.
fn after_dot_segment(after_dot_: &[u8]) -> Option<Segment<'_>> {
    if let Some(after) = after_segment(after_dot_) {
        return Some(Segment::Current(after));
    }
    let after = after_segment(after_dot(after_dot_)?)?;
    Some(Segment::Parent(after))
}

/// What follows the slash that ends a segment here, if it ends here.
fn after_segment(input: &[u8]) -> Option<&[u8]> {
    match input.split_first() {
        None => Some(input),
        Some((b'/' | b'\\', after)) => Some(after),
        Some(_) => None,
    }
}

/// What two hexadecimal digits stand for, these digits, and what follows them.
fn escape(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (digits, after) = input.split_at_checked(2)?;
    let value = |digit: &u8| char::from(*digit).to_digit(16);
    let mut decoded = 0;
    for digit in digits {
        decoded = decoded * 16 + value(digit)?;
    }
    Some((u8::try_from(decoded).ok()?, digits, after))
}

/// RFC 3986 section 2.3: what is the same escaped and not.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn must_be_escaped(byte: u8) -> bool {
    !byte.is_ascii_graphic() || b"\"#<>?^`{|}".contains(&byte)
}

#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    /// Where the last percent sign stands that began no escape in the input.
    lone_percent: Option<usize>,
}

impl Output {
    fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    fn ends_with_slash(&self) -> bool {
        self.bytes.last() == Some(&b'/')
    }

    /// Takes the last segment off an output that ends with a slash; the first slash stays.
    fn pop_segment(&mut self) {
        if self.bytes.len() > 1 {
            self.bytes.pop();
            while self.bytes.len() > 1 && !self.ends_with_slash() {
                self.bytes.pop();
            }
        }
    }

    fn push_escaped(&mut self, byte: u8) {
        self.bytes.extend(format!("%{byte:02X}").bytes());
    }

    fn push_lone_percent(&mut self) {
        self.lone_percent = Some(self.bytes.len());
        self.push(b'%');
    }

    /// Pushes what was escaped. Where that would make an escape of a percent sign that was none, as in
    /// `%%61b`, that percent sign is escaped. `next` is the input after it.
    fn push_unescaped(&mut self, byte: u8, next: &[u8]) {
        self.push(byte);
        // Its segment may be gone.
        let is_percent = |at: &usize| self.bytes.get(*at) == Some(&b'%');
        let Some(percent) = self.lone_percent.filter(is_percent) else {
            return;
        };
        let after_percent = self.bytes.get(percent + 1..).unwrap_or_default();
        let would_be = match (after_percent, next.first()) {
            (&[first, second], _) => Some([first, second]),
            (&[first], Some(&second)) => Some([first, second]),
            _ => None,
        };
        if would_be.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            self.bytes
                .splice(percent + 1..percent + 1, *b"25")
                .for_each(drop);
        }
    }
}
