//! What a request for a Smart Account is, and the rules that need nothing but the facts at hand.

use crate::error::{Error, Problems, Result};
use crate::kernel::addresses::{one_of, recipients};
use crate::kernel::ids::{AccountRequestId, CreatorId, PersonId, SmartAccountId};
use crate::kernel::{DomainIdentifier, EmailAddress, Moment, Name, search_key, text};
use crate::smart_accounts::{SmartAccount, Visibility};
use chrono::{Datelike, TimeDelta};

/// A request that nobody has decided ends after this.
pub const LIFE: TimeDelta = TimeDelta::days(14);
/// Those who were asked are reminded after this.
pub const REMINDER: TimeDelta = TimeDelta::days(7);
/// How many customer addresses one request may name.
pub const MOST_CUSTOMERS: usize = 10;
/// How often a request may be handed on.
pub const MOST_FORWARDS: i32 = 5;
/// How long a note may be.
pub const LONGEST_NOTE: usize = 1000;
/// How long a headquarters address may be.
pub const LONGEST_ADDRESS: usize = 500;

crate::words! {
    /// For whom the account is.
    pub enum RequestKind {
        /// For a customer, who decides.
        Customer = "customer", "Request a Smart Account for a Customer";
        /// For the requester's own organization; a Domain approver decides.
        Own = "own", "Create a Smart Account";
    }
}

crate::words! {
    /// What has become of a request.
    pub enum RequestState {
        /// It waits for a decision.
        Pending = "pending", "Pending";
        /// The account was created.
        Approved = "approved", "Approved";
        /// Somebody said no.
        Denied = "denied", "Denied";
        /// The requester took it back.
        Withdrawn = "withdrawn", "Withdrawn";
        /// Nobody decided in time.
        Expired = "expired", "Expired";
    }
}

impl RequestState {
    /// The colour of its badge.
    pub const fn badge(self) -> &'static str {
        match self {
            Self::Pending => "warn",
            Self::Approved => "ok",
            Self::Denied => "bad",
            Self::Withdrawn | Self::Expired => "",
        }
    }
}

crate::words! {
    /// Whether a Domain approver has to agree, and has.
    pub enum DomainReview {
        /// The domain speaks for itself.
        NotNeeded = "not-needed", "Not needed";
        /// A Domain approver has to look at it.
        Waiting = "waiting", "Waiting for a Domain approver";
        /// A Domain approver agreed.
        Given = "given", "Approved";
        /// A Domain approver did not.
        Refused = "refused", "Refused";
    }
}

crate::words! {
    /// Why a Domain approver has to look at a request.
    pub enum DomainReason {
        /// The identifier is not the company's domain of every customer address.
        CustomersDiffer = "customers-differ", "The Account Domain Identifier is not the company domain of every customer email address.";
        /// Another Smart Account has the same TLD.
        TldInUse = "tld-in-use", "Another Smart Account already has the same company domain (TLD).";
        /// The requester asks for their own organization: nobody decides their own request.
        OwnOrganization = "own-organization", "The account is for the requester\u{2019}s own organization, and nobody decides their own request.";
        /// The identifier is not the domain of the requester's own address.
        RequesterDiffers = "requester-differs", "The Account Domain Identifier is not the company domain of the requester\u{2019}s email address.";
    }
}

crate::words! {
    /// How an Account creator stands to a request.
    pub enum CreatorState {
        /// May decide it.
        Asked = "asked", "Asked to decide";
        /// Handed it on.
        Forwarded = "forwarded", "Forwarded";
        /// Decided it.
        Decided = "decided", "Decided";
        /// It was decided without them.
        Ended = "ended", "No longer asked";
    }
}

/// A request, as it is kept.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Request {
    /// Its id.
    pub id: AccountRequestId,
    /// How people call it: SAR-2026-00001.
    pub reference: String,
    /// The account that is to be.
    pub account: SmartAccountId,
    /// For whom.
    pub kind: RequestKind,
    /// Who asks.
    pub requester: PersonId,
    /// What the requester tells the Domain approver.
    pub note_to_approver: String,
    /// What the requester tells the customer.
    pub note_to_customer: String,
    /// Whether a Domain approver has to agree.
    pub domain_review: DomainReview,
    /// Why, as words with commas between.
    pub domain_reasons: String,
    /// Which Domain approver answered.
    pub domain_by: Option<String>,
    /// When.
    pub domain_at: Option<Moment>,
    /// What has become of it.
    pub state: RequestState,
    /// Why it was denied.
    pub reason: String,
    /// Who decided it, or took it back.
    pub decided_by: Option<PersonId>,
    /// When that was.
    pub decided_at: Option<Moment>,
    /// When it was sent.
    pub sent_at: Moment,
    /// When those who were asked are reminded.
    pub remind_at: Moment,
    /// When they were.
    pub reminded_at: Option<Moment>,
    /// When it ends by itself.
    pub expires_at: Moment,
    /// Counts changes.
    pub version: i64,
}

impl Request {
    /// Whether it can still be decided at this moment. The job that marks what is overdue may be late.
    pub fn is_open(&self, now: Moment) -> bool {
        self.state == RequestState::Pending && now < self.expires_at
    }
    /// Whether the domain still keeps it from being approved.
    pub fn waits_for_domain(&self) -> bool {
        self.state == RequestState::Pending && self.domain_review == DomainReview::Waiting
    }
    /// Why a Domain approver has to look at it.
    pub fn reasons(&self) -> Vec<DomainReason> {
        self.domain_reasons
            .split(',')
            .filter_map(|word| word.parse().ok())
            .collect()
    }
    /// The state in words for the heading: what exactly it waits for.
    pub fn status_words(&self) -> &'static str {
        if self.waits_for_domain() {
            "Pending domain approval"
        } else if self.state == RequestState::Pending {
            "Pending approval"
        } else {
            self.state.label()
        }
    }
}

/// Somebody who was asked to decide a request.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Creator {
    /// Its id; emailed links are about it.
    pub id: CreatorId,
    /// Which request.
    pub request: AccountRequestId,
    /// Where they are written to.
    pub email: String,
    /// The same for comparing.
    pub email_key: String,
    /// How they stand to it.
    pub state: CreatorState,
    /// Who handed it to them; none for those whom the requester named.
    pub forwarded_from: Option<CreatorId>,
    /// How often it was handed on before it came to them.
    pub depth: i32,
    /// Since when.
    pub created_at: Moment,
    /// Until when.
    pub ended_at: Option<Moment>,
}

/// The 1 to 10 customer addresses of a request, no two the same.
#[derive(Debug, Clone)]
pub struct Customers(Vec<EmailAddress>);

impl Customers {
    /// Reads what was typed or pasted: addresses between commas, semicolons, spaces or line ends, with or without names.
    pub fn parse(typed: &str) -> Result<Self, String> {
        Self::of(recipients(typed).iter().map(String::as_str))
    }

    /// Reads a list of which each element is one address.
    pub fn of<'a>(typed: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut list: Vec<EmailAddress> = Vec::new();
        for one in typed.into_iter().map(str::trim).filter(|one| !one.is_empty()) {
            if list.len() == MOST_CUSTOMERS {
                return Err(format!(
                    "Enter at most {MOST_CUSTOMERS} customer email addresses."
                ));
            }
            let address = EmailAddress::parse(&one_of(one)?)?;
            if list.iter().any(|known| known.key() == address.key()) {
                return Err(format!("{address} is named twice. Enter each address once."));
            }
            list.push(address);
        }
        if list.is_empty() {
            return Err("Enter at least one customer email address.".to_owned());
        }
        Ok(Self(list))
    }

    /// The addresses.
    pub fn list(&self) -> &[EmailAddress] {
        &self.0
    }
}

/// What is asked for a customer.
#[derive(Debug, Clone)]
pub struct ForCustomer {
    /// Smart Account Name.
    pub name: Name,
    /// Account Domain Identifier.
    pub domain: DomainIdentifier,
    /// Customer Email addresses.
    pub customers: Customers,
    /// Note to Cisco Approver.
    pub note_to_approver: String,
    /// Note to Customer.
    pub note_to_customer: String,
}

impl ForCustomer {
    /// Checks what was typed; names all that is wrong.
    pub fn parse(
        name: &str,
        domain: &str,
        customers: Result<Customers, String>,
        note_to_approver: &str,
        note_to_customer: &str,
    ) -> Result<Self> {
        let mut problems = Problems::default();
        let name = problems.take("name", Name::parse(name, "Smart Account Name"));
        let domain = problems.take("domain", DomainIdentifier::parse(domain));
        let note_to_approver = problems.take(
            "note_to_approver",
            text::note(note_to_approver, "Note to Cisco Approver", LONGEST_NOTE),
        );
        let customers = problems.take("customer_emails", customers);
        let note_to_customer = problems.take(
            "note_to_customer",
            text::note(note_to_customer, "Note to Customer", LONGEST_NOTE),
        );
        match (name, domain, customers, note_to_approver, note_to_customer) {
            (Some(name), Some(domain), Some(customers), Some(note_to_approver), Some(note_to_customer)) => {
                Ok(Self {
                    name,
                    domain,
                    customers,
                    note_to_approver,
                    note_to_customer,
                })
            }
            _ => Err(Error::Invalid(problems)),
        }
    }
}

/// What is asked for one's own organization.
#[derive(Debug, Clone)]
pub struct ForOwn {
    /// Smart Account Name.
    pub name: Name,
    /// Account Domain Identifier.
    pub domain: DomainIdentifier,
    /// Note to the approver.
    pub note_to_approver: String,
    /// Headquarters address.
    pub headquarters: String,
    /// Smart Account search visibility.
    pub visibility: Visibility,
}

impl ForOwn {
    /// Checks what was typed; names all that is wrong.
    pub fn parse(
        name: &str,
        domain: &str,
        note_to_approver: &str,
        headquarters: &str,
        visibility: &str,
    ) -> Result<Self> {
        let mut problems = Problems::default();
        let name = problems.take("name", Name::parse(name, "Smart Account Name"));
        let domain = problems.take("domain", DomainIdentifier::parse(domain));
        let note_to_approver = problems.take(
            "note_to_approver",
            text::note(note_to_approver, "Note to the approver", LONGEST_NOTE),
        );
        let headquarters = problems.take(
            "headquarters",
            text::note(headquarters, "Headquarters", LONGEST_ADDRESS).and_then(|address| {
                if address.is_empty() {
                    Err("Enter the Headquarters address.".to_owned())
                } else {
                    Ok(address)
                }
            }),
        );
        let visibility = problems.take(
            "visibility",
            visibility
                .parse()
                .map_err(|_| "Choose who finds the account in a search.".to_owned()),
        );
        match (name, domain, note_to_approver, headquarters, visibility) {
            (Some(name), Some(domain), Some(note_to_approver), Some(headquarters), Some(visibility)) => {
                Ok(Self {
                    name,
                    domain,
                    note_to_approver,
                    headquarters,
                    visibility,
                })
            }
            _ => Err(Error::Invalid(problems)),
        }
    }
}

/// Why a Domain approver has to look at a request for a customer: none when the domain speaks for itself.
pub fn reasons_for_customer(
    domain: &DomainIdentifier,
    customers: &Customers,
    tld_in_use: bool,
) -> Vec<DomainReason> {
    let mut reasons = Vec::new();
    let is_theirs = |address: &EmailAddress| text::registrable_domain(address.domain()) == domain.as_str();
    if !customers.list().iter().all(is_theirs) {
        reasons.push(DomainReason::CustomersDiffer);
    }
    if tld_in_use {
        reasons.push(DomainReason::TldInUse);
    }
    reasons
}

/// The same for a request for one's own organization, where a Domain approver always decides.
pub fn reasons_for_own(
    domain: &DomainIdentifier,
    requester: &EmailAddress,
    tld_in_use: bool,
) -> Vec<DomainReason> {
    let mut reasons = vec![DomainReason::OwnOrganization];
    if text::registrable_domain(requester.domain()) != domain.as_str() {
        reasons.push(DomainReason::RequesterDiffers);
    }
    if tld_in_use {
        reasons.push(DomainReason::TldInUse);
    }
    reasons
}

/// As the table keeps them.
pub fn reason_words(reasons: &[DomainReason]) -> String {
    let words: Vec<&str> = reasons.iter().map(|reason| reason.word()).collect();
    words.join(",")
}

/// How a request is called: the year in which it was sent, and a number that counts on.
pub fn reference(at: Moment, number: i64) -> String {
    format!("SAR-{}-{number:05}", at.utc().year())
}

/// Whether two addresses reach the same mailbox: what follows a plus sign is a note of its owner.
pub fn same_mailbox(a: &EmailAddress, b: &EmailAddress) -> bool {
    fn plain(address: &EmailAddress) -> (&str, &str) {
        let local = address.key().split('@').next().unwrap_or_default();
        (local.split('+').next().unwrap_or_default(), address.domain())
    }
    a.key() == b.key() || plain(a) == plain(b)
}

/// How somebody stands to a request.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Their row among the Account creators, if they were ever asked.
    pub creator: Option<Creator>,
    /// They sent it.
    pub is_requester: bool,
    /// They approve domains.
    pub approves_domains: bool,
    /// They run the portal.
    pub operates: bool,
}

impl Standing {
    /// Whether they may know that it exists.
    pub fn sees(&self) -> bool {
        self.creator.is_some() || self.is_requester || self.approves_domains || self.operates
    }
    /// Whether they are asked now.
    pub fn is_asked(&self) -> bool {
        !self.is_requester
            && self
                .creator
                .as_ref()
                .is_some_and(|creator| creator.state == CreatorState::Asked)
    }
    /// Whether the domain is theirs to look at now.
    pub fn is_asked_for_domain(&self, request: &Request) -> bool {
        self.approves_domains && !self.is_requester && request.waits_for_domain()
    }
    /// Whether they may deny it.
    pub fn may_deny(&self, request: &Request) -> bool {
        self.is_asked() || self.is_asked_for_domain(request)
    }
}

/// Why a request cannot be approved by this person now; nothing when it can.
pub fn approve_problem(request: &Request, standing: &Standing) -> Option<Error> {
    if standing.is_requester {
        return Some(own_request());
    }
    match request.kind {
        RequestKind::Customer if !standing.is_asked() => Some(not_asked()),
        RequestKind::Customer if request.waits_for_domain() => Some(Error::refused(
            "account-requests.domain-approval-outstanding",
            "A Domain approver has to approve the Account Domain Identifier first.",
        )),
        RequestKind::Own if !standing.approves_domains => Some(not_asked()),
        _ => None,
    }
}

/// Nobody decides their own request.
pub fn own_request() -> Error {
    Error::refused(
        "account-requests.own-request",
        "You sent this request, so somebody else has to decide it. You can withdraw it.",
    )
}

/// Only who is asked decides.
pub fn not_asked() -> Error {
    Error::refused(
        "account-requests.not-asked",
        "This request is not, or no longer, yours to decide.",
    )
}

/// Why a request cannot be handed on to this address; nothing when it can. `known` are all who were ever asked.
pub fn forward_problem(
    from: &Creator,
    to: &EmailAddress,
    own: &EmailAddress,
    requester: &EmailAddress,
    known: &[Creator],
) -> Option<Error> {
    if from.depth >= MOST_FORWARDS {
        return Some(Error::refused(
            "account-requests.forward-limit",
            format!("This request was forwarded {MOST_FORWARDS} times already. Approve or deny it."),
        ));
    }
    if same_mailbox(to, requester) {
        return Some(Error::refused(
            "account-requests.forward-to-requester",
            "This person sent the request, and nobody decides their own request. Enter another address.",
        ));
    }
    let asked_before = known.iter().any(|creator| {
        creator.email_key == to.key()
            || EmailAddress::parse(&creator.email).is_ok_and(|theirs| same_mailbox(&theirs, to))
    });
    if same_mailbox(to, own) || asked_before {
        return Some(Error::refused(
            "account-requests.forward-to-same",
            "This person was asked to decide this request already. Enter another address.",
        ));
    }
    None
}

/// Words that many companies have in their names and that tell none from another.
const COMMON: &[&str] = &[
    "the",
    "and",
    "of",
    "for",
    "group",
    "company",
    "corporation",
    "corp",
    "inc",
    "ltd",
    "limited",
    "llc",
    "gmbh",
    "ag",
    "plc",
    "holding",
    "holdings",
    "international",
    "services",
    "solutions",
    "co",
    "sa",
    "bv",
];

/// The words by which a company is known, without endings that change with the number.
fn telling_words(name: &str) -> Vec<String> {
    search_key(name)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= 3 && !COMMON.contains(word))
        .map(|word| word.strip_suffix('s').unwrap_or(word).to_owned())
        .collect()
}

/// The words to search for accounts with a similar name: the longest that tell something, at most three.
pub fn search_words(name: &str) -> Vec<String> {
    let mut words = telling_words(name);
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    words.dedup();
    words.truncate(3);
    words
}

/// Whether two names may mean the same company: at least half of the telling words of the shorter one are in
/// the other.
pub fn similar(a: &str, b: &str) -> bool {
    let (a, b) = (telling_words(a), telling_words(b));
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let shared = short.iter().filter(|word| long.contains(word)).count();
    !short.is_empty() && shared * 2 >= short.len() && shared > 0
}

/// A request with what a list shows beside it.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The request.
    pub request: Request,
    /// The account that is, or was, to be.
    pub account: SmartAccount,
    /// Name and address of the requester.
    pub requester: String,
    /// How the reader stands to it.
    pub standing: Standing,
}

impl Summary {
    /// What the reader has to do with it, in words.
    pub fn your_part(&self) -> &'static str {
        if self.standing.is_requester {
            "You sent it"
        } else if self.standing.is_asked() && self.request.state == RequestState::Pending {
            "Yours to decide"
        } else if self.standing.is_asked_for_domain(&self.request) {
            "Domain approval"
        } else if self.standing.creator.is_some() {
            "You were asked"
        } else {
            "For your information"
        }
    }
    /// Whether the reader is waited for.
    pub fn waits_for_you(&self) -> bool {
        self.request.state == RequestState::Pending
            && !self.standing.is_requester
            && (self.standing.is_asked() || self.standing.is_asked_for_domain(&self.request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mail(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }
    fn domain(text: &str) -> DomainIdentifier {
        DomainIdentifier::parse(text).unwrap()
    }
    fn customers(text: &str) -> Customers {
        Customers::parse(text).unwrap()
    }
    fn now() -> Moment {
        Moment::parse("2026-11-21T18:30:00Z").unwrap()
    }
    fn creator(email: &str, depth: i32) -> Creator {
        Creator {
            id: CreatorId::new(),
            request: AccountRequestId::new(),
            email: email.to_owned(),
            email_key: mail(email).key().to_owned(),
            state: CreatorState::Asked,
            forwarded_from: None,
            depth,
            created_at: now(),
            ended_at: None,
        }
    }
    fn request(kind: RequestKind, review: DomainReview) -> Request {
        Request {
            id: AccountRequestId::new(),
            reference: reference(now(), 7),
            account: SmartAccountId::new(),
            kind,
            requester: PersonId::new(),
            note_to_approver: String::new(),
            note_to_customer: String::new(),
            domain_review: review,
            domain_reasons: String::new(),
            domain_by: None,
            domain_at: None,
            state: RequestState::Pending,
            reason: String::new(),
            decided_by: None,
            decided_at: None,
            sent_at: now(),
            remind_at: now().plus(REMINDER),
            reminded_at: None,
            expires_at: now().plus(LIFE),
            version: 1,
        }
    }
    fn code(problem: Option<Error>) -> &'static str {
        match problem {
            Some(Error::Refused(refusal)) => refusal.code,
            Some(_) => "another error",
            None => "",
        }
    }

    #[test]
    fn customer_addresses_come_between_commas_or_in_lines_each_once() {
        let list = customers("a@x.example, b@x.example;\r\n c@y.example\n");
        assert_eq!(list.list().len(), 3);
        let list = customers("Example, Lee <lee@x.example>; SMTP:ann@x.example");
        assert_eq!(list.list()[0].as_str(), "lee@x.example");
        assert_eq!(list.list().len(), 2);
        // Over the API an element is one address.
        assert!(
            Customers::of(["a@x.example b@x.example"])
                .unwrap_err()
                .contains("2 addresses")
        );
        assert!(Customers::parse("").unwrap_err().contains("at least one"));
        assert!(Customers::parse(" , \n").unwrap_err().contains("at least one"));
        assert!(
            Customers::parse("a@x.example A@X.example")
                .unwrap_err()
                .contains("twice")
        );
        assert!(
            Customers::parse("a@x.example, nonsense")
                .unwrap_err()
                .contains("nonsense")
        );
        let eleven: Vec<String> = (0..11).map(|n| format!("p{n}@x.example")).collect();
        assert!(
            Customers::parse(&eleven.join(","))
                .unwrap_err()
                .contains("at most 10")
        );
        assert_eq!(
            customers(&eleven.split_last().unwrap().1.join("\n")).list().len(),
            10
        );
    }

    #[test]
    fn a_domain_speaks_for_itself_only_when_every_customer_address_has_it() {
        let ask = |d: &str, c: &str, used| reasons_for_customer(&domain(d), &customers(c), used);
        assert!(
            ask(
                "harborview.example",
                "a@harborview.example b@harborview.example",
                false
            )
            .is_empty()
        );
        // The company's domain counts, wherever in it the mailbox is.
        assert!(ask("harborview.example", "a@mail.harborview.example", false).is_empty());
        assert_eq!(
            ask(
                "harborview.example",
                "a@harborview.example b@other.example",
                false
            ),
            [DomainReason::CustomersDiffer]
        );
        // A domain below the company's is never taken unasked.
        assert_eq!(
            ask("lab.harborview.example", "a@lab.harborview.example", false),
            [DomainReason::CustomersDiffer]
        );
        assert_eq!(
            ask("harborview.example", "a@harborview.example", true),
            [DomainReason::TldInUse]
        );
        assert_eq!(
            ask("lab.harborview.example", "a@x.example", true),
            [DomainReason::CustomersDiffer, DomainReason::TldInUse]
        );
    }

    #[test]
    fn ones_own_organization_always_needs_a_domain_approver() {
        let ask = |d: &str, used| reasons_for_own(&domain(d), &mail("noa@newcomer.example"), used);
        assert_eq!(ask("newcomer.example", false), [DomainReason::OwnOrganization]);
        assert_eq!(ask("other.example", true).len(), 3);
    }

    #[test]
    fn nobody_decides_what_they_asked_for() {
        let requester = Standing {
            creator: Some(creator("pat@b.example", 0)),
            is_requester: true,
            approves_domains: true,
            operates: true,
        };
        for kind in [RequestKind::Customer, RequestKind::Own] {
            let request = request(kind, DomainReview::NotNeeded);
            assert_eq!(
                code(approve_problem(&request, &requester)),
                "account-requests.own-request"
            );
            assert!(!requester.may_deny(&request));
        }
    }

    #[test]
    fn a_customer_waits_for_the_domain_and_an_own_account_for_a_domain_approver() {
        let asked = Standing {
            creator: Some(creator("it@h.example", 0)),
            ..Standing::default()
        };
        let drew = Standing {
            approves_domains: true,
            ..Standing::default()
        };
        let waiting = request(RequestKind::Customer, DomainReview::Waiting);
        assert_eq!(
            code(approve_problem(&waiting, &asked)),
            "account-requests.domain-approval-outstanding"
        );
        assert_eq!(
            code(approve_problem(&waiting, &drew)),
            "account-requests.not-asked"
        );
        assert!(drew.may_deny(&waiting) && asked.may_deny(&waiting));
        let given = request(RequestKind::Customer, DomainReview::Given);
        assert_eq!(code(approve_problem(&given, &asked)), "");
        assert!(!drew.may_deny(&given));
        let own = request(RequestKind::Own, DomainReview::Waiting);
        assert_eq!(code(approve_problem(&own, &drew)), "");
        assert_eq!(code(approve_problem(&own, &asked)), "account-requests.not-asked");
        let mut gone = asked;
        if let Some(creator) = gone.creator.as_mut() {
            creator.state = CreatorState::Forwarded;
        }
        assert_eq!(code(approve_problem(&given, &gone)), "account-requests.not-asked");
        assert!(gone.sees());
        assert!(!Standing::default().sees());
    }

    #[test]
    fn a_request_is_not_handed_back_or_round_in_circles() {
        let (own, requester) = (mail("it@h.example"), mail("pat@b.example"));
        let known = [creator("it@h.example", 0), creator("buyer@h.example", 0)];
        let ask = |to: &str, depth| {
            code(forward_problem(
                &creator("it@h.example", depth),
                &mail(to),
                &own,
                &requester,
                &known,
            ))
        };
        assert_eq!(ask("cfo@h.example", 0), "");
        assert_eq!(ask("cfo@h.example", 4), "");
        assert_eq!(ask("cfo@h.example", 5), "account-requests.forward-limit");
        assert_eq!(ask("PAT@b.example", 0), "account-requests.forward-to-requester");
        assert_eq!(
            ask("pat+me@b.example", 0),
            "account-requests.forward-to-requester"
        );
        assert_eq!(ask("it@h.example", 0), "account-requests.forward-to-same");
        assert_eq!(ask("it+again@h.example", 0), "account-requests.forward-to-same");
        assert_eq!(ask("Buyer@h.example", 0), "account-requests.forward-to-same");
    }

    #[test]
    fn names_are_similar_by_the_words_that_tell() {
        assert!(similar("Harborview Clinics", "Harborview Clinic Group"));
        assert!(similar("XYZ COMPANY", "xyz company Ltd"));
        assert!(!similar("Alder Ridge Group", "Birch Valley Group"));
        assert!(!similar("The Company", "The Group"));
        assert_eq!(
            search_words("The Harborview Clinics Inc"),
            ["harborview", "clinic"]
        );
        assert!(search_words("The Company").is_empty());
    }

    #[test]
    fn references_sort_within_a_year() {
        assert_eq!(reference(now(), 42), "SAR-2026-00042");
        assert_eq!(reference(now(), 123_456), "SAR-2026-123456");
        let words = reason_words(&[DomainReason::CustomersDiffer, DomainReason::TldInUse]);
        let mut request = request(RequestKind::Customer, DomainReview::Waiting);
        request.domain_reasons = words;
        assert_eq!(
            request.reasons(),
            [DomainReason::CustomersDiffer, DomainReason::TldInUse]
        );
    }

    #[test]
    fn an_overdue_request_is_closed_before_the_job_says_so() {
        let request = request(RequestKind::Customer, DomainReview::NotNeeded);
        assert!(request.is_open(request.expires_at.plus(TimeDelta::microseconds(-1))));
        assert!(!request.is_open(request.expires_at));
    }

    proptest! {
        #[test]
        fn whatever_is_typed_the_customers_are_few_and_different(typed in "([a-c]{1,2}@[x-z]\\.example[ ,;\n]{0,2}){0,14}") {
            if let Ok(list) = Customers::parse(&typed) {
                let mut keys: Vec<&str> = list.list().iter().map(EmailAddress::key).collect();
                prop_assert!(!keys.is_empty() && keys.len() <= MOST_CUSTOMERS);
                keys.sort_unstable();
                keys.dedup();
                prop_assert_eq!(keys.len(), list.list().len());
            }
        }

        #[test]
        fn without_a_domain_approver_every_customer_is_of_the_domain(names in proptest::collection::vec("[a-d]{1,3}", 1..5), host in "[a-c]{1,2}\\.example", others in proptest::collection::vec("([a-c]\\.)?[a-c]{1,2}\\.example", 5), used: bool) {
            let typed: Vec<String> = names.iter().zip(&others).map(|(n, h)| format!("{n}@{h}")).collect();
            if let Ok(list) = Customers::parse(&typed.join(" ")) {
                let reasons = reasons_for_customer(&domain(&host), &list, used);
                let all = list.list().iter().all(|m| m.domain() == host || m.domain().ends_with(&format!(".{host}")));
                prop_assert_eq!(reasons.is_empty(), all && !used);
            }
        }

        #[test]
        fn similarity_has_no_direction(a in "[a-z ]{0,24}", b in "[a-z ]{0,24}") {
            prop_assert_eq!(similar(&a, &b), similar(&b, &a));
        }
    }
}
