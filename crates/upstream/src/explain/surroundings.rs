//! What the gateway runs in, as far as it changes what an address means.

use std::path::Path;

/// What the gateway runs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Surroundings {
    /// A machine: `localhost` is that machine.
    #[default]
    Machine,
    /// A container of Docker: `localhost` is that container.
    Docker,
    /// A container of Podman.
    Podman,
    /// A pod: `localhost` is that pod.
    Kubernetes,
}

impl Surroundings {
    /// Tells them by their signs: files that Docker and Podman put into containers, asked for by
    /// `exists`, and the value of the variable `KUBERNETES_SERVICE_HOST`.
    pub fn tell(exists: impl Fn(&Path) -> bool, kubernetes_service_host: Option<&str>) -> Self {
        if kubernetes_service_host.is_some_and(|host| !host.is_empty()) {
            Self::Kubernetes
        } else if exists(Path::new("/run/.containerenv")) {
            Self::Podman
        } else if exists(Path::new("/.dockerenv")) {
            Self::Docker
        } else {
            Self::Machine
        }
    }

    /// Why a loopback address does not lead to another container, and what does.
    pub(super) fn remedy_for_loopback(self, port: u16) -> Option<String> {
        const OWN: &str = "inside a container this address is the container itself, not the \
            machine around it. Give the model server's address as it is seen from inside: the name \
            of its container or compose service, the name of another machine, or, for a vLLM on \
            this container's own machine,";
        match self {
            Self::Machine => None,
            Self::Docker => Some(format!(
                "{OWN} http://host.docker.internal:{port}/v1 with `extra_hosts: \
                 [\"host.docker.internal:host-gateway\"]`, or http://172.17.0.1:{port}/v1 \
                 (Docker's bridge)"
            )),
            Self::Podman => Some(format!("{OWN} http://host.containers.internal:{port}/v1")),
            Self::Kubernetes => Some(format!(
                "inside a pod this address is the pod itself. Give the name of the model server's \
                 Service, such as http://vllm.my-namespace.svc:{port}/v1; if vLLM runs as a \
                 container of this very pod, it has not opened its port yet"
            )),
        }
    }
}
