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
-- A row that must never change: not even its writer, not even the owner by accident.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
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
-- The firewall: what was ever criticism, opinion or complaint can never be a legal-risk case. The lock on the
-- content's id makes a label and a case that arrive together see each other.
CREATE FUNCTION guard_legal_risk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('label:' || NEW.content_id, 0));
    IF NEW.state <> 'released' AND EXISTS (
        SELECT FROM label_history
        WHERE content_id = NEW.content_id
          AND (kind IN ('criticism', 'opinion', 'complaint') OR from_kind IN ('criticism', 'opinion', 'complaint'))
    ) THEN
        RAISE EXCEPTION 'content % was labelled criticism, opinion or complaint: it is feedback', NEW.content_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'criticism_is_feedback';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER criticism_is_feedback BEFORE INSERT OR UPDATE ON legal_risk_cases
    FOR EACH ROW EXECUTE FUNCTION guard_legal_risk();
--;;
CREATE FUNCTION release_legal_risk() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE FUNCTION guard_approval() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    publication publications%ROWTYPE;
BEGIN
    SELECT * INTO publication FROM publications WHERE id = NEW.publication_id FOR UPDATE;
    IF publication.state <> 'in_review' OR publication.revision <> NEW.revision
       OR publication.content_hash <> NEW.content_hash THEN
        RAISE EXCEPTION 'approval does not fit the publication as it is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_fits_revision';
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
CREATE FUNCTION is_approved(publication publications) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT count(DISTINCT a.approver_id) >= CASE publication.kind WHEN 'correction' THEN 2 ELSE 1 END
    FROM approvals a
    WHERE a.publication_id = publication.id AND a.revision = publication.revision
      AND a.content_hash = publication.content_hash
$$;
--;;
-- A publication is past review only with its approvals, and after approval its words cannot change without a
-- new revision in draft.
CREATE FUNCTION guard_publication() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.state NOT IN ('draft') THEN
        RAISE EXCEPTION 'a publication begins as a draft'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'begins_as_draft';
    END IF;
    IF NEW.state IN ('approved', 'scheduled', 'publishing', 'published', 'partly_published', 'failed', 'corrected')
       AND NOT is_approved(NEW) THEN
        RAISE EXCEPTION 'publication % has not been approved by a second person', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'two_people';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.revision = OLD.revision AND OLD.state <> 'draft' AND (
        (NEW.title, NEW.summary, NEW.body, NEW.content_hash, NEW.unit_id, NEW.kind)
        IS DISTINCT FROM (OLD.title, OLD.summary, OLD.body, OLD.content_hash, OLD.unit_id, OLD.kind)
    ) THEN
        RAISE EXCEPTION 'an edit makes a new revision'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'edit_is_a_revision';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER two_people BEFORE INSERT OR UPDATE ON publications
    FOR EACH ROW EXECUTE FUNCTION guard_publication();
--;;
-- Nothing is armed or sent for a publication that is not approved as it stands.
CREATE FUNCTION guard_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    publication publications%ROWTYPE;
BEGIN
    IF NEW.state IN ('armed', 'committed') THEN
        SELECT * INTO publication FROM publications WHERE id = NEW.publication_id;
        IF publication.revision <> NEW.revision OR NOT is_approved(publication) THEN
            RAISE EXCEPTION 'delivery % is not of an approved revision', NEW.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'delivers_what_was_approved';
        END IF;
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER delivers_what_was_approved BEFORE INSERT OR UPDATE ON deliveries
    FOR EACH ROW EXECUTE FUNCTION guard_delivery();
