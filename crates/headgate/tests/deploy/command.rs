//! `headgate deploy render` and `rights` as a command: what they say where, and how they exit.

use std::fs;
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use super::modules;

const DOCUMENT: &str = "\
apiVersion: headgate.dev/v1alpha1
kind: Gateway
metadata: { name: shop }
listeners: [{ name: http, port: 8080 }]
upstreams: { pets: { http: { service: \"pets.shop:8080\" } } }
routes: [{ match: { prefix: / }, to: [{ upstream: pets }] }]
";

/// What a command exits with, and a part of what it prints and of what it tells.
struct Told {
    code: i32,
    printed: &'static str,
    told: &'static str,
}

/// Runs it on a document that ends so.
fn deploy(end: &str, arguments: &[&str], expected: &Told) -> Result<(), Failed> {
    let modules = modules();
    let document = modules.path().join("gateway.yaml");
    fs::write(&document, format!("{DOCUMENT}{end}"))?;
    let output = Command::new(env!("CARGO_BIN_EXE_headgate"))
        .current_dir(modules.path())
        .env_remove("HEADGATE_IMAGE")
        .env("HEADGATE_MODULES", modules.path())
        .arg("deploy")
        .args(arguments)
        .output()?;
    let (printed, told) = (
        String::from_utf8(output.stdout)?,
        String::from_utf8(output.stderr)?,
    );
    let as_expected = output.status.code() == Some(expected.code)
        && printed.starts_with(expected.printed)
        && printed.is_empty() == expected.printed.is_empty()
        && told.contains(expected.told)
        && told.is_empty() == expected.told.is_empty();
    match as_expected {
        true => Ok(()),
        false => Err(format!("{}\n{printed}\n{told}", output.status).into()),
    }
}

const RENDER: [&str; 4] = ["render", "gateway.yaml", "--image", "gateway:1"];

fn render_with(more: &[&'static str]) -> Vec<&'static str> {
    [&RENDER, more].concat()
}

fn an_empty_image_of_the_environment_is_none() -> Result<(), Failed> {
    let output = Command::new(env!("CARGO_BIN_EXE_headgate"))
        .env("HEADGATE_IMAGE", "")
        .args(["deploy", "render", "gateway.yaml"])
        .output()?;
    let told = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("--image <IMAGE>"), "{told}");
    Ok(())
}

pub fn trials() -> Vec<Trial> {
    let cases = [
        (
            "who_wrote_the_document_has_to_say_the_topology",
            "",
            render_with(&[]),
            Told {
                code: 1,
                printed: "",
                told: "error: gateway.yaml: edge: expected how clients come to the gateway",
            },
        ),
        (
            "the_command_line_can_say_it",
            "edge: { topology: nlb-public }\n",
            render_with(&["--topology", "cluster-ip"]),
            Told {
                code: 0,
                printed: "---\napiVersion: v1\nkind: ServiceAccount\n",
                told: "",
            },
        ),
        (
            "what_is_no_topology_is_a_mistake_of_the_command_line",
            "",
            render_with(&["--topology", "nlb"]),
            Told {
                code: 2,
                printed: "",
                told: "[possible values: nlb-public, nlb-private, cluster-ip, node-port]",
            },
        ),
        (
            "so_is_what_is_no_namespace",
            "edge: { topology: cluster-ip }\n",
            render_with(&["--namespace", "Shop"]),
            Told {
                code: 2,
                printed: "",
                told: "error: gateway.yaml: --namespace: expected at most 63 lower-case letters",
            },
        ),
        (
            "so_is_no_image",
            "edge: { topology: cluster-ip }\n",
            vec!["render", "gateway.yaml"],
            Told {
                code: 2,
                printed: "",
                told: "--image <IMAGE>",
            },
        ),
        (
            "what_is_no_name_of_an_image_is_told_with_the_form",
            "edge: { topology: cluster-ip }\n",
            vec!["render", "gateway.yaml", "--image", "a b:c d"],
            Told {
                code: 2,
                printed: "",
                told: "'a b:c d' for '--image <IMAGE>': invalid reference format; write \
                       REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:…",
            },
        ),
        (
            "so_is_an_empty_one",
            "edge: { topology: cluster-ip }\n",
            vec!["render", "gateway.yaml", "--image", ""],
            Told {
                code: 2,
                printed: "",
                told: "'--image <IMAGE>'",
            },
        ),
        (
            "so_is_one_of_a_wasm_plugin",
            "edge: { topology: cluster-ip }\n",
            vec![
                "render",
                "gateway.yaml",
                "--image",
                "oci://registry.example.com/gateway:1",
            ],
            Told {
                code: 2,
                printed: "",
                told: "without \"oci://\"",
            },
        ),
        (
            "modules_that_are_missing_are_of_this_machine",
            "edge: { topology: cluster-ip }\n",
            render_with(&["--modules", "nowhere"]),
            Told {
                code: 3,
                printed: "",
                told: "error: found no modules in nowhere",
            },
        ),
        (
            "node_ports_are_rendered_with_a_warning",
            "edge: { topology: node-port }\n",
            render_with(&[]),
            Told {
                code: 0,
                printed: "---\napiVersion: v1\nkind: ServiceAccount\n",
                told: "warning: node-port is to try things out, not for production",
            },
        ),
        (
            "rights_take_neither_image_nor_topology",
            "",
            vec!["rights", "gateway.yaml", "-n", "shop"],
            Told {
                code: 0,
                printed: "---\napiVersion: v1\nkind: ServiceAccount\n",
                told: "",
            },
        ),
    ];
    let mut trials: Vec<Trial> = cases
        .map(|(name, end, arguments, expected)| {
            Trial::test(name, move || deploy(end, &arguments, &expected))
        })
        .into();
    trials.push(Trial::test(
        "an_empty_image_of_the_environment_is_none",
        an_empty_image_of_the_environment_is_none,
    ));
    trials
}
