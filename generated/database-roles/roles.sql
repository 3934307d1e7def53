\set ON_ERROR_STOP on
SELECT 'CREATE ROLE ledger_owner LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ledger_owner') \gexec
ALTER ROLE ledger_owner LOGIN PASSWORD :'ledger_owner_password';
SELECT 'CREATE ROLE ledger_guard LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ledger_guard') \gexec
ALTER ROLE ledger_guard LOGIN PASSWORD :'ledger_guard_password';
SELECT 'CREATE ROLE ledger_agent LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ledger_agent') \gexec
ALTER ROLE ledger_agent LOGIN PASSWORD :'ledger_agent_password';
SELECT 'CREATE ROLE ledger_admin LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ledger_admin') \gexec
ALTER ROLE ledger_admin LOGIN PASSWORD :'ledger_admin_password';
SELECT 'CREATE ROLE ledger_reader LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ledger_reader') \gexec
ALTER ROLE ledger_reader LOGIN PASSWORD :'ledger_reader_password';
SELECT 'CREATE ROLE langfuse LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'langfuse') \gexec
ALTER ROLE langfuse LOGIN PASSWORD :'langfuse_password';
SELECT 'CREATE ROLE grafana LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grafana') \gexec
ALTER ROLE grafana LOGIN PASSWORD :'grafana_password';
SELECT 'CREATE DATABASE ledger' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'ledger') \gexec
GRANT ledger_owner TO CURRENT_USER;
ALTER DATABASE ledger OWNER TO ledger_owner;
ALTER DATABASE ledger SET jit = off;
REVOKE ALL ON DATABASE ledger FROM PUBLIC;
GRANT CONNECT ON DATABASE ledger TO ledger_guard;
GRANT CONNECT ON DATABASE ledger TO ledger_agent;
GRANT CONNECT ON DATABASE ledger TO ledger_admin;
GRANT CONNECT ON DATABASE ledger TO ledger_reader;
SELECT 'CREATE DATABASE langfuse' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'langfuse') \gexec
GRANT langfuse TO CURRENT_USER;
ALTER DATABASE langfuse OWNER TO langfuse;
ALTER DATABASE langfuse SET jit = off;
REVOKE ALL ON DATABASE langfuse FROM PUBLIC;
SELECT 'CREATE DATABASE grafana' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'grafana') \gexec
GRANT grafana TO CURRENT_USER;
ALTER DATABASE grafana OWNER TO grafana;
ALTER DATABASE grafana SET jit = off;
REVOKE ALL ON DATABASE grafana FROM PUBLIC;
