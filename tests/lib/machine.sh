# Sourced: a clean Debian that boots with systemd in a network of its own, with nobody else's ports in it, and the packages
# that are tried there. Needs bash, root, and steps.sh. BIN, FAST, DEBIAN and MIRROR are told of in tests/package.

[ "$(id -u)" -eq 0 ] || fail "$0 boots a Debian of its own, for which it has to be root."
bin=${BIN:-target/release/licentral}
[ -x "$bin" ] || fail "There is no program $bin: build one first (cargo build --release), or name another with BIN."
for one in debootstrap:debootstrap systemd-nspawn:systemd-container dpkg-shlibdeps:dpkg-dev openssl:openssl python3:python3 ip:iproute2; do
  command -v "${one%%:*}" >/dev/null || debian_install "${one##*:}" "${one%%:*}"
done
if ! cargo deb --version >/dev/null 2>&1; then
  say "Missing: cargo-deb. Building it, which takes some minutes ..."
  run nice cargo install --locked cargo-deb
fi

machine=licentral-$$
# The caller's folder for temporary files is not there in the clean Debian.
unset TMPDIR
work=$(mktemp -d /tmp/licentral-machine.XXXXXX)
root=$work/root
leader='' # the machine's first process

clean() {
  local status=$?
  if [ -n "$leader" ]; then
    inside systemctl poweroff --force --force >/dev/null 2>&1 || true
    for _ in $(seq 100); do kill -0 "$leader" 2>/dev/null || break; sleep 0.1; done
  fi
  ip netns pids "$machine" 2>/dev/null | xargs -r kill 2>/dev/null || true
  ip netns delete "$machine" 2>/dev/null || true
  rm -rf "/etc/netns/$machine"
  [ -n "${KEEP:-}" ] || rm -rf "$work"
  exit "$status"
}
trap clean EXIT

# inside COMMAND… : on the machine, as its root.
inside() { nsenter --target "$leader" --all env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"; }

# beside COMMAND… : a program of this computer in the machine's network, with its names.
beside() { ip netns exec "$machine" "$@"; }

# The people of tests/lib/journey.py, beside the portal. They believe the authority of the company, once there is one.
journey() { beside env SSL_CERT_FILE="$work/authority.pem" python3 -B tests/lib/journey.py "$@"; }

# package PROGRAM VERSION : makes $work/licentral_VERSION.deb.
package() {
  local folder=$work/target-$2
  mkdir -p "$folder/release"
  cp "$1" "$folder/release/licentral"
  rm -rf target/manual
  "$bin" manual target/manual
  CARGO_TARGET_DIR=$folder cargo deb --quiet --no-build --no-strip ${FAST:+--fast} --deb-version "$2" --output "$work/licentral_$2.deb"
}

# make_debian PACKAGE… : a Debian with these packages beside systemd, in $root. Nothing of them is set.
make_debian() {
  local wanted=adduser,ca-certificates,systemd,systemd-sysv,dbus,openssl
  if [ -n "${DEBIAN:-}" ]; then
    cp -a "$DEBIAN" "$root"
  else
    debootstrap --variant=minbase --include="$wanted" bookworm "$root" "${MIRROR:-http://deb.debian.org/debian}" >"$work/debootstrap.log" 2>&1 || { tail -20 "$work/debootstrap.log"; return 1; }
  fi
  cp /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
  printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d" # no service starts before the machine does
  chmod +x "$root/usr/sbin/policy-rc.d"
  mount --bind /dev "$root/dev"
  chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@" >"$work/apt.log" 2>&1 || { umount "$root/dev"; tail -20 "$work/apt.log"; return 1; }
  umount "$root/dev"
  rm "$root/usr/sbin/policy-rc.d"
  printf '127.0.0.1 localhost db.company.example mail.company.example licenses.company.example login.company.example\n' > "$root/etc/hosts"
}

# The company's authority, and a certificate of it for each of these hosts.
make_certificates() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=Company authority" -keyout "$work/authority.key" -out "$work/authority.pem" 2>/dev/null
  local host
  for host in "$@"; do make_certificate "$host"; done
}

# $work/HOST.pem and $work/HOST.key, of the company's authority.
make_certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$1" -keyout "$work/$1.key" -out "$work/$1.pem" \
    -CA "$work/authority.pem" -CAkey "$work/authority.key" -addext "subjectAltName=DNS:$1" -addext basicConstraints=critical,CA:FALSE 2>/dev/null
}

# A mail server that demands TLS and keeps what it gets, for whomever: $root/var/mail/all.
set_up_postfix() {
  cp "$work/mail.company.example.key" "$root/etc/postfix/tls.key"
  cp "$work/mail.company.example.pem" "$root/etc/postfix/tls.pem"
  cat > "$root/etc/postfix/main.cf" <<'CF'
compatibility_level = 3.6
myhostname = mail.company.example
mydestination =
inet_interfaces = loopback-only
mynetworks = 127.0.0.0/8
smtpd_tls_cert_file = /etc/postfix/tls.pem
smtpd_tls_key_file = /etc/postfix/tls.key
smtpd_tls_security_level = encrypt
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:all/
virtual_mailbox_base = /var/mail/all
virtual_uid_maps = static:5000
virtual_gid_maps = static:5000
maillog_file = /var/log/postfix.log
CF
  mkdir -p "$root/var/mail/all"
  chown 5000:5000 "$root/var/mail/all"
}

# Switches the machine on, and waits until systemd has nothing left to start.
boot() {
  ip netns add "$machine"
  ip -n "$machine" link set lo up
  mkdir -p "/etc/netns/$machine"
  cp "$root/etc/hosts" "/etc/netns/$machine/hosts"
  systemd-nspawn --quiet --register=no --keep-unit --machine="$machine" --directory="$root" --boot --console=pipe \
    --resolv-conf=off --network-namespace-path="/run/netns/$machine" </dev/null >"$work/boot.log" 2>&1 &
  local nspawn=$!
  for _ in $(seq 600); do
    leader=$(pgrep -P "$nspawn" || true)
    if [ -n "$leader" ] && inside systemctl is-system-running >/dev/null 2>&1; then return 0; fi
    kill -0 "$nspawn" 2>/dev/null || break
    sleep 0.1
  done
  tail -20 "$work/boot.log"
  [ -z "$leader" ] || inside systemctl --failed --no-pager || true
  fail "The machine did not come up."
}

# set_it NAME VALUE : a setting of the service, in the place where the file shows it.
set_it() {
  local conf=$root/etc/licentral/licentral.conf
  grep -q "^#\?$1=" "$conf" || fail "licentral.conf does not show $1"
  NAME=$1 VALUE=$2 perl -i -ne '
    if (/^#?\Q$ENV{NAME}\E=/) { print "$ENV{NAME}=$ENV{VALUE}\n" unless $done++ } else { print }' "$conf"
}

# link WORDS : the newest address in the portal's journal that holds these words.
link() {
  local found=''
  for _ in $(seq 100); do
    found=$(inside journalctl -u licentral -o cat | grep -o "$1[^ ]*" | tail -1 || true)
    [ -z "$found" ] || break
    sleep 0.1
  done
  [ -n "$found" ] || { inside journalctl -u licentral --no-pager | tail -20; fail "the journal has no $1"; }
  printf '%s\n' "$found"
}

# The portal's unit is up and answers at this address.
is_up() {
  for _ in $(seq 100); do
    if beside curl -fsS ${2:+--cacert "$2"} "$1/readyz" >"$work/ready.log" 2>&1; then return 0; fi
    sleep 0.1
  done
  inside systemctl status licentral --no-pager || true
  inside journalctl -u licentral --no-pager | tail -20
  cat "$work/ready.log"
  fail "the portal does not answer at $1"
}
