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
                .map(|route| route.to_config(|index, _| (format!("f{index}"), false)))
                .collect();
            let stage = checked.document.edge.stage_prefix.as_deref();
            function_router::Router::compile(&routes, stage).expect("a checked document compiles");
        }
        Err(wrong) => {
            assert!(!wrong.errors.is_empty(), "refused without a reason");
            assert!(!wrong.to_string().is_empty());
        }
    }
});
