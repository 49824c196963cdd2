//! What the upstream is told of claims.

use std::borrow::Cow;

use claims::{Claims, Selector, text};
use filter_api::{ConfigError, Fields, HeaderList, Host, HostError};
use serde_json::Value;

use crate::base64url;
use crate::config::{ArrayForm, ClaimHeaderConfig, Encoding};
use crate::header_value::{check_claim_field, is_same_name, is_writable};

/// A header field for a claim.
#[derive(Debug)]
pub(crate) struct ClaimHeader {
    name: Box<str>,
    selector: Selector,
    array: ArrayForm,
    encoding: Encoding,
}

impl ClaimHeader {
    pub(crate) fn compile(config: &ClaimHeaderConfig) -> Result<Self, ConfigError> {
        let name = config.name.as_str();
        check_claim_field(name).map_err(|problem| ConfigError::new("name", problem))?;
        Ok(Self {
            name: name.into(),
            selector: Selector::compile(&config.claim).map_err(|error| error.within("claim"))?,
            array: config.array,
            encoding: config.encoding,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The field's value; `None` without the claim, or when it cannot be written so.
    pub(crate) fn value(&self, claims: &Claims) -> Option<String> {
        let claim = self.selector.find(claims)?;
        let text = match (claim, self.array) {
            (Value::Array(elements), ArrayForm::Joined) => joined(elements)?,
            (claim, _) => text(claim).map_or_else(|| claim.to_string(), Cow::into_owned),
        };
        match self.encoding {
            Encoding::Plain => is_writable(&text).then_some(text),
            Encoding::Base64url => Some(base64url::encode(text.as_bytes())),
        }
    }
}

/// Elements with commas between them. One with a comma of its own would be read as two, and one with a
/// space at an end as another.
fn joined(elements: &[Value]) -> Option<String> {
    let one = |element| text(element).filter(|text| !text.contains(',') && text.trim() == *text);
    let texts: Option<Vec<Cow<'_, str>>> = elements.iter().map(one).collect();
    texts.map(|texts| texts.join(","))
}

/// Removes what a client says in fields that are the gateway's, however it writes their names, and returns
/// what is left; none, if nothing was removed.
pub(crate) fn sanitise<'h>(
    host: &mut dyn Host,
    of: Fields,
    fields: &HeaderList,
    ours: impl Iterator<Item = &'h ClaimHeader> + Clone,
) -> Result<Option<HeaderList>, HostError> {
    if ours.clone().next().is_none() {
        return Ok(None);
    }
    let is_ours = |name: &[u8]| {
        let mut ours = ours.clone();
        ours.any(|header| is_same_name(name, header.name.as_bytes()))
    };
    let mut found = fields.iter().filter(|(name, _)| is_ours(name)).peekable();
    if found.peek().is_none() {
        return Ok(None);
    }
    for (name, _) in found {
        // Only names of ASCII are like ours.
        host.remove_field(of, &String::from_utf8_lossy(name))?;
    }
    Ok(Some(fields.without(is_ours)))
}

/// What is told of a token's claims: written once, and kept with them.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// The values of header fields, in the order in which the provider has them.
    values: Box<[Option<Box<str>>]>,
    /// All claims, as JSON.
    json: Box<str>,
}

impl Told {
    /// Writes it. Without `whole` nobody wants all claims.
    pub(crate) fn of(headers: &[ClaimHeader], claims: &Claims, whole: bool) -> Self {
        let value = |header: &ClaimHeader| header.value(claims).map(Into::into);
        let json = whole.then(|| serde_json::to_string(claims).unwrap_or_default());
        Self {
            values: headers.iter().map(value).collect(),
            json: json.unwrap_or_default().into(),
        }
    }

    /// All claims, as JSON.
    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    /// Tells the upstream.
    pub(crate) fn tell(
        &self,
        host: &mut dyn Host,
        headers: &[ClaimHeader],
    ) -> Result<(), HostError> {
        for (header, value) in headers.iter().zip(&self.values) {
            if let Some(value) = value {
                host.set_field(Fields::RequestHeaders, &header.name, value.as_bytes())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
