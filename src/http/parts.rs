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
use super::shell::Shell;
use super::widgets::{Donut, Happening, Tab, UseBar};
use askama::filters::HtmlSafe;
use askama::{FastWritable, Template};
use chrono::{DateTime, NaiveDate, Utc};
use std::borrow::Borrow;
use std::fmt::{self, Display};

/// Markup that is made already: templates write it as it is. Every part of it was escaped where it was written.
pub trait Markup: FastWritable + HtmlSafe {}

impl<T: FastWritable + HtmlSafe> Markup for T {}

#[derive(Template)]
#[template(path = "parts/icon.html")]
struct IconPart<'a> {
    name: &'a str,
    size: &'a u8,
    class: &'a str,
}

impl HtmlSafe for IconPart<'_> {}

pub fn icon<'a>(name: &'a str, size: &'a u8, class: &'a str) -> impl Markup + use<'a> {
    IconPart { name, size, class }
}

#[derive(Template)]
#[template(path = "parts/badge.html")]
struct BadgePart<'a> {
    kind: &'a str,
    text: &'a str,
}

impl HtmlSafe for BadgePart<'_> {}

pub fn badge<'a>(kind: &'a str, text: &'a str) -> impl Markup + use<'a> {
    BadgePart { kind, text }
}

#[derive(Template)]
#[template(path = "parts/none.html")]
struct NonePart<'a> {
    says: &'a str,
}

impl HtmlSafe for NonePart<'_> {}

pub fn none<'a>(says: &'a str) -> impl Markup + use<'a> {
    NonePart { says }
}

#[derive(Template)]
#[template(path = "parts/avatar.html")]
struct AvatarPart<'a> {
    initials: &'a str,
    class: &'a str,
}

impl HtmlSafe for AvatarPart<'_> {}

pub fn avatar<'a>(initials: &'a str, class: &'a str) -> impl Markup + use<'a> {
    AvatarPart { initials, class }
}

#[derive(Template)]
#[template(path = "parts/copy.html")]
struct CopyPart<'a> {
    text: &'a str,
    label: &'a str,
}

impl HtmlSafe for CopyPart<'_> {}

pub fn copy<'a>(text: &'a str, label: &'a str) -> impl Markup + use<'a> {
    CopyPart { text, label }
}

#[derive(Template)]
#[template(path = "parts/steps.html")]
struct StepsPart<'a> {
    names: &'a [&'a str],
    current: &'a usize,
}

impl HtmlSafe for StepsPart<'_> {}

pub fn steps<'a, N: AsRef<[&'a str]> + ?Sized>(names: &'a N, current: &'a usize) -> impl Markup + use<'a, N> {
    StepsPart {
        names: names.as_ref(),
        current,
    }
}

#[derive(Template)]
#[template(path = "parts/timeline.html")]
struct TimelinePart<'a> {
    happenings: &'a [Happening],
}

impl HtmlSafe for TimelinePart<'_> {}

pub fn timeline<'a>(happenings: &'a [Happening]) -> impl Markup + use<'a> {
    TimelinePart { happenings }
}

#[derive(Template)]
#[template(path = "parts/tabs.html")]
struct TabsPart<'a> {
    label: &'a str,
    tabs: &'a [Tab],
}

impl HtmlSafe for TabsPart<'_> {}

pub fn tabs<'a>(label: &'a str, tabs: &'a [Tab]) -> impl Markup + use<'a> {
    TabsPart { label, tabs }
}

#[derive(Template)]
#[template(path = "parts/usebar.html")]
struct UsebarPart<'a> {
    bar: &'a UseBar,
}

impl HtmlSafe for UsebarPart<'_> {}

pub fn usebar<'a>(bar: &'a UseBar) -> impl Markup + use<'a> {
    UsebarPart { bar }
}

#[derive(Template)]
#[template(path = "parts/balance.html")]
struct BalancePart<'a> {
    amount: &'a i64,
}

impl HtmlSafe for BalancePart<'_> {}

pub fn balance<'a>(amount: &'a i64) -> impl Markup + use<'a> {
    BalancePart { amount }
}

#[derive(Template)]
#[template(path = "parts/donut.html")]
struct DonutPart<'a> {
    id: &'a str,
    donut: &'a Donut,
}

impl HtmlSafe for DonutPart<'_> {}

pub fn donut<'a>(id: &'a str, donut: &'a Donut) -> impl Markup + use<'a> {
    DonutPart { id, donut }
}

#[derive(Template)]
#[template(path = "parts/refused.html")]
struct RefusedPart<'a> {
    label: &'a str,
    reason: &'a str,
    id: &'a str,
}

impl HtmlSafe for RefusedPart<'_> {}

pub fn refused<'a>(label: &'a str, reason: &'a str, id: &'a str) -> impl Markup + use<'a> {
    RefusedPart { label, reason, id }
}

#[derive(Template)]
#[template(path = "parts/hidden.html")]
struct HiddenPart<'a> {
    csrf: &'a str,
    once: &'a str,
}

impl HtmlSafe for HiddenPart<'_> {}

pub fn hidden<'a>(csrf: &'a str, once: &'a str) -> impl Markup + use<'a> {
    HiddenPart { csrf, once }
}

#[derive(Template)]
#[template(path = "parts/errors_summary.html")]
struct ErrorsSummaryPart<'a> {
    form: &'a FormState,
    prefix: &'a str,
    focus: &'a bool,
}

impl HtmlSafe for ErrorsSummaryPart<'_> {}

pub fn errors_summary<'a>(form: &'a FormState, prefix: &'a str, focus: &'a bool) -> impl Markup + use<'a> {
    ErrorsSummaryPart { form, prefix, focus }
}

#[derive(Template)]
#[template(path = "parts/tied.html")]
struct TiedPart<'a> {
    form: &'a FormState,
    name: &'a str,
    hint: &'a str,
    prefix: &'a str,
}

impl HtmlSafe for TiedPart<'_> {}

pub fn tied<'a>(form: &'a FormState, name: &'a str, hint: &'a str, prefix: &'a str) -> impl Markup + use<'a> {
    TiedPart {
        form,
        name,
        hint,
        prefix,
    }
}

#[derive(Template)]
#[template(path = "parts/below.html")]
struct BelowPart<'a> {
    form: &'a FormState,
    name: &'a str,
    hint: &'a str,
    prefix: &'a str,
}

impl HtmlSafe for BelowPart<'_> {}

pub fn below<'a>(
    form: &'a FormState,
    name: &'a str,
    hint: &'a str,
    prefix: &'a str,
) -> impl Markup + use<'a> {
    BelowPart {
        form,
        name,
        hint,
        prefix,
    }
}

#[derive(Template)]
#[template(path = "parts/text.html")]
struct TextPart<'a> {
    form: &'a FormState,
    name: &'a str,
    label: &'a str,
    kind: &'a str,
    hint: &'a str,
    optional: &'a bool,
    autocomplete: &'a str,
    placeholder: &'a str,
    maxlength: &'a u32,
    readonly: &'a bool,
    disabled: &'a bool,
    focus: &'a bool,
    prefix: &'a str,
    inputmode: &'a str,
}

impl HtmlSafe for TextPart<'_> {}

pub fn text<'a>(
    form: &'a FormState,
    name: &'a str,
    label: &'a str,
    kind: &'a str,
    hint: &'a str,
    optional: &'a bool,
    autocomplete: &'a str,
    placeholder: &'a str,
    maxlength: &'a u32,
    readonly: &'a bool,
    disabled: &'a bool,
    focus: &'a bool,
    prefix: &'a str,
    inputmode: &'a str,
) -> impl Markup + use<'a> {
    TextPart {
        form,
        name,
        label,
        kind,
        hint,
        optional,
        autocomplete,
        placeholder,
        maxlength,
        readonly,
        disabled,
        focus,
        prefix,
        inputmode,
    }
}

#[derive(Template)]
#[template(path = "parts/password.html")]
struct PasswordPart<'a> {
    form: &'a FormState,
    name: &'a str,
    label: &'a str,
    hint: &'a str,
    autocomplete: &'a str,
    focus: &'a bool,
    prefix: &'a str,
}

impl HtmlSafe for PasswordPart<'_> {}

pub fn password<'a>(
    form: &'a FormState,
    name: &'a str,
    label: &'a str,
    hint: &'a str,
    autocomplete: &'a str,
    focus: &'a bool,
    prefix: &'a str,
) -> impl Markup + use<'a> {
    PasswordPart {
        form,
        name,
        label,
        hint,
        autocomplete,
        focus,
        prefix,
    }
}

#[derive(Template)]
#[template(path = "parts/textarea.html")]
struct TextareaPart<'a> {
    form: &'a FormState,
    name: &'a str,
    label: &'a str,
    hint: &'a str,
    optional: &'a bool,
    rows: &'a u8,
    maxlength: &'a u32,
    disabled: &'a bool,
    focus: &'a bool,
    prefix: &'a str,
}

impl HtmlSafe for TextareaPart<'_> {}

pub fn textarea<'a>(
    form: &'a FormState,
    name: &'a str,
    label: &'a str,
    hint: &'a str,
    optional: &'a bool,
    rows: &'a u8,
    maxlength: &'a u32,
    disabled: &'a bool,
    focus: &'a bool,
    prefix: &'a str,
) -> impl Markup + use<'a> {
    TextareaPart {
        form,
        name,
        label,
        hint,
        optional,
        rows,
        maxlength,
        disabled,
        focus,
        prefix,
    }
}

#[derive(Template)]
#[template(path = "parts/select.html")]
struct SelectPart<'a> {
    form: &'a FormState,
    name: &'a str,
    label: &'a str,
    choices: &'a [Choice],
    hint: &'a str,
    optional: &'a bool,
    blank: &'a str,
    disabled: &'a bool,
    focus: &'a bool,
    prefix: &'a str,
}

impl HtmlSafe for SelectPart<'_> {}

pub fn select<'a>(
    form: &'a FormState,
    name: &'a str,
    label: &'a str,
    choices: &'a [Choice],
    hint: &'a str,
    optional: &'a bool,
    blank: &'a str,
    disabled: &'a bool,
    focus: &'a bool,
    prefix: &'a str,
) -> impl Markup + use<'a> {
    SelectPart {
        form,
        name,
        label,
        choices,
        hint,
        optional,
        blank,
        disabled,
        focus,
        prefix,
    }
}

#[derive(Template)]
#[template(path = "parts/radios.html")]
struct RadiosPart<'a> {
    form: &'a FormState,
    name: &'a str,
    legend: &'a str,
    choices: &'a [Choice],
    hint: &'a str,
    prefix: &'a str,
}

impl HtmlSafe for RadiosPart<'_> {}

pub fn radios<'a>(
    form: &'a FormState,
    name: &'a str,
    legend: &'a str,
    choices: &'a [Choice],
    hint: &'a str,
    prefix: &'a str,
) -> impl Markup + use<'a> {
    RadiosPart {
        form,
        name,
        legend,
        choices,
        hint,
        prefix,
    }
}

#[derive(Template)]
#[template(path = "parts/checkbox.html")]
struct CheckboxPart<'a> {
    form: &'a FormState,
    name: &'a str,
    label: &'a str,
    hint: &'a str,
    value: &'a str,
    disabled: &'a bool,
    prefix: &'a str,
}

impl HtmlSafe for CheckboxPart<'_> {}

pub fn checkbox<'a>(
    form: &'a FormState,
    name: &'a str,
    label: &'a str,
    hint: &'a str,
    value: &'a str,
    disabled: &'a bool,
    prefix: &'a str,
) -> impl Markup + use<'a> {
    CheckboxPart {
        form,
        name,
        label,
        hint,
        value,
        disabled,
        prefix,
    }
}

#[derive(Template)]
#[template(path = "parts/checks.html")]
struct ChecksPart<'a> {
    form: &'a FormState,
    name: &'a str,
    legend: &'a str,
    choices: &'a [Choice],
    hint: &'a str,
    prefix: &'a str,
}

impl HtmlSafe for ChecksPart<'_> {}

pub fn checks<'a>(
    form: &'a FormState,
    name: &'a str,
    legend: &'a str,
    choices: &'a [Choice],
    hint: &'a str,
    prefix: &'a str,
) -> impl Markup + use<'a> {
    ChecksPart {
        form,
        name,
        legend,
        choices,
        hint,
        prefix,
    }
}

#[derive(Template)]
#[template(path = "parts/file.html")]
struct FilePart<'a> {
    form: &'a FormState,
    name: &'a str,
    label: &'a str,
    accept: &'a str,
    hint: &'a str,
    focus: &'a bool,
    prefix: &'a str,
}

impl HtmlSafe for FilePart<'_> {}

pub fn file<'a>(
    form: &'a FormState,
    name: &'a str,
    label: &'a str,
    accept: &'a str,
    hint: &'a str,
    focus: &'a bool,
    prefix: &'a str,
) -> impl Markup + use<'a> {
    FilePart {
        form,
        name,
        label,
        accept,
        hint,
        focus,
        prefix,
    }
}

#[derive(Template)]
#[template(path = "parts/sort_th.html")]
struct SortThPart<'a> {
    head: &'a SortHead,
    class: &'a str,
}

impl HtmlSafe for SortThPart<'_> {}

pub fn sort_th<'a>(head: &'a SortHead, class: &'a str) -> impl Markup + use<'a> {
    SortThPart { head, class }
}

#[derive(Template)]
#[template(path = "parts/menu_link.html")]
struct MenuLinkPart<'a> {
    href: &'a str,
    picture: &'a str,
    text: &'a str,
    dialog: &'a bool,
    red: &'a bool,
}

impl HtmlSafe for MenuLinkPart<'_> {}

pub fn menu_link<'a>(
    href: &'a str,
    picture: &'a str,
    text: &'a str,
    dialog: &'a bool,
    red: &'a bool,
) -> impl Markup + use<'a> {
    MenuLinkPart {
        href,
        picture,
        text,
        dialog,
        red,
    }
}

#[derive(Template)]
#[template(path = "parts/menu_off.html")]
struct MenuOffPart<'a> {
    picture: &'a str,
    text: &'a str,
    reason: &'a str,
}

impl HtmlSafe for MenuOffPart<'_> {}

pub fn menu_off<'a>(picture: &'a str, text: &'a str, reason: &'a str) -> impl Markup + use<'a> {
    MenuOffPart {
        picture,
        text,
        reason,
    }
}

#[derive(Template)]
#[template(path = "parts/menu_post.html")]
struct MenuPostPart<'a> {
    action: &'a str,
    csrf: &'a str,
    picture: &'a str,
    text: &'a str,
    once: &'a str,
}

impl HtmlSafe for MenuPostPart<'_> {}

pub fn menu_post<'a>(
    action: &'a str,
    csrf: &'a str,
    picture: &'a str,
    text: &'a str,
    once: &'a str,
) -> impl Markup + use<'a> {
    MenuPostPart {
        action,
        csrf,
        picture,
        text,
        once,
    }
}

#[derive(Template)]
#[template(path = "parts/search.html")]
struct SearchPart<'a> {
    list: &'a ListQuery,
    label: &'a str,
    placeholder: &'a str,
    id: &'a str,
}

impl HtmlSafe for SearchPart<'_> {}

pub fn search<'a>(
    list: &'a ListQuery,
    label: &'a str,
    placeholder: &'a str,
    id: &'a str,
) -> impl Markup + use<'a> {
    SearchPart {
        list,
        label,
        placeholder,
        id,
    }
}

#[derive(Template)]
#[template(path = "parts/filters.html")]
struct FiltersPart<'a> {
    list: &'a ListQuery,
    id: &'a str,
}

impl HtmlSafe for FiltersPart<'_> {}

pub fn filters<'a>(list: &'a ListQuery, id: &'a str) -> impl Markup + use<'a> {
    FiltersPart { list, id }
}

#[derive(Template)]
#[template(path = "parts/columns.html")]
struct ColumnsPart<'a> {
    list: &'a ListQuery,
    id: &'a str,
}

impl HtmlSafe for ColumnsPart<'_> {}

pub fn columns<'a>(list: &'a ListQuery, id: &'a str) -> impl Markup + use<'a> {
    ColumnsPart { list, id }
}

#[derive(Template)]
#[template(path = "parts/chips.html")]
struct ChipsPart<'a> {
    list: &'a ListQuery,
    count: &'a str,
}

impl HtmlSafe for ChipsPart<'_> {}

pub fn chips<'a>(list: &'a ListQuery, count: &'a str) -> impl Markup + use<'a> {
    ChipsPart { list, count }
}

#[derive(Template)]
#[template(path = "parts/pager.html")]
struct PagerPart<'a> {
    pager: &'a Pager,
}

impl HtmlSafe for PagerPart<'_> {}

pub fn pager<'a>(pager: &'a Pager) -> impl Markup + use<'a> {
    PagerPart { pager }
}

#[derive(Template)]
#[template(path = "parts/check.html")]
struct CheckPart<'a> {
    name: &'a str,
    value: &'a str,
    label: &'a str,
    form: &'a str,
    checked: &'a bool,
    no: &'a str,
}

impl HtmlSafe for CheckPart<'_> {}

pub fn check<'a>(
    name: &'a str,
    value: &'a str,
    label: &'a str,
    form: &'a str,
    checked: &'a bool,
    no: &'a str,
) -> impl Markup + use<'a> {
    CheckPart {
        name,
        value,
        label,
        form,
        checked,
        no,
    }
}

#[derive(Template)]
#[template(path = "layout/head.html")]
struct Head<'a> {
    shell: &'a Shell,
}

impl HtmlSafe for Head<'_> {}

pub fn page_head<'a>(shell: &'a Shell) -> impl Markup + use<'a> {
    Head { shell }
}

#[derive(Template)]
#[template(path = "layout/top.html")]
struct Top<'a> {
    shell: &'a Shell,
    has_menu: &'a bool,
}

impl HtmlSafe for Top<'_> {}

pub fn page_top<'a>(shell: &'a Shell, has_menu: &'a bool) -> impl Markup + use<'a> {
    Top { shell, has_menu }
}

#[derive(Template)]
#[template(path = "layout/menu.html")]
struct Menu<'a> {
    shell: &'a Shell,
}

impl HtmlSafe for Menu<'_> {}

pub fn page_menu<'a>(shell: &'a Shell) -> impl Markup + use<'a> {
    Menu { shell }
}

#[derive(Template)]
#[template(path = "layout/crumbs.html")]
struct Crumbs<'a> {
    shell: &'a Shell,
}

impl HtmlSafe for Crumbs<'_> {}

pub fn page_crumbs<'a>(shell: &'a Shell) -> impl Markup + use<'a> {
    Crumbs { shell }
}

#[derive(Template)]
#[template(path = "layout/flash.html")]
struct Flashes<'a> {
    shell: &'a Shell,
}

impl HtmlSafe for Flashes<'_> {}

pub fn page_flash<'a>(shell: &'a Shell) -> impl Markup + use<'a> {
    Flashes { shell }
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
