FROM python:3.13-slim AS build
RUN python -m venv /opt/coffers
ENV PATH=/opt/coffers/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE alembic.ini ./
COPY alembic alembic
COPY src src
# Editable, because the migrations lie beside the package and not inside it.
RUN pip install --no-deps --editable . && python -m compileall -q src

FROM python:3.13-slim
RUN useradd --uid 10001 --create-home --home-dir /var/lib/coffers --shell /usr/sbin/nologin coffers
COPY --from=build /opt/coffers /opt/coffers
COPY --from=build /app /app
ENV PATH=/opt/coffers/bin:$PATH PYTHONUNBUFFERED=1
ENV COFFERS_HOME=/var/lib/coffers COFFERS_HOST=0.0.0.0 COFFERS_PORT=8000
WORKDIR /app
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as http; http.urlopen(f\"http://127.0.0.1:{os.environ['COFFERS_PORT']}/health/live\", timeout=2)"]
CMD ["coffers", "serve"]
