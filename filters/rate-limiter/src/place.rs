//! Where limits keep what they keep in the host's shared data.
//!
//! All of it begins with `limits1`. The number is of its form: modules that differ in it do not read each other's.

/// Which limit has which table.
pub(crate) const TABLES: &str = "limits1.tables";

/// What fingerprints depend on.
pub(crate) const SEED: &str = "limits1.seed";

/// Where a row is in shared data: `limits1.000001f.00a3c`, the table's slot and the row, in hexadecimal digits.
/// It is short and made without allocating, in the module and, up to 22 bytes, in the host: each request that
/// is limited has two.
pub(crate) struct RowPlace([u8; Self::LEN]);

impl RowPlace {
    const PREFIX: &[u8] = b"limits1.";
    const SLOT_DIGITS: usize = 7;
    /// Enough for the rows of the most keys there can be.
    const ROW_DIGITS: usize = 5;
    const LEN: usize = Self::PREFIX.len() + Self::SLOT_DIGITS + 1 + Self::ROW_DIGITS;

    pub(crate) fn of(slot: u32, row: u32) -> Self {
        let mut place = [b'.'; Self::LEN];
        let (prefix, rest) = place.split_at_mut(Self::PREFIX.len());
        prefix.copy_from_slice(Self::PREFIX);
        let (slot_digits, rest) = rest.split_at_mut(Self::SLOT_DIGITS);
        write_digits(slot_digits, slot);
        if let Some((_, row_digits)) = rest.split_first_mut() {
            write_digits(row_digits, row);
        }
        Self(place)
    }

    pub(crate) fn as_str(&self) -> &str {
        // All of it is ASCII.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The last hexadecimal digits of a number, as many as there is room for.
fn write_digits(room: &mut [u8], mut number: u32) {
    for digit in room.iter_mut().rev() {
        let value = (number & 0xf) as u8;
        *digit = if value < 10 {
            b'0' + value
        } else {
            b'a' + value - 10
        };
        number >>= 4;
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::table::Table;

    #[test]
    fn each_row_of_each_table_has_a_place_of_its_own() {
        let last = Table::rows_for(crate::limit::MOST_KEYS) - 1;
        for (slot, row, expected) in [
            (0, 0, "limits1.0000000.00000"),
            (0x1f, 0xa3c, "limits1.000001f.00a3c"),
            (0xfff_ffff, last, "limits1.fffffff.1ffff"),
        ] {
            assert_eq!(RowPlace::of(slot, row).as_str(), expected);
            assert!(expected.len() <= 22);
        }
    }
}
