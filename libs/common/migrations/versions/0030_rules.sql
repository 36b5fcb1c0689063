-- A letter that may be out is never sent again by itself, and its proof stays: another turn is another row.
CREATE FUNCTION guard_sending() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'the proof of a sending is kept' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'sending_is_kept';
    END IF;
    IF (NEW.id, NEW.report_id, NEW.version, NEW.recipient_id, NEW.turn, NEW.form, NEW.name, NEW.email,
        NEW.asked_by, NEW.reason, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.report_id, OLD.version, OLD.recipient_id, OLD.turn, OLD.form, OLD.name, OLD.email,
        OLD.asked_by, OLD.reason, OLD.created_at)
        OR (OLD.message_id IS NOT NULL AND NEW.message_id IS DISTINCT FROM OLD.message_id)
        OR (OLD.sent_at IS NOT NULL
            AND (NEW.sent_at, NEW.digest, NEW.answer) IS DISTINCT FROM (OLD.sent_at, OLD.digest, OLD.answer)) THEN
        RAISE EXCEPTION 'the proof of a sending stays' USING ERRCODE = 'check_violation', CONSTRAINT = 'sending_stays';
    END IF;
    IF OLD.state NOT IN ('queued', 'sending') AND NEW.state IN ('queued', 'sending') THEN
        RAISE EXCEPTION 'a letter is sent again by a person alone'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'sent_once';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER sent_once BEFORE UPDATE OR DELETE ON report_sendings FOR EACH ROW EXECUTE FUNCTION guard_sending();
--;;
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON report_sendings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON schedule_periods FOR EACH ROW EXECUTE FUNCTION refuse_change();
