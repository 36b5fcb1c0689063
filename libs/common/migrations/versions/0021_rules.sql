-- The content that a comment became where intake took it over (services/ingest/domain.py, item_hash, makes the same
-- key; a test holds both together).
CREATE FUNCTION content_of_comment(comment uuid) RETURNS uuid LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT k.content_id
    FROM comments c
    JOIN content_keys k
        ON k.url_hash = sha256('\x6974656d00'::bytea || uuid_send(c.channel_id) || convert_to(c.id::text, 'UTF8'))
    WHERE c.id = comment
$$;
--;;
-- Criticism, opinion and complaint, over everything that was ever said of the words: by a label, a case or a move of
-- either; and whatever an officer made a case of.
CREATE FUNCTION is_protected_comment(comment uuid) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM comment_cases WHERE comment_id = comment)
        OR EXISTS (
            SELECT FROM label_history
            WHERE content_id = content_of_comment(comment)
              AND (kind IN ('criticism', 'opinion', 'complaint') OR from_kind IN ('criticism', 'opinion', 'complaint')))
        OR EXISTS (
            SELECT FROM annotations
            WHERE content_id = content_of_comment(comment) AND kind IN ('criticism', 'opinion', 'complaint'))
        OR EXISTS (
            SELECT FROM feedback_cases f
            WHERE f.content_id = content_of_comment(comment)
              AND (f.kind IN ('criticism', 'opinion', 'complaint')
                OR EXISTS (SELECT FROM case_relabellings r WHERE r.case_id = f.id
                           AND (r.from_kind IN ('criticism', 'opinion', 'complaint')
                             OR r.to_kind IN ('criticism', 'opinion', 'complaint')))))
$$;
--;;
-- Whether its words, as they are stored now, were labelled: before that nobody knows whether they are criticism.
CREATE FUNCTION is_labelled_comment(comment uuid) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM annotations a
        JOIN contents c ON c.id = a.content_id AND c.revision = a.content_revision
        WHERE a.content_id = content_of_comment(comment))
$$;
--;;
-- Whether a person answers, at that instant, for the page that a comment stands on.
CREATE FUNCTION answers_for(person uuid, comment uuid, moment timestamptz) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM comments c
        JOIN channels h ON h.id = c.channel_id
        JOIN role_grants g ON g.unit_id = h.unit_id
        JOIN people p ON p.id = g.person_id
        WHERE c.id = comment AND g.person_id = person AND p.is_active
          AND g.role IN ('feedback_officer', 'spokesperson')
          AND g.valid_from <= moment AND (g.valid_to IS NULL OR g.valid_to > moment))
$$;
--;;
-- A reply leaves at most once: what was armed and not heard of is looked for, and never goes back to where it is sent
-- from. Only from `armed` it does, where the platform certainly took nothing.
CREATE FUNCTION guard_reply() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    publication publications%ROWTYPE;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a reply is kept' USING ERRCODE = 'check_violation', CONSTRAINT = 'reply_is_kept';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'prepared' OR NEW.armed_at IS NOT NULL OR NEW.platform_id IS NOT NULL THEN
            RAISE EXCEPTION 'a reply begins as prepared' USING ERRCODE = 'check_violation', CONSTRAINT = 'begins_prepared';
        END IF;
        IF NOT answers_for(NEW.replied_by, NEW.comment_id, NEW.created_at) THEN
            RAISE EXCEPTION 'an officer or spokesperson of the unit answers for its page'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'answered_by_an_officer';
        END IF;
    ELSE
        IF (NEW.id, NEW.comment_id, NEW.body, NEW.replied_by, NEW.created_at, NEW.template_id, NEW.template_version)
           IS DISTINCT FROM
           (OLD.id, OLD.comment_id, OLD.body, OLD.replied_by, OLD.created_at, OLD.template_id, OLD.template_version) THEN
            RAISE EXCEPTION 'a reply stays what its officer wrote'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'reply_stands';
        END IF;
        IF NEW.state <> OLD.state AND NOT (
            OLD.state = 'prepared' AND NEW.state IN ('armed', 'rejected', 'cancelled')
            OR OLD.state = 'armed' AND NEW.state IN ('prepared', 'committed', 'unknown', 'confirmed', 'manual', 'rejected')
            OR OLD.state IN ('committed', 'unknown') AND NEW.state IN ('unknown', 'confirmed', 'manual')
            OR OLD.state = 'manual' AND NEW.state IN ('confirmed', 'rejected')
        ) THEN
            RAISE EXCEPTION 'a reply cannot go from % to %', OLD.state, NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'replied_once';
        END IF;
        IF OLD.state = 'manual' AND NEW.state <> 'manual' AND NEW.told_by IS NULL THEN
            RAISE EXCEPTION 'what no machine could tell a person says'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'told_by_a_person';
        END IF;
    END IF;
    IF TG_OP = 'INSERT' OR (NEW.state = 'armed' AND OLD.state <> 'armed') THEN
        IF NOT EXISTS (
            SELECT FROM comments c JOIN reply_addresses a ON a.comment_id = c.id
            WHERE c.id = NEW.comment_id AND NOT c.is_ours AND c.state <> 'removed' AND a.expires_at > NEW.updated_at
        ) THEN
            RAISE EXCEPTION 'only a comment of a reader that still stands is answered, and in time'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'answered_in_time';
        END IF;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.state = 'armed' AND OLD.state <> 'armed' THEN
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('pauses', 0));
        SELECT p.* INTO publication FROM comments c
            JOIN deliveries d ON d.id = c.delivery_id JOIN publications p ON p.id = d.publication_id
            WHERE c.id = NEW.comment_id;
        IF is_paused(publication) THEN
            RAISE EXCEPTION 'nothing leaves while a pause lasts'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'replied_when_not_paused';
        END IF;
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER replied_once BEFORE INSERT OR UPDATE OR DELETE ON comment_replies
    FOR EACH ROW EXECUTE FUNCTION guard_reply();
--;;
-- The line: what was ever criticism, opinion or complaint is never hidden. The lock on the content's id makes a label
-- and a hiding that arrive together see each other; what is labelled later is shown again by the service.
CREATE FUNCTION guard_hiding() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    content uuid;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a hiding is kept' USING ERRCODE = 'check_violation', CONSTRAINT = 'hiding_is_kept';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.state <> 'to_hide' THEN
        RAISE EXCEPTION 'a hiding begins by being asked for'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'begins_asked_for';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.id, NEW.comment_id, NEW.rule_id, NEW.reason, NEW.hidden_by, NEW.asked_at) IS DISTINCT FROM
           (OLD.id, OLD.comment_id, OLD.rule_id, OLD.reason, OLD.hidden_by, OLD.asked_at)
           OR (OLD.hidden_at IS NOT NULL AND NEW.hidden_at IS DISTINCT FROM OLD.hidden_at) THEN
            RAISE EXCEPTION 'by which rule and why a comment was hidden stands'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'hiding_stands';
        END IF;
        IF NEW.state <> OLD.state AND NOT (
            OLD.state = 'to_hide' AND NEW.state IN ('armed', 'to_show', 'shown', 'failed')
            OR OLD.state = 'armed' AND NEW.state IN ('to_hide', 'hidden', 'to_show', 'failed')
            OR OLD.state = 'hidden' AND NEW.state = 'to_show'
            OR OLD.state = 'to_show' AND NEW.state = 'shown'
        ) THEN
            RAISE EXCEPTION 'a hiding cannot go from % to %', OLD.state, NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'hidden_by_steps';
        END IF;
    END IF;
    -- Asked for, and about to be done: each doing counts as an attempt.
    IF TG_OP = 'UPDATE' AND NOT (NEW.state = 'armed' AND (OLD.state <> 'armed' OR NEW.attempts > OLD.attempts)) THEN
        RETURN NEW;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a hiding is written in read committed, where it sees labels that came meanwhile'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'criticism_is_never_hidden';
    END IF;
    content := content_of_comment(NEW.comment_id);
    IF content IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('label:' || content, 0));
    END IF;
    IF is_protected_comment(NEW.comment_id) THEN
        RAISE EXCEPTION 'comment % is, or was, criticism, opinion or complaint: it is answered, never hidden', NEW.comment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'criticism_is_never_hidden';
    END IF;
    IF NOT is_labelled_comment(NEW.comment_id) THEN
        RAISE EXCEPTION 'comment % has no label yet: nobody knows whether it is criticism', NEW.comment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hidden_after_its_label';
    END IF;
    IF NOT answers_for(NEW.hidden_by, NEW.comment_id, NEW.asked_at) THEN
        RAISE EXCEPTION 'an officer or spokesperson of the unit answers for its page'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hidden_by_an_officer';
    END IF;
    IF NOT EXISTS (
        SELECT FROM comments c
        JOIN channels h ON h.id = c.channel_id
        JOIN house_rules r ON r.id = NEW.rule_id
        JOIN organization_units u ON u.id = r.unit_id
        WHERE c.id = NEW.comment_id AND NOT c.is_ours AND c.state <> 'removed'
          AND (r.unit_id = h.unit_id OR u.kind = 'city')
          AND r.in_force_at <= NEW.asked_at AND (r.retired_at IS NULL OR r.retired_at > NEW.asked_at)
    ) THEN
        RAISE EXCEPTION 'a comment of a reader is hidden by a written rule in force'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hidden_by_a_rule';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER criticism_is_never_hidden BEFORE INSERT OR UPDATE OR DELETE ON comment_hidings
    FOR EACH ROW EXECUTE FUNCTION guard_hiding();
--;;
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON comment_hidings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--;;
-- A rule is read by those whose comment it hid: its words stand, it only comes into force and is retired.
CREATE FUNCTION guard_house_rule() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.in_force_at IS NOT NULL THEN
        RAISE EXCEPTION 'a rule that was in force is kept'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'house_rule_is_kept';
    END IF;
    IF TG_OP = 'UPDATE' AND ((NEW.id, NEW.unit_id, NEW.ground, NEW.title, NEW.body, NEW.written_by, NEW.written_at)
       IS DISTINCT FROM
       (OLD.id, OLD.unit_id, OLD.ground, OLD.title, OLD.body, OLD.written_by, OLD.written_at)
       OR (OLD.in_force_at IS NOT NULL AND (NEW.in_force_at, NEW.in_force_by) IS DISTINCT FROM (OLD.in_force_at, OLD.in_force_by))
       OR (OLD.retired_at IS NOT NULL AND NEW.retired_at IS DISTINCT FROM OLD.retired_at)) THEN
        RAISE EXCEPTION 'a rule stands as it was written; another one takes its place'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'house_rule_stands';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.in_force_at IS NOT NULL THEN
        RAISE EXCEPTION 'a rule is written first, and put in force by somebody else'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'house_rule_by_two';
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.in_force_at IS NULL AND NEW.in_force_at IS NOT NULL
       AND NOT speaks(NEW.in_force_by, NEW.unit_id, NEW.in_force_at) THEN
        RAISE EXCEPTION 'a spokesperson of the unit puts a rule in force'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'house_rule_by_spokesperson';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
--;;
CREATE TRIGGER house_rule_stands BEFORE INSERT OR UPDATE OR DELETE ON house_rules
    FOR EACH ROW EXECUTE FUNCTION guard_house_rule();
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON reply_template_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
--;;
-- A consultation asks everybody the same from its first answer to its last: nothing of it changes once it was opened, by
-- another spokesperson than its writer, and what changed by it is said once.
CREATE FUNCTION guard_consultation() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.opened_at IS NOT NULL THEN
            RAISE EXCEPTION 'a consultation that was opened is kept'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'consultation_is_kept';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.opened_at IS NOT NULL THEN
            RAISE EXCEPTION 'a consultation is written first, and opened by somebody else'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'consultation_by_two';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.opened_at IS NULL AND NEW.opened_at IS NOT NULL AND (
        NOT speaks(NEW.opened_by, NEW.unit_id, NEW.opened_at)
        OR (SELECT count(*) FROM consultation_options WHERE consultation_id = NEW.id) < 2
    ) THEN
        RAISE EXCEPTION 'a spokesperson of the unit opens a consultation that has options to choose from'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'consultation_by_spokesperson';
    END IF;
    IF OLD.opened_at IS NOT NULL AND (
        NEW.id, NEW.unit_id, NEW.slug, NEW.question, NEW.body, NEW.opens_at, NEW.closes_at, NEW.written_by,
        NEW.written_at, NEW.opened_by, NEW.opened_at
    ) IS DISTINCT FROM (
        OLD.id, OLD.unit_id, OLD.slug, OLD.question, OLD.body, OLD.opens_at, OLD.closes_at, OLD.written_by,
        OLD.written_at, OLD.opened_by, OLD.opened_at
    ) OR (OLD.what_changed IS NOT NULL AND (NEW.what_changed, NEW.changed_by, NEW.changed_at)
        IS DISTINCT FROM (OLD.what_changed, OLD.changed_by, OLD.changed_at))
      OR (OLD.closed_at IS NOT NULL AND NEW.closed_at IS DISTINCT FROM OLD.closed_at) THEN
        RAISE EXCEPTION 'what was asked, and what changed by it, stands'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'consultation_stands';
    END IF;
    IF NEW.what_changed IS NOT NULL AND NEW.opened_at IS NULL THEN
        RAISE EXCEPTION 'nothing changed by what was never asked'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'changed_by_what_was_asked';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER consultation_stands BEFORE INSERT OR UPDATE OR DELETE ON consultations
    FOR EACH ROW EXECUTE FUNCTION guard_consultation();
--;;
-- Options change until the consultation is opened; from then on each only counts one more.
CREATE FUNCTION guard_option() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    is_open boolean;
BEGIN
    SELECT opened_at IS NOT NULL INTO is_open FROM consultations
        WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.consultation_id ELSE NEW.consultation_id END;
    IF TG_OP = 'INSERT' AND (is_open OR NEW.answers <> 0) OR TG_OP = 'DELETE' AND is_open
       OR TG_OP = 'UPDATE' AND (NOT is_open OR NEW.answers <> OLD.answers + 1
          OR (NEW.consultation_id, NEW.position, NEW.label) IS DISTINCT FROM (OLD.consultation_id, OLD.position, OLD.label)) THEN
        RAISE EXCEPTION 'an option of an open consultation only counts one more'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'option_counts';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
--;;
CREATE TRIGGER option_counts BEFORE INSERT OR UPDATE OR DELETE ON consultation_options
    FOR EACH ROW EXECUTE FUNCTION guard_option();
