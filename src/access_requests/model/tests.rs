use super::*;
use crate::authz::{Permit, action::DecideAccess};
use crate::kernel::ids::{AccessRuleId, GrantId};
use proptest::prelude::*;

fn rule(domain: &str, asked_role: Option<Role>, verdict: Verdict) -> Rule {
    Rule {
        id: AccessRuleId::new(),
        domain: domain.to_owned(),
        asked_role,
        verdict,
        role: (verdict == Verdict::Approve).then_some(Role::AccountViewer),
        scope: (verdict == Verdict::Approve).then_some(ScopeKind::Account),
        virtual_accounts: Vec::new(),
        reason: String::new(),
    }
}

fn grant(virtual_account: Option<VirtualAccountId>, role: Role) -> Grant {
    Grant {
        id: GrantId::new(),
        account: SmartAccountId::new(),
        virtual_account,
        person: PersonId::new(),
        role,
        created_at: Moment::parse("2026-01-01T00:00:00Z").unwrap(),
        source: String::new(),
    }
}

#[test]
fn who_has_it_already_is_known() {
    let (one, two) = (VirtualAccountId::new(), VirtualAccountId::new());
    let both = Scope::These(vec![one, two]);
    let held = [
        grant(Some(one), Role::VirtualUser),
        grant(Some(two), Role::VirtualUser),
    ];
    assert!(has_already(&held, &both, Role::VirtualUser));
    assert!(!has_already(&held, &both, Role::VirtualAdmin));
    assert!(!has_already(&held[..1], &both, Role::VirtualUser));
    assert!(!has_already(&held, &Scope::Account, Role::AccountUser));
    let admin = [grant(None, Role::AccountAdmin)];
    assert!(has_already(&admin, &both, Role::VirtualUser));
    assert!(has_already(&admin, &Scope::Account, Role::AccountViewer));
    assert!(!has_already(&[], &Scope::These(Vec::new()), Role::VirtualUser));
}

#[test]
fn rights_are_not_added_up() {
    let account = SmartAccountId::new();
    let permit = Permit::<DecideAccess>::by_the_portal_in(account, "test");
    let one = VirtualAccountId::new();
    let whole = permit.within();
    assert!(covers(whole, &Scope::Account) && covers(whole, &Scope::These(vec![one])));
    assert!(matches!(
        authority(whole, &[], &[&Scope::Account]),
        Some(Authority::Own(_))
    ));
    assert!(reach(whole, &[]).is_none());
}

#[test]
fn a_rule_makes_no_administrator_and_no_approver_of_another_domain() {
    let mut bad = rule("xyz.example", None, Verdict::Approve);
    bad.role = Some(Role::AccountAdmin);
    assert!(checked(bad.clone(), &[], "xyz.example").is_err());
    bad.role = Some(Role::AccountApprover);
    assert!(checked(bad.clone(), &[], "xyz.example").is_ok());
    assert!(checked(bad.clone(), &[], "other.example").is_err());
    bad.scope = Some(ScopeKind::VirtualAccounts);
    assert!(checked(bad, &[], "xyz.example").is_err());
    let known = VirtualAccountId::new();
    let mut some = rule("", None, Verdict::Approve);
    some.scope = Some(ScopeKind::VirtualAccounts);
    some.role = Some(Role::VirtualUser);
    assert!(checked(some.clone(), &[known], "xyz.example").is_err());
    some.virtual_accounts = vec![known, known];
    assert_eq!(
        checked(some.clone(), &[known], "xyz.example")
            .unwrap()
            .virtual_accounts,
        [known]
    );
    assert!(checked(some, &[], "xyz.example").is_err());
}

#[test]
fn reminders_come_before_the_end() {
    assert_eq!(days(" 7 ", "14").unwrap(), (7, 14));
    for (remind, expire) in [("0", "14"), ("31", "90"), ("7", "7"), ("x", "14"), ("1", "91")] {
        assert!(days(remind, expire).is_err(), "{remind} {expire}");
    }
}

fn roles() -> impl Strategy<Value = Role> {
    proptest::sample::select(Role::ALL)
}
fn domains() -> impl Strategy<Value = String> {
    proptest::sample::select(vec![
        "xyz.example",
        "lab.xyz.example",
        "evilxyz.example",
        "pqr.example",
    ])
    .prop_map(str::to_owned)
}
fn rules() -> impl Strategy<Value = Vec<Rule>> {
    proptest::collection::vec(
        (
            proptest::option::of(domains()),
            proptest::option::of(roles()),
            proptest::sample::select(Verdict::ALL),
        )
            .prop_map(|(domain, role, verdict)| rule(&domain.unwrap_or_default(), role, verdict)),
        0..8,
    )
}

proptest! {
    #[test]
    fn the_first_rule_that_fits_decides_and_later_ones_change_nothing(list in rules(), more in rules(), domain in domains(), role in roles()) {
        let found = rule_for(&list, &domain, role).cloned();
        let at = list.iter().position(|rule| rule.fits(&domain, role));
        prop_assert_eq!(found.as_ref().map(|r| r.id), at.map(|at| list[at].id));
        if let Some(found) = found {
            let longer: Vec<Rule> = list.iter().chain(&more).cloned().collect();
            prop_assert_eq!(rule_for(&longer, &domain, role).map(|r| r.id), Some(found.id));
        }
    }

    #[test]
    fn a_rule_for_a_domain_touches_nobody_else(list in rules(), domain in domains(), role in roles()) {
        if let Some(found) = rule_for(&list, &domain, role) {
            prop_assert!(found.domain.is_empty() || found.domain == domain);
            prop_assert!(found.asked_role.is_none() || found.asked_role == Some(role));
        } else {
            prop_assert!(list.iter().all(|r| !r.domain.is_empty() || r.asked_role.is_some()));
        }
    }

    #[test]
    fn what_is_checked_gives_no_more_than_it_says(one in rules(), own in domains()) {
        for rule in one {
            if let Ok(rule) = checked(rule, &[], &own) {
                let again = checked(rule.clone(), &[], &own).unwrap();
                prop_assert_eq!(&again, &rule);
                if let Some((scope, role)) = rule.gift() {
                    prop_assert!(role != Role::AccountAdmin);
                    prop_assert!(fits(&scope, role).is_ok());
                }
                let text = serde_json::to_string(&rule).unwrap();
                prop_assert_eq!(serde_json::from_str::<Rule>(&text).unwrap(), rule);
            }
        }
    }
}
