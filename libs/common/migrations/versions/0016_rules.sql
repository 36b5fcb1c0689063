-- What a person said of a match stands until a person says otherwise: no machine makes a suggestion of it again, and
-- nobody's decision is nobody's.
CREATE FUNCTION guard_match() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.state <> 'suggested' AND NEW.state = 'suggested' THEN
        RAISE EXCEPTION 'a decided match is never suggested again'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_stands';
    END IF;
    IF NEW.state <> OLD.state AND NEW.decided_by IS NULL THEN
        RAISE EXCEPTION 'a match is decided by a person'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'decided_by_a_person';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER decision_stands BEFORE UPDATE ON claim_matches FOR EACH ROW EXECUTE FUNCTION guard_match();
