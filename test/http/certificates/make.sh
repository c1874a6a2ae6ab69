#!/bin/sh
# Makes the certificates of the TLS tests anew. They last a hundred years, except for the one that has expired.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out self-signed.pem

# Only `openssl ca` sets a date in the past; it wants a database.
: > "$work/index.txt"
echo 01 > "$work/serial"
cat > "$work/ca.cnf" <<CNF
[ca]
default_ca = any
[any]
database = $work/index.txt
serial = $work/serial
new_certs_dir = $work
default_md = sha256
policy = names
x509_extensions = names_of_host
[names]
commonName = supplied
[names_of_host]
subjectAltName = DNS:localhost,IP:127.0.0.1
CNF
openssl req -new -key key.pem -subj /CN=localhost -out "$work/request.pem"
openssl ca -batch -notext -config "$work/ca.cnf" -selfsign -keyfile key.pem -in "$work/request.pem" \
  -startdate 20200101000000Z -enddate 20200102000000Z -out expired.pem
