//! Whether requests can be answered.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use filter_api::Root;
use filter_testing::{FakeRootHost, World};
use jwt_authz::{Authorisation, AuthorisationRoot, ProviderConfig};
use serde_json::json;

use crate::rig::{NOW, Pair, TICK, config, set, status};

#[test]
fn keys_make_ready_and_so_does_a_time_without_them() {
    let config = config(&json!({}));
    let providers: BTreeMap<String, ProviderConfig> =
        serde_json::from_value(config["providers"].clone()).unwrap();
    let authorisation = Rc::new(Authorisation::compile(&providers, false, 0).unwrap());
    let mut root = AuthorisationRoot::new(&authorisation);
    let answers = BTreeMap::from([("idp".to_owned(), status(503))]);
    let mut world = World::answering(answers);
    world.now = NOW;
    let mut host = FakeRootHost {
        world: Rc::new(world.into()),
        wakes_all: false,
    };
    root.on_start(&mut host).unwrap();
    let is_ready = |seconds| authorisation.is_ready(NOW + Duration::from_secs(seconds));
    assert_eq!([0, 29, 30, 1000].map(is_ready), [false, false, true, true]);
    for answer in [status(503), set(&[&Pair::new("a", 1)])] {
        assert!(!is_ready(1));
        {
            let mut world = host.world.borrow_mut();
            world.answers.insert("idp".to_owned(), answer);
            world.now += 11 * TICK;
        }
        root.on_tick(&mut host).unwrap();
        let (id, outcome) = host.world.borrow_mut().answer_next().unwrap();
        root.on_callout(&mut host, id, outcome).unwrap();
    }
    assert!(is_ready(0) && is_ready(1));
}

/// A push finds an Envoy that has waited long enough.
#[test]
fn another_configuration_does_not_make_unready() {
    let config = config(&json!({}));
    let providers: BTreeMap<String, ProviderConfig> =
        serde_json::from_value(config["providers"].clone()).unwrap();
    let mut world = World::answering(BTreeMap::new());
    world.now = NOW;
    let mut host = FakeRootHost {
        world: Rc::new(world.into()),
        wakes_all: false,
    };
    for (minutes, is_ready) in [(0, false), (1, true), (2, true)] {
        let now = NOW + Duration::from_secs(60 * minutes);
        host.world.borrow_mut().now = now;
        let authorisation = Rc::new(Authorisation::compile(&providers, false, 0).unwrap());
        AuthorisationRoot::new(&authorisation)
            .on_start(&mut host)
            .unwrap();
        assert_eq!(authorisation.is_ready(now), is_ready, "{minutes}");
    }
}
