//! What Envoy offers a module and asks of it: proxy-wasm ABI 0.2.1,
//! <https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1>, and the part of WASI
//! preview 1 that its host implements.

/// Host functions, imported from `env`.
const HOST_FUNCTIONS: &[&str] = &[
    "proxy_add_header_map_value",
    "proxy_call_foreign_function",
    "proxy_close_stream",
    "proxy_continue_stream",
    "proxy_define_metric",
    "proxy_dequeue_shared_queue",
    "proxy_done",
    "proxy_enqueue_shared_queue",
    "proxy_get_buffer_bytes",
    "proxy_get_buffer_status",
    "proxy_get_current_time_nanoseconds",
    "proxy_get_header_map_pairs",
    "proxy_get_header_map_size",
    "proxy_get_header_map_value",
    "proxy_get_log_level",
    "proxy_get_metric",
    "proxy_get_property",
    "proxy_get_shared_data",
    "proxy_get_status",
    "proxy_grpc_call",
    "proxy_grpc_cancel",
    "proxy_grpc_close",
    "proxy_grpc_send",
    "proxy_grpc_stream",
    "proxy_http_call",
    "proxy_increment_metric",
    "proxy_log",
    "proxy_record_metric",
    "proxy_register_shared_queue",
    "proxy_remove_header_map_value",
    "proxy_replace_header_map_value",
    "proxy_resolve_shared_queue",
    "proxy_send_local_response",
    "proxy_set_buffer_bytes",
    "proxy_set_effective_context",
    "proxy_set_header_map_pairs",
    "proxy_set_property",
    "proxy_set_shared_data",
    "proxy_set_tick_period_milliseconds",
];

/// WASI functions, imported from `wasi_snapshot_preview1`.
const WASI_FUNCTIONS: &[&str] = &[
    "args_get",
    "args_sizes_get",
    "clock_time_get",
    "environ_get",
    "environ_sizes_get",
    "fd_write",
    "proc_exit",
    "random_get",
];

/// Functions that a module must export; of each row, one.
pub const REQUIRED_FUNCTIONS: &[&[&str]] = &[
    &["proxy_abi_version_0_2_1"],
    &["_initialize", "_start"],
    &["malloc", "proxy_on_memory_allocate"],
    &["proxy_on_context_create"],
    &["proxy_on_configure"],
    &["proxy_on_request_headers"],
];

/// Whether the host has this function.
pub fn offers(module: &str, name: &str) -> bool {
    match module {
        "env" => HOST_FUNCTIONS.contains(&name),
        "wasi_snapshot_preview1" => WASI_FUNCTIONS.contains(&name),
        _ => false,
    }
}

/// Whether the import is one that wasm-bindgen makes, for a JavaScript host to fill.
pub fn is_javascript(module: &str, name: &str) -> bool {
    module == "wbg"
        || [module, name]
            .iter()
            .any(|text| text.contains("__wbindgen"))
}
