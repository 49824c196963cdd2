//! What a cluster refuses, in words that say what to do.

use kube::Error;
use kube::core::Status;

/// A field that another field manager owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Who.
    pub manager: String,
    /// Which: `.spec.replicas`.
    pub field: String,
}

/// Why a cluster did not do what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// There is nothing that says which cluster.
    #[error(
        "found no cluster: {0}; name a kubeconfig with --kubeconfig or KUBECONFIG \
         (`aws eks update-kubeconfig --name CLUSTER` writes one)"
    )]
    Config(String),
    /// The API server does not answer.
    #[error(
        "the cluster at {server} does not answer: {problem}; see that it can be reached from here, as \
         `kubectl get --raw /readyz` does"
    )]
    Unreachable { server: String, problem: String },
    /// It does not know who asks.
    #[error(
        "the cluster at {server} does not know who asks: {problem}; the kubeconfig's credentials are \
         not, or no longer, right"
    )]
    Unauthorized { server: String, problem: String },
    /// A right is missing.
    #[error(
        "{who} may not {verb} {resource} in namespace {namespace}; add to a Role that is bound there: \
         {{ apiGroups: [\"{group}\"], resources: [\"{resource}\"], verbs: [\"{verb}\"] }}"
    )]
    Forbidden {
        who: String,
        verb: String,
        resource: String,
        group: String,
        namespace: String,
    },
    /// The namespace is not there.
    #[error("there is no namespace {namespace}; make it: kubectl create namespace {namespace}")]
    NoNamespace { namespace: String },
    /// Something else is not there.
    #[error("{message}")]
    NotFound { message: String },
    /// Others own fields.
    #[error("{}", fields_of_others(.object, .conflicts))]
    Conflict {
        object: String,
        conflicts: Vec<Conflict>,
    },
    /// Somebody has written the object since it was read.
    #[error(
        "somebody else has changed {object} in the meantime: another headgate deploy may be under way; \
         when it is done, do this again"
    )]
    Changed { object: String },
    /// A field cannot be changed in an object that is there.
    #[error(
        "{object} cannot become what the document asks for: {problem}; delete it and apply again, which \
         makes a new one: kubectl delete {object_for_kubectl} --namespace {namespace}"
    )]
    Immutable {
        object: String,
        object_for_kubectl: String,
        namespace: String,
        problem: String,
    },
    /// Anything else that it says.
    #[error("{object}{problem}")]
    Refused { object: String, problem: String },
}

fn fields_of_others(object: &str, conflicts: &[Conflict]) -> String {
    let each = conflicts.iter();
    let each = each.map(|one| format!("{} is owned by {}", one.field, one.manager));
    format!(
        "{object} has fields that somebody else has set: {}; let them be left to headgate there, or take \
         them over with --force-conflicts",
        each.collect::<Vec<_>>().join(", ")
    )
}

/// Whether the same may be answered in a moment.
pub fn may_pass(error: &Error) -> bool {
    match error {
        Error::Api(status) => matches!(status.code, 429 | 500 | 502..=504),
        Error::HyperError(_) | Error::Service(_) => true,
        _ => false,
    }
}

impl ClusterError {
    /// Of what a kubeconfig, or the making of a client, comes to.
    pub fn config(error: impl std::error::Error) -> Self {
        Self::Config(chain(&error))
    }

    /// Of what the client says.
    pub fn of(server: &str, namespace: &str, verb: &str, resource: &str, error: Error) -> Self {
        let server = server.to_owned();
        match error {
            Error::Api(status) => Self::of_status(server, namespace, (verb, resource), *status),
            Error::Auth(error) => Self::Unauthorized {
                server,
                problem: chain(&error),
            },
            Error::UpgradeConnection(error) => Self::Refused {
                object: String::new(),
                problem: format!("{resource}: {}", chain(&error)),
            },
            Error::SerdeError(error) => Self::Refused {
                object: String::new(),
                problem: format!("{resource}: the cluster's answer is not understood: {error}"),
            },
            error => Self::Unreachable {
                server,
                problem: chain(&error),
            },
        }
    }

    fn of_status(
        server: String,
        namespace: &str,
        (verb, resource): (&str, &str),
        status: Status,
    ) -> Self {
        let message = status.message.clone();
        match status.code {
            401 => Self::Unauthorized {
                server,
                problem: message,
            },
            // Of a forwarded port it says no more than that.
            403 if message.trim_end().ends_with("forbidden:") => Self::Forbidden {
                who: "you".to_owned(),
                verb: verb.to_owned(),
                resource: resource.to_owned(),
                group: String::new(),
                namespace: namespace.to_owned(),
            },
            403 => Self::forbidden(namespace, &message).unwrap_or(Self::Refused {
                object: String::new(),
                problem: message,
            }),
            404 if is_namespace(&status) => Self::NoNamespace {
                namespace: namespace.to_owned(),
            },
            404 => Self::NotFound { message },
            409 => match owned_by_others(&status) {
                none if none.is_empty() => Self::Changed {
                    object: String::new(),
                },
                conflicts => Self::Conflict {
                    object: String::new(),
                    conflicts,
                },
            },
            422 if message.contains("immutable") || message.contains("may not change") => {
                Self::Immutable {
                    object: String::new(),
                    object_for_kubectl: String::new(),
                    namespace: namespace.to_owned(),
                    problem: message,
                }
            }
            _ => Self::Refused {
                object: String::new(),
                problem: message,
            },
        }
    }

    /// The right that is missing, as the API server's RBAC names it: `configmaps "shop" is forbidden: User
    /// "pusher" cannot patch resource "configmaps" in API group "" in the namespace "shop"`.
    fn forbidden(namespace: &str, message: &str) -> Option<Self> {
        let (_, said) = message.split_once("User \"")?;
        let (who, said) = said.split_once("\" cannot ")?;
        let (verb, said) = said.split_once(" resource \"")?;
        let (resource, said) = said.split_once("\" in API group \"")?;
        let (group, _) = said.split_once('"')?;
        Some(Self::Forbidden {
            who: who.to_owned(),
            verb: verb.to_owned(),
            resource: resource.to_owned(),
            group: group.to_owned(),
            namespace: namespace.to_owned(),
        })
    }

    /// The same of an object, where that was not known.
    #[must_use]
    pub fn about(self, what: &str, namespace: &str) -> Self {
        let object = what.to_owned();
        match self {
            Self::Conflict { conflicts, .. } => Self::Conflict { object, conflicts },
            Self::Changed { .. } => Self::Changed { object },
            Self::Immutable { problem, .. } => Self::Immutable {
                object_for_kubectl: what.to_lowercase(),
                object,
                namespace: namespace.to_owned(),
                problem,
            },
            Self::Refused { problem, .. } => Self::Refused {
                object: format!("{object}: "),
                problem,
            },
            other => other,
        }
    }
}

fn is_namespace(status: &Status) -> bool {
    let details = status.details.as_ref();
    details.is_some_and(|details| details.kind == "namespaces")
}

/// `conflict with "kubectl-edit" using apps/v1`, for each field.
fn owned_by_others(status: &Status) -> Vec<Conflict> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let causes = causes.filter(|cause| cause.reason == "FieldManagerConflict");
    let conflict = |message: &str, field: &str| Conflict {
        manager: message.split('"').nth(1).unwrap_or(message).to_owned(),
        field: field.to_owned(),
    };
    causes
        .map(|cause| conflict(&cause.message, &cause.field))
        .collect()
}

/// An error with all that it came from, each once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use kube::core::response::{StatusCause, StatusDetails};

    use super::*;

    fn told(code: u16, message: &str, causes: Vec<StatusCause>) -> String {
        let details = StatusDetails {
            causes,
            ..serde_json::from_str("{}").unwrap()
        };
        let status = Status::failure(message, "").with_code(code);
        let error = Error::Api(status.with_details(details).boxed());
        let error = ClusterError::of("https://cluster", "shop", "patch", "deployments", error);
        error.about("Deployment web", "shop").to_string()
    }

    #[test]
    fn a_missing_right_is_told_as_what_to_add() {
        let message = "deployments.apps \"web\" is forbidden: User \"pusher\" cannot patch resource \
                       \"deployments\" in API group \"apps\" in the namespace \"shop\"";
        assert_eq!(
            told(403, message, Vec::new()),
            "pusher may not patch deployments in namespace shop; add to a Role that is bound there: \
             { apiGroups: [\"apps\"], resources: [\"deployments\"], verbs: [\"patch\"] }"
        );
        let other = "deployments.apps \"web\" is forbidden: exceeded quota";
        assert_eq!(
            told(403, other, Vec::new()),
            format!("Deployment web: {other}")
        );
    }

    #[test]
    fn a_conflict_names_who_and_which_field() {
        let cause = StatusCause {
            reason: "FieldManagerConflict".to_owned(),
            message: "conflict with \"kubectl-edit\" using apps/v1".to_owned(),
            field: ".spec.replicas".to_owned(),
        };
        assert_eq!(
            told(409, "Apply failed with 1 conflict", vec![cause]),
            "Deployment web has fields that somebody else has set: .spec.replicas is owned by \
             kubectl-edit; let them be left to headgate there, or take them over with --force-conflicts"
        );
        assert_eq!(
            told(409, "the object has been modified", Vec::new()),
            "somebody else has changed Deployment web in the meantime: another headgate deploy may be \
             under way; when it is done, do this again"
        );
    }

    #[test]
    fn what_cannot_be_changed_is_told_with_the_way_out() {
        let message = "Deployment.apps \"web\" is invalid: spec.selector: field is immutable";
        assert_eq!(
            told(422, message, Vec::new()),
            format!(
                "Deployment web cannot become what the document asks for: {message}; delete it and apply \
                 again, which makes a new one: kubectl delete deployment web --namespace shop"
            )
        );
    }
}
