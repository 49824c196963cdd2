//! JWT authorisation as a filter of its own.

use std::rc::Rc;

use filter_api::{
    Caller, ConfigError, Exchange, Filter, Flow, HeaderList, Holding, Host, HostError, Reply,
    Waiting, Wake,
};

use crate::authorisation::{Authorisation, Verdict};
use crate::config::Config;
use crate::key_wait::KeyWait;
use crate::preflight::is_preflight;
use crate::requirement::Denied;
use crate::root::AuthorisationRoot;
use crate::rules::Rules;

/// The filter that lets requests pass by their tokens.
#[derive(Debug)]
pub struct JwtAuthz {
    authorisation: Rc<Authorisation>,
    rules: Rules,
    holding: Holding,
}

impl Filter for JwtAuthz {
    const NAME: &'static str = "jwt-authz";
    type Config = Config;
    type Exchange = JwtExchange;
    type Root = AuthorisationRoot;

    fn compile(config: Config) -> Result<Self, ConfigError> {
        let authorisation =
            Authorisation::compile(&config.providers, config.filter_state, config.cached_tokens)?;
        Ok(Self {
            rules: Rules::compile(&config.rules, authorisation.providers())?,
            authorisation: Rc::new(authorisation),
            holding: config.holding,
        })
    }

    fn holding(&self) -> Holding {
        self.holding
    }

    fn exchange(self: &Rc<Self>) -> JwtExchange {
        JwtExchange {
            filter: Rc::clone(self),
            wait: KeyWait::default(),
        }
    }

    fn root(self: &Rc<Self>) -> AuthorisationRoot {
        AuthorisationRoot::new(&self.authorisation)
    }
}

/// One request.
#[derive(Debug)]
pub struct JwtExchange {
    filter: Rc<JwtAuthz>,
    wait: KeyWait,
}

impl JwtExchange {
    fn decide(&mut self, host: &mut dyn Host, headers: &HeaderList) -> Result<Flow, HostError> {
        let JwtAuthz {
            authorisation,
            rules,
            ..
        } = &*self.filter;
        let verdict = match rules.requirement(headers.method(), headers.path()) {
            Ok(requirement) => authorisation.judge(host, headers, requirement, &mut self.wait),
            Err(denial) => Verdict::Refuse(authorisation.refuse(host, Denied::of_nobody(denial))),
        };
        match verdict {
            Verdict::Pass(accepted) => {
                authorisation.pass(host, headers, &accepted)?;
                Ok(Flow::Continue)
            }
            Verdict::Wait { until } => Ok(Flow::Wait(Waiting::Root { until })),
            Verdict::Refuse(denial) => {
                Ok(Flow::Reply(Reply::refusal(&denial, Caller::of(headers))))
            }
        }
    }
}

impl Exchange for JwtExchange {
    fn on_request_headers(&mut self, host: &mut dyn Host, _: bool) -> Result<Flow, HostError> {
        let headers = host.request_headers()?;
        self.filter.authorisation.sanitise(host, &headers)?;
        match is_preflight(&headers) {
            true => Ok(Flow::Continue),
            false => self.decide(host, &headers),
        }
    }

    /// Keys have come, or have not come in time.
    fn on_wake(&mut self, host: &mut dyn Host, _: Wake) -> Result<Flow, HostError> {
        let headers = host.request_headers()?;
        self.decide(host, &headers)
    }
}
