//! Somebody who does what the page says, with AWS' part played by the test.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use integration::client::{self, Client};
use integration::kubernetes::{ControlPlane, Kubelet, User, next_address, program};
use integration::module;
use integration::tls::{Authority, ClientSide};
use integration::upstream::Upstream;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::Api;
use serde_json::{Map, Value};
use tokio::process::Command;

use super::front::{Listener, listener};
use super::page::sets_a_variable;
use crate::rig::{IMAGE, Rig};

/// The gateway of the page, and its namespace.
pub const SHOP: &str = "shop";

/// What the certificate is for.
pub const HOST: &str = "shop.example.com";

/// Who the reader is, to a balancer.
pub const READER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

/// The name of the balancer.
pub const BALANCER: &str = "k8s-shop-shop-0123456789.elb.eu-west-1.amazonaws.com";

/// How often the cloud's controller looks for Services.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a command may take: behind a balancer of nodes new pods wait a minute before they count.
const PATIENCE: Duration = Duration::from_secs(400);

/// A reader.
pub struct Reader {
    pub rig: Rig,
    pub kubelet: Kubelet,
    /// The Service `pets` of the page, which it takes for granted.
    pub pets: Upstream,
    authority: Authority,
    /// The listeners that requests were sent through: they live as long as connections do.
    listeners: Vec<Listener>,
}

impl Reader {
    pub async fn new(cluster: Arc<ControlPlane>) -> Self {
        let rig = Rig::of(cluster, SHOP).await;
        let authority = Authority::new("a test's");
        let identity = authority.issue(&[HOST]);
        identity.write(&rig.path("shop.crt"), &rig.path("shop.key"));
        fs::write(rig.path("variables"), "").unwrap();
        let pets = next_address();
        let name = format!("pets.{SHOP}.svc.cluster.local.");
        let kubelet = rig.kubelet_with(|settings| {
            settings.services.insert(name, pets);
        });
        Self {
            kubelet: kubelet.await,
            rig,
            pets: Upstream::start_at((pets, 8080).into()).await,
            authority,
            listeners: Vec::new(),
        }
    }

    /// Writes the document: these fields in place of the same of what is there.
    pub fn write(&self, fields: &str) {
        let path = self.rig.path("gateway.yaml");
        let of = |text: &str| serde_saphyr::from_str::<Map<String, Value>>(text).unwrap();
        let mut document = of(&fs::read_to_string(&path).unwrap_or("{}".to_owned()));
        document.extend(of(fields));
        self.rig.save(&Value::from(document).to_string());
    }

    /// Calls a command, and plays AWS meanwhile; returns what it prints, which is something.
    pub async fn call(&self, command: &str) -> String {
        let output = tokio::select! {
            output = self.run(command) => output,
            () = self.play_aws() => unreachable!("it plays for ever"),
            () = tokio::time::sleep(PATIENCE) => panic!("{command}: not within {PATIENCE:?}"),
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{command}: {out}{err}");
        // What headgate does it tells where it tells of mistakes; kubectl tells there that it finds nothing.
        let tells = !out.is_empty() || command.starts_with("headgate") && !err.is_empty();
        assert!(tells || sets_a_variable(command), "{command}: {err}");
        out
    }

    /// In a shell that knows what those before it have set.
    async fn run(&self, command: &str) -> Output {
        let script = format!(
            "set -a; . ./variables\n{command}\nstatus=$?; export -p > variables; exit $status"
        );
        let programs = [integration::program("headgate"), program("kubectl")].map(|path| {
            let directory = path.parent().unwrap();
            format!("{}:", directory.display())
        });
        let path = programs.concat() + &std::env::var("PATH").unwrap();
        Command::new("sh")
            .args(["-c", &script])
            .current_dir(self.rig.path(""))
            .env("PATH", path)
            .env("KUBECONFIG", self.rig.cluster.kubeconfig(User::Admin))
            .env("HEADGATE_IMAGE", IMAGE)
            .env("HEADGATE_MODULES", module("gateway").parent().unwrap())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap()
    }

    /// Gives each Service that wants one a balancer.
    async fn play_aws(&self) {
        loop {
            if let Some(service) = self.service().await
                && let Some(spec) = service.spec
                && spec.type_.as_deref() == Some("LoadBalancer")
                && let balancer = service.status.and_then(|status| status.load_balancer)
                && balancer.and_then(|one| one.ingress).is_none()
            {
                self.rig.give_address(SHOP, BALANCER).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn service(&self) -> Option<Service> {
        let services = Api::<Service>::namespaced(self.rig.admin.clone(), SHOP);
        services.get_opt(SHOP).await.unwrap()
    }

    /// The balancer's listener of this port.
    async fn listener(&mut self, port: u16) -> &Listener {
        let ready = self.kubelet.wait_for_ready(2).await;
        let api = Api::<Pod>::namespaced(self.rig.admin.clone(), SHOP);
        let mut pods = Vec::new();
        for (name, address) in ready {
            pods.push((address, api.get(&name).await.unwrap()));
        }
        let service = self.service().await.unwrap();
        self.listeners.push(listener(&service, port, &pods).await);
        self.listeners.last().unwrap()
    }

    /// A client of the port for HTTP.
    pub async fn http(&mut self) -> Client {
        let address = self.listener(80).await.address();
        client::http1(address).from(IpAddr::from(READER))
    }

    /// A client of the port for HTTPS, whose certificate it holds against the name.
    pub async fn https(&mut self) -> Client {
        let side = ClientSide::new(&self.authority, HOST);
        let listener = self.listener(443).await;
        assert!(!listener.ends_tls);
        client::https1(listener.address(), side).from(IpAddr::from(READER))
    }

    /// A client of the port for HTTPS where AWS ends TLS: what the balancer sends on.
    pub async fn https_of_aws(&mut self) -> Client {
        let listener = self.listener(443).await;
        assert!(listener.ends_tls);
        client::h2(listener.address()).from(IpAddr::from(READER))
    }

    /// Goes to another cluster: nothing of the page is there any more.
    pub async fn leave(&mut self) {
        self.listeners.clear();
        self.rig.wait_for_pods(0).await;
        self.call(&format!("kubectl delete namespace {SHOP}")).await;
        fs::remove_file(self.rig.path("gateway.yaml")).unwrap();
        fs::write(self.rig.path("variables"), "").unwrap();
    }
}
