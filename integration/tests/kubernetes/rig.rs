//! A namespace of the cluster, and `headgate` as a user calls it there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use integration::kubernetes::{ControlPlane, Kubelet, Settings, User};
use integration::module;
use integration::tls::Authority;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, Service, ServiceAccount};
use k8s_openapi::api::rbac::v1::Role;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::ApiResource;
use kube::{Api, Client};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// The name of the gateway of every test.
pub const NAME: &str = "web";

/// Its image, as the test kubelet knows it.
pub const IMAGE: &str = "gateway:1";

/// Only there so that a test fails rather than hangs.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// How often something is looked at again.
const PAUSE: Duration = Duration::from_millis(100);

/// A namespace.
pub struct Rig {
    pub cluster: Arc<ControlPlane>,
    pub namespace: String,
    /// May do everything.
    pub admin: Client,
    place: TempDir,
}

/// A directory of modules, and what the pipeline's is called in an image.
pub struct NewModules {
    pub directory: PathBuf,
    pub file: String,
}

/// What a call came to.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// That it went well.
    #[track_caller]
    pub fn well(self) -> Self {
        assert_eq!(self.code, 0, "{self:#?}");
        self
    }

    /// That it went wrong around the document, and what was said of it.
    #[track_caller]
    pub fn wrong(self) -> String {
        assert_eq!(self.code, 3, "{self:#?}");
        self.err
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

impl Rig {
    /// A new namespace.
    pub async fn new(cluster: Arc<ControlPlane>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let rig = Self {
            admin: cluster.client(User::Admin).await,
            cluster,
            namespace: format!("test-{number}"),
            place: TempDir::new().unwrap(),
        };
        let namespace = json!({ "metadata": {
            "name": rig.namespace,
            "labels": { "pod-security.kubernetes.io/enforce": "restricted" },
        } });
        let namespace = serde_json::from_value(namespace).unwrap();
        let all = Api::<Namespace>::all(rig.admin.clone());
        all.create(&PostParams::default(), &namespace)
            .await
            .unwrap();
        fs::create_dir(rig.path("images")).unwrap();
        rig
    }

    /// A new namespace with a document, and the rights to deploy it.
    pub async fn with(cluster: Arc<ControlPlane>, document: &str) -> Self {
        let rig = Self::new(cluster).await;
        rig.save(document);
        rig.grant().await;
        rig
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.place.path().join(file)
    }

    /// Saves the document.
    pub fn save(&self, document: &str) {
        fs::write(self.path("gateway.yaml"), document).unwrap();
    }

    /// Has somebody with more rights apply what `headgate deploy rights` shows, and takes its account.
    async fn grant(&self) {
        let rights = self.call(User::Admin, &["rights"]).well().out;
        for object in rights.split("---\n").filter(|one| !one.trim().is_empty()) {
            let object: Value = serde_saphyr::from_str(object).unwrap();
            self.apply_as("kubectl", &object).await;
        }
        let account = format!("{NAME}-pusher");
        let accounts = Api::<ServiceAccount>::namespaced(self.admin.clone(), &self.namespace);
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": { "audiences": [] },
        });
        let token: Value = accounts
            .create_subresource("token", &account, &PostParams::default(), &request)
            .await
            .unwrap();
        let token = token["status"]["token"].as_str().unwrap();
        let kubeconfig = self.cluster.kubeconfig_with(token);
        fs::write(self.path("pusher.kubeconfig"), kubeconfig).unwrap();
    }

    /// Applies an object as another field manager, with all rights.
    pub async fn apply_as(&self, manager: &str, object: &Value) -> DynamicObject {
        let kind = object["kind"].as_str().unwrap();
        let api_version = object["apiVersion"].as_str().unwrap();
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            plural: format!("{}s", kind.to_lowercase()),
        };
        let all =
            Api::<DynamicObject>::namespaced_with(self.admin.clone(), &self.namespace, &resource);
        let name = object["metadata"]["name"].as_str().unwrap();
        let how = PatchParams::apply(manager).force();
        all.patch(name, &how, &Patch::Apply(object)).await.unwrap()
    }

    /// Calls `headgate deploy` under the gateway's own rights; for the document, unless it is named.
    pub fn deploy(&self, arguments: &[&str]) -> Said {
        let kubeconfig = self.path("pusher.kubeconfig");
        said(self.command(&kubeconfig, arguments).output().unwrap())
    }

    /// The same without keeping this thread.
    pub async fn deploying(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(&self.path("pusher.kubeconfig"), arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        said(output.await.unwrap())
    }

    /// The same as somebody else.
    pub fn call(&self, user: User, arguments: &[&str]) -> Said {
        let kubeconfig = self.cluster.kubeconfig(user);
        said(self.command(&kubeconfig, arguments).output().unwrap())
    }

    /// Starts it, to be killed.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(&self.path("pusher.kubeconfig"), arguments);
        let silent = command.stdout(Stdio::null()).stderr(Stdio::null());
        silent.spawn().unwrap()
    }

    pub fn command(&self, kubeconfig: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        let (verb, others) = arguments.split_first().unwrap();
        command.args(["deploy", verb]);
        if !others.contains(&"--name") {
            command.arg(self.path("gateway.yaml"));
        }
        if !others.contains(&"--namespace") {
            command.args(["--namespace", &self.namespace]);
        }
        command
            .args(others)
            .env("KUBECONFIG", kubeconfig)
            .env("HEADGATE_IMAGE", IMAGE)
            .env("HEADGATE_MODULES", module("gateway").parent().unwrap())
            .stdin(Stdio::null());
        command
    }

    /// A kubelet for the namespace, that knows the image.
    pub async fn kubelet(&self) -> Kubelet {
        self.kubelet_with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn kubelet_with(&self, change: impl FnOnce(&mut Settings)) -> Kubelet {
        let mut settings = Settings {
            sync_period: Duration::from_secs(60),
            cache_delay: Duration::ZERO,
            images: BTreeMap::from([(
                IMAGE.to_owned(),
                self.image_of(IMAGE, &module_file(), "gateway"),
            )]),
            services: BTreeMap::new(),
        };
        change(&mut settings);
        Kubelet::start(&self.admin, &self.namespace, settings).await
    }

    /// Gives a Service's balancer an address, as AWS' controller does.
    pub async fn give_address(&self, address: &str) {
        let services = Api::<Service>::namespaced(self.admin.clone(), &self.namespace);
        let status =
            json!({ "status": { "loadBalancer": { "ingress": [{ "hostname": address }] } } });
        let how = PatchParams::default();
        services
            .patch_status(NAME, &how, &Patch::Merge(&status))
            .await
            .unwrap();
    }

    pub fn config_maps(&self) -> Api<ConfigMap> {
        Api::namespaced(self.admin.clone(), &self.namespace)
    }

    /// The ConfigMap that running Envoys read.
    pub async fn watched(&self) -> ConfigMap {
        let all = self
            .config_maps()
            .list(&ListParams::default())
            .await
            .unwrap();
        let holds = |one: &ConfigMap| one.data.iter().any(|data| data.contains_key("ecds.yaml"));
        all.items.into_iter().find(holds).unwrap()
    }

    pub async fn pods(&self) -> Vec<Pod> {
        let all = Api::<Pod>::namespaced(self.admin.clone(), &self.namespace);
        all.list(&ListParams::default()).await.unwrap().items
    }

    /// The versions of all objects that carry the gateway's labels, as the API server counts them, without
    /// what controllers write.
    pub async fn versions(&self, kinds: &[(&str, &str, &str)]) -> BTreeMap<String, String> {
        let mut versions = BTreeMap::new();
        for (api_version, kind, plural) in kinds {
            let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
            let resource = ApiResource {
                group: group.to_owned(),
                version: version.to_owned(),
                api_version: (*api_version).to_owned(),
                kind: (*kind).to_owned(),
                plural: (*plural).to_owned(),
            };
            let all = Api::<DynamicObject>::namespaced_with(
                self.admin.clone(),
                &self.namespace,
                &resource,
            );
            let which = ListParams::default().labels("app.kubernetes.io/managed-by=headgate");
            for object in all.list(&which).await.unwrap().items {
                let name = format!("{kind} {}", object.metadata.name.unwrap());
                versions.insert(name, object.metadata.resource_version.unwrap());
            }
        }
        versions
    }
}

impl Rig {
    pub async fn config_map_names(&self) -> BTreeSet<String> {
        let all = self
            .config_maps()
            .list(&ListParams::default())
            .await
            .unwrap();
        let names = all.items.into_iter().filter_map(|one| one.metadata.name);
        names.filter(|name| name != "kube-root-ca.crt").collect()
    }

    /// Waits until there are so many pods.
    pub async fn wait_for_pods(&self, pods: usize) {
        self.wait("pods", async || self.pods().await.len() == pods)
            .await;
    }

    /// Waits until a condition holds.
    pub async fn wait(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let waiting = async {
            while !holds().await {
                tokio::time::sleep(PAUSE).await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, waiting).await;
        assert!(waited.is_ok(), "{what}: not within {DEADLINE:?}");
    }

    /// The versions of all objects, when that of this one has not changed for a while: controllers write
    /// objects too.
    pub async fn settled(&self, kinds: &[(&str, &str, &str)]) -> BTreeMap<String, String> {
        self.wait_for_pods(2).await;
        let mut before = BTreeMap::new();
        let mut alike = 0;
        while alike < 15 {
            tokio::time::sleep(PAUSE).await;
            let now = self.versions(kinds).await;
            alike = if now == before { alike + 1 } else { 0 };
            before = now;
        }
        before
    }

    /// Takes a right away from the account that deploys.
    pub async fn take_right(&self, resource: &str, verb: &str) -> Role {
        let roles = Api::<Role>::namespaced(self.admin.clone(), &self.namespace);
        let name = format!("{NAME}-pusher");
        let whole = roles.get(&name).await.unwrap();
        let mut role = whole.clone();
        for rule in role.rules.iter_mut().flatten() {
            if rule.resources.iter().flatten().any(|one| one == resource) {
                rule.verbs.retain(|one| one != verb);
            }
        }
        self.give_back(role).await;
        whole
    }

    /// Has the account have these rights.
    pub async fn give_back(&self, mut role: Role) {
        let roles = Api::<Role>::namespaced(self.admin.clone(), &self.namespace);
        role.metadata.managed_fields = None;
        role.metadata.resource_version = None;
        let name = role.metadata.name.clone().unwrap();
        let how = PostParams::default();
        roles.replace(&name, &how, &role).await.unwrap();
    }

    /// The modules of a later version of headgate: the pipeline's has another content.
    pub fn new_modules(&self) -> NewModules {
        let directory = self.path("new-modules");
        fs::create_dir_all(&directory).unwrap();
        let mut bytes = fs::read(module("gateway")).unwrap();
        // A custom section (id 0) of two bytes: a name of one byte.
        bytes.extend([0, 2, 1, b'x']);
        let digest = Sha256::digest(&bytes);
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        fs::write(directory.join("gateway.wasm"), bytes).unwrap();
        let list = json!([{ "name": "gateway", "sha256": digest }]);
        fs::write(directory.join("modules.json"), list.to_string()).unwrap();
        NewModules {
            directory,
            file: format!("gateway-{}.wasm", &digest[..12]),
        }
    }

    /// What an image has: a module under this name.
    pub fn image_of(&self, image: &str, file: &str, filter: &str) -> PathBuf {
        let directory = self.path("images").join(image.replace(':', "-"));
        fs::create_dir_all(&directory).unwrap();
        symlink(module(filter), directory.join(file)).unwrap();
        directory
    }

    /// Writes what Envoys read as a whole, as `kubectl apply` would, and lets the kubelet look.
    pub async fn replace_config_map(&self) {
        let rendered = self.call(User::Nobody, &["render"]).well().out;
        let objects = rendered
            .split("---\n")
            .filter(|one| one.contains("ecds.yaml"));
        for object in objects {
            let object: Value = serde_saphyr::from_str(object).unwrap();
            self.apply_as("headgate", &object).await;
        }
        let all = Api::<Pod>::namespaced(self.admin.clone(), &self.namespace);
        for pod in self.pods().await {
            let now = self.watched().await.metadata.resource_version.unwrap();
            let patch = json!({ "metadata": { "annotations": { "look": now } } });
            let name = pod.metadata.name.unwrap();
            let how = PatchParams::default();
            all.patch(&name, &how, &Patch::Merge(&patch)).await.unwrap();
        }
    }

    /// Makes a Secret with a certificate, as `kubectl create secret tls` does.
    pub async fn make_tls_secret(&self, name: &str) {
        let (certificate, key) = (self.path("tls.crt"), self.path("tls.key"));
        let identity = Authority::new("a test's").issue(&["localhost"]);
        identity.write(&certificate, &key);
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name }, "type": "kubernetes.io/tls",
            "stringData": {
                "tls.crt": fs::read_to_string(certificate).unwrap(),
                "tls.key": fs::read_to_string(key).unwrap(),
            },
        });
        self.apply_as("kubectl", &secret).await;
    }

    /// Waits until every Envoy has what it is to have.
    pub async fn wait_until_taken(&self) {
        self.wait("every Envoy has it", async || {
            self.deploying(&["status"]).await.code == 0
        })
        .await;
    }

    /// # Errors
    /// What the API server says.
    pub async fn try_to_create_pod(&self, pod: &Value) -> Result<(), String> {
        let all = Api::<Pod>::namespaced(self.admin.clone(), &self.namespace);
        let pod = serde_json::from_value(pod.clone()).unwrap();
        let made = all.create(&PostParams::default(), &pod).await;
        made.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Calls `kubectl`, with all rights, and gives it something to read; returns what it says.
    pub fn kubectl(&self, arguments: &[&str], input: &str) -> String {
        let mut process = Command::new(integration::kubernetes::program("kubectl"))
            .args(arguments)
            .args(["--namespace", &self.namespace, "--kubeconfig"])
            .arg(self.cluster.kubeconfig(User::Admin))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = process.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        let output = process.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    }
}

fn said(output: Output) -> Said {
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The name of the pipeline's module in an image.
pub fn module_file() -> String {
    let digest = Sha256::digest(fs::read(module("gateway")).unwrap());
    let digest: String = digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("gateway-{digest}.wasm")
}

fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(2).map(|debug| debug.join("headgate"));
    let built = built.filter(|path: &PathBuf| Path::is_file(path));
    built.unwrap_or_else(|| panic!("no headgate beside {}: run `make build`", test.display()))
}
