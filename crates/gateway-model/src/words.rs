//! How messages speak: quoting what was found, and proposing what was meant.

/// A text in quotes, on one line, cut when it is long.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or(text)),
        None => format!("{text:?}"),
    }
}

/// The known word that `word` is most likely a slip of.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let lower = word.to_lowercase();
    // A third of the letters may be wrong: as much as compilers forgive.
    let forgiven = lower.chars().count().max(3) / 3;
    known
        .into_iter()
        .map(|known| (strsim::osa_distance(&lower, &known.to_lowercase()), known))
        .filter(|&(distance, _)| distance <= forgiven)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, known)| known)
}

/// `did you mean "pets"?`, or `known here: pets, stock` when nothing is near.
pub(crate) fn proposal<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str, IntoIter: Clone>,
) -> String {
    const MOST_LISTED: usize = 12;
    let known = known.into_iter();
    if let Some(nearest) = nearest(word, known.clone()) {
        return format!("did you mean {nearest:?}?");
    }
    let listed: Vec<&str> = known.clone().take(MOST_LISTED).collect();
    if listed.is_empty() {
        return "nothing is known here".to_owned();
    }
    match known.skip(MOST_LISTED).count() {
        0 => format!("known here: {}", listed.join(", ")),
        more => format!("known here: {}, and {more} more", listed.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_forgiven_and_another_word_is_not() {
        let known = ["name", "port", "address"];
        for (word, expected) in [
            ("prot", Some("port")),
            ("Port", Some("port")),
            ("adress", Some("address")),
            ("nam", Some("name")),
            ("host", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
        assert_eq!(proposal("prot", known), "did you mean \"port\"?");
        assert_eq!(proposal("tls", known), "known here: name, port, address");
    }

    #[test]
    fn long_lists_and_texts_are_cut() {
        let names: Vec<String> = (0..20).map(|number| format!("upstream-{number}")).collect();
        let proposal = proposal("x", names.iter().map(String::as_str));
        assert!(proposal.ends_with("upstream-11, and 8 more"), "{proposal}");
        assert_eq!(quoted("a\nb"), "\"a\\nb\"");
        assert_eq!(quoted(&"é".repeat(61)), format!("\"{}\"…", "é".repeat(60)));
    }
}
