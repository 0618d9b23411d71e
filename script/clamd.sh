# A virus scanner for tests, clamd, with one made-up virus and no other: on a free port of this machine only, gone
# afterwards. Sourced after lib.sh and postgresql.sh.
# shellcheck shell=bash

venv="${venv:?source script/lib.sh first}"
clamd_folder=""
clamd_pid=""

# Debian keeps it where only root's path leads.
find_clamd() { PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v clamd; }

# What the tests call a virus: a sentence that does nothing.
write_signature() {
  printf 'EPaCCS.MadeUp:0:*:%s\n' "$(printf 'made-up virus of the tests of this register' | od -An -tx1 | tr -d ' \n')"
}

# $1: its port
write_clamd_settings() {
  printf '%s\n' "Foreground yes" "TCPAddr 127.0.0.1" "TCPSocket $1" "DatabaseDirectory $clamd_folder/signatures" \
    "TemporaryDirectory $clamd_folder" "StreamMaxLength 60M" "ConcurrentDatabaseReload no"
}

# Starts one and tells its address in EPACCS_TEST_CLAMD; one that is set already is taken.
start_clamd() {
  if [ -n "${EPACCS_TEST_CLAMD:-}" ]; then return; fi
  local program port
  program="$(find_clamd)" || { install_packages "ClamAV's scanner, which looks at scans of papers" clamav-daemon && program="$(find_clamd)"; } ||
    fail "Install ClamAV's clamd, or set EPACCS_TEST_CLAMD to one that knows the signature of script/clamd.sh."
  clamd_folder="$(mktemp -d)"
  trap 'stop_clamd; stop_postgresql' EXIT
  port="$(free_port)"
  mkdir "$clamd_folder/signatures"
  write_signature >"$clamd_folder/signatures/made-up.ndb"
  write_clamd_settings "$port" >"$clamd_folder/settings"
  "$program" --config-file="$clamd_folder/settings" >"$clamd_folder/log" 2>&1 &
  clamd_pid=$!
  wait_for_clamd "$port" || fail "$(tail -n 20 "$clamd_folder/log")" "clamd did not start."
  export EPACCS_TEST_CLAMD="tcp://127.0.0.1:$port"
}

# $1: its port
wait_for_clamd() {
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
    kill -0 "$clamd_pid" 2>/dev/null || return 1
    sleep 0.1
  done
  return 1
}

stop_clamd() {
  [ -n "$clamd_folder" ] || return 0
  if kill "$clamd_pid" 2>/dev/null; then wait "$clamd_pid" 2>/dev/null || true; fi
  rm -rf "$clamd_folder"
  clamd_folder=""
}
