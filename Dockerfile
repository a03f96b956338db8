# The README's two commands in a container: docker build -t cartridge . && docker run --rm cartridge make test
FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates git make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /cartridge
# What the project installs, pinned, before its files: only new pins install it again.
COPY Makefile requirements.txt ./
COPY scripts/setup.sh scripts/
RUN make setup
COPY . .
CMD ["make", "sim"]
