//! Parts of pages that many templates show. A macro of a template is compiled anew wherever it is used; what stands
//! here is compiled once. Templates use them through the macros in `templates/components`, which say how.

use super::form_state::{Choice, FormState};
use super::list::{ListQuery, Pager, SortHead};
use super::shell::Shell;
use super::widgets::{Donut, Happening, Tab, UseBar};
use askama::Template;
use chrono::{DateTime, NaiveDate, Utc};
use std::borrow::Borrow;
use std::fmt::Display;

#[derive(Template)]
#[template(path = "parts/icon.html")]
struct IconPart<'a> {
    name: &'a str,
    size: &'a u8,
    class: &'a str,
}

pub fn icon<'a>(name: &'a str, size: &'a u8, class: &'a str) -> impl Display + use<'a> {
    IconPart { name, size, class }
}

#[derive(Template)]
#[template(path = "parts/badge.html")]
struct BadgePart<'a> {
    kind: &'a str,
    text: &'a str,
}

pub fn badge<'a>(kind: &'a str, text: &'a str) -> impl Display + use<'a> {
    BadgePart { kind, text }
}

#[derive(Template)]
#[template(path = "parts/none.html")]
struct NonePart<'a> {
    says: &'a str,
}

pub fn none<'a>(says: &'a str) -> impl Display + use<'a> {
    NonePart { says }
}

#[derive(Template)]
#[template(path = "parts/avatar.html")]
struct AvatarPart<'a> {
    initials: &'a str,
    class: &'a str,
}

pub fn avatar<'a>(initials: &'a str, class: &'a str) -> impl Display + use<'a> {
    AvatarPart { initials, class }
}

#[derive(Template)]
#[template(path = "parts/copy.html")]
struct CopyPart<'a> {
    text: &'a str,
    label: &'a str,
}

pub fn copy<'a>(text: &'a str, label: &'a str) -> impl Display + use<'a> {
    CopyPart { text, label }
}

#[derive(Template)]
#[template(path = "parts/steps.html")]
struct StepsPart<'a> {
    names: &'a [&'a str],
    current: &'a usize,
}

pub fn steps<'a, N: AsRef<[&'a str]> + ?Sized>(
    names: &'a N,
    current: &'a usize,
) -> impl Display + use<'a, N> {
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

pub fn timeline<'a>(happenings: &'a [Happening]) -> impl Display + use<'a> {
    TimelinePart { happenings }
}

#[derive(Template)]
#[template(path = "parts/tabs.html")]
struct TabsPart<'a> {
    label: &'a str,
    tabs: &'a [Tab],
}

pub fn tabs<'a>(label: &'a str, tabs: &'a [Tab]) -> impl Display + use<'a> {
    TabsPart { label, tabs }
}

#[derive(Template)]
#[template(path = "parts/usebar.html")]
struct UsebarPart<'a> {
    bar: &'a UseBar,
}

pub fn usebar<'a>(bar: &'a UseBar) -> impl Display + use<'a> {
    UsebarPart { bar }
}

#[derive(Template)]
#[template(path = "parts/balance.html")]
struct BalancePart<'a> {
    amount: &'a i64,
}

pub fn balance<'a>(amount: &'a i64) -> impl Display + use<'a> {
    BalancePart { amount }
}

#[derive(Template)]
#[template(path = "parts/donut.html")]
struct DonutPart<'a> {
    id: &'a str,
    donut: &'a Donut,
}

pub fn donut<'a>(id: &'a str, donut: &'a Donut) -> impl Display + use<'a> {
    DonutPart { id, donut }
}

#[derive(Template)]
#[template(path = "parts/refused.html")]
struct RefusedPart<'a> {
    label: &'a str,
    reason: &'a str,
    id: &'a str,
}

pub fn refused<'a>(label: &'a str, reason: &'a str, id: &'a str) -> impl Display + use<'a> {
    RefusedPart { label, reason, id }
}

#[derive(Template)]
#[template(path = "parts/hidden.html")]
struct HiddenPart<'a> {
    csrf: &'a str,
    once: &'a str,
}

pub fn hidden<'a>(csrf: &'a str, once: &'a str) -> impl Display + use<'a> {
    HiddenPart { csrf, once }
}

#[derive(Template)]
#[template(path = "parts/errors_summary.html")]
struct ErrorsSummaryPart<'a> {
    form: &'a FormState,
    prefix: &'a str,
    focus: &'a bool,
}

pub fn errors_summary<'a>(form: &'a FormState, prefix: &'a str, focus: &'a bool) -> impl Display + use<'a> {
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

pub fn tied<'a>(
    form: &'a FormState,
    name: &'a str,
    hint: &'a str,
    prefix: &'a str,
) -> impl Display + use<'a> {
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

pub fn below<'a>(
    form: &'a FormState,
    name: &'a str,
    hint: &'a str,
    prefix: &'a str,
) -> impl Display + use<'a> {
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
) -> impl Display + use<'a> {
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

pub fn password<'a>(
    form: &'a FormState,
    name: &'a str,
    label: &'a str,
    hint: &'a str,
    autocomplete: &'a str,
    focus: &'a bool,
    prefix: &'a str,
) -> impl Display + use<'a> {
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
) -> impl Display + use<'a> {
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
) -> impl Display + use<'a> {
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

pub fn radios<'a>(
    form: &'a FormState,
    name: &'a str,
    legend: &'a str,
    choices: &'a [Choice],
    hint: &'a str,
    prefix: &'a str,
) -> impl Display + use<'a> {
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

pub fn checkbox<'a>(
    form: &'a FormState,
    name: &'a str,
    label: &'a str,
    hint: &'a str,
    value: &'a str,
    disabled: &'a bool,
    prefix: &'a str,
) -> impl Display + use<'a> {
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

pub fn checks<'a>(
    form: &'a FormState,
    name: &'a str,
    legend: &'a str,
    choices: &'a [Choice],
    hint: &'a str,
    prefix: &'a str,
) -> impl Display + use<'a> {
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

pub fn file<'a>(
    form: &'a FormState,
    name: &'a str,
    label: &'a str,
    accept: &'a str,
    hint: &'a str,
    focus: &'a bool,
    prefix: &'a str,
) -> impl Display + use<'a> {
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

pub fn sort_th<'a>(head: &'a SortHead, class: &'a str) -> impl Display + use<'a> {
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

pub fn menu_link<'a>(
    href: &'a str,
    picture: &'a str,
    text: &'a str,
    dialog: &'a bool,
    red: &'a bool,
) -> impl Display + use<'a> {
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

pub fn menu_off<'a>(picture: &'a str, text: &'a str, reason: &'a str) -> impl Display + use<'a> {
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

pub fn menu_post<'a>(
    action: &'a str,
    csrf: &'a str,
    picture: &'a str,
    text: &'a str,
    once: &'a str,
) -> impl Display + use<'a> {
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

pub fn search<'a>(
    list: &'a ListQuery,
    label: &'a str,
    placeholder: &'a str,
    id: &'a str,
) -> impl Display + use<'a> {
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

pub fn filters<'a>(list: &'a ListQuery, id: &'a str) -> impl Display + use<'a> {
    FiltersPart { list, id }
}

#[derive(Template)]
#[template(path = "parts/columns.html")]
struct ColumnsPart<'a> {
    list: &'a ListQuery,
    id: &'a str,
}

pub fn columns<'a>(list: &'a ListQuery, id: &'a str) -> impl Display + use<'a> {
    ColumnsPart { list, id }
}

#[derive(Template)]
#[template(path = "parts/chips.html")]
struct ChipsPart<'a> {
    list: &'a ListQuery,
    count: &'a str,
}

pub fn chips<'a>(list: &'a ListQuery, count: &'a str) -> impl Display + use<'a> {
    ChipsPart { list, count }
}

#[derive(Template)]
#[template(path = "parts/pager.html")]
struct PagerPart<'a> {
    pager: &'a Pager,
}

pub fn pager<'a>(pager: &'a Pager) -> impl Display + use<'a> {
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

pub fn check<'a>(
    name: &'a str,
    value: &'a str,
    label: &'a str,
    form: &'a str,
    checked: &'a bool,
    no: &'a str,
) -> impl Display + use<'a> {
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

pub fn page_head<'a>(shell: &'a Shell) -> impl Display + use<'a> {
    Head { shell }
}

#[derive(Template)]
#[template(path = "layout/top.html")]
struct Top<'a> {
    shell: &'a Shell,
    has_menu: &'a bool,
}

pub fn page_top<'a>(shell: &'a Shell, has_menu: &'a bool) -> impl Display + use<'a> {
    Top { shell, has_menu }
}

#[derive(Template)]
#[template(path = "layout/menu.html")]
struct Menu<'a> {
    shell: &'a Shell,
}

pub fn page_menu<'a>(shell: &'a Shell) -> impl Display + use<'a> {
    Menu { shell }
}

#[derive(Template)]
#[template(path = "layout/crumbs.html")]
struct Crumbs<'a> {
    shell: &'a Shell,
}

pub fn page_crumbs<'a>(shell: &'a Shell) -> impl Display + use<'a> {
    Crumbs { shell }
}

#[derive(Template)]
#[template(path = "layout/flash.html")]
struct Flashes<'a> {
    shell: &'a Shell,
}

pub fn page_flash<'a>(shell: &'a Shell) -> impl Display + use<'a> {
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

/// 21 Nov 2026, 18:30 UTC.
pub fn time(at: impl Borrow<DateTime<Utc>>) -> String {
    let at = at.borrow();
    format!(
        "<time datetime=\"{}\">{}</time>",
        at.format("%Y-%m-%dT%H:%M:%SZ"),
        at.format("%-d %b %Y, %H:%M UTC")
    )
}

/// 21 Nov 2026.
pub fn date(at: impl Day) -> String {
    let day = at.day();
    format!(
        "<time datetime=\"{}\">{}</time>",
        day.format("%Y-%m-%d"),
        day.format("%-d %b %Y")
    )
}
