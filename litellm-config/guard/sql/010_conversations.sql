-- What the agent remembers between requests, so that any of its instances can go on with a conversation: the last turns, who
-- works on it, the open MCP sessions, and answers that a client may have lost. All of it is gone after half an hour.

CREATE TABLE ledger.conversations (
  customer_id text NOT NULL REFERENCES ledger.customers (customer_id) ON DELETE CASCADE,
  session_id text NOT NULL,
  turns integer NOT NULL DEFAULT 0 CHECK (turns >= 0),
  llm_calls integer NOT NULL DEFAULT 0 CHECK (llm_calls >= 0),
  used_at timestamptz NOT NULL DEFAULT now(),
  -- The question that is being answered: the next one waits for it, and takes over when its instance is gone.
  busy_by uuid,
  busy_until timestamptz,
  PRIMARY KEY (customer_id, session_id),
  CHECK ((busy_by IS NULL) = (busy_until IS NULL))
);
CREATE INDEX conversations_used_at ON ledger.conversations (used_at);

CREATE TABLE ledger.conversation_turns (
  customer_id text NOT NULL,
  session_id text NOT NULL,
  turn integer NOT NULL,
  question text NOT NULL,
  answer text NOT NULL,
  PRIMARY KEY (customer_id, session_id, turn),
  FOREIGN KEY (customer_id, session_id) REFERENCES ledger.conversations ON DELETE CASCADE
);

CREATE TABLE ledger.mcp_sessions (
  customer_id text NOT NULL REFERENCES ledger.customers (customer_id) ON DELETE CASCADE,
  session_id text NOT NULL,
  -- The client's initialize request: an instance that has not seen the client answers it again, to itself.
  initialize jsonb NOT NULL,
  used_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (customer_id, session_id)
);
CREATE INDEX mcp_sessions_used_at ON ledger.mcp_sessions (used_at);

CREATE TABLE ledger.mcp_answers (
  stream_id text NOT NULL,
  event integer NOT NULL,
  customer_id text NOT NULL REFERENCES ledger.customers (customer_id) ON DELETE CASCADE,
  message jsonb NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (stream_id, event)
);
CREATE INDEX mcp_answers_at ON ledger.mcp_answers (at);

GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.conversations, ledger.conversation_turns, ledger.mcp_sessions,
  ledger.mcp_answers TO ledger_agent;
