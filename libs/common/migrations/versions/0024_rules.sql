-- A unit speaks for itself. Its channels carry its own publications alone (the city's bulletin shows those of every
-- unit), whoever writes the row.
CREATE FUNCTION guard_channel_of_unit() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM channels c JOIN publications p ON p.id = NEW.publication_id
        WHERE c.id = NEW.channel_id AND c.unit_id <> p.unit_id AND c.kind <> 'own_site'
    ) THEN
        RAISE EXCEPTION 'a channel carries what its own unit says'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'channel_of_the_unit';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER channel_of_the_unit BEFORE INSERT OR UPDATE OF publication_id, channel_id ON variants
    FOR EACH ROW EXECUTE FUNCTION guard_channel_of_unit();
--;;
CREATE TRIGGER channel_of_the_unit BEFORE INSERT OR UPDATE OF publication_id, channel_id ON deliveries
    FOR EACH ROW EXECUTE FUNCTION guard_channel_of_unit();
--;;
-- Neither an account nor a message is handed to another unit: what one unit approved, no other says as its own.
CREATE FUNCTION guard_unit_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.unit_id <> OLD.unit_id AND NOT writes_as_owner(TG_RELID) THEN
        RAISE EXCEPTION '% keeps its unit', TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = 'unit_stays';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER unit_stays BEFORE UPDATE OF unit_id ON channels FOR EACH ROW EXECUTE FUNCTION guard_unit_stays();
--;;
CREATE TRIGGER unit_stays BEFORE UPDATE OF unit_id ON publications FOR EACH ROW EXECUTE FUNCTION guard_unit_stays();
--;;
-- What was offered stays as it was offered; only the unit ends it, and only before it is out.
CREATE FUNCTION guard_syndication() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'what was offered to a unit is kept'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'syndication_is_kept';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.declined_at IS NOT NULL OR NOT EXISTS (
            SELECT FROM publications d JOIN publications p ON p.id = NEW.publication_id
            WHERE d.id = NEW.draft_id AND d.unit_id = NEW.unit_id AND p.unit_id <> NEW.unit_id
              AND d.state = 'draft' AND p.revision = NEW.revision AND is_approved(p)
              AND p.state IN ('approved', 'scheduled', 'publishing', 'published', 'partly_published')
        ) THEN
            RAISE EXCEPTION 'an approved publication of one unit becomes a draft of another'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'syndicated_as_a_draft';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.declined_at IS NOT NULL
       OR (NEW.id, NEW.publication_id, NEW.revision, NEW.unit_id, NEW.draft_id, NEW.note, NEW.offered_by, NEW.offered_at)
          IS DISTINCT FROM
          (OLD.id, OLD.publication_id, OLD.revision, OLD.unit_id, OLD.draft_id, OLD.note, OLD.offered_by, OLD.offered_at)
    THEN
        RAISE EXCEPTION 'what was offered to a unit is kept as it was offered'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'syndication_is_kept';
    END IF;
    IF NEW.declined_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM role_grants g JOIN people p ON p.id = g.person_id
        WHERE g.person_id = NEW.declined_by AND g.unit_id = NEW.unit_id AND g.role IN ('editor', 'spokesperson')
          AND p.is_active AND g.valid_from <= NEW.declined_at AND (g.valid_to IS NULL OR g.valid_to > NEW.declined_at)
    ) THEN
        RAISE EXCEPTION 'only the unit itself declines'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'declined_by_the_unit';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER syndication_is_kept BEFORE INSERT OR UPDATE OR DELETE ON syndications
    FOR EACH ROW EXECUTE FUNCTION guard_syndication();
--;;
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON syndications FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--;;
-- A draft that came from another unit is approved by spokespersons of the unit whose name it will carry, urgent or not.
CREATE FUNCTION guard_unit_speaks() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM syndications s WHERE s.draft_id = NEW.publication_id
          AND (s.declined_at IS NOT NULL OR NOT speaks(NEW.approver_id, s.unit_id, NEW.approved_at))
    ) THEN
        RAISE EXCEPTION 'only the unit itself approves what it will say'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'unit_speaks_for_itself';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER unit_speaks_for_itself BEFORE INSERT ON approvals FOR EACH ROW EXECUTE FUNCTION guard_unit_speaks();
