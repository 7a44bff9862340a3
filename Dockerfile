# The app, its jobs and both Tiled servers: one image, told apart by the command (docker-compose.yml). A second one has
# Prefect beside them: its server, and workers.
#
#   docker build --tag segmentation .
#   docker build --tag segmentation-prefect --target prefect .
#
# TORCH_INDEX: wheels of torch for processors alone are a tenth of the size; for NVIDIA GPUs give
# --build-arg TORCH_INDEX=https://pypi.org/simple
FROM python:3.11.14-slim-bookworm AS app

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

# libgomp1: LightGBM needs OpenMP.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /srv/segmentation
COPY requirements.txt ./
RUN pip install --no-cache-dir --extra-index-url "$TORCH_INDEX" -r requirements.txt "psycopg[binary]>=3.2,<4"

COPY . .
RUN python -m compileall -q app.py callbacks components core networks scripts utils \
    && useradd --uid 10001 --create-home segmentation \
    && mkdir /state \
    && chown segmentation /state

USER segmentation
ENV HOST=0.0.0.0 \
    PORT=8075 \
    STATE_DIR=/state \
    PYTHONUNBUFFERED=1
VOLUME /state
EXPOSE 8075

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-m", "scripts.healthy"]
CMD ["python", "app.py"]

# Prefect lives in an environment of its own, and its flows find that of the project in .venv.
FROM app AS prefect
USER root
RUN python -m venv /opt/prefect \
    && /opt/prefect/bin/pip install --no-cache-dir -r requirements-prefect.txt \
    && python -m venv --system-site-packages --without-pip .venv
USER segmentation
ENV PATH=/opt/prefect/bin:$PATH \
    PREFECT_HOME=/state/prefect
HEALTHCHECK NONE
CMD ["bash", "scripts/prefect_worker.sh"]

# What is built when nobody names a target.
FROM app
