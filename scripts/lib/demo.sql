-- What the chapters of scripts/demo use: checks of what they show.
CREATE EXTENSION playbook;
CREATE SCHEMA demo;
COMMENT ON SCHEMA demo IS 'What scripts/demo needs for itself.';

-- Ends the demo when what was shown is not what plain SQL says.
CREATE FUNCTION demo.check(what text, shown anycompatible, expected anycompatible) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    IF shown IS DISTINCT FROM expected THEN
        RAISE EXCEPTION '% is %, but plain SQL says %', what, shown, expected;
    END IF;
    RETURN format('    ✓ %s: %s', what, shown);
END
$$;
