-- Sharing and giving away: what each privilege opens, each refusal, and the trace in the history.
BEGIN;
SELECT plan(20);

CREATE ROLE sharing_owner;   GRANT playbook_author TO sharing_owner;
CREATE ROLE sharing_team;
CREATE ROLE sharing_member;  GRANT playbook_user, sharing_team TO sharing_member;
CREATE ROLE sharing_other;   GRANT playbook_author TO sharing_other;
INSERT INTO playbooks (id, name, owner, draft) VALUES ('shared', 'Shared', 'sharing_owner', '{}');

SET LOCAL ROLE sharing_other;
SELECT throws_ok($$SELECT playbook_share('shared', 'sharing_team', 'view')$$, '42704', 'playbook "shared" does not exist');
SELECT throws_ok($$SELECT playbook_share('nix', 'sharing_team', 'view')$$, '42704', 'playbook "nix" does not exist');
SELECT throws_ok($$SELECT playbook_set_owner('shared', 'sharing_other')$$, '42704');
SET LOCAL ROLE sharing_owner;
SELECT throws_ok($$SELECT playbook_share('shared', 'sharing_team', 'edit')$$, '22023', 'unknown privilege "edit"');
SELECT throws_ok($$SELECT playbook_share('shared', 'no_such_role', 'view')$$, '42704');
SELECT throws_ok($$SELECT playbook_share('shared', 0::oid::regrole, 'view')$$, '42704');
SELECT throws_ok($$SELECT playbook_share(NULL, 'sharing_team', 'view')$$, '22004');
SELECT lives_ok($$SELECT playbook_share('shared', 'sharing_team', 'view')$$);
SELECT lives_ok($$SELECT playbook_share('shared', 'sharing_team', 'view')$$, 'again: nothing changes');
SELECT lives_ok($$SELECT playbook_share('shared', 'sharing_team', 'start')$$);
SET LOCAL ROLE sharing_member;
SELECT set_eq('SELECT role::text, privilege FROM playbook_sharing',
              $$VALUES ('sharing_owner', 'edit'), ('sharing_team', 'view'), ('sharing_team', 'start')$$, 'members see who has what');
SELECT throws_ok($$SELECT playbook_share('shared', 'sharing_member', 'copy')$$, '42501', 'must be owner of playbook "shared"');
SELECT throws_ok($$SELECT playbook_set_owner('shared', 'sharing_member')$$, '42501', 'must be owner of playbook "shared"');
SET LOCAL ROLE sharing_owner;
SELECT is(playbook_unshare('shared', 'sharing_team', 'start'), 1, 'one privilege is taken back');
SELECT is(playbook_unshare('shared', 'sharing_other'), 0, 'what was not shared cannot be taken back');
SELECT throws_ok($$SELECT playbook_set_owner('shared', 'sharing_team')$$, '42501', 'must be member of role "sharing_team" to make it an owner');
RESET ROLE;
GRANT sharing_team TO sharing_owner;
SET LOCAL ROLE sharing_owner;
SELECT lives_ok($$SELECT playbook_set_owner('shared', 'sharing_team')$$);
RESET ROLE;
REVOKE sharing_team FROM sharing_owner;
SET LOCAL ROLE sharing_owner;
SELECT throws_ok($$SELECT playbook_share('shared', 'sharing_owner', 'view')$$, '42704', NULL, 'the former owner sees it no more');
SET LOCAL ROLE sharing_member;
SELECT lives_ok($$SELECT playbook_share('shared', 'sharing_owner', 'view')$$, 'members of the new one may share it');
SELECT results_eq('SELECT action, changed_by FROM playbook_history ORDER BY id',
                  $$VALUES ('shared', 'sharing_owner'), ('shared', 'sharing_owner'), ('unshared', 'sharing_owner'),
                           ('owner', 'sharing_owner'), ('shared', 'sharing_member')$$, 'the history has every change');

SELECT * FROM finish();
ROLLBACK;
