-- A record of choice is written, signed by a spokesperson, and never changed after that but for its end.
CREATE FUNCTION guard_channel_choice() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    at_its_end text[] = ARRAY['state', 'ended_at', 'ended_by', 'ended_reason'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' THEN
            RAISE EXCEPTION 'a signed record of choice is kept'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'choice_is_kept';
        END IF;
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            RAISE EXCEPTION 'a record of choice begins as a draft'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'choice_begins_as_draft';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('draft', 'signed'), ('signed', 'ended')) THEN
        RAISE EXCEPTION 'a record of choice cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'choice_moves';
    END IF;
    IF OLD.state = 'signed' AND to_jsonb(OLD) - at_its_end IS DISTINCT FROM to_jsonb(NEW) - at_its_end THEN
        RAISE EXCEPTION 'a signed record of choice is kept as it was signed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'choice_is_kept';
    END IF;
    IF NEW.state = 'signed' AND NOT speaks(NEW.signed_by, NEW.unit_id, NEW.signed_at) THEN
        RAISE EXCEPTION 'a record of choice is signed by a current spokesperson of the unit'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'choice_by_spokesperson';
    END IF;
    IF NEW.state = 'signed' AND NOT EXISTS (
        SELECT FROM jsonb_array_elements(NEW.candidates) AS c WHERE c ->> 'channel_id' = NEW.channel_id::text
    ) THEN
        RAISE EXCEPTION 'the chosen channel is one of the candidates'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'choice_of_a_candidate';
    END IF;
    IF NEW.state = 'ended' AND EXISTS (SELECT FROM channels WHERE id = NEW.channel_id AND is_city_official) THEN
        RAISE EXCEPTION 'the record of the channel that is the official one cannot end before it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'choice_ends_after_channel';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER guarded BEFORE INSERT OR UPDATE OR DELETE ON channel_choices FOR EACH ROW EXECUTE FUNCTION guard_channel_choice();
--;;
CREATE FUNCTION guard_official_channel() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.is_city_official AND NOT EXISTS (
        SELECT FROM channel_choices c
        WHERE c.state = 'signed' AND c.channel_id = NEW.id AND c.programme_id IS NOT DISTINCT FROM NEW.programme_id
    ) THEN
        RAISE EXCEPTION 'only a signed record of choice makes a channel the official one'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'official_by_record';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER official_by_record BEFORE INSERT OR UPDATE OF is_city_official, programme_id ON channels
    FOR EACH ROW EXECUTE FUNCTION guard_official_channel();
--;;
-- Why a partner cannot be (or stay) selected at a moment; NULL where it can.
CREATE FUNCTION partner_unfit(partner partners, selection partner_selections, moment timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    proof partner_proofs%ROWTYPE;
BEGIN
    IF partner.conflict_result IS DISTINCT FROM 'clear' THEN
        RETURN 'conflict';
    END IF;
    IF partner.consent_medium_id IS NULL OR partner.consent_withdrawn_at IS NOT NULL THEN
        RETURN 'consent';
    END IF;
    SELECT * INTO proof FROM partner_proofs p WHERE p.partner_id = partner.id
    ORDER BY p.measured_at DESC, p.id DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN 'no_proof';
    END IF;
    IF proof.followers < selection.min_followers THEN
        RETURN 'too_small';
    END IF;
    IF proof.measured_at < moment - make_interval(days => selection.evidence_days) THEN
        RETURN 'stale';
    END IF;
    RETURN NULL;
END $$;
--;;
CREATE FUNCTION guard_partner() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    selection partner_selections%ROWTYPE;
    unfit text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'candidate' THEN
            RAISE EXCEPTION 'a partner begins as a candidate'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'partner_begins_as_candidate';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.selection_id <> NEW.selection_id THEN
        RAISE EXCEPTION 'a partner stays in its selection'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'partner_stays';
    END IF;
    IF OLD.state = NEW.state THEN
        RETURN NEW;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('candidate', 'selected'), ('candidate', 'dropped'), ('selected', 'dropped')) THEN
        RAISE EXCEPTION 'a partner cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'partner_moves';
    END IF;
    SELECT * INTO selection FROM partner_selections s WHERE s.id = NEW.selection_id FOR UPDATE;
    IF NEW.state <> 'selected' THEN
        RETURN NEW;
    END IF;
    unfit = partner_unfit(NEW, selection, NEW.selected_at);
    IF unfit IS NOT NULL THEN
        RAISE EXCEPTION 'the partner is not fit: %', unfit
            USING ERRCODE = 'check_violation', CONSTRAINT = 'partner_is_fit';
    END IF;
    IF selection.state = 'ended' OR (selection.state = 'decided' AND (
        SELECT count(*) FROM partners p WHERE p.selection_id = NEW.selection_id AND p.state = 'selected'
    ) >= selection.max_partners) THEN
        RAISE EXCEPTION 'the selection takes no more partners'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'selection_is_full';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER guarded BEFORE INSERT OR UPDATE ON partners FOR EACH ROW EXECUTE FUNCTION guard_partner();
--;;
CREATE FUNCTION guard_partner_selection() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    partner partners%ROWTYPE;
    chosen integer;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'open' THEN
            RAISE EXCEPTION 'a selection of partners begins open'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'selection_begins_open';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('open', 'decided'), ('open', 'ended'), ('decided', 'ended')) THEN
        RAISE EXCEPTION 'a selection of partners cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'selection_moves';
    END IF;
    IF to_jsonb(OLD) - ARRAY['state', 'decided_by', 'decided_at', 'decision', 'ended_at']
        IS DISTINCT FROM to_jsonb(NEW) - ARRAY['state', 'decided_by', 'decided_at', 'decision', 'ended_at'] THEN
        RAISE EXCEPTION 'the rule of a selection is kept'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'selection_is_kept';
    END IF;
    IF NEW.state <> 'decided' THEN
        RETURN NEW;
    END IF;
    IF NOT speaks(NEW.decided_by, NEW.unit_id, NEW.decided_at) THEN
        RAISE EXCEPTION 'partners are decided by a current spokesperson of the unit'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'selection_by_spokesperson';
    END IF;
    SELECT count(*) INTO chosen FROM partners p WHERE p.selection_id = NEW.id AND p.state = 'selected';
    IF chosen NOT BETWEEN NEW.min_partners AND NEW.max_partners THEN
        RAISE EXCEPTION '% partners are selected, not % to %', chosen, NEW.min_partners, NEW.max_partners
            USING ERRCODE = 'check_violation', CONSTRAINT = 'selection_count';
    END IF;
    FOR partner IN SELECT * FROM partners p WHERE p.selection_id = NEW.id AND p.state = 'selected' LOOP
        IF partner_unfit(partner, NEW, NEW.decided_at) IS NOT NULL THEN
            RAISE EXCEPTION 'partner % is not fit: %', partner.id, partner_unfit(partner, NEW, NEW.decided_at)
                USING ERRCODE = 'check_violation', CONSTRAINT = 'partner_is_fit';
        END IF;
    END LOOP;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER guarded BEFORE INSERT OR UPDATE ON partner_selections FOR EACH ROW EXECUTE FUNCTION guard_partner_selection();
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON partner_proofs FOR EACH ROW EXECUTE FUNCTION refuse_change();
--;;
-- A kit is a selected partner's; its token is never exchanged, and what was revoked stays so.
CREATE FUNCTION guard_partner_kit() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    changes text[] = ARRAY['revoked_at', 'acknowledged_at'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (
            SELECT FROM partners p JOIN partner_selections s ON s.id = p.selection_id
            WHERE p.id = NEW.partner_id AND p.state = 'selected' AND s.state = 'decided'
        ) THEN
            RAISE EXCEPTION 'a kit is for a partner that was decided'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'kit_for_a_partner';
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(OLD) - changes IS DISTINCT FROM to_jsonb(NEW) - changes
        OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
        OR (OLD.acknowledged_at IS NOT NULL AND NEW.acknowledged_at IS DISTINCT FROM OLD.acknowledged_at) THEN
        RAISE EXCEPTION 'a kit is kept as it was given'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kit_is_kept';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER guarded BEFORE INSERT OR UPDATE ON partner_kits FOR EACH ROW EXECUTE FUNCTION guard_partner_kit();
