# Two images of one build: `server` runs web, worker, clock and commands, `demo` the demo models. docker-compose.yml says
# which command each container runs.
FROM python:3.13.16-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy \
    UV_PYTHON=/usr/local/bin/python UV_PYTHON_DOWNLOADS=never
WORKDIR /app
RUN pip install uv==0.13.9
COPY pyproject.toml uv.lock .python-version ./

FROM build AS build-server
# Neither the tools for development nor the stand-ins of one machine: PostgreSQL and Redis have containers of their own.
RUN uv sync --frozen --no-install-project --no-default-groups
COPY manage.py LICENSE pyproject.toml ./
COPY accounts accounts
COPY billing billing
COPY files files
COPY jobs jobs
COPY reasoning_app reasoning_app
COPY sandbox sandbox
COPY solver solver
COPY static static
COPY templates templates
COPY tools tools
# The directory comes first: where it exists, the settings choose file names that carry a digest.
RUN mkdir staticfiles \
    && DATA_DIR=/tmp/build SECRET_KEY=only-for-this-step .venv/bin/python manage.py collectstatic --no-input \
    && .venv/bin/python -m compileall -q accounts billing files jobs reasoning_app sandbox solver tools

FROM build AS build-demo
RUN uv sync --frozen --no-install-project --only-group demo
COPY LICENSE ./
COPY demo_model demo_model
# The health check alone.
COPY reasoning_app/embedded/probe.py reasoning_app/embedded/probe.py
RUN .venv/bin/python -m compileall -q demo_model

FROM python:3.13.16-slim-trixie AS base
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin ponder \
    && install -d -o ponder -g ponder -m 0700 /data /run/demo
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data HOME=/data

FROM base AS demo
# The engine is linked against these two.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 libstdc++6 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build-demo /app /app
USER ponder
CMD ["python", "-m", "demo_model.server", "--model", "intern", "--socket", "/run/demo/intern.sock"]

# The last stage is what `docker build .` makes.
FROM base AS server
# `manage.py backup` and `restore` run PostgreSQL's own programs. Debian's are older than the server of the stack, and an
# older pg_dump refuses it; so they come from PostgreSQL's repository, whose key Debian's postgresql-common brings.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates postgresql-common \
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install -y --no-install-recommends postgresql-client-18 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build-server /app /app
USER ponder
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s --retries=3 \
    CMD ["python", "-I", "reasoning_app/embedded/probe.py", "web"]
CMD ["python", "-m", "gunicorn", "reasoning_app.wsgi", "--config", "python:reasoning_app.gunicorn_conf", "--bind", "0.0.0.0:8000", "--workers", "2"]
