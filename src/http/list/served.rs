//! The page, the file and the JSON of a list that is declared.

use super::declared::{Asked, List, Rows};
use super::query::ListQuery;
use super::shown::Pager;
use crate::authz::{Does, Permit};
use crate::error::Result;
use crate::http::access::{Guarded, InTurn, May};
use crate::http::csv::Table;
use crate::http::reply::attachment;
use crate::http::widgets::counted;
use crate::http::{Answer, Api, Routes, Visit, json};
use crate::kernel::Moment;
use crate::platform::db::Reads;
use actix_web::http::Method;
use actix_web::{FromRequest, Handler, Responder};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// What a page shows of a list.
pub struct Listing<R> {
    pub list: ListQuery,
    pub pager: Pager,
    pub rows: Vec<R>,
    /// How many rows there are on all of its pages.
    pub total: u64,
    /// The same in words.
    pub count: String,
    /// What many rows are called.
    pub nouns: &'static str,
}

impl<R> Listing<R> {
    /// The same of other rows, each made of one of these.
    pub fn map<T>(self, with: impl FnMut(R) -> T) -> Listing<T> {
        Listing {
            rows: self.rows.into_iter().map(with).collect(),
            list: self.list,
            pager: self.pager,
            total: self.total,
            count: self.count,
            nouns: self.nouns,
        }
    }
}

/// A page of a list, as the API gives it.
#[derive(Debug, Serialize)]
pub struct ListPage<T> {
    items: Vec<T>,
    total: u64,
    page: u64,
    per: u64,
}

impl<T: ToSchema> PartialSchema for ListPage<T> {
    fn schema() -> RefOr<Schema> {
        let items = ArrayBuilder::new().items(Ref::from_schema_name(T::name()));
        let mut page = ObjectBuilder::new()
            .description(Some("A page of the list."))
            .property("items", items)
            .required("items");
        for number in ["total", "page", "per"] {
            page = page.property(number, u64::schema()).required(number);
        }
        page.into()
    }
}

impl<T: ToSchema> ToSchema for ListPage<T> {
    /// `RegistrationTokenList` of `RegistrationTokenShape`.
    fn name() -> Cow<'static, str> {
        let of = T::name();
        Cow::Owned(format!("{}List", of.strip_suffix("Shape").unwrap_or(&of)))
    }
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

impl<P, R, Q> List<P, R, Q>
where
    P: Clone + Send + Sync + 'static,
    R: Send + 'static,
{
    fn read(&self, read: &mut dyn Reads, permit: &P, of: Reading) -> Result<Asked> {
        let places = match self.places {
            Some(places) => places(read, permit)?,
            None => Vec::new(),
        };
        Ok(self.asked(of, places))
    }

    /// How many rows there are, those of the page, and what `also` makes of the rows that were read. `past` is told how
    /// many there are before the page is cut.
    fn found<X>(
        &self,
        read: &mut dyn Reads,
        permit: &P,
        asked: &mut Asked,
        past: fn(&mut ListQuery, u64),
        also: impl FnOnce(&mut dyn Reads, &P, &[R]) -> Result<X>,
    ) -> Result<(u64, Vec<R>, X)> {
        match self.rows {
            Rows::Paged { count, page } => {
                let total = count(read, permit, asked)?;
                past(&mut asked.list, total);
                let rows = page(read, permit, asked, (asked.list.limit(), asked.list.offset()))?;
                let more = also(read, permit, &rows)?;
                Ok((total, rows, more))
            }
            Rows::Whole { all, asked: taken } => {
                let rows = all(read, permit, asked.now)?;
                let more = also(read, permit, &rows)?;
                let rows = taken(rows, asked);
                let total = rows.len() as u64;
                past(&mut asked.list, total);
                Ok((total, asked.list.cut(rows).collect(), more))
            }
        }
    }

    /// The page that the address asks for, and what else of the database it shows: `also` is given the rows that were read,
    /// those of the page or, of a list that is read whole, all of them.
    pub async fn page<X: Send + 'static>(
        &'static self,
        visit: &Visit,
        permit: &P,
        also: impl FnOnce(&mut dyn Reads, &P, &[R]) -> Result<X> + Send + 'static,
    ) -> Result<(Listing<R>, X)> {
        self.page_at(Reading::of(visit, self.path), visit, permit, also)
            .await
    }

    /// The same for a list that stands elsewhere, or for a part of it.
    pub async fn page_at<X: Send + 'static>(
        &'static self,
        of: Reading,
        visit: &Visit,
        permit: &P,
        also: impl FnOnce(&mut dyn Reads, &P, &[R]) -> Result<X> + Send + 'static,
    ) -> Result<(Listing<R>, X)> {
        let permit = permit.clone();
        let (list, total, rows, more) = visit
            .portal
            .db
            .read(move |r| {
                let mut asked = self.read(r, &permit, of)?;
                let (total, rows, more) = self.found(r, &permit, &mut asked, ListQuery::clamp, also)?;
                Ok((asked.list, total, rows, more))
            })
            .await?;
        let listing = Listing {
            pager: list.pager(total),
            rows,
            total,
            count: counted(total, self.nouns.0, self.nouns.1),
            nouns: self.nouns.1,
            list: list.in_words_of(visit.portal.config.edition),
        };
        Ok((listing, more))
    }

    /// All rows that the address asks for, as a file.
    async fn file(&'static self, visit: &Visit, permit: &P) -> Answer {
        let (permit, of) = (permit.clone(), Reading::of(visit, self.path));
        let rows = visit
            .portal
            .db
            .read(move |r| {
                let asked = self.read(r, &permit, of)?;
                asked.list.understood()?;
                match self.rows {
                    Rows::Paged { page, .. } => page(r, &permit, &asked, (self.most_exported, 0)),
                    Rows::Whole { all, asked: taken } => Ok(taken(all(r, &permit, asked.now)?, &asked)),
                }
            })
            .await?;
        let (labels, cells): (Vec<&str>, Vec<_>) = self
            .columns
            .iter()
            .filter_map(super::Column::cell)
            .map(|(label, text)| (visit.say(label), text))
            .unzip();
        let mut table = Table::new(&labels)?;
        for row in &rows {
            table.row(cells.iter().map(|text| text(row)))?;
        }
        Ok(attachment(
            "text/csv; charset=utf-8",
            &visit.file_name(self.file),
            table.finish()?,
        ))
    }

    /// The page that a script asks for.
    async fn items<T: Serialize>(
        &'static self,
        visit: &Visit,
        permit: &P,
        shape: impl FnMut(R) -> T,
    ) -> Answer {
        let (permit, of) = (permit.clone(), Reading::of(visit, self.path));
        let (list, total, rows) = visit
            .portal
            .db
            .read(move |r| {
                let mut asked = self.read(r, &permit, of)?;
                asked.list.understood()?;
                let (total, rows, ()) = self.found(r, &permit, &mut asked, |_, _| (), |_, _, _| Ok(()))?;
                Ok((asked.list, total, rows))
            })
            .await?;
        json(
            200,
            &ListPage {
                items: rows.into_iter().map(shape).collect(),
                total,
                page: list.page,
                per: list.per,
            },
        )
    }
}

impl<A: Does, R: Send + 'static, Q: 'static> List<Permit<A>, R, Q> {
    /// Registers its page, which `page` answers, and its file.
    pub fn pages<F, Args>(&'static self, routes: &mut Routes, page: F)
    where
        F: Handler<Args> + Send + Sync,
        Args: FromRequest + Guarded + 'static,
        InTurn<Args>: FromRequest,
        F::Output: Responder + 'static,
    {
        routes.get(self.path, page);
        routes.get::<_, (May<A>,)>(&format!("{}.csv", self.path), move |may: May<A>| async move {
            self.file(&may, &may.permit).await
        });
    }

    /// Registers its operation of the API, whose rows are shown as `T`.
    pub fn operation<T>(&'static self, routes: &mut Routes, path: &str, says: &'static str)
    where
        T: ToSchema + Serialize + From<R> + 'static,
    {
        let api = Api::says(says).query(&self.params()).gives::<ListPage<T>>(200);
        routes.api::<_, (May<A>,)>(Method::GET, path, api, move |may: May<A>| async move {
            self.items(&may, &may.permit, T::from).await
        });
    }
}

/// With what a list is read.
pub struct Reading {
    pub(super) path: String,
    pub(super) raw: String,
    pub(super) now: Moment,
    /// A filter and its only value.
    pub(super) only: Option<(&'static str, String)>,
}

impl Reading {
    /// At this path, where `{said}` stands for the number of the account.
    pub fn of(visit: &Visit, path: &str) -> Self {
        Self {
            path: path.replace("{said}", &visit.number().to_string()),
            raw: visit.query.clone(),
            now: visit.portal.clock.now(),
            only: None,
        }
    }
    /// The rows with this value of a filter alone: without the column of that name, and without search and filters.
    #[must_use]
    pub fn only(mut self, filter: &'static str, value: impl Into<String>) -> Self {
        self.only = Some((filter, value.into()));
        self
    }
}
