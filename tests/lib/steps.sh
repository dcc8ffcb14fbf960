# Sourced: headings, durations, and installing what is missing. Needs bash.

say() { printf '%s\n' "$*"; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }

# step NAME COMMAND… : prints what runs and how long it took, and ends the whole run when it fails, so that the
# first thing that went wrong is the last thing on the screen.
step() {
  local name=$1 began status
  shift
  began=$(date +%s%N)
  printf '\n=== %s\n' "$name"
  # Not "( ... ) || status=$?": behind an "||" bash goes on after a command that failed.
  set +e
  (
    set -e
    "$@"
  )
  status=$?
  set -e
  local spent=$((($(date +%s%N) - began) / 100000000))
  if [ "$status" -ne 0 ]; then
    printf '\n=== %s: FAILED (exit code %d) after %d.%d s\n' "$name" "$status" $((spent / 10)) $((spent % 10)) >&2
    exit "$status"
  fi
  printf '=== %s: done in %d.%d s\n' "$name" $((spent / 10)) $((spent % 10))
}

# Prints a command before it runs it.
run() {
  printf '$ %s\n' "$*"
  "$@"
}

# debian_install PACKAGE WHAT-IT-IS-FOR : only root on a system with apt-get can be helped; others are told in words.
debian_install() {
  local package=$1 purpose=$2
  if ! command -v apt-get >/dev/null; then
    fail "Missing: $purpose. On Debian it is the package '$package'; this system has no apt-get, so please install its like."
  fi
  if [ "$(id -u)" -ne 0 ]; then
    fail "Missing: $purpose. Please install it:  sudo apt-get install $package"
  fi
  say "Missing: $purpose. Installing the package '$package' ..."
  # A fresh machine has no package lists at all, and old lists name files that are gone: read them anew first.
  {
    DEBIAN_FRONTEND=noninteractive apt-get update -q &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$package"
  } </dev/null >&2 || fail "Could not install '$package' ($purpose)."
}

need_rust() {
  command -v cargo >/dev/null || fail "Missing: Rust (cargo). See https://rustup.rs; Cargo.toml names the oldest version that will do (rust-version)."
  # Some dependencies are written in C: SQLite, PostgreSQL's client, cryptography.
  command -v cc >/dev/null || debian_install build-essential "a C compiler"
}

need_node() {
  command -v node >/dev/null && command -v npm >/dev/null || fail "Missing: Node.js with npm, version 20.19 or newer. See https://nodejs.org."
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    fail "Node.js $(node --version) is too old for the browser tests: version 20.19 or newer is needed."
}

# Prints the path of the browser.
find_chromium() {
  local name
  if [ -n "${LICENTRAL_CHROMIUM:-}" ]; then
    printf '%s\n' "$LICENTRAL_CHROMIUM"
    return
  fi
  for name in chromium-headless-shell chromium chromium-browser google-chrome-stable google-chrome; do
    command -v "$name" && return
  done
  return 1
}

# Chromium without a window of its own, if it is to be installed: the sweep of one person's pages took 60 s with it and 76 without.
need_chromium() { find_chromium >/dev/null || debian_install chromium-headless-shell "the browser Chromium"; }

# Prints the folder with PostgreSQL's server programs. Debian keeps them off PATH, in one folder per version; an
# initdb on PATH may be a link from elsewhere, so only a folder that has all we use counts.
find_postgres() {
  local folder program
  while read -r folder; do
    for program in initdb postgres pg_isready psql; do
      [ -x "$folder/$program" ] || continue 2
    done
    printf '%s\n' "$folder"
    return
  done < <(
    ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -Vr
    program=$(command -v initdb) && dirname "$program" && dirname "$(readlink -f "$program")"
  )
  return 1
}

need_postgres() { find_postgres >/dev/null || debian_install postgresql "a PostgreSQL server (initdb)"; }

# Prints a folder for what no run outlives: in memory where there is room for it and programs may run from it (examples
# in the documentation do). Making and removing a database is making and removing some three hundred files, which takes
# a disk's file system longer than the database takes.
short_lived_folder() {
  local free
  free=$(df --output=avail --type=tmpfs /dev/shm 2>/dev/null | tail -n 1)
  # In KiB. PostgreSQL lets its write-ahead log alone grow to 1 GiB before it tidies up.
  if [ "${free:-0}" -ge 4000000 ] && [ -w /dev/shm ] && ! grep -q ' /dev/shm .*noexec' /proc/mounts; then
    printf '/dev/shm\n'
  else
    printf '/tmp\n'
  fi
}
