//! The groups under PIM of the tenant of the README and the examples: who operates what, with drift worth seeing.
//!
//! Every group is role-assignable, so that only those who may manage such groups can change its members behind PIM's back.
//!
//! | What | Who, and what is wrong with it | Id of the group |
//! |---|---|---|
//! | `sg-pim-helpdesk-operators` | holds Helpdesk Administrator at APAC Users; erin and frank eligible; bob, an owner outside PIM, could add himself | `f525ce7d-d2cd-5698-b3b4-68229d996a5a` |
//! | `sg-pim-identity-configuration` | holds Authentication Policy and Conditional Access Administrator; heidi eligible, who weakened its settings in the portal: 24 hours, no MFA, no approval | `f7f46fbb-1e6b-5098-a8bd-397cd57fc9a4` |
//! | `sg-pim-identity-execution` | exists, and is not yet under PIM | `16dddb6d-691e-5872-8180-2f30c54a237a` |
//! | `sg-pim-landing-zone-operators` | holds VM Operator at `corp-payroll`; bob eligible; dave eligible and active since an hour ago; erin a member outside PIM | `fc2381fe-8e7d-545b-a9bb-2ea294bbc29a` |
//! | `sg-pim-approvers` | judy and ken active through PIM; grace and heidi members outside PIM, though they are operators of tier 0 | `a4a07534-9a39-5c79-aba4-6e85b71de51e` |
//! | `sg-pim-migration-2025` | under PIM since a project that is over; frank is still eligible, and no manifest knows the group | `1229cae9-7312-599a-a6fb-c520fabe8844` |

use serde_json::{Value, json};

use super::super::place::Access;
use super::super::tenant::Side;
use super::build::{Builder, Span};

/// Who of the directory belongs to the groups.
#[derive(Debug, Clone, Copy)]
pub(super) struct People<'a> {
    pub(super) bob: &'a str,
    pub(super) dave: &'a str,
    pub(super) erin: &'a str,
    pub(super) frank: &'a str,
    pub(super) heidi: &'a str,
    pub(super) judy: &'a str,
    pub(super) ken: &'a str,
    /// sg-pim-approvers.
    pub(super) approvers: &'a str,
    /// The scope of the administrative unit APAC Users.
    pub(super) apac: &'a str,
    /// The scope of the subscription corp-payroll.
    pub(super) payroll: &'a str,
}

/// Writes the settings of a group as the examples want them: what was weakened, or never set, is the rest.
fn settle(b: &mut Builder, group: &str, approvers: &str) {
    use Access::{Member, Owner};
    let demands = json!({"enabledRules": ["MultiFactorAuthentication", "Justification"]});
    for access in [Member, Owner] {
        b.group_rule(group, access, "Enablement_EndUser_Assignment", demands.clone());
    }
    let longest = |period: &str| json!({"isExpirationRequired": true, "maximumDuration": period});
    b.group_rule(group, Member, "Expiration_EndUser_Assignment", longest("PT4H"));
    b.group_rule(group, Member, "Expiration_Admin_Eligibility", longest("P180D"));
    b.group_rule(group, Member, "Expiration_Admin_Assignment", longest("P15D"));
    b.group_rule(group, Owner, "Expiration_EndUser_Assignment", longest("PT1H"));
    b.group_rule(group, Owner, "Expiration_Admin_Eligibility", longest("P15D"));
    b.group_rule(group, Owner, "Expiration_Admin_Assignment", longest("P15D"));
    b.group_rule(group, Owner, "Approval_EndUser_Assignment", approval(approvers));
}

fn approval(approvers: &str) -> Value {
    json!({"setting": {"isApprovalRequired": true, "isApprovalRequiredForExtension": false,
        "isRequestorJustificationRequired": true, "approvalMode": "SingleStage", "approvalStages": [{
            "approvalStageTimeOutInDays": 1, "isApproverJustificationRequired": true, "escalationTimeInMinutes": 0,
            "isEscalationEnabled": false, "escalationApprovers": [], "primaryApprovers": [
                {"@odata.type": "#microsoft.graph.groupMembers", "groupId": approvers, "description": "sg-pim-approvers"}]}]}})
}

/// Fills the groups.
pub(super) fn fill(b: &mut Builder, who: People<'_>) {
    use Access::{Member, Owner};
    use Side::{Active, Eligible};
    let group = |b: &mut Builder, name: &str, what: &str, members: &[&str]| {
        b.group(name, json!({"isAssignableToRole": true, "description": what}), members)
    };

    let helpdesk = group(b, "sg-pim-helpdesk-operators", "Runbook 41: unlock an account, reset a password", &[]);
    b.assign(Active, &helpdesk, "Helpdesk Administrator", who.apac, Span::until(95, 85));
    for person in [who.erin, who.frank] {
        b.assign_group(Eligible, person, &helpdesk, Member, Span::until(80, 100));
    }
    b.own(&helpdesk, &[who.bob]);
    settle(b, &helpdesk, who.approvers);

    let configuration = group(b, "sg-pim-identity-configuration", "Runbook 42: change how people sign in", &[]);
    for role in ["Authentication Policy Administrator", "Conditional Access Administrator"] {
        b.assign(Active, &configuration, role, "/", Span::until(95, 85));
    }
    b.assign_group(Eligible, who.heidi, &configuration, Member, Span::until(60, 120));
    settle(b, &configuration, who.approvers);
    b.group_rule(&configuration, Member, "Enablement_EndUser_Assignment", json!({"enabledRules": ["Justification"]}));
    b.group_rule(&configuration, Member, "Expiration_EndUser_Assignment", json!({"maximumDuration": "PT24H"}));

    group(b, "sg-pim-identity-execution", "Runbook 43: replace a lost authenticator", &[]);

    let landing = group(b, "sg-pim-landing-zone-operators", "Runbook 31: restart payroll's machines", &[who.erin]);
    b.azure_assign(Active, &landing, "VM Operator", who.payroll, Span::until(95, 85));
    b.assign_group(Eligible, who.bob, &landing, Member, Span::until(80, 100));
    let dave = b.assign_group(Eligible, who.dave, &landing, Member, Span::until(80, 100));
    b.activate(&dave, who.dave, (1, 2));
    settle(b, &landing, who.approvers);

    for person in [who.judy, who.ken] {
        b.assign_group(Active, person, who.approvers, Member, Span::until(95, 85));
    }

    let migration = group(b, "sg-pim-migration-2025", "The move of 2025", &[]);
    b.assign_group(Eligible, who.frank, &migration, Member, Span::until(200, 140));
    b.group_rule(&migration, Owner, "Expiration_EndUser_Assignment", json!({"maximumDuration": "PT24H"}));
}
