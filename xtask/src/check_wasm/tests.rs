use super::*;

/// A module that passes, but for the imports and the exports of the test.
fn module(imports: &str, without: &str) -> Vec<u8> {
    let functions = [
        "proxy_abi_version_0_2_1",
        "_initialize",
        "proxy_on_memory_allocate",
        "proxy_on_context_create",
        "proxy_on_configure",
        "proxy_on_request_headers",
    ];
    let functions: String = functions
        .iter()
        .filter(|name| **name != without)
        .map(|name| format!("(func (export {name:?}))"))
        .collect();
    let memory = if without == "memory" {
        ""
    } else {
        r#"(memory (export "memory") 1)"#
    };
    wat::parse_str(format!("(module {imports} {functions} {memory})")).unwrap()
}

fn faults_of(bytes: &[u8]) -> Vec<String> {
    faults(bytes, 1_000)
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_module_of_the_abi_passes() {
    let imports = r#"
        (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))"#;
    assert_eq!(faults_of(&module(imports, "")), [""; 0]);
}

#[test]
fn either_allocator_and_either_entry_will_do() {
    let text = r#"(module (memory (export "memory") 1)
        (func (export "proxy_abi_version_0_2_1")) (func (export "_start"))
        (func (export "malloc")) (func (export "proxy_on_context_create"))
        (func (export "proxy_on_configure")) (func (export "proxy_on_request_headers")))"#;
    assert_eq!(faults_of(&wat::parse_str(text).unwrap()), [""; 0]);
}

#[test]
fn a_function_that_no_host_offers_is_named() {
    let imports = r#"(import "env" "getentropy" (func))"#;
    assert_eq!(
        faults_of(&module(imports, "")),
        [
            "imports env.getentropy, which Envoy does not offer (proxy-wasm ABI 0.2.1): remove the \
          code that calls it"
        ]
    );
}

#[test]
fn wasi_beyond_what_envoy_has_is_refused() {
    let imports = r#"(import "wasi_snapshot_preview1" "path_open" (func))"#;
    let faults = faults_of(&module(imports, ""));
    assert!(
        faults.concat().contains("wasi_snapshot_preview1.path_open"),
        "{faults:?}"
    );
}

#[test]
fn a_host_functions_name_on_anything_but_a_function_is_refused() {
    let imports = r#"(import "env" "proxy_log" (global i32))"#;
    let faults = faults_of(&module(imports, ""));
    assert!(
        faults.concat().contains("imports env.proxy_log"),
        "{faults:?}"
    );
}

#[test]
fn javascript_bindings_name_the_way_to_find_them() {
    let imports = r#"(import "__wbindgen_placeholder__" "__wbindgen_describe" (func))"#;
    assert_eq!(
        faults_of(&module(imports, "")),
        [
            "imports __wbindgen_placeholder__.__wbindgen_describe, which wasm-bindgen makes for \
          JavaScript: find the crate that brings it with `cargo tree --target \
          wasm32-unknown-unknown --invert wasm-bindgen` and turn off its feature for the web"
        ]
    );
}

#[test]
fn each_missing_export_is_named() {
    for name in [
        "proxy_abi_version_0_2_1",
        "proxy_on_configure",
        "proxy_on_request_headers",
    ] {
        assert_eq!(
            faults_of(&module("", name)),
            [format!(
                "exports no function {name}: the package must be a cdylib whose entry point \
                 registers the filter with filter-shell"
            )]
        );
    }
    let entry = faults_of(&module("", "_initialize"));
    assert!(
        entry
            .concat()
            .starts_with("exports no function _initialize or _start:"),
        "{entry:?}"
    );
    assert_eq!(
        faults_of(&module("", "memory")),
        ["exports no memory \"memory\": build it as a cdylib for wasm32-unknown-unknown"]
    );
}

#[test]
fn the_budget_counts_to_the_byte() {
    let bytes = module("", "");
    let size = bytes.len() as u64;
    assert!(faults(&bytes, size).unwrap().is_empty());
    let over: Vec<_> = faults(&bytes, size - 1)
        .unwrap()
        .iter()
        .map(Fault::to_string)
        .collect();
    assert_eq!(
        over,
        [format!(
            "is {size} bytes, over its budget of {}: find what grew (`cargo tree` and the last \
             commits), or raise `max-bytes` in [package.metadata.headgate] and say why",
            size - 1
        )]
    );
}

#[test]
fn what_is_no_wasm_is_an_error_of_its_own() {
    let module = Module {
        name: "router".to_owned(),
        package: "router-wasm".to_owned(),
        package_id: String::new(),
        version: "0.1.0".to_owned(),
        max_bytes: 10,
        test_only: false,
    };
    let error = require(&module, b"not wasm").unwrap_err();
    assert_eq!(error.to_string(), "module router is no valid WebAssembly");
}
