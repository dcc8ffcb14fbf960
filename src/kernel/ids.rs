//! Every kind of id. Inside is a UUIDv7, so that ids sort by the time they were made; as a type of its
//! own, one kind cannot be taken for another. Kept and shown as the usual 36 characters.

use std::fmt;

/// 36 characters of a UUID, by value: an id is copied about as a number would be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdText([u8; 36]);

impl IdText {
    /// A new one. The only place in the portal that makes ids.
    #[expect(clippy::disallowed_methods, reason = "this is the one home of new ids")]
    pub fn new() -> Self {
        Self::of(uuid::Uuid::now_v7())
    }

    fn of(id: uuid::Uuid) -> Self {
        let mut text = [0; 36];
        id.hyphenated().encode_lower(&mut text);
        Self(text)
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        // Always ASCII by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Reads one, in any of the usual spellings. The one that is kept is taken as it is: every row holds several.
    pub fn parse(s: &str) -> Option<Self> {
        if let Ok(text) = <[u8; 36]>::try_from(s.as_bytes()) {
            let is_kept = text.iter().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => *byte == b'-',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
            if is_kept {
                return Some(Self(text));
            }
        }
        uuid::Uuid::try_parse(s).ok().map(Self::of)
    }
}

impl Default for IdText {
    fn default() -> Self {
        Self::new()
    }
}

/// Declares a kind of id.
macro_rules! id {
    ($($(#[$meta:meta])* $name:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub struct $name(IdText);

        impl $name {
            /// A new one: made before a transaction begins and moved in.
            #[allow(clippy::new_without_default, reason = "a default id would be a surprise")]
            pub fn new() -> Self { Self(IdText::new()) }
            /// As text.
            pub fn as_str(&self) -> &str { self.0.as_str() }
        }
        impl fmt::Debug for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) } }
        impl fmt::Display for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) } }
        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(s: &str) -> Result<Self, String> {
                IdText::parse(s).map(Self).ok_or_else(|| "not an id".to_owned())
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.serialize_str(self.as_str()) }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .format(Some(utoipa::openapi::schema::SchemaFormat::Custom("uuid".to_owned())))
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {}
        impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where str: diesel::serialize::ToSql<diesel::sql_types::Text, DB> {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                <str as diesel::serialize::ToSql<diesel::sql_types::Text, DB>>::to_sql(self.as_str(), out)
            }
        }
        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB> {
            fn from_sql(raw: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                Ok(<String as diesel::deserialize::FromSql<diesel::sql_types::Text, DB>>::from_sql(raw)?.parse::<Self>()?)
            }
        }
    )+};
}

id! {
    /// A person who can sign in, or who has been invited to.
    PersonId;
    /// One sign-in of a person, as that person sees it in their list of sessions.
    SessionId;
    /// A passkey of a person.
    PasskeyId;
    /// A Smart Account: a tenant.
    SmartAccountId;
    /// A division of a Smart Account.
    VirtualAccountId;
    /// A role that a person holds somewhere.
    GrantId;
    /// A request for a Smart Account.
    AccountRequestId;
    /// One person who was asked to decide a request for a Smart Account.
    CreatorId;
    /// An emailed link.
    LinkId;
    /// Something that happened.
    EventId;
    /// A letter that is to go out or has gone out.
    LetterId;
    /// A request for access to a Smart Account.
    AccessRequestId;
    /// A rule by which requests for access are decided.
    AccessRuleId;
    /// A right to decide in somebody's stead.
    DelegationId;
    /// A user group.
    UserGroupId;
    /// A user group's request for access to another Smart Account.
    GroupRequestId;
    /// A list of people who are about to be added.
    ImportId;
    /// A wish for another Account Domain Identifier.
    DomainChangeId;
    /// An address that a Smart Account keeps.
    AddressId;
    /// Licenses of one kind in one Virtual Account.
    LicensePoolId;
    /// Licenses that came or went.
    LicenseMoveId;
    /// An order.
    OrderId;
    /// A line of an order.
    OrderLineId;
    /// One press of "Assign": orders that were asked to be assigned together.
    AssignmentId;
    /// An assignment that somebody is still choosing.
    OrderDraftId;
    /// A file of orders that is about to be taken in.
    OrderImportId;
    /// A list as somebody likes to see it.
    SavedViewId;
    /// All licenses of one kind in one Virtual Account, whatever their terms.
    LicenseStockId;
    /// A registration token.
    RegistrationTokenId;
    /// A product instance.
    DeviceId;
    /// An On-Prem server.
    DeviceManagerId;
    /// Licenses that are set aside for one device.
    ReservationId;
    /// A synchronization file.
    SyncFileId;
    /// A usage file of product instances by policy.
    UsageFileId;
    /// A usage report that was counted.
    UsageReportId;
    /// A webhook: where an account wants to be told of its events.
    WebhookId;
    /// An event that a webhook is told.
    DeliveryId;
    /// A graded lab that somebody has begun.
    LabAttemptId;
}
