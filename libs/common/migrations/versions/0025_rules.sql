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
