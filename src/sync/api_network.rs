//! The door for On-Prem servers: a synchronization file in, the response out. The signature of the file is the proof, so
//! its header is verified before the rest is taken.

use super::format::Limits;
use super::genuine::Head;
use super::judge::Sender;
use super::model::Way;
use super::{apply, respond};
use crate::error::Error;
use crate::http::upload::Coming;
use crate::http::{Answer, Api, Public, Routes};
use crate::kernel::Who;
use crate::kernel::ids::SyncFileId;
use actix_web::HttpResponse;
use actix_web::http::{Method, header};

/// So much of a file is taken before its header is verified.
const HEAD: usize = 9 * 1024;

/// The operation.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::POST,
        "/device-manager/v1/sync",
        Api::says("Synchronization over the network: the body is a synchronization file, the answer its response file. The same file again is answered with the same bytes.")
            .takes_file()
            .gives_file(),
        sync,
    );
    routes.api(
        Method::POST,
        "/device-manager/v1/response",
        Api::says("The latest response file, for a server to which it was lost on its way: the body is the beginning of a synchronization file, its first two lines.")
            .takes_file()
            .gives_file(),
        response,
    );
}

async fn response(public: Public, mut coming: Coming) -> Answer {
    let head = coming.lines(2, HEAD).await?;
    let answer = public
        .portal
        .db
        .read(move |r| respond::latest_response(r, &head))
        .await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/octet-stream"))
        .body(answer))
}

async fn sync(public: Public, mut coming: Coming) -> Answer {
    let head = coming.lines(2, HEAD).await?;
    let head = public.portal.db.read(move |r| Head::read(r, &head)).await?;
    let length = head.length()?;
    // One byte more than there should be tells that there is more.
    let bytes = match coming.rest(length.saturating_add(64 * 1024)).await {
        Err(Error::TooLarge { .. }) => {
            return Err(Error::refused(
                "sync.body-altered",
                format!("The file is longer than the {length} bytes of which its header speaks."),
            ));
        }
        other => other?,
    };
    let sender = Sender {
        who: Who {
            person: None,
            label: format!("{} (device manager)", head.manager.name),
            address: public.address.clone(),
            request_id: public.request_id.clone(),
        },
        way: Way::Network,
        limits: Limits::of_records(public.portal.config.sync_records),
    };
    let (db, signing) = (public.portal.db.clone(), public.portal.signing.clone());
    let (at, id) = (public.portal.clock.now(), SyncFileId::new());
    let answer = crate::platform::db::off_the_loop(move || {
        apply::exchange_now(&db, signing.files(), at, id, head, &sender, &bytes)
    })
    .await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/octet-stream"))
        .body(answer))
}
