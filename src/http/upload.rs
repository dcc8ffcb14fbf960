//! Files that are sent: larger than a form, and any bytes.

use super::form::{csrf_fits, is_kind};
use super::form_state::FormState;
use super::multipart;
use crate::error::{Error, Problems, Result};
use crate::platform::token;
use actix_web::dev::Payload;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// So long nothing may come; a slow line may take its time as a whole.
const SILENCE: Duration = Duration::from_secs(20);
/// And so long at most.
const PATIENCE: Duration = Duration::from_mins(15);

type Found<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

/// A form of one of our pages with a file in the field `file`. Its token fits the session.
pub struct Upload<const MOST: usize> {
    /// The file; empty when none was chosen.
    pub file: Bytes,
}

impl<const MOST: usize> Upload<MOST> {
    /// The form once more, with what is wrong. A browser does not keep a file that was chosen.
    pub fn again(&self, problems: &Problems) -> FormState {
        let mut state = FormState::new().with_once(token::random());
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
            let body = Coming::of(payload).rest(MOST).await?;
            let Some(boundary) = boundary else {
                // A browser without the file: the token is looked at all the same.
                let csrf = url::form_urlencoded::parse(&body)
                    .find(|(name, _)| name == "csrf")
                    .map(|(_, value)| value.into_owned())
                    .unwrap_or_default();
                return if csrf_fits(&req, &csrf) {
                    Ok(Self { file: Bytes::new() })
                } else {
                    Err(Error::CrossSite)
                };
            };
            let parts = multipart::parts(&body, &boundary)
                .ok_or_else(|| Error::BadRequest("The form broke off.".into()))?;
            let of = |name: &str| {
                parts
                    .iter()
                    .find(|(known, _)| known == name)
                    .map(|(_, value)| *value)
            };
            let csrf = of("csrf")
                .and_then(|value| std::str::from_utf8(value).ok())
                .unwrap_or_default();
            if !csrf_fits(&req, csrf) {
                return Err(Error::CrossSite);
            }
            let file = of("file").map_or_else(Bytes::new, |value| body.slice_ref(value));
            Ok(Self { file })
        })
    }
}

/// A body that is still coming: its beginning can be looked at before the rest is taken.
pub struct Coming {
    payload: Payload,
    held: BytesMut,
}

impl Coming {
    fn of(payload: Payload) -> Self {
        Self {
            payload,
            held: BytesMut::new(),
        }
    }

    async fn more(&mut self) -> Result<bool> {
        match tokio::time::timeout(SILENCE, self.payload.next()).await {
            Err(_) => Err(Error::BadRequest("The body took too long to arrive.".into())),
            Ok(None) => Ok(false),
            Ok(Some(Err(_))) => Err(Error::BadRequest("The body broke off.".into())),
            Ok(Some(Ok(chunk))) => {
                self.held.extend_from_slice(&chunk);
                Ok(true)
            }
        }
    }

    /// What has come once it holds so many lines, or so many bytes, or is all there is.
    pub async fn lines(&mut self, lines: usize, most: usize) -> Result<Bytes> {
        loop {
            let found = self
                .held
                .iter()
                .filter(|byte| **byte == b'\n')
                .take(lines)
                .count();
            if found >= lines || self.held.len() >= most || !self.more().await? {
                let head = self.held.get(..self.held.len().min(most)).unwrap_or_default();
                return Ok(Bytes::copy_from_slice(head));
            }
        }
    }

    /// All of it, what was looked at included.
    pub async fn rest(mut self, most: usize) -> Result<Bytes> {
        let all = async {
            loop {
                if self.held.len() > most {
                    return Err(Error::TooLarge { limit: most });
                }
                if !self.more().await? {
                    return Ok(std::mem::take(&mut self.held).freeze());
                }
            }
        };
        tokio::time::timeout(PATIENCE, all)
            .await
            .map_err(|_| Error::BadRequest("The body took too long to arrive.".into()))?
    }
}

impl FromRequest for Coming {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;
    fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self::of(payload.take())))
    }
}
