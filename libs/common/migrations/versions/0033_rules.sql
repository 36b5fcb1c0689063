-- What a day was when it was over, and what a check found, stays as it was written.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_days FOR EACH ROW EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_days FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_checks FOR EACH ROW EXECUTE FUNCTION refuse_change();
--;;
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_checks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
