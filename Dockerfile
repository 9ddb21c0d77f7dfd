# The workbench for people who deploy it: the workspace is a volume at /workspace.
#   docker build -t upwell .
#   docker run --rm -p 127.0.0.1:8501:8501 -v "$PWD:/workspace" -e UPWELL_TRUST=1 upwell
# UPWELL_TRUST=1 says that code of the workspace may run; without it, one can look and label.
FROM python:3.11-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 upwell

WORKDIR /opt/upwell
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY ide ide
COPY models models
COPY pipelines pipelines
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu \
    -c constraints.txt .

USER upwell
ENV DVC_NO_ANALYTICS=1
RUN git config --global --add safe.directory /workspace
WORKDIR /workspace
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=3s CMD \
    python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health')"
# The container's port is published on the host's loopback above; inside it must listen on all.
CMD ["upwell", "open", "--headless", "--address", "0.0.0.0"]
