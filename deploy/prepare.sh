#!/bin/sh
# What compose.yaml needs once: secrets in deploy/.env, and a certificate for TLS signed by an authority of its own in
# deploy/certificates. What is there is left as it is. Another directory for both: prepare.sh DIR
set -eu
cd "${1:-$(dirname "$0")}"

secret() {
  openssl rand -hex 20
}

if [ ! -e .env ]; then
  (
    umask 077
    cat >.env <<VALUES
LEVERET_USER=leveret
LEVERET_PASSWORD=$(secret)
LEVERET_COOKIE=$(secret)
STATS_PASSWORD=$(secret)
GRAFANA_PASSWORD=$(secret)
VALUES
  )
  echo "made $PWD/.env"
fi

if [ ! -e certificates/server.pem ]; then
  mkdir -p certificates
  openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 3650 -subj '/CN=Leveret test authority' \
    -keyout certificates/authority-key.pem -out certificates/authority.pem 2>/dev/null
  openssl req -newkey rsa:2048 -nodes -sha256 -subj '/CN=leveret' \
    -keyout certificates/server-key.pem -out certificates/server.csr 2>/dev/null
  cat >certificates/server.ext <<NAMES
subjectAltName=DNS:localhost,DNS:leveret,DNS:leveret1,DNS:leveret2,DNS:leveret3,IP:127.0.0.1,IP:172.29.91.100
NAMES
  openssl x509 -req -in certificates/server.csr -CA certificates/authority.pem -CAkey certificates/authority-key.pem \
    -CAcreateserial -days 3650 -sha256 -extfile certificates/server.ext -out certificates/server.pem 2>/dev/null
  rm certificates/server.csr certificates/server.ext
  # The broker's user in the container is another one than yours.
  chmod 644 certificates/server-key.pem
  chmod 600 certificates/authority-key.pem
  echo "made $PWD/certificates; clients trust authority.pem"
fi
