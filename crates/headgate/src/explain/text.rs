//! An explanation for people: a line for each fact, with what it is about in front.

use std::fmt::Write;

use ::explain::{
    Answer, Asked, DestinationTold, Explanation, LimitTold, Mirrored, Outcome, Refused, RefusedBy,
    Required, RouteTold, Seen, TokenTold, TokensTold,
};
use gateway_model::{Retries, printable};
use serde_json::Value;

/// The width of what stands in front.
const WIDTH: usize = 12;

/// The explanation, with a line end.
pub fn text(explanation: &Explanation) -> String {
    let mut lines = Lines::default();
    if let Some(seen) = &explanation.seen {
        lines.seen(seen);
    }
    if let Some(route) = &explanation.route {
        lines.route(route);
    }
    let limits = |asked| {
        explanation
            .limits
            .iter()
            .filter(move |one| one.asked == asked)
    };
    limits(Asked::BeforeTokens).for_each(|limit| lines.limit(limit));
    if let Some(jwt) = &explanation.jwt {
        lines.jwt(jwt);
    }
    limits(Asked::AfterTokens).for_each(|limit| lines.limit(limit));
    if let Some(answer) = &explanation.answer {
        lines.answer(answer, explanation.outcome);
    }
    if let Some(choice) = &explanation.choice {
        lines.fact("choice", &choice.by);
    }
    for destination in &explanation.destinations {
        lines.destination(destination);
    }
    if let Some(cors) = &explanation.cors {
        lines.fact("cors", cors);
    }
    for Mirrored { upstream, percent } in &explanation.mirrors {
        lines.fact("copies", &format!("{percent} % to upstream {upstream}"));
    }
    if let Some(refused) = &explanation.refused {
        lines.fact("refused", &refusal(refused));
    }
    for miss in &explanation.near_misses {
        let place = format!("routes[{}] \"{}\"", miss.index, miss.name);
        lines.fact("not", &format!("{place}: {}", miss.why));
    }
    lines.0
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn fact(&mut self, about: &str, fact: &str) {
        // Writing to a String does not fail.
        let _ = writeln!(self.0, "{about:WIDTH$}{fact}");
    }

    fn seen(&mut self, seen: &Seen) {
        let path = seen.path.as_ref().map(ToString::to_string);
        let mut fact = format!(
            "{} {}",
            seen.authority,
            path.as_deref().unwrap_or("(no path)")
        );
        if seen.normalised {
            fact += " (normalised by Envoy)";
        }
        if let Some(stage) = &seen.stage {
            let _ = write!(fact, " (matched without {stage})");
        }
        self.fact("seen", &fact);
    }

    fn route(&mut self, route: &RouteTold) {
        self.fact(
            "route",
            &format!("routes[{}] \"{}\"", route.index, route.name),
        );
        if route.matches != route.name {
            self.fact("", &format!("matches {}", route.matches));
        }
        if let Some(before) = &route.before {
            let place = format!("routes[{}] \"{}\"", before.index, before.name);
            self.fact("", &format!("before {place}: {}", before.rule));
        }
        for (name, value) in &route.values {
            self.fact("", &format!("{name} = {value}"));
        }
    }

    fn jwt(&mut self, jwt: &TokensTold) {
        for token in &jwt.tokens {
            self.token(token);
        }
        self.required(&jwt.required, 0);
        for (name, value) in &jwt.headers {
            self.fact("tells", &format!("{name}: {value}"));
        }
    }

    fn token(&mut self, token: &TokenTold) {
        let signed = token.algorithm.map(|algorithm| match &token.kid {
            Some(kid) => format!(" {algorithm} by key {kid}"),
            None => format!(" {algorithm}"),
        });
        let signed = signed.unwrap_or_default();
        let provider = &token.provider;
        let is = match (&token.reason, &token.why) {
            (None, _) => format!("{provider}: good,{signed}"),
            (Some(reason), None) => format!("{provider}: {reason}"),
            (Some(reason), Some(why)) => format!("{provider}: {reason}: {why}"),
        };
        self.fact("token", &is);
        if let Some(claims) = &token.claims {
            let says = if token.signed {
                "says"
            } else {
                "unverified, says"
            };
            let claims = Value::Object(claims.clone());
            self.fact("", &printable(&format!("{says} {claims}")));
        }
    }

    fn required(&mut self, required: &Required, depth: usize) {
        let about = if depth == 0 { "required" } else { "" };
        let is = if required.met { "met" } else { "not met" };
        let why = required.why.as_ref();
        let why = why.map(|why| format!("; {why}")).unwrap_or_default();
        let indent = "  ".repeat(depth);
        let line = format!("{indent}{is}: {}{why}", required.demand);
        self.fact(about, &printable(&line));
        for part in &required.parts {
            self.required(part, depth + 1);
        }
    }

    fn limit(&mut self, limit: &LimitTold) {
        let mut title = format!("{} \"{}\": {}", limit.place, limit.name, limit.rate);
        match (limit.service, limit.burst) {
            (false, Some(burst)) => {
                let _ = write!(title, ", burst {burst}");
            }
            (true, Some(burst)) => {
                let _ = write!(
                    title,
                    " by the rate-limit service, and {burst} at once here"
                );
            }
            (_, None) => title += " by the rate-limit service",
        }
        if limit.shared {
            title += ", shared by all replicas";
        }
        if limit.dry_run {
            title += ", dry run";
        }
        self.fact("limit", &printable(&title));
        if let Some(unmet) = &limit.unmet {
            self.fact("", &format!("not about this request: {unmet} is another"));
            return;
        }
        if let Some(name) = &limit.exempt {
            self.fact("", &printable(&format!("exempt: {name}")));
            return;
        }
        let key = limit.key.iter();
        let key: Vec<String> = key
            .map(|(part, value)| format!("{part} = {value}"))
            .collect();
        let bucket = match key.is_empty() {
            true => "all that come".to_owned(),
            false => key.join(", "),
        };
        let takes = match limit.burst {
            Some(burst) if limit.cost > burst => {
                format!("costs {}, more than it ever lets pass", limit.cost)
            }
            _ => format!("takes {} from the bucket of {bucket}", limit.cost),
        };
        self.fact("", &printable(&takes));
    }

    fn answer(&mut self, answer: &Answer, outcome: Outcome) {
        let status = match answer.grpc_status {
            Some(grpc) => format!("grpc-status {grpc} for {}", answer.status),
            None => answer.status.to_string(),
        };
        if outcome == Outcome::Redirect {
            let location = answer.location.as_deref().unwrap_or_default();
            self.fact("redirect", &format!("{status} to {location}"));
            return;
        }
        if let Some(methods) = &answer.allow_methods {
            self.fact("preflight", &format!("{status}, allows {methods}"));
            return;
        }
        let content_type = answer.content_type.as_deref().unwrap_or("no content type");
        self.fact("answer", &format!("{status} {content_type}"));
        for line in answer.body.to_string().lines() {
            self.fact("", line);
        }
    }

    fn destination(&mut self, one: &DestinationTold) {
        let share = format!("{} %", (one.probability * 100_000.0).round() / 1000.0);
        let mut title = one.name.clone();
        if one.upstream != one.name {
            let _ = write!(title, ", upstream {}", one.upstream);
        }
        let (protocol, address, function) = (one.protocol, &one.address, &one.function);
        let _ = write!(title, ", {protocol} {address}, function {function}");
        self.fact(&share, &title);
        if let Some(unmet) = &one.unmet {
            self.fact("", &format!("not now: {unmet}"));
        }
        if let Some(refused) = &one.refused {
            self.fact("", &format!("refused: {}", refusal(refused)));
            return;
        }
        let (method, host, path) = (&one.method, &one.host, &one.path);
        let written = match one.rewritten.as_slice() {
            [] => String::new(),
            parts => format!(" (written anew: {})", parts.join(", ")),
        };
        self.fact("", &format!("receives {method} {host} {path}{written}"));
        let retries = one.retries.as_ref().map(retries).unwrap_or_default();
        let (timeout, idle) = (one.timeout, one.idle_timeout);
        self.fact(
            "",
            &format!("timeout {timeout}, idle timeout {idle}{retries}"),
        );
    }
}

fn retries(retries: &Retries) -> String {
    let on: Vec<&str> = retries.on.iter().map(|on| on.as_str()).collect();
    let mut text = format!(", retries {} on {}", retries.times.get(), on.join(", "));
    if let Some(per_try) = &retries.per_try_timeout {
        let _ = write!(text, ", {} each", per_try.get());
    }
    text
}

fn refusal(refused: &Refused) -> String {
    let by = match refused.by {
        RefusedBy::Envoy => "Envoy",
        RefusedBy::Pipeline => "the pipeline",
    };
    let status = match (refused.grpc_status, refused.status) {
        (Some(status), _) => format!("grpc-status {status}"),
        (None, Some(status)) => status.to_string(),
        (None, None) => "the connection is closed".to_owned(),
    };
    format!("{status} {}, by {by}: {}", refused.reason, refused.detail)
}
