-- Vietnamese search with and without marks. No ICU: the embedded build has none.
CREATE EXTENSION IF NOT EXISTS unaccent;
--;;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
--;;
CREATE FUNCTION f_unaccent(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN replace(public.unaccent('public.unaccent'::regdictionary, lower(value)), 'đ', 'd');
--;;
CREATE TEXT SEARCH CONFIGURATION vi_simple (COPY = simple);
--;;
ALTER TEXT SEARCH CONFIGURATION vi_simple ALTER MAPPING FOR hword, hword_part, word WITH unaccent, simple;
--;;
-- Every guard below names its search path, so that a temporary table of its caller cannot stand in for a real one.
--
-- A row that must never change: not even its writer, not even the owner by accident.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON label_history FOR EACH ROW EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON approvals FOR EACH ROW EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON publication_revisions FOR EACH ROW EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON snapshots FOR EACH ROW EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON label_history FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON approvals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON publication_revisions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON snapshots FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--;;
-- Each service writes its own chain of the audit log; only the owner (operators' commands) names another.
CREATE FUNCTION guard_audit() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF current_user IN ('lantoa_ingest', 'lantoa_classify', 'lantoa_publish', 'lantoa_reports')
       AND current_user <> 'lantoa_' || NEW.service THEN
        RAISE EXCEPTION '% may not write the audit log of %', current_user, NEW.service
            USING ERRCODE = 'check_violation', CONSTRAINT = 'own_audit_chain';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER own_audit_chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION guard_audit();
--;;
-- What a label moves away from is what the history says, not what its writer says; the CHECK on two people then
-- judges the true move.
CREATE FUNCTION guard_label() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('label:' || NEW.content_id, 0));
    NEW.from_kind := coalesce(
        (SELECT kind FROM label_history WHERE content_id = NEW.content_id ORDER BY labelled_at DESC, id DESC LIMIT 1),
        NEW.from_kind);
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER says_what_it_was BEFORE INSERT ON label_history FOR EACH ROW EXECUTE FUNCTION guard_label();
--;;
-- The firewall: what was ever criticism, opinion or complaint can never be a legal-risk case. The lock on the
-- content's id makes a label and a case that arrive together see each other, as long as each statement looks anew.
CREATE FUNCTION guard_legal_risk() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a legal-risk case is written in read committed, where it sees labels that came meanwhile'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'criticism_is_feedback';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('label:' || NEW.content_id, 0));
    IF NEW.state <> 'released' AND EXISTS (
        SELECT FROM label_history
        WHERE content_id = NEW.content_id
          AND (kind IN ('criticism', 'opinion', 'complaint') OR from_kind IN ('criticism', 'opinion', 'complaint'))
    ) THEN
        RAISE EXCEPTION 'content % was labelled criticism, opinion or complaint: it is feedback', NEW.content_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'criticism_is_feedback';
    END IF;
    IF NEW.risk_class = 'false_emergency' AND (TG_OP = 'INSERT' OR NEW.claim_id IS DISTINCT FROM OLD.claim_id
       OR NEW.risk_class <> OLD.risk_class) AND NOT EXISTS (
        SELECT FROM claims WHERE id = NEW.claim_id AND state = 'published' AND verdict IN ('tin_gia', 'tin_sai_su_that')
    ) THEN
        RAISE EXCEPTION 'false information needs a claim whose verdict has been published'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'claim_is_published';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER criticism_is_feedback BEFORE INSERT OR UPDATE ON legal_risk_cases
    FOR EACH ROW EXECUTE FUNCTION guard_legal_risk();
--;;
CREATE FUNCTION release_legal_risk() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.kind IN ('criticism', 'opinion', 'complaint') THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('label:' || NEW.content_id, 0));
        UPDATE legal_risk_cases SET state = 'released' WHERE content_id = NEW.content_id AND state <> 'released';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER release_legal_risk AFTER INSERT ON label_history FOR EACH ROW EXECUTE FUNCTION release_legal_risk();
--;;
-- Two people. An approval counts only from a current spokesperson of the unit who touched none of the revision,
-- and only for the hash the publication has now.
CREATE FUNCTION guard_approval() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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
    IF NEW.approver_id = publication.created_by OR EXISTS (
        SELECT FROM publication_revisions
        WHERE publication_id = NEW.publication_id AND edited_by = NEW.approver_id
    ) THEN
        RAISE EXCEPTION 'an approver may not have touched the publication'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_by_another';
    END IF;
    IF NOT EXISTS (
        SELECT FROM role_grants g JOIN people p ON p.id = g.person_id
        WHERE g.person_id = NEW.approver_id AND g.role = 'spokesperson' AND g.unit_id = publication.unit_id
          AND p.is_active AND g.valid_from <= NEW.approved_at
          AND (g.valid_to IS NULL OR g.valid_to > NEW.approved_at)
    ) THEN
        RAISE EXCEPTION 'an approver must be a current spokesperson of the unit'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_by_spokesperson';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER two_people BEFORE INSERT ON approvals FOR EACH ROW EXECUTE FUNCTION guard_approval();
--;;
CREATE FUNCTION is_approved(publication publications) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT count(DISTINCT a.approver_id) >= CASE publication.kind WHEN 'correction' THEN 2 ELSE 1 END
    FROM approvals a
    WHERE a.publication_id = publication.id AND a.revision = publication.revision
      AND a.content_hash = publication.content_hash
$$;
--;;
-- A publication is past review only with its approvals. Whatever an approval binds changes only with the next
-- revision, in draft; what was withdrawn stays down, and what went out is never a draft again.
CREATE FUNCTION guard_publication() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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
    IF NEW.revision < OLD.revision OR (NEW.revision = OLD.revision AND (
        NEW.title, NEW.summary, NEW.body, NEW.content_hash, NEW.unit_id, NEW.kind, NEW.slug, NEW.language,
        NEW.affects_rights, NEW.source_note, NEW.ai_label, NEW.scheduled_at
    ) IS DISTINCT FROM (
        OLD.title, OLD.summary, OLD.body, OLD.content_hash, OLD.unit_id, OLD.kind, OLD.slug, OLD.language,
        OLD.affects_rights, OLD.source_note, OLD.ai_label, OLD.scheduled_at
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
            AND OLD.state IN ('publishing', 'published', 'partly_published', 'corrected'))
    ) THEN
        RAISE EXCEPTION 'a publication cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'what_went_out_stays';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER two_people BEFORE INSERT OR UPDATE ON publications
    FOR EACH ROW EXECUTE FUNCTION guard_publication();
--;;
-- What a channel will carry is part of the revision: once it is recorded who made the revision, it stands.
CREATE FUNCTION guard_variant() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    touched uuid[] := CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.publication_id] WHEN 'DELETE' THEN ARRAY[OLD.publication_id]
        ELSE ARRAY[OLD.publication_id, NEW.publication_id] END;
BEGIN
    IF EXISTS (
        SELECT FROM publications p JOIN publication_revisions r ON r.publication_id = p.id AND r.revision = p.revision
        WHERE p.id = ANY (touched)
    ) THEN
        RAISE EXCEPTION 'a change of what a channel carries is a new revision'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'edit_is_a_revision';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
--;;
CREATE TRIGGER edit_is_a_revision BEFORE INSERT OR UPDATE OR DELETE ON variants
    FOR EACH ROW EXECUTE FUNCTION guard_variant();
--;;
-- A delivery carries what was approved, where it was approved to go, not before its time; and the record of what was
-- sent is kept, so that nothing can be sent a second time.
CREATE FUNCTION guard_delivery() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    publication publications%ROWTYPE;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state NOT IN ('pending', 'prepared', 'throttled', 'auth_required', 'rejected') THEN
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
    IF NEW.state = 'armed' AND (
        publication.state NOT IN ('approved', 'scheduled', 'publishing', 'partly_published', 'failed')
        OR NEW.updated_at < publication.scheduled_at
    ) THEN
        RAISE EXCEPTION 'delivery % is withdrawn or not yet due', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'delivers_when_due';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER delivers_what_was_approved BEFORE INSERT OR UPDATE OR DELETE ON deliveries
    FOR EACH ROW EXECUTE FUNCTION guard_delivery();
--;;
-- Whoever owns the table (the migrate job, an operator) begins an installation with people and grants that nobody in it
-- could have given; every service is held to the rules below.
CREATE FUNCTION writes_as_owner(tablename regclass) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = tablename
$$;
--;;
-- A token names a person by `subject`: a row that changed it would hand that person's roles to somebody else.
CREATE FUNCTION guard_person() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF writes_as_owner(TG_RELID) THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a person is not deleted, only made inactive'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'person_is_kept';
    END IF;
    IF (NEW.id, NEW.subject, NEW.created_at) IS DISTINCT FROM (OLD.id, OLD.subject, OLD.created_at) THEN
        RAISE EXCEPTION 'whom a token names does not change'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'subject_stays';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER person_is_kept BEFORE UPDATE OR DELETE ON people FOR EACH ROW EXECUTE FUNCTION guard_person();
--;;
-- A role is given by another person, who is an admin of the very unit at that instant; it ends once, and never grows.
-- The giver's own grant is locked, so that who is being dismissed cannot give one more role meanwhile.
CREATE FUNCTION guard_grant() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF writes_as_owner(TG_RELID) THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a grant is not deleted, only ended'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_is_kept';
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a grant is written in read committed, where it sees what came meanwhile'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'granted_by_an_admin';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.id, NEW.person_id, NEW.role, NEW.unit_id, NEW.valid_from, NEW.granted_by, NEW.granted_at, NEW.reason)
           IS DISTINCT FROM
           (OLD.id, OLD.person_id, OLD.role, OLD.unit_id, OLD.valid_from, OLD.granted_by, OLD.granted_at, OLD.reason)
           OR NEW.valid_to IS NULL OR NEW.revoked_by IS NULL OR NEW.valid_to > OLD.valid_to THEN
            RAISE EXCEPTION 'a grant changes only by ending sooner, and it is recorded who ended it'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_only_ends';
        END IF;
        RETURN NEW;
    END IF;
    PERFORM FROM role_grants g JOIN people p ON p.id = g.person_id
        WHERE g.person_id = NEW.granted_by AND g.role = 'admin' AND g.unit_id = NEW.unit_id AND p.is_active
          AND g.valid_from <= NEW.granted_at AND (g.valid_to IS NULL OR g.valid_to > NEW.granted_at)
        FOR SHARE OF g;
    IF NOT FOUND OR NEW.granted_by = NEW.person_id THEN
        RAISE EXCEPTION 'a role is granted by an admin of the unit, who is another person'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'granted_by_an_admin';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('grant:' || NEW.person_id || NEW.unit_id || NEW.role, 0));
    IF EXISTS (
        SELECT FROM role_grants g
        WHERE g.person_id = NEW.person_id AND g.role = NEW.role AND g.unit_id = NEW.unit_id
          AND (g.valid_to IS NULL OR g.valid_to > NEW.valid_from) AND (NEW.valid_to IS NULL OR g.valid_from < NEW.valid_to)
          AND g.valid_to IS DISTINCT FROM g.valid_from
    ) THEN
        RAISE EXCEPTION 'the person holds this role in this unit within those dates: revoking one would leave the other'
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'granted_once';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER granted_by_an_admin BEFORE INSERT OR UPDATE OR DELETE ON role_grants
    FOR EACH ROW EXECUTE FUNCTION guard_grant();
--;;
-- An exclusion constraint would need btree_gist, which not every installation has.
CREATE FUNCTION guard_roster() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a shift is written in read committed, where it sees those that came meanwhile'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'one_shift_at_a_time';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('roster:' || NEW.person_id || NEW.unit_id || NEW.role, 0));
    IF EXISTS (
        SELECT FROM duty_rosters d
        WHERE d.person_id = NEW.person_id AND d.unit_id = NEW.unit_id AND d.role = NEW.role AND d.id <> NEW.id
          AND d.starts_at < NEW.ends_at AND d.ends_at > NEW.starts_at
    ) THEN
        RAISE EXCEPTION 'the person is on duty in this role and unit already within those times'
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'one_shift_at_a_time';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER one_shift_at_a_time BEFORE INSERT OR UPDATE ON duty_rosters
    FOR EACH ROW EXECUTE FUNCTION guard_roster();
