//! JWT authorisation as a filter of its own.

use std::rc::Rc;

use filter_api::{
    ConfigError, Exchange, Filter, Flow, HeaderList, Holding, Host, HostError, Waiting, Wake,
    is_preflight,
};

use crate::authorisation::{Authorisation, Verdict};
use crate::config::Config;
use crate::key_wait::KeyWait;
use crate::requirement::Denied;
use crate::root::AuthorisationRoot;
use crate::rules::Rules;

/// The filter that lets requests pass by their tokens.
#[derive(Debug)]
pub struct JwtAuthz {
    authorisation: Rc<Authorisation>,
    rules: Rules,
    pass_preflights: bool,
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
            pass_preflights: config.pass_preflights,
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
        let requirement = match rules.requirement(headers.method(), headers.path()) {
            Ok(requirement) => requirement,
            Err(denial) => {
                authorisation.hide_tokens(host, headers)?;
                let denial = authorisation.refuse(host, Denied::of_nobody(denial));
                return Ok(Flow::refusal(&denial, headers));
            }
        };
        match authorisation.judge(host, headers, requirement, &mut self.wait)? {
            Verdict::Pass(accepted) => {
                authorisation.pass(host, headers, requirement, &accepted)?;
                Ok(Flow::Continue)
            }
            Verdict::Wait { until } => Ok(Flow::Wait(Waiting::Root { until })),
            Verdict::Refuse(denial) => Ok(Flow::refusal(&denial, headers)),
        }
    }
}

impl Exchange for JwtExchange {
    fn on_request_headers(
        &mut self,
        host: &mut dyn Host,
        end_of_stream: bool,
    ) -> Result<Flow, HostError> {
        let filter = &self.filter;
        let headers = host.request_headers()?;
        let headers = filter.authorisation.sanitise(host, &headers)?;
        let has_rule = || {
            filter
                .rules
                .requirement(headers.method(), headers.path())
                .is_ok()
        };
        if filter.pass_preflights && is_preflight(&headers, end_of_stream) && has_rule() {
            return Ok(Flow::Continue);
        }
        self.decide(host, &headers)
    }

    fn on_request_trailers(&mut self, host: &mut dyn Host) -> Result<Flow, HostError> {
        self.filter.authorisation.sanitise_trailers(host)?;
        Ok(Flow::Continue)
    }

    /// Keys have come, or have not come in time.
    fn on_wake(&mut self, host: &mut dyn Host, _: Wake) -> Result<Flow, HostError> {
        let headers = host.request_headers()?;
        let headers = self.filter.authorisation.sanitise(host, &headers)?;
        self.decide(host, &headers)
    }
}
