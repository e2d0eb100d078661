-- The sender's side of the outbox: any program that was granted these three functions delivers mail, meetings and
-- messages. It claims, sends with the idempotency key, and reports before its lease ends; what it does not report comes
-- due again. Implemented by src/sql_api/outbox_api.cpp and src/step/outbox.cpp.

CREATE FUNCTION playbook_outbox_claim(kinds text[], max_messages integer DEFAULT 100,
    lease interval DEFAULT '5 minutes')
RETURNS TABLE (id bigint, token uuid, kind text, idempotency_key text, execution bigint, customer text,
    recipient text,
               payload jsonb, attempt integer, created_at timestamptz, leased_until timestamptz)
LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_outbox_claim';
COMMENT ON FUNCTION playbook_outbox_claim(text[], integer, interval) IS 'Takes messages of these kinds that are due, oldest first, for the length of the lease; what others have claimed, a hold stops or a paused execution has queued is passed over.';

CREATE FUNCTION playbook_outbox_complete(id bigint, token uuid, result jsonb DEFAULT '{}')
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_outbox_complete';
COMMENT ON FUNCTION playbook_outbox_complete(bigint, uuid, jsonb) IS 'Reports that a claimed message was sent, with what the sender knows of it; repeating the report does nothing.';

CREATE FUNCTION playbook_outbox_fail(id bigint, token uuid, error text, retry interval DEFAULT NULL)
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_outbox_fail';
COMMENT ON FUNCTION playbook_outbox_fail(bigint, uuid, text, interval) IS 'Reports that a claimed message could not be sent: to be tried again after retry, or, without it, not at all; then its step fails with this error.';
