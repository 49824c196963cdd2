//! A Kubernetes cluster for tests, as real as it is without containers.
//!
//! | part | is |
//! | --- | --- |
//! | API server, its rights (RBAC), its admission, its watch cache | real: `kube-apiserver` |
//! | what it keeps everything in | real: `etcd` |
//! | Deployments, ReplicaSets, disruption budgets, what is deleted with what | real: `kube-controller-manager` |
//! | scheduler | stood in for: [`Kubelet`] takes each pod of its namespace |
//! | kubelet and container runtime | stood in for: [`Kubelet`]; its Envoys are real, with the real module, and are processes without namespaces of their own, each at an address of `127/8` |
//! | the cluster's DNS | stood in for: [`Settings::services`], as Envoy asks the machine's |
//! | the cloud's controller | stood in for: a test sets the address of a load balancer itself |

mod atomic_writer;
mod control_plane;
mod kubelet;
mod node;
mod pod;
mod server;

pub use control_plane::{ControlPlane, User, program};
pub use kubelet::{Kubelet, Settings};
pub use pod::next_address;
