//! Parts of pages that many templates show. A macro of a template is compiled anew wherever it is used; what stands
//! here is compiled once. Templates use them through the macros in `templates/components`, which say how.

#![allow(
    clippy::too_many_arguments,
    clippy::needless_lifetimes,
    clippy::elidable_lifetime_names,
    reason = "a part takes what its macro takes, in the same order; all of it is borrowed for as long as the page is written"
)]

use super::form_state::{Choice, FormState};
use super::list::{ListQuery, Pager, SortHead};
use super::sheet::SheetCard;
use super::shell::Shell;
use super::widgets::{Donut, Happening, Tab, UseBar};
use crate::kernel::Moment;
use askama::filters::HtmlSafe;
use askama::{FastWritable, Template};
use chrono::{DateTime, NaiveDate, Utc};
use std::borrow::Borrow;
use std::fmt::{self, Display};

/// Markup that is made already: templates write it as it is. Every part of it was escaped where it was written.
pub trait Markup: FastWritable + HtmlSafe {}

impl<T: FastWritable + HtmlSafe> Markup for T {}

/// A function for each part: what its macro takes, borrowed, and the template that writes it.
macro_rules! parts {
    ($($name:ident($($field:ident: $kind:ty),+) = $path:literal;)+) => {$(
        pub fn $name<'a>($($field: &'a $kind),+) -> impl Markup + use<'a> {
            #[derive(Template)]
            #[template(path = $path)]
            struct Part<'a> {
                $($field: &'a $kind,)+
            }
            impl HtmlSafe for Part<'_> {}
            Part { $($field),+ }
        }
    )+};
}

parts! {
    icon(name: str, size: u8, class: str) = "parts/icon.html";
    badge(kind: str, text: str) = "parts/badge.html";
    none(says: str) = "parts/none.html";
    avatar(initials: str, class: str) = "parts/avatar.html";
    copy(text: str, label: str) = "parts/copy.html";
    timeline(happenings: [Happening]) = "parts/timeline.html";
    tabs(label: str, tabs: [Tab]) = "parts/tabs.html";
    usebar(bar: UseBar) = "parts/usebar.html";
    balance(amount: i64) = "parts/balance.html";
    donut(id: str, donut: Donut) = "parts/donut.html";
    refused(label: str, reason: str, id: str) = "parts/refused.html";
    last_sync(at: Option<Moment>, pending: str) = "parts/last_sync.html";
    hidden(csrf: str, once: str) = "parts/hidden.html";
    errors_summary(form: FormState, prefix: str, focus: bool) = "parts/errors_summary.html";
    tied(form: FormState, name: str, hint: str, prefix: str) = "parts/tied.html";
    below(form: FormState, name: str, hint: str, prefix: str) = "parts/below.html";
    text(form: FormState, name: str, label: str, kind: str, hint: str, optional: bool, autocomplete: str, placeholder: str, maxlength: u32, readonly: bool, disabled: bool, focus: bool, prefix: str, inputmode: str) = "parts/text.html";
    password(form: FormState, name: str, label: str, hint: str, autocomplete: str, focus: bool, prefix: str) = "parts/password.html";
    textarea(form: FormState, name: str, label: str, hint: str, optional: bool, rows: u8, maxlength: u32, disabled: bool, focus: bool, prefix: str) = "parts/textarea.html";
    select(form: FormState, name: str, label: str, choices: [Choice], hint: str, optional: bool, blank: str, disabled: bool, focus: bool, prefix: str) = "parts/select.html";
    radios(form: FormState, name: str, legend: str, choices: [Choice], hint: str, prefix: str) = "parts/radios.html";
    checkbox(form: FormState, name: str, label: str, hint: str, value: str, disabled: bool, prefix: str) = "parts/checkbox.html";
    checks(form: FormState, name: str, legend: str, choices: [Choice], hint: str, prefix: str) = "parts/checks.html";
    file(form: FormState, name: str, label: str, accept: str, hint: str, focus: bool, prefix: str) = "parts/file.html";
    sort_th(head: SortHead, class: str) = "parts/sort_th.html";
    menu_link(href: str, picture: str, text: str, dialog: bool, red: bool) = "parts/menu_link.html";
    menu_off(picture: str, text: str, reason: str) = "parts/menu_off.html";
    menu_post(action: str, csrf: str, picture: str, text: str, once: str, copies: bool) = "parts/menu_post.html";
    search(list: ListQuery, label: str, placeholder: str, id: str) = "parts/search.html";
    filters(list: ListQuery, id: str) = "parts/filters.html";
    columns(list: ListQuery, id: str) = "parts/columns.html";
    heads(list: ListQuery) = "parts/heads.html";
    no_match(list: ListQuery, nouns: str) = "parts/no_match.html";
    chips(list: ListQuery, count: str) = "parts/chips.html";
    pager(pager: Pager) = "parts/pager.html";
    check(name: str, value: str, label: str, form: str, checked: bool, no: str) = "parts/check.html";
    sheet(card: SheetCard, csrf: str) = "parts/sheet.html";
    page_head(shell: Shell) = "layout/head.html";
    page_top(shell: Shell, has_menu: bool) = "layout/top.html";
    page_menu(shell: Shell) = "layout/menu.html";
    page_crumbs(shell: Shell) = "layout/crumbs.html";
    page_flash(shell: Shell) = "layout/flash.html";
    steps_of(names: [&'a str], current: usize) = "parts/steps.html";
}

/// Where a wizard stands. The names may come as a list or as an array.
pub fn steps<'a, N: AsRef<[&'a str]> + ?Sized>(names: &'a N, current: &'a usize) -> impl Markup + use<'a, N> {
    steps_of(names.as_ref(), current)
}

/// What has a day: a time, or a day itself.
pub trait Day {
    fn day(&self) -> NaiveDate;
}

impl Day for NaiveDate {
    fn day(&self) -> NaiveDate {
        *self
    }
}

impl Day for DateTime<Utc> {
    fn day(&self) -> NaiveDate {
        self.date_naive()
    }
}

impl<T: Day> Day for &T {
    fn day(&self) -> NaiveDate {
        (*self).day()
    }
}

/// A time or a day for readers and for programs: digits and the names of months, nothing that anybody typed.
struct When {
    exact: String,
    words: String,
}

impl Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<time datetime=\"{}\">{}</time>", self.exact, self.words)
    }
}

impl HtmlSafe for When {}

/// 21 Nov 2026, 18:30 UTC.
pub fn time(at: impl Borrow<DateTime<Utc>>) -> impl HtmlSafe {
    let at = at.borrow();
    When {
        exact: at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        words: at.format("%-d %b %Y, %H:%M UTC").to_string(),
    }
}

/// 21 Nov 2026.
pub fn date(at: impl Day) -> impl HtmlSafe {
    let day = at.day();
    When {
        exact: day.format("%Y-%m-%d").to_string(),
        words: day.format("%-d %b %Y").to_string(),
    }
}
