-- Whether a pause holds back what answers a comment: that of its publication; of a message to the account, which is under
-- none, that of the channel's unit.
CREATE FUNCTION is_reply_paused(comment uuid) RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    publication publications%ROWTYPE;
BEGIN
    SELECT p.* INTO publication FROM comments c
        JOIN deliveries d ON d.id = c.delivery_id JOIN publications p ON p.id = d.publication_id
        WHERE c.id = comment;
    IF NOT FOUND THEN
        publication.is_urgent := false;
        SELECT h.unit_id INTO publication.unit_id FROM comments c JOIN channels h ON h.id = c.channel_id
            WHERE c.id = comment;
    END IF;
    RETURN is_paused(publication);
END $$;
--;;
-- A reply leaves at most once: what was armed and not heard of is looked for, and never goes back to where it is sent
-- from. Only from `armed` it does, where the platform certainly took nothing.
CREATE OR REPLACE FUNCTION guard_reply() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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
        IF is_reply_paused(NEW.comment_id) THEN
            RAISE EXCEPTION 'nothing leaves while a pause lasts'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'replied_when_not_paused';
        END IF;
    END IF;
    RETURN NEW;
END $$;
--;;
-- Readers' answers that stand below a comment, at any depth: platforms take them out of sight with it. What the page
-- itself said is walked through, and is none of them; UNION ends a circle.
CREATE FUNCTION answers_below(comment uuid) RETURNS SETOF uuid LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    WITH RECURSIVE below AS (
        SELECT id, channel_id, digest, is_ours, state FROM comments WHERE id = comment
        UNION
        SELECT c.id, c.channel_id, c.digest, c.is_ours, c.state
        FROM below b JOIN comments c ON c.channel_id = b.channel_id AND c.parent_digest = b.digest
    )
    SELECT id FROM below WHERE id <> comment AND NOT is_ours AND state <> 'removed'
$$;
--;;
-- Whether hiding it would hide what is never hidden: its own words, or an answer below it.
CREATE FUNCTION is_protected_thread(comment uuid) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT is_protected_comment(comment)
        OR EXISTS (SELECT FROM answers_below(comment) below WHERE is_protected_comment(below))
$$;
--;;
-- Whether it is known of each answer below it what it is.
CREATE FUNCTION is_labelled_below(comment uuid) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM answers_below(comment) below WHERE NOT is_labelled_comment(below))
$$;
--;;
-- A label of these words, or of an answer below them, that is just being written is waited for. In the order of their
-- ids, so that two hidings of one thread do not wait for each other; of a flood the first 500, as locks are few, and
-- what is labelled meanwhile among the others is shown again.
CREATE FUNCTION lock_labels_of_thread(comment uuid) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    content uuid;
BEGIN
    FOR content IN
        SELECT DISTINCT content_of_comment(one) AS id
        FROM (SELECT comment AS one UNION ALL SELECT * FROM answers_below(comment)) thread
        WHERE content_of_comment(one) IS NOT NULL
        ORDER BY id LIMIT 500
    LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended('label:' || content, 0));
    END LOOP;
END $$;
--;;
-- The line: what was ever criticism, opinion or complaint is never hidden, nor what stands above it. The lock on the
-- content's id makes a label and a hiding that arrive together see each other; what is labelled, or arrives, later is
-- shown again by the service.
CREATE OR REPLACE FUNCTION guard_hiding() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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
    PERFORM lock_labels_of_thread(NEW.comment_id);
    IF is_protected_comment(NEW.comment_id) THEN
        RAISE EXCEPTION 'comment % is, or was, criticism, opinion or complaint: it is answered, never hidden', NEW.comment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'criticism_is_never_hidden';
    END IF;
    IF NOT is_labelled_comment(NEW.comment_id) THEN
        RAISE EXCEPTION 'comment % has no label yet: nobody knows whether it is criticism', NEW.comment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hidden_after_its_label';
    END IF;
    IF is_protected_thread(NEW.comment_id) THEN
        RAISE EXCEPTION 'below comment % stands criticism, opinion or complaint, which would be hidden with it', NEW.comment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'criticism_below_is_never_hidden';
    END IF;
    IF NOT is_labelled_below(NEW.comment_id) THEN
        RAISE EXCEPTION 'below comment % stands an answer without a label: nobody knows whether it is criticism', NEW.comment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hidden_after_labels_below';
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
