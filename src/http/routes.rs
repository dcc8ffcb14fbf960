//! The list of routes. A handler whose first parameter is no proof of access cannot be registered.

use super::access::{Demand, Guarded, InTurn};
use super::query::{self, Param};
use crate::error::Error;
use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, Route};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

/// What `licentral routes` prints of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// GET, POST, ...
    pub method: String,
    /// With its `{parameters}`.
    pub path: String,
    /// What it demands.
    pub demand: Demand,
    /// What it does, in a sentence; "" of a page.
    pub says: &'static str,
}

/// The types of an operation of the API, for its description.
#[derive(Clone, Default)]
pub struct Api {
    pub(super) summary: &'static str,
    pub(super) takes: Option<String>,
    pub(super) gives: Option<String>,
    pub(super) status: u16,
    pub(super) also: Option<(u16, &'static str)>,
    /// Errors that have a shape of their own, and when they come.
    pub(super) fails: &'static [(u16, &'static str)],
    pub(super) fails_with: Option<String>,
    pub(super) takes_file: bool,
    pub(super) gives_file: bool,
    pub(super) query: Vec<Param>,
    /// It reads its query itself, and ignores what it does not know.
    pub(super) own_query: bool,
    pub(super) once: bool,
    pub(super) schemas: Vec<(String, RefOr<Schema>)>,
}

impl Api {
    /// One sentence about what it does.
    pub fn says(summary: &'static str) -> Self {
        Self {
            summary,
            status: 200,
            ..Self::default()
        }
    }
    /// The JSON that it takes.
    #[must_use]
    pub fn takes<T: ToSchema>(mut self) -> Self {
        self.takes = Some(self.keep::<T>());
        self
    }
    /// The JSON that it answers with.
    #[must_use]
    pub fn gives<T: ToSchema>(mut self, status: u16) -> Self {
        self.gives = Some(self.keep::<T>());
        self.status = status;
        self
    }
    /// It may answer with another status and the same JSON, and when.
    #[must_use]
    pub fn or(mut self, status: u16, when: &'static str) -> Self {
        self.also = Some((status, when));
        self
    }
    /// Errors that a standard gives a shape of their own, each with when it comes.
    #[must_use]
    pub fn fails_with<T: ToSchema>(mut self, errors: &'static [(u16, &'static str)]) -> Self {
        self.fails_with = Some(self.keep::<T>());
        self.fails = errors;
        self
    }
    /// It takes the bytes of a file as they are.
    #[must_use]
    pub fn takes_file(mut self) -> Self {
        self.takes_file = true;
        self
    }
    /// It answers with the bytes of a file.
    #[must_use]
    pub fn gives_file(mut self) -> Self {
        self.gives_file = true;
        self
    }
    /// It answers with no body.
    #[must_use]
    pub fn gives_nothing(mut self) -> Self {
        self.status = 204;
        self
    }
    /// Its query parameters. Without this it takes none.
    #[must_use]
    pub fn query(mut self, parameters: &[Param]) -> Self {
        self.query = parameters.to_vec();
        self
    }
    /// It reads its query itself, since a standard has it ignore what it does not know. These are described.
    #[must_use]
    pub fn reads_query(mut self, parameters: &[Param]) -> Self {
        self.own_query = true;
        self.query(parameters)
    }
    /// It takes an `Idempotency-Key`.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }
    fn keep<T: ToSchema>(&mut self) -> String {
        let name = T::name().into_owned();
        self.schemas.push((name.clone(), T::schema()));
        T::schemas(&mut self.schemas);
        name
    }
}

struct Entry {
    method: Method,
    path: String,
    demand: Demand,
    says: &'static str,
    api: Option<Api>,
    make: Box<dyn Fn() -> Route + Send + Sync>,
}

/// Collects the routes of all rooms.
#[derive(Default)]
pub struct Routes {
    entries: Vec<Entry>,
    pub(super) menu: super::menu::Menu,
}

/// What a route does with a request, in three steps: asks for the parameters of its handler, the proof first; lets its query
/// be checked; and answers.
type Run = Rc<dyn Fn(HttpRequest, Payload, Option<Arc<[Param]>>) -> Running>;
type Running = Pin<Box<dyn Future<Output = Result<HttpResponse, actix_web::Error>>>>;

fn run<F, Args>(handler: F) -> Run
where
    F: Handler<Args>,
    InTurn<Args>: FromRequest,
    F::Output: Responder,
    Args: 'static,
{
    Rc::new(move |req, mut payload, taken| {
        let handler = handler.clone();
        Box::pin(async move {
            let asked = InTurn::<Args>::from_request(&req, &mut payload).await;
            let InTurn(args) = asked.map_err(Into::into)?;
            // After the proof: who may not ask learns nothing of how to.
            if let Some(taken) = taken {
                query::check(&taken, req.query_string())?;
            }
            Ok(handler.call(args).await.respond_to(&req).map_into_boxed_body())
        })
    })
}

/// The library's part of a route, compiled once and not for each handler.
fn route(method: Method, taken: Option<Arc<[Param]>>, run: Run) -> Route {
    web::method(method)
        .to(move |req: HttpRequest, payload: web::Payload| run(req, payload.into_inner(), taken.clone()))
}

impl Routes {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A page. HEAD is answered as GET is.
    pub fn get<F, Args>(&mut self, path: &str, handler: F)
    where
        F: Handler<Args> + Send + Sync,
        Args: FromRequest + Guarded + 'static,
        InTurn<Args>: FromRequest,
        F::Output: Responder + 'static,
    {
        self.add(Method::GET, path, None, None, handler.clone());
        self.add(Method::HEAD, path, None, None, handler);
    }

    /// What a form is sent to.
    pub fn post<F, Args>(&mut self, path: &str, handler: F)
    where
        F: Handler<Args> + Send + Sync,
        Args: FromRequest + Guarded + 'static,
        InTurn<Args>: FromRequest,
        F::Output: Responder + 'static,
    {
        self.add(Method::POST, path, None, None, handler);
    }

    /// An operation of the API.
    pub fn api<F, Args>(&mut self, method: Method, path: &str, api: Api, handler: F)
    where
        F: Handler<Args> + Send + Sync,
        Args: FromRequest + Guarded + 'static,
        InTurn<Args>: FromRequest,
        F::Output: Responder + 'static,
    {
        let taken: Option<Arc<[Param]>> = (!api.own_query).then(|| api.query.clone().into());
        if method == Method::GET {
            self.add(Method::HEAD, path, None, taken.clone(), handler.clone());
        }
        self.add(method, path, Some(api), taken, handler);
    }

    /// An operation of the vendor's API, as its scripts know it: it reads its query and its body itself, and is not in the
    /// description of our own.
    pub fn vendor<F, Args>(&mut self, method: Method, path: &str, says: &'static str, handler: F)
    where
        F: Handler<Args> + Send + Sync,
        Args: FromRequest + Guarded + 'static,
        InTurn<Args>: FromRequest,
        F::Output: Responder + 'static,
    {
        let first = self.entries.len();
        if method == Method::GET {
            self.add(Method::HEAD, path, None, None, handler.clone());
        }
        self.add(method, path, None, None, handler);
        for entry in self.entries.iter_mut().skip(first) {
            entry.says = says;
        }
    }

    /// An entry of the left menu.
    pub fn menu(&mut self, item: super::menu::Item) {
        self.menu.add(item);
    }

    /// An entry of the left menu that says how many things wait behind it.
    pub fn menu_counted(&mut self, item: super::menu::Item, counter: super::menu::Counter) {
        self.menu.add_counted(item, counter);
    }

    /// Sets the entries of the left menu anew: an edition has its own order and words.
    pub fn arrange_menu(&mut self, sections: &'static [super::menu::Section], items: &[super::menu::Item]) {
        self.menu.arrange(sections, items);
    }

    /// Pages below this folder belong to that entry of the left menu, though they do not stand below its page.
    pub fn menu_covers(&mut self, folder: &'static str, path: &'static str) {
        self.menu.cover(folder, path);
    }

    /// What this room offers to the search over everything.
    pub fn search(&mut self, searcher: super::search::Searcher) {
        self.menu.add_searcher(searcher);
    }

    /// `taken` are the query parameters that are understood; without them, the handler reads the query as it likes.
    fn add<F, Args>(
        &mut self,
        method: Method,
        path: &str,
        api: Option<Api>,
        taken: Option<Arc<[Param]>>,
        handler: F,
    ) where
        F: Handler<Args> + Send + Sync,
        Args: FromRequest + Guarded + 'static,
        InTurn<Args>: FromRequest,
        F::Output: Responder + 'static,
    {
        let by = method.clone();
        self.entries.push(Entry {
            method,
            path: path.to_owned(),
            demand: Args::DEMAND,
            says: api.as_ref().map_or("", |api| api.summary),
            api,
            make: Box::new(move || route(by.clone(), taken.clone(), run(handler.clone()))),
        });
    }

    /// The list, for people and tests.
    pub fn list(&self) -> Vec<Listed> {
        let mut list: Vec<Listed> = self
            .entries
            .iter()
            .map(|e| Listed {
                method: e.method.to_string(),
                path: e.path.clone(),
                demand: e.demand,
                says: e.says,
            })
            .collect();
        list.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
        list
    }

    /// The operations of the API: method, path, demand, description.
    pub(super) fn operations(&self) -> impl Iterator<Item = (&Method, &str, Demand, &Api)> {
        self.entries.iter().filter_map(|e| {
            e.api
                .as_ref()
                .map(|api| (&e.method, e.path.as_str(), e.demand, api))
        })
    }

    /// The menu that the rooms have asked for.
    pub fn take_menu(&mut self) -> super::menu::Menu {
        std::mem::take(&mut self.menu)
    }

    /// Registers everything: one resource a path, so that a wrong method is 405 and not 404. Paths that begin alike
    /// share a scope, since a list of resources is searched from its beginning, and three hundred would be.
    pub fn install(&self, config: &mut ServiceConfig) {
        let mut root = Branch::default();
        for entry in &self.entries {
            root.add(entry.path.trim_start_matches('/'), entry);
        }
        root.install(config);
    }
}

/// The routes that begin alike.
#[derive(Default)]
struct Branch<'a> {
    /// Those that end here.
    entries: Vec<&'a Entry>,
    /// The others, by their next part. One parameter among them at most leads further: it would take what another means.
    next: BTreeMap<&'a str, Branch<'a>>,
}

impl<'a> Branch<'a> {
    fn add(&mut self, rest: &'a str, entry: &'a Entry) {
        let (part, rest) = match rest.split_once('/') {
            Some((part, rest)) => (part, Some(rest)),
            None => (rest, None),
        };
        let branch = self.next.entry(part).or_default();
        match rest {
            Some(rest) => branch.add(rest, entry),
            None => branch.entries.push(entry),
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one home of route registration"
    )]
    fn install(&self, config: &mut ServiceConfig) {
        // Fixed words before parameters: /requests/new must not be taken for a reference.
        let mut order: Vec<(&&str, &Branch<'_>)> = self.next.iter().collect();
        order.sort_by_key(|(part, _)| (part.contains('{'), std::cmp::Reverse(part.len())));
        for (part, branch) in order {
            let path = format!("/{part}");
            if !branch.entries.is_empty() {
                config.service(branch.resource(&path));
            }
            if !branch.next.is_empty() {
                config.service(web::scope(&path).configure(|config| branch.install(config)));
            }
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one home of route registration"
    )]
    fn resource(&self, path: &str) -> Resource {
        let mut resource = web::resource(path);
        let mut allow: Vec<String> = self.entries.iter().map(|e| e.method.to_string()).collect();
        allow.sort();
        for entry in &self.entries {
            resource = resource.route((entry.make)());
        }
        let allow = allow.join(", ");
        resource.default_service(web::to(move |_: HttpRequest| {
            let allow = allow.clone();
            async move { Err::<actix_web::HttpResponse, Error>(Error::MethodNotAllowed { allow }) }
        }))
    }
}
