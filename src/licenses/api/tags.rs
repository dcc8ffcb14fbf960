//! Tags of licenses.

use super::licenses::LicenseShape;
use crate::authz::action::TagLicenses;
use crate::error::{Error, Problems};
use crate::http::{Answer, JsonBody, May, json};
use crate::kernel::ids::LicenseStockId;
use crate::licenses::{service, tags};
use crate::virtual_accounts::parse_tags;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A change of license tags.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TagsBody {
    /// Ids of licenses, 200 at most.
    #[schema(min_items = 1, max_items = 200)]
    pub(super) licenses: Vec<String>,
    /// Each up to 40 characters; a license has up to 20.
    #[serde(default)]
    pub(super) add: Vec<String>,
    #[serde(default)]
    pub(super) remove: Vec<String>,
}

/// Licenses whose tags were changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TagsShape {
    /// How many of them have other tags than before.
    pub(super) changed: usize,
    pub(super) licenses: Vec<LicenseShape>,
}

pub(super) async fn tag(may: May<TagLicenses>, body: JsonBody<TagsBody>) -> Answer {
    let mut problems = Problems::default();
    let mut ids: Vec<LicenseStockId> = Vec::new();
    for (at, text) in body.value.licenses.iter().enumerate() {
        match text.parse() {
            Ok(id) if ids.contains(&id) => {}
            Ok(id) => ids.push(id),
            Err(_) => problems.add(format!("licenses/{at}"), "This is not an id."),
        }
    }
    let mut add = Vec::new();
    for (at, text) in body.value.add.iter().enumerate() {
        if let Some(mut tag) = problems.take(&format!("add/{at}"), parse_tags(text)) {
            add.append(&mut tag);
        }
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let (remove, these) = (body.value.remove, ids.clone());
    let changed = may
        .does(move |tx, permit, at| tags::change(tx, permit, at, &these, &add, &remove))
        .await?;
    let licenses = may
        .reads(move |r, permit| {
            ids.iter()
                .map(|id| service::find(r, permit, *id))
                .collect::<crate::error::Result<Vec<_>>>()
        })
        .await?;
    json(
        200,
        &TagsShape {
            changed,
            licenses: licenses.into_iter().map(LicenseShape::from).collect(),
        },
    )
}
