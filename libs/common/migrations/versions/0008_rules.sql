-- Criticism stays feedback: a case that is, or ever was, criticism, opinion or complaint takes another kind only by a
-- relabelling that one person proposed with a reason and another confirmed, in this very change.
CREATE FUNCTION guard_case() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a feedback case is never deleted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_is_kept';
    END IF;
    IF NEW.kind NOT IN ('criticism', 'opinion', 'complaint')
       AND NEW.kind <> OLD.kind
       AND (OLD.kind IN ('criticism', 'opinion', 'complaint')
            OR EXISTS (SELECT FROM case_relabellings WHERE case_id = NEW.id AND is_confirmed))
       AND NOT EXISTS (
        SELECT FROM case_relabellings
        WHERE case_id = NEW.id AND from_kind = OLD.kind AND to_kind = NEW.kind AND is_confirmed
          AND decided_by <> proposed_by AND decided_at = NEW.updated_at
    ) THEN
        RAISE EXCEPTION 'relabelling away from criticism, opinion or complaint takes two people and a reason'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'two_people_to_relabel';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER criticism_stays_feedback BEFORE UPDATE OR DELETE ON feedback_cases
    FOR EACH ROW EXECUTE FUNCTION guard_case();
--;;
-- What was done with a case stands. Only words may go, where a sender has them erased.
CREATE FUNCTION guard_case_event() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    same case_events%ROWTYPE := NEW;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.public_note IS NULL AND NEW.internal_note IS NULL THEN
        same.public_note := OLD.public_note;
        same.internal_note := OLD.internal_note;
        IF same IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'a step of a case is neither changed nor deleted; its words may only be erased'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'case_events_stand';
END $$;
--;;
CREATE TRIGGER case_events_stand BEFORE UPDATE OR DELETE ON case_events
    FOR EACH ROW EXECUTE FUNCTION guard_case_event();
--;;
-- A decided relabelling stands as it was decided.
CREATE FUNCTION guard_case_relabelling() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.decided_at IS NOT NULL OR NEW.case_id <> OLD.case_id OR NEW.from_kind <> OLD.from_kind
       OR NEW.to_kind <> OLD.to_kind OR NEW.proposed_by <> OLD.proposed_by OR NEW.reason <> OLD.reason THEN
        RAISE EXCEPTION 'a relabelling is decided once, as it was proposed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'relabelling_stands';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER relabelling_stands BEFORE UPDATE OR DELETE ON case_relabellings
    FOR EACH ROW EXECUTE FUNCTION guard_case_relabelling();
