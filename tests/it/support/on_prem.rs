//! On-Prem servers for tests: they make their files with the format's own writer.

use super::{Account, Portal, Reply};
use licentral::kernel::Moment;
use licentral::kernel::ids::DeviceManagerId;
use licentral::platform::signing::FileKey;
use licentral::sync::format::{self, Device, Made, Place, Record, RegistrationHeader};
use serde_json::json;

/// A server that is registered.
pub struct OnPrem {
    pub id: DeviceManagerId,
    pub account: i64,
    pub place: String,
    pub key: FileKey,
    pub authorization: String,
    /// Of the last file that it made, and of the last response that it applied.
    pub sequence: i64,
    pub last_response: i64,
}

/// A device that it serves: serial number, local Virtual Account, what it uses.
pub type Serves<'a> = (&'a str, &'a str, &'a [(&'a str, i64)]);

/// The text of a registration file.
pub fn registration_file(key: &FileKey, name: &str, at: Moment) -> String {
    registration_again(key, name, None, at)
}

/// The text of a registration file of a server that was registered before.
pub fn registration_again(key: &FileKey, name: &str, manager: Option<DeviceManagerId>, at: Moment) -> String {
    let header = RegistrationHeader {
        manager,
        name: name.to_owned(),
        public_key: key.public_key().to_owned(),
        software: "a test".to_owned(),
        created_at: at,
    };
    format::text_of(&header, key).unwrap()
}

impl OnPrem {
    /// The next file that it generates.
    pub fn file(&mut self, at: Moment, devices: &[Serves<'_>]) -> Vec<u8> {
        self.sequence += 1;
        self.file_with(at, self.sequence, self.last_response, devices)
    }

    /// A file with any sequence.
    pub fn file_with(
        &self,
        at: Moment,
        sequence: i64,
        last_response: i64,
        devices: &[Serves<'_>],
    ) -> Vec<u8> {
        let places = ["DEFAULT", "Lab"].map(|name| {
            Record::Place(Place {
                name: name.to_owned(),
                description: String::new(),
            })
        });
        let mut devices: Vec<Device> = devices
            .iter()
            .map(|(serial, place, usage)| {
                let mut usage: Vec<(String, i64)> =
                    usage.iter().map(|(key, n)| ((*key).to_owned(), *n)).collect();
                usage.sort();
                Device {
                    pid: "C9200-48P-E".to_owned(),
                    serial: (*serial).to_owned(),
                    hostname: format!("sw-{}", serial.to_lowercase()),
                    product: "C9200 Series Switch".to_owned(),
                    software: "17.12.4".to_owned(),
                    place: (*place).to_owned(),
                    registered_at: Moment::parse("2026-01-01T08:00:00Z").unwrap(),
                    contact_at: at,
                    by_policy: false,
                    usage,
                }
            })
            .collect();
        devices.sort_by_key(|device| device.udi().key());
        Made {
            manager: self.id,
            smart_account: self.account,
            virtual_account: self.place.clone(),
            sequence,
            last_response,
            created_at: at,
            software: "a test".to_owned(),
        }
        .file(
            places.into_iter().chain(devices.into_iter().map(Record::Device)),
            &self.key,
        )
        .unwrap()
    }
}

impl Portal {
    /// Adds a device manager in a new Virtual Account of this name.
    #[track_caller]
    pub fn on_prem(&self, account: &Account, admin: &str, name: &str, place: &str) -> OnPrem {
        let (key, _) = FileKey::make().unwrap();
        let body = json!({ "name": name, "virtual_account": place,
            "registration": registration_file(&key, name, self.clock.now()) });
        let reply = self.api(admin).post(
            &format!("/api/v1/accounts/{}/device-managers", account.number),
            &body,
        );
        reply.expect(201);
        let reply = reply.json();
        OnPrem {
            id: reply["id"].as_str().unwrap().parse().unwrap(),
            account: account.number,
            place: place.to_owned(),
            key,
            authorization: reply["authorization"].as_str().unwrap().to_owned(),
            sequence: 0,
            last_response: 0,
        }
    }

    /// Sends a file over the network.
    pub fn sync(&self, bytes: &[u8]) -> Reply {
        self.api_without_token().send(
            "POST",
            "/device-manager/v1/sync",
            &[("content-type", "application/octet-stream")],
            Some(bytes),
        )
    }
}
