-- A correction of a claim is one message of a chain: it says a verdict that stands, refers to every message before it
-- in order, and nothing follows a cancellation. Of one message only one follows, unless that was killed before it went
-- out; whoever drafts one holds the message before, so that two do not follow it at once.
CREATE FUNCTION guard_correction() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    publication publications%ROWTYPE;
    before corrections%ROWTYPE;
BEGIN
    SELECT * INTO publication FROM publications WHERE id = NEW.publication_id;
    IF publication.kind <> 'correction' OR publication.state <> 'draft' THEN
        RAISE EXCEPTION 'a correction begins as the draft of a correction'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'correction_is_a_draft';
    END IF;
    IF publication.corrects_id IS NULL THEN
        IF NEW.step <> 'alert' OR NEW.chain_id <> NEW.publication_id THEN
            RAISE EXCEPTION 'a chain of corrections begins with an alert'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'chain_is_kept';
        END IF;
    ELSE
        PERFORM FROM publications WHERE id = publication.corrects_id FOR UPDATE;
        SELECT * INTO before FROM corrections WHERE publication_id = publication.corrects_id;
        IF NOT FOUND OR NEW.chain_id <> before.chain_id OR NEW.claim_id <> before.claim_id
           OR NEW.reference_ids <> before.reference_ids || before.publication_id THEN
            RAISE EXCEPTION 'a correction refers to every one before it'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'chain_is_kept';
        END IF;
        IF before.step = 'cancel' THEN
            RAISE EXCEPTION 'a cancelled correction has ended'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'cancel_ends';
        END IF;
        IF NEW.step IN ('update', 'cancel') AND NEW.verdict <> before.verdict THEN
            RAISE EXCEPTION 'another verdict is a correction of the correction'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'verdict_is_corrected';
        END IF;
        IF EXISTS (
            SELECT FROM corrections c JOIN publications p ON p.id = c.publication_id
            WHERE p.corrects_id = publication.corrects_id AND p.id <> NEW.publication_id AND p.state <> 'killed'
        ) THEN
            RAISE EXCEPTION 'a correction is followed by one'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'one_head';
        END IF;
    END IF;
    IF NEW.step = 'alert' AND NOT verdict_stands(NEW) THEN
        RAISE EXCEPTION 'a correction says what the claim''s verdict is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'verdict_stands';
    END IF;
    RETURN NEW;
END $$;
--;;
-- Whether the claim was checked, and with this verdict.
CREATE FUNCTION verdict_stands(correction corrections) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM claims
        WHERE id = correction.claim_id AND state IN ('checked', 'published') AND verdict = correction.verdict
    )
$$;
--;;
CREATE TRIGGER chain_is_kept BEFORE INSERT ON corrections FOR EACH ROW EXECUTE FUNCTION guard_correction();
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON corrections FOR EACH ROW EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON corrections FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--;;
-- Where a correction has to be is known when it is drafted; later only the task of whoever puts it there is added.
CREATE FUNCTION guard_correction_target() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (NEW.publication_id, NEW.channel_id, NEW.reason, NEW.source_ids)
       IS DISTINCT FROM (OLD.publication_id, OLD.channel_id, OLD.reason, OLD.source_ids)
       OR (OLD.task_id IS NOT NULL AND NEW.task_id IS DISTINCT FROM OLD.task_id) THEN
        RAISE EXCEPTION 'a channel that has to carry a correction stays'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'target_stays';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER target_stays BEFORE UPDATE OR DELETE ON correction_targets
    FOR EACH ROW EXECUTE FUNCTION guard_correction_target();
--;;
-- What is released as a correction has evidence: that of a checked claim, or something of ours that it corrects. What
-- corrects a message of a chain is itself one, and a verdict that was taken back in the meantime is not announced.
CREATE FUNCTION guard_correction_release() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    correction corrections%ROWTYPE;
BEGIN
    SELECT * INTO correction FROM corrections WHERE publication_id = NEW.id;
    IF NOT FOUND THEN
        IF EXISTS (SELECT FROM corrections WHERE publication_id = NEW.corrects_id) THEN
            RAISE EXCEPTION 'what follows a correction of a claim is one itself'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'chain_is_kept';
        END IF;
        IF NEW.corrects_id IS NULL THEN
            RAISE EXCEPTION 'a correction needs evidence'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'correction_has_evidence';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.corrects_id IS DISTINCT FROM correction.reference_ids[cardinality(correction.reference_ids)] THEN
        RAISE EXCEPTION 'a correction corrects the one before it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'chain_is_kept';
    END IF;
    IF correction.step IN ('alert', 'update') AND NOT verdict_stands(correction) THEN
        RAISE EXCEPTION 'the verdict of the claim has changed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'verdict_stands';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER zz_correction_release BEFORE UPDATE OF state ON publications FOR EACH ROW
    WHEN (NEW.state = 'approved' AND OLD.state IS DISTINCT FROM NEW.state AND NEW.kind = 'correction')
    EXECUTE FUNCTION guard_correction_release();
