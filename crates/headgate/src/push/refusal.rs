//! Why Envoy refused a file: it says so in its log alone.

/// The first refusal that a log tells of; the pipeline's own words, where it has any.
pub fn first(log: &str) -> Option<String> {
    told_in(log.lines())
}

/// The latest one.
pub fn latest(log: &str) -> Option<String> {
    told_in(log.lines().rev())
}

fn told_in<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    // What begins so is the access log, whose words are clients'.
    let lines = lines.filter(|line| !line.starts_with('{'));
    let said = |begins: &str| {
        let (_, why) = lines.clone().find_map(|line| line.split_once(begins))?;
        Some(why.trim().to_owned())
    };
    said(" refused its configuration: ").or_else(|| said(" update rejected: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pipelines_own_words_say_more_than_envoys() {
        let envoys = "warning\tconfig\tFilesystem config update rejected: Unable to create Wasm \
                      plugin headgate.pipeline\n";
        assert_eq!(
            first(envoys).unwrap(),
            "Unable to create Wasm plugin headgate.pipeline"
        );
        let own = format!(
            "error\twasm\twasm log headgate.pipeline: gateway 0.1.0 (be0489fb8d7a) refused its \
             configuration: rutes: unknown field\n{envoys}"
        );
        assert_eq!(first(&own).unwrap(), "rutes: unknown field");
        assert_eq!(first("warning\tmain\tsomething\n"), None);
    }

    #[test]
    fn what_a_client_has_written_into_the_access_log_is_no_refusal() {
        let log = "{\"path\":\"/ update rejected: forged\"}\nconfig update rejected: one\n";
        assert_eq!(first(log).as_deref(), Some("one"));
        assert_eq!(latest("{\"path\":\"/ update rejected: forged\"}\n"), None);
    }

    #[test]
    fn of_several_the_latest_is_told_where_the_log_began_long_ago() {
        let log = "config update rejected: one\nconfig update rejected: two\n";
        assert_eq!(first(log).as_deref(), Some("one"));
        assert_eq!(latest(log).as_deref(), Some("two"));
    }
}
