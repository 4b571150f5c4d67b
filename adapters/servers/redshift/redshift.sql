-- Functions and catalog views of Redshift on a PostgreSQL database. They lie in pg_catalog, so that they are found
-- whatever the search path is.
SET allow_system_table_mods = on;
SET search_path = pg_catalog;

CREATE DOMAIN super AS jsonb;

CREATE FUNCTION getdate() RETURNS timestamp LANGUAGE sql STABLE AS $$ SELECT statement_timestamp()::timestamp(0) $$;
CREATE FUNCTION nvl(anycompatible, anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce($1, $2) $$;
CREATE FUNCTION len(text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT length($1) $$;
CREATE FUNCTION convert_timezone(source text, target text, clock timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE
  AS $$ SELECT (clock AT TIME ZONE source) AT TIME ZONE target $$;
CREATE FUNCTION json_parse(text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT $1::jsonb $$;
CREATE FUNCTION json_serialize(jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1::text $$;
CREATE FUNCTION is_array(jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT jsonb_typeof($1) = 'array' $$;
CREATE FUNCTION get_array_length(jsonb) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT jsonb_array_length($1) $$;

-- Every user may unload with every role, but for those that are listed here.
CREATE TABLE refused_roles (user_name text, arn text);
CREATE FUNCTION has_assumerole_privilege(text, text, text) RETURNS boolean LANGUAGE sql STABLE
  AS $$ SELECT NOT EXISTS (SELECT 1 FROM refused_roles WHERE user_name = $1 AND arn = $2) $$;

-- What PostgreSQL has no place for: the columns of a table's sort key, in order.
CREATE TABLE sort_keys (schema_name text, table_name text, column_name text, place integer);

CREATE VIEW svv_redshift_columns AS
  SELECT c.table_catalog::text AS database_name, c.table_schema::text AS schema_name, c.table_name::text AS table_name,
         c.column_name::text AS column_name, c.ordinal_position::integer AS ordinal_position, c.data_type::text AS data_type,
         c.is_nullable::text AS is_nullable, coalesce(k.place, 0) AS sortkey
  FROM information_schema.columns AS c
  LEFT JOIN sort_keys AS k
    ON k.schema_name = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name;

-- Tables of a shared database and of an external schema, which have no entry in pg_class.
CREATE TABLE far_tables (database_name text, schema_name text, table_name text, table_type text);
CREATE TABLE far_columns (database_name text, schema_name text, table_name text, column_name text, ordinal_position integer,
  data_type text, character_maximum_length integer, numeric_precision integer, numeric_scale integer, is_nullable text);
CREATE VIEW svv_all_tables AS SELECT * FROM far_tables;
CREATE VIEW svv_all_columns AS SELECT * FROM far_columns;

CREATE VIEW svv_table_info AS
  SELECT c.oid::integer AS table_id, n.nspname::text AS schema, c.relname::text AS "table",
         greatest(c.reltuples, 0)::numeric(38, 0) AS tbl_rows, greatest(c.reltuples, 0)::numeric(38, 0) AS estimated_visible_rows,
         greatest(1, pg_total_relation_size(c.oid) / 1048576) AS size
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.reltuples > 0 AND n.nspname NOT IN ('pg_catalog', 'information_schema');

GRANT SELECT ON ALL TABLES IN SCHEMA pg_catalog TO public;
