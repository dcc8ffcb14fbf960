//! What becomes of a reservation without a return code: "Update Reserved Licenses" with its confirmation code, and "Rehost
//! Licenses from a Failed Product".

use super::super::model::Device;
use super::service::{self, Whole};
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::error::Result;
use crate::http::{Crumb, FormState, May, Shell};
use crate::kernel::ids::{DeviceId, ReservationId};
use crate::kernel::text;

pub(super) const DEVICE: &str = "/sa/{said}/devices/device-inventory/{device}";
pub(super) const UPDATE: &str = "Update Reserved Licenses";
pub(super) const REHOST: &str = "Rehost Licenses from a Failed Product";

/// Checks a note for the record.
pub fn note(typed: &str) -> Result<String, String> {
    text::note(typed, "The note", 400).map(|note| note.replace(['\n', '\t'], " "))
}

pub(super) async fn held_by(may: &May<ReserveLicenses>, id: DeviceId) -> Result<(Device, Whole)> {
    let view = may.also::<ViewInventory>().await?;
    may.reads(move |r, permit| service::held_by(r, &view, permit, id))
        .await
}

pub(super) fn shell(may: &May<ReserveLicenses>, title: &str, device: &Device, form: &FormState) -> Shell {
    let inventory = format!("/sa/{}/devices/device-inventory", may.number());
    let mut shell = may.account_shell(
        title,
        &[
            Crumb::text("Devices"),
            Crumb::link("Device Inventory", &inventory),
            Crumb::link(device.name(), format!("{inventory}/{}", device.id)),
        ],
    );
    shell.error_title = form.has_problems();
    shell
}

pub(super) fn reservation_page(may: &May<ReserveLicenses>, id: ReservationId) -> String {
    format!("/sa/{}/licensing/reservation/{id}", may.number())
}
