//! `headgate deploy` against a real API server, with real Envoys: `make kubernetes-test`.
//!
//! What is real here and what is stood in for is said at `integration::kubernetes`. Each test has a namespace of
//! its own, in which pods must keep to the Pod Security Standard "restricted", and asks under the rights of
//! `headgate deploy rights` alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a panic is how a test fails"
)]

mod eks;
mod examples;
#[path = "../pushes/load.rs"]
mod load;
mod looks;
mod mistakes;
mod objects;
mod pushes;
mod rig;
#[path = "../pushes/versions.rs"]
mod versions;

use std::process::ExitCode;
use std::sync::Arc;

use integration::kubernetes::ControlPlane;
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime;

/// How many tests run at once, if nobody says it: each has Envoys of its own.
const AT_ONCE: usize = 3;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    if arguments.list {
        return libtest_mimic::run(&arguments, trials(None)).exit_code();
    }
    let cluster = runtime().block_on(ControlPlane::start());
    let cluster = Arc::new(cluster);
    let conclusion = libtest_mimic::run(&arguments, trials(Some(&cluster)));
    if conclusion.has_failed() {
        eprintln!("{}", cluster.logs());
    }
    // Its processes end with it.
    drop(cluster);
    conclusion.exit_code()
}

fn runtime() -> runtime::Runtime {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap()
}

/// A test of each function; they are only listed where there is no cluster.
fn trials(cluster: Option<&Arc<ControlPlane>>) -> Vec<Trial> {
    macro_rules! trials {
        ($($module:ident::$test:ident,)*) => {
            vec![$({
                let cluster = cluster.cloned();
                let name = concat!(stringify!($module), "::", stringify!($test));
                Trial::test(name, move || {
                    let cluster = cluster.ok_or("there is no cluster")?;
                    runtime().block_on($module::$test(cluster));
                    Ok::<(), Failed>(())
                })
            },)*]
        };
    }
    trials![
        // The longest is the first.
        eks::who_follows_the_page_comes_to_a_gateway_each_way,
        objects::a_gateway_comes_and_applying_it_again_changes_nothing,
        objects::every_topology_is_taken_and_taken_again_without_a_change,
        objects::pods_keep_to_the_pod_security_standard,
        objects::what_a_document_no_longer_makes_is_deleted_and_nothing_else,
        objects::what_is_rendered_is_what_kubectl_takes,
        looks::a_difference_is_told_by_meaning_and_by_field_and_changes_nothing,
        looks::the_state_of_each_envoy_is_told,
        mistakes::a_field_that_somebody_else_has_set_is_named_with_whose_it_is,
        mistakes::a_config_map_that_was_edited_is_not_gone_on_from,
        mistakes::a_missing_right_is_named_before_anything_changes,
        mistakes::a_cluster_that_is_not_there_is_told_so,
        mistakes::a_namespace_that_is_not_there_is_told_with_how_to_make_it,
        mistakes::what_envoys_refuse_is_told_by_pod_and_undone,
        mistakes::a_new_schema_with_an_old_module_never_takes_over,
        examples::an_api_server_takes_what_uses_the_images,
        pushes::authorities_come_with_what_names_them_and_are_renewed,
        pushes::what_mounts_another_secret_replaces_the_pods,
        pushes::no_request_fails_while_a_fleet_takes_up_changes,
        pushes::a_slow_kubelet_takes_its_time_and_no_request_fails,
        pushes::without_the_right_to_pods_a_kubelet_looks_when_it_is_time,
        pushes::an_apply_that_is_killed_anywhere_is_completed_by_the_next,
        pushes::a_config_map_that_is_changed_at_once_is_seen,
    ]
}
