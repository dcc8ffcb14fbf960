//! Files that are sent: larger than a form, and any bytes.

use super::connections::{Connections, Place, Seat, Turn};
use super::form::{csrf_fits, is_kind};
use super::form_state::FormState;
use super::multipart;
use super::portal::Portal;
use super::visit::client_address;
use crate::error::{Error, Problems, Result};
use crate::platform::config::Limits;
use crate::platform::token;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest};
use futures_util::{FutureExt, StreamExt};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;
use tokio::time::timeout_at;

type Found<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

/// A form of one of our pages with a file in the field `file`. Its token fits the session.
pub struct Upload<const MOST: usize> {
    /// The file; empty when none was chosen.
    pub file: Bytes,
    /// What it is called where it comes from; "" where that is not said.
    pub file_name: String,
    /// The other fields, as text.
    fields: Vec<(String, String)>,
}

impl<const MOST: usize> Upload<MOST> {
    /// What stands in another field; "" where it is not there.
    pub fn field(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    /// The form once more, with what is wrong. A browser does not keep a file that was chosen.
    pub fn again(&self, problems: &Problems) -> FormState {
        let mut state = FormState::new().with_once(token::random());
        for (name, value) in &self.fields {
            if name != "csrf" {
                state = state.with_value(name, value);
            }
        }
        for problem in problems.list() {
            state = state.with_problem(problem.field.clone(), problem.says.clone());
        }
        state
    }
}

impl<const MOST: usize> FromRequest for Upload<MOST> {
    type Error = Error;
    type Future = Found<Self>;
    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let boundary = multipart::boundary(&req);
            if boundary.is_none() && !is_kind(&req, "application/x-www-form-urlencoded") {
                return Err(Error::WrongKind);
            }
            let body = Coming::of(&req, payload).rest(MOST).await?;
            let Some(boundary) = boundary else {
                // A browser without the file: the token is looked at all the same.
                let found = Self {
                    file: Bytes::new(),
                    file_name: String::new(),
                    fields: url::form_urlencoded::parse(&body).into_owned().collect(),
                };
                return if csrf_fits(&req, found.field("csrf")) {
                    Ok(found)
                } else {
                    Err(Error::CrossSite)
                };
            };
            let parts = multipart::parts(&body, &boundary)
                .ok_or_else(|| Error::BadRequest("The form broke off.".into()))?;
            let mut found = Self {
                file: Bytes::new(),
                file_name: String::new(),
                fields: Vec::new(),
            };
            for part in parts {
                if part.name == "file" {
                    found.file = body.slice_ref(part.value);
                    found.file_name = part.file_name;
                } else if let Ok(value) = std::str::from_utf8(part.value) {
                    found.fields.push((part.name, value.to_owned()));
                }
            }
            if csrf_fits(&req, found.field("csrf")) {
                Ok(found)
            } else {
                Err(Error::CrossSite)
            }
        })
    }
}

/// A body that is still coming: its beginning can be looked at before the rest is taken. What has come already
/// costs no wait; one that lets wait counts among those, and is waited for only as long as it comes at a rate.
pub struct Coming {
    payload: Payload,
    held: BytesMut,
    connections: Option<Arc<Connections>>,
    seat: Option<Arc<Seat>>,
    address: String,
    limits: Limits,
    /// Since when it lets wait.
    waiting: Option<Instant>,
    place: Option<Place>,
}

impl Coming {
    /// Of a request whose body nobody has read.
    pub(super) fn of(req: &HttpRequest, payload: Payload) -> Self {
        let portal = req.app_data::<Data<Portal>>();
        Self {
            payload,
            held: BytesMut::new(),
            connections: portal.map(|portal| portal.connections.clone()),
            seat: req.conn_data::<Arc<Seat>>().cloned(),
            address: portal.map_or_else(String::new, |portal| client_address(req, portal)),
            limits: portal.map_or_else(Limits::default, |portal| portal.config.limits.clone()),
            waiting: None,
            place: None,
        }
    }

    /// One piece more; false at the end. `until` is when it has to be there.
    async fn more(&mut self, until: Option<Instant>) -> Result<bool> {
        let piece = match self.payload.next().now_or_never() {
            Some(piece) => piece,
            None => {
                if let Some(seat) = &self.seat {
                    seat.set_turn(Turn::Body);
                }
                let piece = self.wait(until).await;
                if let Some(seat) = &self.seat {
                    seat.set_turn(Turn::Ours);
                }
                piece?
            }
        };
        match piece {
            None => Ok(false),
            Some(Err(_)) => Err(Error::BadRequest("The body broke off.".into())),
            Some(Ok(chunk)) => {
                self.held.extend_from_slice(&chunk);
                Ok(true)
            }
        }
    }

    async fn wait(&mut self, until: Option<Instant>) -> Result<Option<Result<Bytes, PayloadError>>> {
        let begun = *self.waiting.get_or_insert_with(Instant::now);
        let late = || Error::BadRequest("The body took too long to arrive.".into());
        let at_rate = begun + self.limits.patience + self.limits.time_for(self.held.len());
        let silent = Instant::now() + self.limits.patience;
        let end = until.unwrap_or(at_rate).min(at_rate).min(silent);
        if self.place.is_none() {
            let free = (begun + self.limits.free).min(end);
            if let Ok(piece) = timeout_at(free.into(), self.payload.next()).await {
                return Ok(piece);
            }
            if let Some(connections) = &self.connections {
                self.place = Some(connections.bodies.place(&self.address)?);
            }
        }
        timeout_at(end.into(), self.payload.next())
            .await
            .map_err(|_| late())
    }

    /// What has come once it holds so many lines, or so many bytes, or is all there is. It has to come soon.
    pub async fn lines(&mut self, lines: usize, most: usize) -> Result<Bytes> {
        let until = Instant::now() + self.limits.head;
        loop {
            let found = self
                .held
                .iter()
                .filter(|byte| **byte == b'\n')
                .take(lines)
                .count();
            if found >= lines || self.held.len() >= most || !self.more(Some(until)).await? {
                let head = self.held.get(..self.held.len().min(most)).unwrap_or_default();
                return Ok(Bytes::copy_from_slice(head));
            }
        }
    }

    /// All of it, what was looked at included.
    pub async fn rest(mut self, most: usize) -> Result<Bytes> {
        loop {
            if self.held.len() > most {
                return Err(Error::TooLarge { limit: most });
            }
            if !self.more(None).await? {
                return Ok(std::mem::take(&mut self.held).freeze());
            }
        }
    }
}

impl FromRequest for Coming {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;
    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self::of(req, payload.take())))
    }
}
