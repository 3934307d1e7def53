"""Langfuse's tables on ClickHouse's engine: reads migrations, rows and queries as JSON from stdin, writes the answers."""

import json
import re
import sys
from pathlib import Path

from chdb.session import Session


def main() -> None:
    given = json.load(sys.stdin)
    session = Session()
    for file in sorted(Path(given["migrations"]).glob("*.up.sql")):
        # golang-migrate splits at semicolons too (`x-multi-statement`).
        for statement in re.sub(r"--.*", "", file.read_text()).split(";"):
            if statement.strip():
                session.query(statement)
    # As Langfuse's client asks for.
    session.query("SET date_time_input_format = 'best_effort', date_time_output_format = 'iso'")
    for table, rows in given["rows"].items():
        session.query(f"INSERT INTO {table} FORMAT JSONEachRow\n" + "\n".join(rows))
    answers = {query["name"]: answer(session, query) for query in given["queries"]}
    version = str(session.query("SELECT version()", "TabSeparated")).strip()
    json.dump({"version": version, "answers": answers}, sys.stdout)


def answer(session: Session, query: dict) -> list[dict]:
    for name, value in query["params"].items():
        session.query(f"SET param_{name} = {literal(value)}")
    # Numbers of 64 bits as numbers, as all here are small.
    settings = "SETTINGS output_format_json_quote_64bit_integers = 0, output_format_json_quote_decimals = 1"
    lines = str(session.query(f"{query['sql']} {settings}", "JSONEachRow"))
    return [json.loads(line) for line in lines.splitlines()]


def literal(value: object) -> str:
    """A parameter's text, as a literal of SQL."""
    text = "[" + ",".join(quoted(each) for each in value) + "]" if isinstance(value, list) else str(value)
    return quoted(text)


def quoted(value: object) -> str:
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


main()
