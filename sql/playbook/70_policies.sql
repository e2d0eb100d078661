-- Row-level security: on every table of the extension, so that a table without a policy is the engine's alone (which
-- owns it and is not subject to policies), partitions included when somebody names them directly. Policies are for
-- SELECT: nobody but the engine writes, except administrators the people. The rules are in src/identity/access.cpp.

SET LOCAL search_path = pg_catalog, pg_temp;
DO $enable$
DECLARE
    relation regclass;
BEGIN
    FOR relation IN
        SELECT c.oid::pg_catalog.regclass
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid AND x.extname = 'playbook'
        JOIN pg_catalog.pg_class c ON c.oid = d.objid
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'e'
          AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND c.relkind IN ('r', 'p')
    LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
    END LOOP;
END
$enable$;
SET LOCAL search_path = @extschema@, pg_temp;

-- Playbooks, and what hangs on them.
CREATE POLICY playbooks_visible ON playbooks FOR SELECT
    USING (playbook_can_see_playbook(id, owner));
CREATE POLICY playbook_shares_visible ON playbook_shares FOR SELECT
    USING (EXISTS (SELECT FROM playbooks p WHERE p.id = playbook_id));
CREATE POLICY playbook_history_visible ON playbook_history FOR SELECT
    USING (EXISTS (SELECT FROM playbooks p WHERE p.id = playbook_id));

-- Executions, and what hangs on them.
CREATE POLICY playbook_executions_visible ON playbook_executions FOR SELECT
    USING (playbook_can_see(owner, starter, actor, customer_id, playbook_id));
CREATE POLICY playbook_step_executions_visible ON playbook_step_executions FOR SELECT
    USING (playbook_can_see_execution(execution_id));
CREATE POLICY playbook_artifacts_visible ON playbook_artifacts FOR SELECT
    USING (playbook_can_see_execution(execution_id));
CREATE POLICY playbook_outbox_visible ON playbook_outbox FOR SELECT
    USING (playbook_can_see_execution(execution_id));
-- Who was told something reads that, if nothing else of the execution.
CREATE POLICY playbook_notifications_visible ON playbook_notifications FOR SELECT
    USING (person = ANY ((SELECT playbook_my_names())::text[]) OR playbook_can_see_execution(execution_id));
CREATE POLICY playbook_signals_visible ON playbook_signals FOR SELECT
    USING (playbook_can_see_execution(execution_id));
-- Who is to decide or to act sees that much, if nothing else of the execution.
CREATE POLICY approvals_visible ON approvals FOR SELECT
    USING (playbook_is_named(approvers) OR playbook_can_see_execution(execution_id));
CREATE POLICY playbook_approval_decisions_visible ON playbook_approval_decisions FOR SELECT
    USING (EXISTS (SELECT FROM approvals a WHERE a.id = approval_id));
CREATE POLICY playbook_tasks_visible ON playbook_tasks FOR SELECT
    USING (playbook_is_named(CASE WHEN assignee LIKE 'role:%'
                                  THEN jsonb_build_object('roles', jsonb_build_array(substr(assignee, 6)))
                                  ELSE jsonb_build_object('people', jsonb_build_array(assignee)) END)
           OR playbook_can_see_execution(execution_id));
CREATE POLICY playbook_snoozes_own ON playbook_snoozes FOR SELECT
    USING (person = playbook_actor());

-- What everybody who uses playbooks may know.
CREATE POLICY playbook_people_visible ON playbook_people FOR SELECT
    USING (true);
CREATE POLICY playbook_people_administered ON playbook_people FOR ALL TO playbook_admin
    USING (true) WITH CHECK (true);
CREATE POLICY playbook_customer_source_visible ON playbook_customer_source FOR SELECT
    USING (true);
CREATE POLICY playbook_history_slots_visible ON playbook_history_slots FOR SELECT
    USING (true);
CREATE POLICY playbook_installation_visible ON playbook_installation FOR SELECT
    USING (true);
-- A hold on a customer names the customer: for those who would see an execution of nobody's for it.
CREATE POLICY playbook_holds_visible ON playbook_holds FOR SELECT
    USING (kind <> 'customer' OR playbook_can_see(0::oid, 0::oid, '', name, ''));
