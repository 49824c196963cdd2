//! Documents of any bytes: read, or refused with places that exist; never a panic. What is read, the
//! pipeline takes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match gateway_model::read("gateway.yaml", data) {
        Ok(checked) => {
            let routes: Vec<_> = checked
                .document
                .routes
                .iter()
                .map(|route| function_router::RouteConfig {
                    name: route.name().into_owned(),
                    matches: route.matches.to_config(),
                    to: vec![function_router::DestinationConfig {
                        function: "f".to_owned(),
                        weight: 1,
                        websocket: false,
                    }],
                })
                .collect();
            function_router::Router::compile(&routes).expect("a checked document compiles");
        }
        Err(wrong) => {
            assert!(!wrong.errors.is_empty(), "refused without a reason");
            assert!(!wrong.to_string().is_empty());
        }
    }
});
