-- What a report said after each edit stays as it was said.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON report_versions FOR EACH ROW EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON report_versions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--;;
-- A paper that bears a signature is what was signed: afterwards it can only be declared void, with a reason.
CREATE FUNCTION guard_report() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a report is kept' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'report_is_kept';
    END IF;
    IF (NEW.id, NEW.kind, NEW.snapshot_id, NEW.symbol, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.kind, OLD.snapshot_id, OLD.symbol, OLD.created_at) THEN
        RAISE EXCEPTION 'a report keeps its figures' USING ERRCODE = 'check_violation', CONSTRAINT = 'report_stays';
    END IF;
    IF OLD.state = 'void' OR (OLD.state = 'signed' AND (
        NEW.state <> 'void' OR (NEW.version, NEW.title, NEW.year, NEW.number, NEW.signed_by, NEW.signed_at)
        IS DISTINCT FROM (OLD.version, OLD.title, OLD.year, OLD.number, OLD.signed_by, OLD.signed_at)
    )) THEN
        RAISE EXCEPTION 'what was signed stays as it was signed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'signed_report_stays';
    END IF;
    IF NEW.version NOT IN (OLD.version, OLD.version + 1) THEN
        RAISE EXCEPTION 'versions follow each other'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'report_versions_follow';
    END IF;
    RETURN NEW;
END $$;
--;;
CREATE TRIGGER signed_report_stays BEFORE UPDATE OR DELETE ON reports FOR EACH ROW EXECUTE FUNCTION guard_report();
