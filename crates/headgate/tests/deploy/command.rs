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
    cases
        .map(|(name, end, arguments, expected)| {
            Trial::test(name, move || deploy(end, &arguments, &expected))
        })
        .into()
}
