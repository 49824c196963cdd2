//! Examples in documentation, so that tests can run them.

/// An example: what stands between a line "```yaml" and a line "```".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example<'t> {
    /// The line of its first line, from 1.
    pub line: usize,
    /// What stands there.
    pub text: &'t str,
}

/// The examples in YAML of a text in Markdown, in order.
///
/// # Panics
/// When one has no end.
pub fn yaml_examples(markdown: &str) -> Vec<Example<'_>> {
    const BEGIN: &str = "```yaml\n";
    let mut examples = Vec::new();
    let mut rest = markdown;
    let mut line = 1;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        line += before.matches('\n').count() + 1;
        let (text, after) = after
            .split_once("```\n")
            .unwrap_or_else(|| panic!("the example on line {line} has no end"));
        examples.push(Example { line, text });
        line += text.matches('\n').count() + 1;
        rest = after;
    }
    examples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_found_with_their_lines() {
        let text = "# A\n\n```yaml\na: 1\nb: 2\n```\n\n```json\n{}\n```\n```yaml\nc: 3\n```\n";
        let examples = yaml_examples(text);
        let found: Vec<_> = examples.iter().map(|e| (e.line, e.text)).collect();
        assert_eq!(found, [(4, "a: 1\nb: 2\n"), (12, "c: 3\n")]);
    }
}
