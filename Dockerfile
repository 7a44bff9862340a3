# The app, its jobs and both Tiled servers: one image, told apart by the command (docker-compose.yml).
#
#   docker build --tag segmentation .
#
# TORCH_INDEX: wheels of torch for processors alone are a tenth of the size; for NVIDIA GPUs give
# --build-arg TORCH_INDEX=https://pypi.org/simple
FROM python:3.11.14-slim-bookworm

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
