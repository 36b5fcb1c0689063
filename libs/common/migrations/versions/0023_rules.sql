-- A drill and what is real never meet: a delivery (and what it would carry) joins a drill to an account on the sandbox,
-- or something real to a real account, and nothing else. Asked first (triggers go by name), whatever else is wrong.
CREATE FUNCTION guard_drill_channel() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM publications p, channels c
        WHERE p.id = NEW.publication_id AND c.id = NEW.channel_id AND p.is_drill <> c.is_drill
    ) THEN
        RAISE EXCEPTION 'a drill stays in the sandbox, and nothing real goes there'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'drill_stays_in_the_sandbox';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER a_drill_stays_in_the_sandbox BEFORE INSERT OR UPDATE OF publication_id, channel_id ON deliveries
    FOR EACH ROW EXECUTE FUNCTION guard_drill_channel();
--;;
CREATE TRIGGER a_drill_stays_in_the_sandbox BEFORE INSERT OR UPDATE OF publication_id, channel_id ON variants
    FOR EACH ROW EXECUTE FUNCTION guard_drill_channel();
--;;
-- Nothing for readers or partners is made of a drill. (Mail, push and the press work from deliveries on channels of
-- their own, which a drill cannot have.)
CREATE FUNCTION guard_made_of_a_drill() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM publications WHERE id = NEW.publication_id AND is_drill) THEN
        RAISE EXCEPTION 'nothing for readers or partners is made of a drill'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_drill_is_for_nobody_outside';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER a_drill_is_for_nobody_outside BEFORE INSERT OR UPDATE OF publication_id ON bulletin_texts
    FOR EACH ROW EXECUTE FUNCTION guard_made_of_a_drill();
--;;
CREATE TRIGGER a_drill_is_for_nobody_outside BEFORE INSERT OR UPDATE OF publication_id ON partner_kits
    FOR EACH ROW EXECUTE FUNCTION guard_made_of_a_drill();
--;;
CREATE TRIGGER a_drill_is_for_nobody_outside BEFORE INSERT OR UPDATE OF publication_id ON short_links
    FOR EACH ROW EXECUTE FUNCTION guard_made_of_a_drill();
--;;
-- What is a drill stays one, and what is real stays real.
CREATE FUNCTION refuse_unmarking() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.is_drill <> OLD.is_drill THEN
        RAISE EXCEPTION 'a drill is one from the beginning and stays one'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'drill_for_ever';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER drill_for_ever BEFORE UPDATE ON publications FOR EACH ROW EXECUTE FUNCTION refuse_unmarking();
--;;
CREATE TRIGGER drill_for_ever BEFORE UPDATE ON situations FOR EACH ROW EXECUTE FUNCTION refuse_unmarking();
--;;
CREATE TRIGGER drill_for_ever BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION refuse_unmarking();
--;;
CREATE TRIGGER drill_for_ever BEFORE UPDATE ON channels FOR EACH ROW EXECUTE FUNCTION refuse_unmarking();
--;;
-- An account on the sandbox cannot be turned to a real platform.
CREATE FUNCTION guard_drill_account() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.kind, NEW.settings) IS DISTINCT FROM (OLD.kind, OLD.settings) THEN
        RAISE EXCEPTION 'an account of drills keeps its address'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'drill_account_stays';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER drill_account_stays BEFORE UPDATE ON channels
    FOR EACH ROW WHEN (OLD.is_drill) EXECUTE FUNCTION guard_drill_account();
--;;
CREATE FUNCTION guard_drill_correction() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM publications WHERE id = NEW.corrects_id AND is_drill <> NEW.is_drill) THEN
        RAISE EXCEPTION 'a drill is corrected by a drill'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'drill_corrects_a_drill';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER drill_corrects_a_drill BEFORE INSERT OR UPDATE OF corrects_id ON publications
    FOR EACH ROW WHEN (NEW.corrects_id IS NOT NULL) EXECUTE FUNCTION guard_drill_correction();
--;;
-- Whatever a drill leads to becomes a task that says so, whoever opens it.
CREATE FUNCTION mark_drill_task() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.is_drill := NEW.is_drill
            OR EXISTS (SELECT FROM situations WHERE id = NEW.situation_id AND is_drill)
            OR EXISTS (SELECT FROM publications WHERE id = NEW.publication_id AND is_drill)
            OR EXISTS (SELECT FROM channels WHERE id = NEW.channel_id AND is_drill)
            OR EXISTS (
                SELECT FROM deliveries d JOIN publications p ON p.id = d.publication_id
                WHERE d.id = NEW.delivery_id AND p.is_drill);
    END IF;
    IF NEW.is_drill AND NEW.title NOT LIKE 'DIỄN TẬP%' THEN
        NEW.title := 'DIỄN TẬP: ' || NEW.title;
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER drill_is_marked BEFORE INSERT OR UPDATE OF title ON tasks
    FOR EACH ROW EXECUTE FUNCTION mark_drill_task();
--;;
-- Other systems that subscribe to our events never hear of a drill.
CREATE FUNCTION guard_drill_event() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM publications WHERE id::text = NEW.payload ->> 'publication_id' AND is_drill) THEN
        RAISE EXCEPTION 'a drill is told to nobody outside'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'drill_makes_no_event';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER drill_makes_no_event BEFORE INSERT ON outbox
    FOR EACH ROW WHEN (NEW.payload ? 'publication_id') EXECUTE FUNCTION guard_drill_event();
--;;
CREATE FUNCTION guard_situation() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a situation is kept' USING ERRCODE = 'check_violation', CONSTRAINT = 'situation_is_kept';
    END IF;
    IF EXISTS (SELECT FROM publications WHERE id = NEW.publication_id AND is_drill <> NEW.is_drill) THEN
        RAISE EXCEPTION 'a drill says nothing real, and what is real is no drill'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'drill_says_a_drill';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.state <> 'open' OR TG_OP = 'UPDATE' AND (OLD.state = 'closed' OR (
        NEW.id, NEW.unit_id, NEW.playbook_id, NEW.playbook_version, NEW.title, NEW.publication_id, NEW.pause_id,
        NEW.alert_id, NEW.opened_by, NEW.opened_at
    ) IS DISTINCT FROM (
        OLD.id, OLD.unit_id, OLD.playbook_id, OLD.playbook_version, OLD.title, OLD.publication_id, OLD.pause_id,
        OLD.alert_id, OLD.opened_by, OLD.opened_at
    )) THEN
        RAISE EXCEPTION 'a situation begins open and only closes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'situation_only_closes';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER situation_only_closes BEFORE INSERT OR UPDATE OR DELETE ON situations
    FOR EACH ROW EXECUTE FUNCTION guard_situation();
--;;
CREATE FUNCTION guard_situation_entry() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    situation situations%ROWTYPE;
BEGIN
    SELECT * INTO situation FROM situations WHERE id = NEW.situation_id FOR SHARE;
    IF situation.state = 'closed' THEN
        RAISE EXCEPTION 'the timeline of a closed situation is complete'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_is_complete';
    END IF;
    IF NEW.kind = 'publication' AND EXISTS (
        SELECT FROM publications WHERE id = NEW.object_id AND is_drill <> situation.is_drill
    ) THEN
        RAISE EXCEPTION 'a drill says nothing real, and what is real is no drill'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'drill_says_a_drill';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER closed_is_complete BEFORE INSERT ON situation_entries
    FOR EACH ROW EXECUTE FUNCTION guard_situation_entry();
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON situation_entries FOR EACH ROW EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON situation_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--;;
-- What told of an activity is its own unit's, and no drill.
CREATE FUNCTION guard_agenda_event() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM publications WHERE id = NEW.publication_id AND unit_id = NEW.unit_id AND NOT is_drill
    ) THEN
        RAISE EXCEPTION 'an activity is told of by its own unit, and by no drill'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'told_by_its_unit';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER told_by_its_unit BEFORE INSERT OR UPDATE OF publication_id, unit_id ON agenda_events
    FOR EACH ROW WHEN (NEW.publication_id IS NOT NULL) EXECUTE FUNCTION guard_agenda_event();
