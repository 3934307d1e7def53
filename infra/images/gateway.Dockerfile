# LiteLLM's proxy with the guard. Build context: the repository.
FROM python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea AS packages
COPY litellm-config/guard/requirements.lock /build/
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --no-compile --require-hashes --only-binary :all: -r /build/requirements.lock \
    # Byte code now, not at the first request: 5-8 s to start against 24-40 s.
    && /venv/bin/python -m compileall -q -j 0 /venv

FROM python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea
RUN useradd --system --uid 10001 --no-create-home tollgate
COPY --from=packages /venv /venv
# The guard, with the SQL next to it, where it looks for its migrations.
COPY litellm-config/guard/sql /opt/guard/sql
COPY litellm-config/guard/tollgate_guard /opt/guard/tollgate_guard
ENV PATH=/venv/bin:$PATH PYTHONPATH=/opt/guard PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
USER 10001
WORKDIR /tmp
ENTRYPOINT ["litellm"]
