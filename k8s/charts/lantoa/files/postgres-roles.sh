#!/bin/sh
# Run once by the Postgres image, on an empty volume: the owner, its database, and a role for each service.
# The migration grants each role what its tables declare; the owner is no superuser.
set -eu
psql -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
  -v owner="$OWNER_PASSWORD" -v ingest="$INGEST_PASSWORD" -v classify="$CLASSIFY_PASSWORD" \
  -v publish="$PUBLISH_PASSWORD" -v reports="$REPORTS_PASSWORD" -v relay="$RELAY_PASSWORD" <<'SQL'
SET password_encryption = 'scram-sha-256';
CREATE ROLE lantoa_owner LOGIN CREATEROLE PASSWORD :'owner';
CREATE ROLE lantoa_ingest LOGIN PASSWORD :'ingest';
CREATE ROLE lantoa_classify LOGIN PASSWORD :'classify';
CREATE ROLE lantoa_publish LOGIN PASSWORD :'publish';
CREATE ROLE lantoa_reports LOGIN PASSWORD :'reports';
CREATE ROLE lantoa_relay LOGIN PASSWORD :'relay';
CREATE DATABASE lantoa OWNER lantoa_owner;
-- From here on the superuser signs in from within the pod alone.
ALTER ROLE CURRENT_USER PASSWORD NULL;
SQL
