-- Who agreed to what. A publication marked urgent is approved by two spokespersons on duty, of whichever unit, and one
-- of them may have written it: never one person alone. A correction needs two besides its editors, urgent or not.
-- The same rule stands in services/publish/domain.py (refusal, is_enough); a test holds both together.
CREATE OR REPLACE FUNCTION guard_approval() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    publication publications%ROWTYPE;
BEGIN
    SELECT * INTO publication FROM publications WHERE id = NEW.publication_id FOR UPDATE;
    IF publication.state <> 'in_review' OR publication.revision <> NEW.revision
       OR publication.content_hash <> NEW.content_hash THEN
        RAISE EXCEPTION 'approval does not fit the publication as it is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_fits_revision';
    END IF;
    IF NEW.approved_at < (
        SELECT max(edited_at) FROM publication_revisions
        WHERE publication_id = NEW.publication_id AND revision = NEW.revision
    ) THEN
        RAISE EXCEPTION 'an approval cannot be older than what it approves'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_after_edit';
    END IF;
    IF (NOT publication.is_urgent OR publication.kind = 'correction') AND has_touched(publication, NEW.approver_id) THEN
        RAISE EXCEPTION 'an approver may not have touched the publication'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_by_another';
    END IF;
    IF NOT EXISTS (
        SELECT FROM role_grants g JOIN people p ON p.id = g.person_id
        WHERE g.person_id = NEW.approver_id AND g.role = 'spokesperson'
          AND (g.unit_id = publication.unit_id OR publication.is_urgent)
          AND p.is_active AND g.valid_from <= NEW.approved_at
          AND (g.valid_to IS NULL OR g.valid_to > NEW.approved_at)
          AND (NOT publication.is_urgent OR EXISTS (
            SELECT FROM duty_rosters d
            WHERE d.person_id = g.person_id AND d.unit_id = g.unit_id AND d.role = 'spokesperson'
              AND d.starts_at <= NEW.approved_at AND d.ends_at > NEW.approved_at))
    ) THEN
        RAISE EXCEPTION 'an approver must be a current spokesperson of the unit, or on duty where it is urgent'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_by_spokesperson';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE FUNCTION has_touched(publication publications, person uuid) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT person = publication.created_by OR EXISTS (
        SELECT FROM publication_revisions WHERE publication_id = publication.id AND edited_by = person
    )
$$;
--;;
CREATE OR REPLACE FUNCTION is_approved(publication publications) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT count(DISTINCT a.approver_id) >= CASE WHEN publication.is_urgent OR publication.kind = 'correction' THEN 2 ELSE 1 END
       AND count(DISTINCT a.approver_id) FILTER (WHERE NOT has_touched(publication, a.approver_id))
           >= CASE publication.kind WHEN 'correction' THEN 2 ELSE 1 END
    FROM approvals a
    WHERE a.publication_id = publication.id AND a.revision = publication.revision
      AND a.content_hash = publication.content_hash
$$;
--;;
CREATE OR REPLACE FUNCTION guard_publication() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.state <> 'draft' THEN
        RAISE EXCEPTION 'a publication begins as a draft'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'begins_as_draft';
    END IF;
    IF NEW.state IN ('approved', 'scheduled', 'publishing', 'published', 'partly_published', 'failed', 'corrected')
       AND NOT is_approved(NEW) THEN
        RAISE EXCEPTION 'publication % has not been approved by a second person', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'two_people';
    END IF;
    IF TG_OP = 'INSERT' THEN
        RETURN NEW;
    END IF;
    IF NEW.id <> OLD.id OR NEW.created_by <> OLD.created_by THEN
        RAISE EXCEPTION 'who began a publication does not change'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'author_stays';
    END IF;
    IF OLD.is_urgent AND NOT NEW.is_urgent THEN
        RAISE EXCEPTION 'what was marked urgent stays marked'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'urgent_for_ever';
    END IF;
    IF NEW.revision < OLD.revision OR (NEW.revision = OLD.revision AND (
        NEW.title, NEW.summary, NEW.body, NEW.content_hash, NEW.unit_id, NEW.kind, NEW.slug, NEW.language,
        NEW.affects_rights, NEW.source_note, NEW.ai_label, NEW.scheduled_at, NEW.is_ai_made, NEW.is_urgent,
        NEW.urgent_reason, NEW.corrects_id
    ) IS DISTINCT FROM (
        OLD.title, OLD.summary, OLD.body, OLD.content_hash, OLD.unit_id, OLD.kind, OLD.slug, OLD.language,
        OLD.affects_rights, OLD.source_note, OLD.ai_label, OLD.scheduled_at, OLD.is_ai_made, OLD.is_urgent,
        OLD.urgent_reason, OLD.corrects_id
    )) OR (NEW.revision > OLD.revision AND NEW.state <> 'draft') THEN
        RAISE EXCEPTION 'an edit makes a new revision, in draft'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'edit_is_a_revision';
    END IF;
    IF NEW.state = 'in_review' AND NOT EXISTS (
        SELECT FROM publication_revisions
        WHERE publication_id = NEW.id AND revision = NEW.revision AND content_hash = NEW.content_hash
    ) THEN
        RAISE EXCEPTION 'a revision goes to review only when it is recorded who wrote it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'revision_has_an_editor';
    END IF;
    IF NEW.state <> OLD.state AND (
        OLD.state IN ('withdrawn', 'killed')
        OR (NEW.state IN ('draft', 'in_review', 'approved', 'scheduled', 'killed')
            AND (OLD.state IN ('publishing', 'published', 'partly_published', 'corrected') OR may_be_out(NEW.id)))
    ) THEN
        RAISE EXCEPTION 'a publication cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'what_went_out_stays';
    END IF;
    IF NEW.state = 'approved' AND NEW.corrects_id IS NOT NULL THEN
        PERFORM FROM publications WHERE id = NEW.corrects_id AND state NOT IN ('withdrawn', 'killed') FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'what publication % corrects was withdrawn', NEW.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'corrects_what_stands';
        END IF;
    END IF;
    RETURN NEW;
END $$;
--;;
-- Whether anything of a publication stands on a platform, stood there, or may.
CREATE FUNCTION may_be_out(publication uuid) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM deliveries
        WHERE publication_id = publication AND (confirmed_at IS NOT NULL
            OR state NOT IN ('pending', 'prepared', 'throttled', 'auth_required', 'rejected', 'withdrawn'))
    )
$$;
--;;
-- What a publication shows is part of its revision, like what its channels carry.
CREATE TRIGGER edit_is_a_revision BEFORE INSERT OR UPDATE OR DELETE ON publication_media
    FOR EACH ROW EXECUTE FUNCTION guard_variant();
--;;
-- A medium that was shown stays what it was; its file never changes under an approval.
CREATE FUNCTION guard_medium() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.unit_id, NEW.sha256, NEW.mime, NEW.size, NEW.created_by) IS DISTINCT FROM
       (OLD.id, OLD.unit_id, OLD.sha256, OLD.mime, OLD.size, OLD.created_by) OR (OLD.is_ai_made AND NOT NEW.is_ai_made) THEN
        RAISE EXCEPTION 'a medium keeps its file, and the mark that a model made it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'medium_stays';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER medium_stays BEFORE UPDATE ON media FOR EACH ROW EXECUTE FUNCTION guard_medium();
--;;
-- Nothing leaves while a pause of its unit or of all lasts; only what was approved as urgent after the pause began does.
CREATE FUNCTION is_paused(publication publications) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM pauses p
        WHERE p.resumed_at IS NULL AND (p.unit_id IS NULL OR p.unit_id = publication.unit_id)
          AND NOT (publication.is_urgent AND p.paused_at < (
            SELECT max(a.approved_at) FROM approvals a
            WHERE a.publication_id = publication.id AND a.revision = publication.revision))
    )
$$;
--;;
CREATE FUNCTION guard_pause() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a pause is kept' USING ERRCODE = 'check_violation', CONSTRAINT = 'pause_is_kept';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.resumed_at IS NOT NULL OR NOT speaks(NEW.paused_by, NEW.unit_id, NEW.paused_at) THEN
            RAISE EXCEPTION 'a spokesperson of the unit pauses it, one of the city pauses all'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'paused_by_spokesperson';
        END IF;
        -- whoever is just arming a delivery is waited for: once the pause stands, nothing more is armed
        PERFORM pg_advisory_xact_lock(hashtextextended('pauses', 0));
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.unit_id, NEW.reason, NEW.paused_by, NEW.paused_at) IS DISTINCT FROM
       (OLD.id, OLD.unit_id, OLD.reason, OLD.paused_by, OLD.paused_at)
       OR (OLD.resumed_at IS NOT NULL AND NEW.resumed_at IS DISTINCT FROM OLD.resumed_at) THEN
        RAISE EXCEPTION 'a pause only ends' USING ERRCODE = 'check_violation', CONSTRAINT = 'pause_only_ends';
    END IF;
    IF NEW.resumed_at IS NOT NULL AND (
        SELECT count(*) FROM pause_resumptions r
        WHERE r.pause_id = NEW.id AND r.given_at <= NEW.resumed_at AND speaks(r.person_id, NEW.unit_id, NEW.resumed_at)
    ) < 2 THEN
        RAISE EXCEPTION 'a pause ends by the word of two people, both spokespersons at that instant'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'resumed_by_two';
    END IF;
    RETURN NEW;
END $$;
--;;
-- A current spokesperson of the unit; without a unit, one of the city itself.
CREATE FUNCTION speaks(person uuid, unit uuid, moment timestamptz) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM role_grants g JOIN people p ON p.id = g.person_id JOIN organization_units u ON u.id = g.unit_id
        WHERE g.person_id = person AND g.role = 'spokesperson' AND p.is_active
          AND (g.unit_id = unit OR (unit IS NULL AND u.kind = 'city'))
          AND g.valid_from <= moment AND (g.valid_to IS NULL OR g.valid_to > moment)
    )
$$;
--;;
CREATE TRIGGER resumed_by_two BEFORE INSERT OR UPDATE OR DELETE ON pauses FOR EACH ROW EXECUTE FUNCTION guard_pause();
--;;
CREATE FUNCTION guard_resumption() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    pause pauses%ROWTYPE;
BEGIN
    SELECT * INTO pause FROM pauses WHERE id = NEW.pause_id FOR UPDATE;
    IF pause.resumed_at IS NOT NULL OR NEW.given_at < pause.paused_at
       OR NOT speaks(NEW.person_id, pause.unit_id, NEW.given_at) THEN
        RAISE EXCEPTION 'a spokesperson of the unit resumes it, one of the city resumes all'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'resumed_by_spokesperson';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER resumed_by_spokesperson BEFORE INSERT ON pause_resumptions
    FOR EACH ROW EXECUTE FUNCTION guard_resumption();
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON pause_resumptions FOR EACH ROW EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON pause_resumptions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--;;
CREATE OR REPLACE FUNCTION guard_delivery() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    publication publications%ROWTYPE;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state NOT IN ('pending', 'prepared', 'throttled', 'auth_required', 'rejected') OR OLD.handle ? 'open_try' THEN
            RAISE EXCEPTION 'delivery % was sent: its record is kept', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'sent_is_kept';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND (
        NEW.publication_id, NEW.channel_id, NEW.revision, NEW.handle -> 'text', NEW.handle -> 'link', NEW.handle -> 'payload'
    ) IS DISTINCT FROM (
        OLD.publication_id, OLD.channel_id, OLD.revision, OLD.handle -> 'text', OLD.handle -> 'link', OLD.handle -> 'payload'
    ) THEN
        RAISE EXCEPTION 'delivery % carries what was approved', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'delivers_what_was_approved';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.state <> OLD.state AND NOT writes_as_owner(TG_RELID) AND (OLD.state = 'withdrawn'
       OR OLD.state IN ('published', 'withdrawing') AND NEW.state NOT IN ('withdrawing', 'withdrawn')) THEN
        RAISE EXCEPTION 'delivery % was on its platform: it only comes down', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'sent_once';
    END IF;
    IF NEW.state = 'withdrawn' AND (NEW.platform_id IS NOT NULL OR NEW.confirmed_at IS NOT NULL)
       AND NEW.withdrawal_proof IS NULL
       AND (TG_OP = 'INSERT' OR OLD.state <> 'withdrawn') THEN
        RAISE EXCEPTION 'delivery % was seen on its platform: it is withdrawn when it was seen to be gone', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawn_is_proven';
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.state = OLD.state OR NEW.state IN ('rejected', 'withdrawing', 'withdrawn')) THEN
        RETURN NEW;
    END IF;
    SELECT * INTO publication FROM publications WHERE id = NEW.publication_id;
    IF publication.revision <> NEW.revision OR NOT is_approved(publication) OR NOT EXISTS (
        SELECT FROM variants v
        WHERE v.publication_id = NEW.publication_id AND v.channel_id = NEW.channel_id AND v.revision = NEW.revision
          AND v.text IS NOT DISTINCT FROM NEW.handle ->> 'text' AND v.link IS NOT DISTINCT FROM NEW.handle ->> 'link'
    ) THEN
        RAISE EXCEPTION 'delivery % is not of an approved revision', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'delivers_what_was_approved';
    END IF;
    IF NEW.state = 'armed' THEN
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('pauses', 0));
    END IF;
    IF NEW.state = 'armed' AND (
        publication.state NOT IN ('approved', 'scheduled', 'publishing', 'partly_published', 'failed')
        OR NEW.updated_at < publication.scheduled_at OR is_paused(publication)
    ) THEN
        RAISE EXCEPTION 'delivery % is withdrawn, paused or not yet due', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'delivers_when_due';
    END IF;
    RETURN NEW;
END $$;
--;;
-- Channels where a publication stands without the given correction of it: neither published there, nor put there by a
-- person who showed where.
CREATE FUNCTION stands_uncorrected(publication uuid, correction uuid) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM deliveries d
        WHERE d.publication_id = publication
          AND d.state NOT IN ('pending', 'prepared', 'throttled', 'auth_required', 'rejected', 'withdrawn')
          AND NOT EXISTS (
            SELECT FROM deliveries c
            WHERE c.publication_id = correction AND c.channel_id = d.channel_id AND c.state = 'published')
          AND NOT EXISTS (
            SELECT FROM tasks t
            WHERE t.delivery_id = d.id AND t.kind = 'correction_by_hand' AND t.state = 'done'
              AND t.evidence_url IS NOT NULL)
    )
$$;
--;;
-- A take-down is over when every channel of it is: all withdrawn, or none without the correction.
CREATE FUNCTION guard_takedown() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a take-down is kept' USING ERRCODE = 'check_violation', CONSTRAINT = 'takedown_is_kept';
    END IF;
    IF TG_OP = 'UPDATE' AND ((NEW.id, NEW.publication_id, NEW.kind, NEW.reason, NEW.opened_by, NEW.opened_at) IS DISTINCT FROM
       (OLD.id, OLD.publication_id, OLD.kind, OLD.reason, OLD.opened_by, OLD.opened_at) OR OLD.closed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a take-down only closes' USING ERRCODE = 'check_violation', CONSTRAINT = 'takedown_only_closes';
    END IF;
    IF NEW.kind = 'correction' AND NOT EXISTS (
        SELECT FROM publications WHERE id = NEW.correction_id AND corrects_id = NEW.publication_id
    ) THEN
        RAISE EXCEPTION 'a correction takes down what it corrects'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'takedown_by_its_correction';
    END IF;
    IF NEW.closed_at IS NOT NULL AND (
        NEW.kind = 'withdrawal' AND EXISTS (
            SELECT FROM deliveries WHERE publication_id = NEW.publication_id AND state <> 'withdrawn')
        OR NEW.kind = 'correction' AND stands_uncorrected(NEW.publication_id, NEW.correction_id)
    ) THEN
        RAISE EXCEPTION 'a take-down closes when each channel is confirmed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_when_confirmed';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER closed_when_confirmed BEFORE INSERT OR UPDATE OR DELETE ON takedowns
    FOR EACH ROW EXECUTE FUNCTION guard_takedown();
