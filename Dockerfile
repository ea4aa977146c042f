# The service in a small image: docker build -t detector . && docker run --rm -p 127.0.0.1:8000:8000 detector
FROM python:3.13-slim AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY detector detector
COPY models models
ENV DETECTOR_BUILD_CORE=1
RUN python -m venv /detector \
    && /detector/bin/pip install --no-cache-dir --no-compile ".[accurate,serve]" \
    && /detector/bin/python -c "import detector.backend.core"

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin detector
COPY --from=build /detector /detector
ENV PATH=/detector/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["detector", "serve", "--host", "0.0.0.0", "--port", "8000"]
