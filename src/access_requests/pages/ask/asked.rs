//! What a request asks for, as it stands in the address of a step.

use crate::access_requests::model::ScopeKind;
use crate::access_requests::pages::ids;
use crate::access_requests::service::Wish;
use crate::authz::Role;
use crate::error::{Error, Problems, Result};
use crate::http::FormState;
use crate::http::form;
use url::form_urlencoded::{self, Serializer};

/// What stands in the address of a step.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// What was typed to find an account.
    pub(super) account: Option<String>,
    pub(super) domain: String,
    pub(super) scope: String,
    pub(super) role: String,
    pub(super) va: Vec<String>,
    pub(super) names: String,
    pub(super) step: String,
}

impl Asked {
    pub(super) fn of(query: &str) -> Self {
        let mut asked = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let value: String = value.chars().take(2000).collect();
            match key.as_ref() {
                "account" => asked.account = Some(value),
                "domain" => asked.domain = value,
                "scope" => asked.scope = value,
                "role" => asked.role = value,
                "va" => asked.va.push(value),
                "names" => asked.names = value,
                "step" => asked.step = value,
                _ => {}
            }
        }
        asked
    }
    /// The address of a step with these answers.
    pub(super) fn href(&self, step: &str) -> String {
        let mut out = Serializer::new(String::new());
        out.append_pair("domain", &self.domain);
        for (key, value) in [("scope", &self.scope), ("role", &self.role)] {
            if !value.is_empty() {
                out.append_pair(key, value);
            }
        }
        for id in &self.va {
            out.append_pair("va", id);
        }
        if !self.names.is_empty() {
            out.append_pair("names", &self.names);
        }
        if !step.is_empty() {
            out.append_pair("step", step);
        }
        format!("/access/request?{}", out.finish())
    }
    pub(super) fn form(&self) -> FormState {
        let mut pairs = vec![
            ("scope".to_owned(), self.scope.clone()),
            ("role".to_owned(), self.role.clone()),
            ("names".to_owned(), self.names.clone()),
        ];
        pairs.extend(self.va.iter().map(|id| ("va".to_owned(), id.clone())));
        form::fresh().with_values(pairs)
    }
    /// Scope and role, checked.
    pub(super) fn first(&self) -> Result<(ScopeKind, Role)> {
        let mut problems = Problems::default();
        let scope: Option<ScopeKind> = problems.take(
            "scope",
            self.scope
                .parse()
                .map_err(|_| "Choose the scope of access.".to_owned()),
        );
        let role: Option<Role> = problems.take(
            "role",
            self.role.parse().map_err(|_| "Choose the user role.".to_owned()),
        );
        if let (Some(scope), Some(role)) = (scope, role)
            && !scope.takes(role)
        {
            problems.add(
                "role",
                format!("The role {role} cannot be held on {scope}. Choose another role."),
            );
        }
        problems.or_ok()?;
        match (scope, role) {
            (Some(scope), Some(role)) => Ok((scope, role)),
            _ => Err(Error::invalid("scope", "Choose the scope of access.")),
        }
    }
    pub(super) fn wish(&self) -> Result<Wish> {
        let (scope, role) = self.first()?;
        Ok(Wish {
            scope,
            role,
            places: ids(&self.va),
            names: names(&self.names),
        })
    }
}

/// Names of Virtual Accounts, one a line. A comma may be a part of one.
fn names(typed: &str) -> Vec<String> {
    typed
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}
