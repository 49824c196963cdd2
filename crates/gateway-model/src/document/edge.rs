//! What stands in front of the gateway.

mod entrance;
mod error;
mod faults;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::present;
use crate::scalars::{CertificateArn, IdleTimeout, Label, Port, SslPolicy};

pub use entrance::{Entrance, LoadBalancer, Scheme};
pub use error::EdgeError;
pub(crate) use faults::faults;

/// What stands in front of the gateway on Kubernetes. `headgate run` and `headgate render` take of it
/// `stage_prefix` alone: before them nothing stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Edge {
    /// How clients come to the gateway. `headgate deploy` has to be told with `--topology`, if it is not
    /// given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology: Option<Topology>,
    /// Who makes the Network Load Balancer; `aws-load-balancer-controller` if it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<Controller>,
    /// What takes the requests of clients and hands them on to the gateway. It decides whose word on a
    /// client's address is believed. `nlb-private` needs it; nothing, for `cluster-ip` and `node-port`, if
    /// it is not given; with `nlb-public` nothing stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub front: Option<Front>,
    /// The ports of the Service, and so of its balancer, by the names of the listeners; a listener's own
    /// port, if it is not given.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ports: BTreeMap<Label, Port>,
    /// TLS that ends at the Network Load Balancer.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub tls: Option<EdgeTls>,
    /// How long the Network Load Balancer keeps a connection over which nothing comes, in whole seconds
    /// from `60s` to `6000s`; `350s` if it is not given, which also is what holds where its TLS ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout: Option<IdleTimeout>,
    /// What an API Gateway puts before every path: its stage, such as `/prod`. It is taken off before
    /// a request is matched, and upstreams do not see it. A path without it is matched as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_prefix: Option<String>,
}

/// How clients come to the gateway.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema, Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Topology {
    /// From the internet, over a Network Load Balancer of AWS.
    NlbPublic,
    /// From within a VPC, over a Network Load Balancer of AWS.
    NlbPrivate,
    /// From within the cluster, over a Service.
    ClusterIp,
    /// Over a port of every node; to try things out, not for production.
    NodePort,
}

/// Who makes the Network Load Balancer.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Deserialize,
    JsonSchema,
    Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Controller {
    /// The AWS Load Balancer Controller: the balancer calls the pods themselves.
    #[default]
    AwsLoadBalancerController,
    /// The cloud provider's own controller, which every EKS cluster has: the balancer calls nodes.
    CloudProviderAws,
}

/// What takes the requests of clients and hands them on to the gateway.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Deserialize,
    JsonSchema,
    Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Front {
    /// Nothing: whoever connects is the client.
    #[default]
    Nothing,
    /// An Application Load Balancer of AWS. It writes the client's address behind those that are in
    /// `x-forwarded-for`.
    Alb,
    /// A REST API of AWS's API Gateway, over a VPC link. It does the same.
    ApiGatewayRest,
    /// An HTTP API of AWS's API Gateway, over a VPC link. It makes `forwarded` (RFC 7239) of all that
    /// clients say of themselves, and writes their address at its end.
    ApiGatewayHttp,
}

/// TLS that ends at the Network Load Balancer, with certificates of AWS Certificate Manager.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeTls {
    /// The names of the listeners; at least one. They have no `tls` of their own.
    pub listeners: Vec<Label>,
    /// The ARNs of the certificates; at least one. The first is shown to clients that ask for a name of
    /// none of them.
    pub certificates: Vec<CertificateArn>,
    /// The versions and ciphers of TLS, by the name that AWS gives them;
    /// `ELBSecurityPolicy-TLS13-1-2-2021-06` if it is not given: TLS 1.2 and 1.3.
    #[serde(default)]
    pub policy: SslPolicy,
}

impl Topology {
    /// Whether a Network Load Balancer is part of it.
    pub const fn has_balancer(self) -> bool {
        matches!(self, Self::NlbPublic | Self::NlbPrivate)
    }

    /// As the document writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NlbPublic => "nlb-public",
            Self::NlbPrivate => "nlb-private",
            Self::ClusterIp => "cluster-ip",
            Self::NodePort => "node-port",
        }
    }
}

impl Controller {
    /// As the document writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwsLoadBalancerController => "aws-load-balancer-controller",
            Self::CloudProviderAws => "cloud-provider-aws",
        }
    }
}

impl Front {
    /// Whether it is an API Gateway: those speak https with clients, and HTTP/1.1 with the gateway.
    pub const fn is_api_gateway(self) -> bool {
        matches!(self, Self::ApiGatewayRest | Self::ApiGatewayHttp)
    }

    /// As the document writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Alb => "alb",
            Self::ApiGatewayRest => "api-gateway-rest",
            Self::ApiGatewayHttp => "api-gateway-http",
        }
    }
}
