//! The page, the file and the JSON of a list that is declared.

use super::asked::Asked;
use super::declared::{List, Rows};
use super::query::ListQuery;
use super::reading::Reading;
use super::shown::Pager;
use crate::authz::{Does, Permit};
use crate::error::Result;
use crate::http::access::{Guarded, InTurn, LabOnly, May, Proof, SignedIn};
use crate::http::csv::Table;
use crate::http::reply::attachment;
use crate::http::widgets::counted;
use crate::http::{Answer, Api, Routes, Visit, json};
use crate::platform::db::Reads;
use actix_web::http::Method;
use actix_web::{FromRequest, Handler, Responder};
use serde::Serialize;
use std::borrow::Cow;
use std::ops::Deref;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// What a page shows of a list.
pub struct Listing<R, C = ()> {
    pub list: ListQuery,
    pub pager: Pager,
    pub rows: Vec<R>,
    /// How many rows there are on all of its pages.
    pub total: u64,
    /// The same in words.
    pub count: String,
    /// What many rows are called.
    pub nouns: &'static str,
    /// What was counted, of a list that says more than how many there are.
    pub counts: Option<C>,
}

impl<R, C> Listing<R, C> {
    /// The same of other rows, each made of one of these.
    pub fn map<T>(self, with: impl FnMut(R) -> T) -> Listing<T, C> {
        Listing {
            rows: self.rows.into_iter().map(with).collect(),
            list: self.list,
            pager: self.pager,
            total: self.total,
            count: self.count,
            nouns: self.nouns,
            counts: self.counts,
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
    /// `RegistrationTokenList` of `RegistrationTokenShape`, `OrderList` of `OrderRow`.
    fn name() -> Cow<'static, str> {
        let of = T::name();
        let noun = ["Shape", "Row", "Item"]
            .iter()
            .find_map(|end| of.strip_suffix(end));
        Cow::Owned(format!("{}List", noun.unwrap_or(&of)))
    }
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

/// What was asked, how many rows there are in all, and those that were asked for.
type Part<R> = (ListQuery, u64, Vec<R>);

/// How many rows there are, what else was counted, those of the page, and what was asked beside them.
type Found<R, C, X> = (u64, Option<C>, Vec<R>, X);

/// How many rows there are, and those of the page.
fn cut<R>(rows: Vec<R>, asked: &mut Asked, past: fn(&mut ListQuery, u64)) -> (u64, Vec<R>) {
    let total = rows.len() as u64;
    past(&mut asked.list, total);
    (total, asked.list.cut(rows).collect())
}

impl<P, R, Q, C> List<P, R, Q, C>
where
    P: Clone + Send + 'static,
    R: Send + 'static,
    C: Send + 'static,
{
    /// How many rows there are, those of the page, and what `also` makes of the rows that were read. `past` is told how
    /// many there are before the page is cut.
    fn found<X>(
        &self,
        read: &mut dyn Reads,
        permit: &P,
        asked: &mut Asked,
        past: fn(&mut ListQuery, u64),
        also: impl FnOnce(&mut dyn Reads, &P, &[R]) -> Result<X>,
    ) -> Result<Found<R, C, X>> {
        match self.rows {
            Rows::Paged { count, page } => {
                let total = count(read, permit, asked)?;
                past(&mut asked.list, total);
                let rows = page(read, permit, asked, (asked.list.limit(), asked.list.offset()))?;
                let more = also(read, permit, &rows)?;
                Ok((total, None, rows, more))
            }
            Rows::Counted { counts, total, page } => {
                let counts = counts(read, permit, asked)?;
                let total = total(&counts);
                past(&mut asked.list, total);
                let some = (asked.list.limit(), asked.list.offset());
                let rows = page(read, permit, asked, Some(&counts), some)?;
                let more = also(read, permit, &rows)?;
                Ok((total, Some(counts), rows, more))
            }
            Rows::AtHand { all, asked: taken } => {
                let more = also(read, permit, &[])?;
                let (total, rows) = cut(taken(all(), asked), asked, past);
                Ok((total, None, rows, more))
            }
            Rows::Whole { all, asked: taken } => {
                let rows = all(read, permit, asked.now)?;
                let more = also(read, permit, &rows)?;
                let (total, rows) = cut(taken(rows, asked), asked, past);
                Ok((total, None, rows, more))
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
    ) -> Result<(Listing<R, C>, X)> {
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
    ) -> Result<(Listing<R, C>, X)> {
        let permit = permit.clone();
        let (list, (total, counts, rows, more)) = visit
            .portal
            .db
            .read(move |r| {
                let mut asked = self.read(r, &permit, of)?;
                let found = self.found(r, &permit, &mut asked, ListQuery::clamp, also)?;
                Ok((asked.list, found))
            })
            .await?;
        Ok((self.listing(visit, list, total, rows, counts), more))
    }

    /// The page that the address asks for, of a list of rows that are at hand.
    pub fn page_at_hand(&'static self, visit: &Visit) -> Listing<R, C> {
        let mut asked = self.asked_at(Reading::of(visit, self.path));
        let rows = self.at_hand(&asked).unwrap_or_default();
        let (total, rows) = cut(rows, &mut asked, ListQuery::clamp);
        self.listing(visit, asked.list, total, rows, None)
    }

    /// All rows that are asked for, where they are at hand.
    fn at_hand(&self, asked: &Asked) -> Option<Vec<R>> {
        match self.rows {
            Rows::AtHand { all, asked: taken } => Some(taken(all(), asked)),
            _ => None,
        }
    }

    fn listing(
        &self,
        visit: &Visit,
        list: ListQuery,
        total: u64,
        rows: Vec<R>,
        counts: Option<C>,
    ) -> Listing<R, C> {
        Listing {
            pager: list.pager(total),
            rows,
            total,
            count: counted(total, self.nouns.0, self.nouns.1),
            nouns: self.nouns.1,
            counts,
            list: list.in_words_of(visit.portal.config.edition),
        }
    }

    /// The rows that the address asks for, as a file.
    async fn file(&'static self, visit: &Visit, permit: &P) -> Answer {
        self.file_at(Reading::of(visit, self.path), visit, permit).await
    }

    /// All rows that an address asks for, up to the most of a file; refused when it is not understood.
    pub async fn all(&'static self, of: Reading, visit: &Visit, permit: &P) -> Result<Vec<R>> {
        if matches!(self.rows, Rows::AtHand { .. }) {
            let asked = self.asked_at(of);
            asked.list.understood()?;
            return Ok(self.at_hand(&asked).unwrap_or_default());
        }
        let permit = permit.clone();
        visit
            .portal
            .db
            .read(move |r| {
                let asked = self.read(r, &permit, of)?;
                asked.list.understood()?;
                match self.rows {
                    Rows::Paged { page, .. } => page(r, &permit, &asked, (self.most_exported, 0)),
                    Rows::Counted { page, .. } => page(r, &permit, &asked, None, (self.most_exported, 0)),
                    Rows::Whole { all, asked: taken } => Ok(taken(all(r, &permit, asked.now)?, &asked)),
                    Rows::AtHand { all, asked: taken } => Ok(taken(all(), &asked)),
                }
            })
            .await
    }

    /// The same for a list that stands elsewhere, or for a part of it.
    pub async fn file_at(&'static self, of: Reading, visit: &Visit, permit: &P) -> Answer {
        let rows = self.all(of, visit, permit).await?;
        let rows = match self.apart {
            Some(apart) => rows.into_iter().flat_map(apart).collect(),
            None => rows,
        };
        let edition = visit.portal.config.edition;
        let mut table = Table::new(&self.head(None, edition))?;
        for row in &rows {
            table.row(self.line(None, edition, row))?;
        }
        Ok(attachment(
            "text/csv; charset=utf-8",
            &visit.file_name(self.file),
            table.finish()?,
        ))
    }

    /// What a script asks for: how many rows there are, and those of the page.
    pub async fn part(&'static self, of: Reading, visit: &Visit, permit: &P) -> Result<Part<R>> {
        if matches!(self.rows, Rows::AtHand { .. }) {
            let mut asked = self.asked_at(of);
            asked.list.understood()?;
            let rows = self.at_hand(&asked).unwrap_or_default();
            let (total, rows) = cut(rows, &mut asked, |_, _| ());
            return Ok((asked.list, total, rows));
        }
        let permit = permit.clone();
        visit
            .portal
            .db
            .read(move |r| {
                let mut asked = self.read(r, &permit, of)?;
                asked.list.understood()?;
                let (total, _, rows, ()) = self.found(r, &permit, &mut asked, |_, _| (), |_, _, _| Ok(()))?;
                Ok((asked.list, total, rows))
            })
            .await
    }

    /// The page that a script asks for.
    pub async fn items<T: Serialize>(
        &'static self,
        of: Reading,
        visit: &Visit,
        permit: &P,
        shape: impl FnMut(R) -> T,
    ) -> Answer {
        let (list, total, rows) = self.part(of, visit, permit).await?;
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

/// Under what a list is read, and the proof of access that yields it.
pub trait ReadBy: Clone + Send + 'static {
    type Proof: Proof + Deref<Target = Visit> + 'static;
    fn of(proof: &Self::Proof) -> Self;
}

impl<A: Does> ReadBy for Permit<A> {
    type Proof = May<A>;
    fn of(may: &May<A>) -> Self {
        may.permit.clone()
    }
}

/// Who asks, beside the permit: for a list of which parts are kept for others at this moment ([`Visit::part`]).
pub struct Onlooker<A: Does> {
    pub permit: Permit<A>,
    pub visit: Visit,
}

impl<A: Does> Clone for Onlooker<A> {
    fn clone(&self) -> Self {
        Self {
            permit: self.permit.clone(),
            visit: self.visit.clone(),
        }
    }
}

impl<A: Does> ReadBy for Onlooker<A> {
    type Proof = May<A>;
    fn of(may: &May<A>) -> Self {
        Self {
            permit: may.permit.clone(),
            visit: Visit::clone(may),
        }
    }
}

/// Everybody who is signed in may read it.
#[derive(Debug, Clone, Copy)]
pub struct Anybody;

impl ReadBy for Anybody {
    type Proof = SignedIn;
    fn of(_: &SignedIn) -> Self {
        Self
    }
}

/// Anybody may read it, in a lab.
#[derive(Debug, Clone, Copy)]
pub struct AtLab;

impl ReadBy for AtLab {
    type Proof = LabOnly;
    fn of(_: &LabOnly) -> Self {
        Self
    }
}

impl<P: ReadBy, R: Send + 'static, Q: 'static, C: Send + 'static> List<P, R, Q, C> {
    /// Registers its page, which `page` answers, and its file.
    pub fn pages<F, Args>(&'static self, routes: &mut Routes, page: F)
    where
        F: Handler<Args> + Send + Sync,
        Args: FromRequest + Guarded + 'static,
        InTurn<Args>: FromRequest,
        F::Output: Responder + 'static,
    {
        routes.get(self.path, page);
        routes.get::<_, (P::Proof,)>(&format!("{}.csv", self.path), move |proof: P::Proof| async move {
            self.file(&proof, &P::of(&proof)).await
        });
    }

    /// Registers its operation of the API, whose rows are shown as `T`.
    pub fn operation<T>(&'static self, routes: &mut Routes, path: &str, says: &'static str)
    where
        T: ToSchema + Serialize + From<R> + 'static,
    {
        let api = Api::says(says).query(&self.params()).gives::<ListPage<T>>(200);
        routes.api::<_, (P::Proof,)>(Method::GET, path, api, move |proof: P::Proof| async move {
            self.items(Reading::of(&proof, self.path), &proof, &P::of(&proof), T::from)
                .await
        });
    }
}
