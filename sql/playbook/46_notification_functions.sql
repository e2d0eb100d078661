-- What the present person was told: reading it, and saying that it was read. Implemented by
-- src/sql_api/notification_api.cpp and src/step/notifications.cpp.

CREATE FUNCTION playbook_my_notifications(unread_only boolean DEFAULT false, max_rows integer DEFAULT 100)
RETURNS TABLE (created_at timestamptz, execution_id bigint, playbook_id text, step_id text, customer_id text,
               title text, message text, priority text, link text, read_at timestamptz)
STABLE PARALLEL RESTRICTED ROWS 100
LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_my_notifications';
COMMENT ON FUNCTION playbook_my_notifications(boolean, integer) IS 'What notify steps have told the present person, or a role it is a member of, newest first.';

CREATE FUNCTION playbook_notifications_read(until timestamptz DEFAULT now())
RETURNS bigint LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_notifications_read';
COMMENT ON FUNCTION playbook_notifications_read(timestamptz) IS 'Marks what the present person was told until then as read, and returns how many of these were not.';
