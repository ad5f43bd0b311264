# A static kqltap in an image that holds nothing else:
#   docker build -t kqltap .
#   docker run --rm -i kqltap run < records.ndjson
FROM docker.io/library/rust:1.95-alpine AS build
RUN apk add --no-cache musl-dev
WORKDIR /src
COPY . .
# musl's own allocator is slow where threads share it; the feature brings another one.
RUN cargo build --release --locked --features fast-allocator

FROM scratch
COPY --from=build /src/target/release/kqltap /kqltap
USER 65534:65534
ENTRYPOINT ["/kqltap"]
CMD ["run"]
