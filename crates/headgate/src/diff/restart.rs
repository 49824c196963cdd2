//! What a running Envoy cannot take up: what it is started with.
//!
//! Nothing here knows which fields those are. Each change is made alone, and what Envoy would be
//! started with is rendered and compared.

use envoy_render::Placement;
use gateway_model::{Entrance, Gateway};
use serde_json::Value;

use super::changes::{Change, Kind};
use super::defaults::value;
use super::path::Path;

/// The places that have to do with it; none, if a running Envoy can take up everything. `changes` are
/// those between the two documents.
pub fn needed(before: &Gateway, after: &Gateway, changes: &[Change]) -> Vec<Path> {
    let (started_with, to_start_with) = (bootstrap(before), bootstrap(after));
    if started_with == to_start_with {
        return Vec::new();
    }
    let (earlier, later) = (value(before), value(after));
    // A change that cannot be made alone is looked at with those around it.
    let matters = |place: &Path, with: Option<Value>| {
        let changed = place.replace(&earlier, with);
        let changed = changed.and_then(|changed| serde_json::from_value::<Gateway>(changed).ok());
        let changed = changed.map(|changed| bootstrap(&changed));
        changed.is_some_and(|changed| {
            let places = changed.iter().zip(&started_with).zip(&to_start_with);
            // Without the changes around it, it may be one that cannot be deployed.
            let mut places = places.filter(|((is, _), whole)| is.is_some() || whole.is_none());
            places.any(|((is, was), _)| is != was)
        })
    };
    let mut places = Vec::new();
    let mut rest = changes;
    while let Some(first) = rest.first() {
        let field = first.part.field();
        let end = rest
            .iter()
            .take_while(|change| change.part.field() == field)
            .count();
        let (of_field, others) = rest.split_at(end);
        rest = others;
        let whole = Path::field(field);
        if !matters(&whole, whole.find(&later).cloned()) {
            continue;
        }
        let found_before = places.len();
        for change in of_field {
            let place = change.place();
            let fields = change
                .fields
                .iter()
                .filter(|_| change.kind == Kind::Changed);
            let fields = fields.map(|field| (place.join(&field.path), field));
            let alone = fields.filter(|(path, field)| {
                let is = field.after.clone().filter(|_| !field.after_is_default);
                matters(path, is)
            });
            let alone: Vec<Path> = alone.map(|(path, _)| path).collect();
            if !alone.is_empty() {
                places.extend(alone);
            } else if matters(&place, place.find(&later).cloned()) {
                places.push(place);
            }
        }
        if places.len() == found_before {
            places.push(whole);
        }
    }
    places
}

/// What Envoy is started with, on one's own machine and where it is deployed as the document says, if it
/// can be. The listeners are in an order that does not depend on the document's.
fn bootstrap(gateway: &Gateway) -> [Option<String>; 2] {
    let mut gateway = gateway.clone();
    gateway
        .listeners
        .sort_by(|one, other| one.name.cmp(&other.name));
    let deployed = Entrance::of(&gateway, None).ok();
    let deployed = deployed.map(|entrance| Placement::in_image("", entrance));
    let places = [Some(Placement::in_directory("")), deployed];
    places.map(|place| Some(envoy_render::bootstrap(&gateway, &place?)))
}
