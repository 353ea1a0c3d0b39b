# shellcheck shell=bash disable=SC2034  # what looks unused here, the scripts that source it use
# What the scripts of this folder and of Tests/Scripts share: how they speak, what they need, how
# they build and how they stop what they started. Sourced, never run.

deploy_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(dirname "$deploy_folder")
build_folder="$repository/.build"

# --- Speaking. Colours only for a person at a terminal (and never against NO_COLOR).

if [[ -t 1 && -z "${NO_COLOR:-}" && "${TERM:-dumb}" != dumb ]]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' plain=$'\e[0m'
  live=true
else
  bold='' dim='' red='' green='' yellow='' plain=''
  live=false
fi

step() { printf '%s==>%s %s%s%s\n' "$green" "$plain" "$bold" "$*" "$plain"; }
note() { printf '    %s\n' "$*"; }
warn() { printf '%swarning:%s %s\n' "$yellow" "$plain" "$*" >&2; }
fail() {
  printf '%serror:%s %s\n' "$red" "$plain" "$1" >&2
  shift
  (($# == 0)) || printf '       %s\n' "$@" >&2
  exit 1
}

# A line that the next one overwrites: terminals only.
show_live() { [[ $live == false ]] || printf '\r\e[K    %s%s%s' "$dim" "$*" "$plain"; }
clear_live() { [[ $live == false ]] || printf '\r\e[K'; }

elapsed() { printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60)); }

# --- What has to be there.

readonly oldest_swift=6.3

swift_help=(
  "Meddela is built with Swift $oldest_swift or newer. Install it for Debian 12 from"
  "https://www.swift.org/install/linux/ (swiftly, or the tarball into /opt/swift),"
  "put its usr/bin on PATH and run this again."
)

require_swift() {
  local candidate version
  if ! command -v swift >/dev/null; then
    for candidate in /opt/swift/usr/bin /usr/local/swift/usr/bin "$HOME/.local/share/swiftly/bin"; do
      [[ ! -x "$candidate/swift" ]] || { PATH="$candidate:$PATH" && break; }
    done
  fi
  command -v swift >/dev/null || fail 'no Swift toolchain found' "${swift_help[@]}"
  version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
  [[ -n "$version" ]] || fail "$(command -v swift) does not say its version" "${swift_help[@]}"
  [[ "$(printf '%s\n' "$oldest_swift" "$version" | sort -V | head -n 1)" == "$oldest_swift" ]] ||
    fail "$(command -v swift) is Swift $version" "${swift_help[@]}"
}

# package:why, what each is needed for
readonly build_packages=(
  'librabbitmq-dev:the AMQP wire grammar (rabbitmq-c)'
  'libsimdjson-dev:the JSON parser'
  'libexpat1-dev:the XML parser'
  'pkg-config:tells the build where these are'
  'g++:C and C++ headers and the linker, which Swift uses'
  'zlib1g-dev:unpacks compressed bodies; the Swift packages link it too'
  'libssl-dev:the hash that names a version of a template'
  'git:fetches the Swift packages'
)
readonly run_packages=(
  'rabbitmq-server:the broker; its system service is not started'
  'python3:checks the outcome of the samples'
)
readonly test_packages=(
  'iproute2:a network of its own for the tests that cut it'
  'iptables:cuts that network'
  'python3-venv:a private place for the Python packages of the tests'
)
readonly container_packages=(
  'buildah:builds the image'
  'podman:runs it'
  'runc:runs it'
  'debootstrap:makes the Debian base images'
)

require_packages() {
  local entry missing=()
  command -v dpkg-query >/dev/null ||
    fail 'this machine has no Debian packages' \
      'The scripts know Debian 12. Elsewhere install by hand:' "${@%%:*}"
  for entry in "$@"; do
    dpkg-query -W -f '${Status}' "${entry%%:*}" 2>/dev/null | grep -qx 'install ok installed' ||
      missing+=("$entry")
  done
  ((${#missing[@]} > 0)) || return 0
  step 'Installing Debian packages'
  for entry in "${missing[@]}"; do
    note "$(printf '%-18s %s' "${entry%%:*}" "${entry#*:}")"
  done
  install_packages "${missing[@]%%:*}"
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    sudo "$@"
  fi
}

install_packages() {
  if ((EUID != 0)) && ! command -v sudo >/dev/null; then
    fail 'packages are missing, and neither root nor sudo is here to install them' \
      "As root: apt-get install --no-install-recommends $*"
  fi
  local log="$build_folder/logs/apt.log" policy=/usr/sbin/policy-rc.d held=false status=0
  mkdir -p "$(dirname "$log")"
  # Debian starts a service when it installs one. The private brokers need only the program, and
  # this machine's port 5672 is not ours to take.
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null && as_root chmod +x "$policy"
    held=true
  fi
  { as_root apt-get update -q &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; } \
    >"$log" 2>&1 || status=$?
  [[ $held == false ]] || as_root rm -f "$policy"
  if ((status != 0)); then
    tail -n 20 "$log" >&2
    fail 'the packages could not be installed' "The whole output: $log"
  fi
}

# The Python packages of the tests, in a place of their own: the system's Python stays as it is.
readonly python_packages=(pika==1.3.2 "jsonschema[format]==4.23.0" PyYAML==6.0.2)

require_python_packages() {
  local environment="$build_folder/python" stamp
  stamp="$environment/$(printf '%s,' "${python_packages[@]}")"
  if [[ ! -e $stamp ]]; then
    step "Installing Python packages into .build/python: ${python_packages[*]}"
    rm -rf "$environment"
    run_quietly python "the Python packages could not be installed" \
      make_python_environment "$environment"
    : >"$stamp"
  fi
  PATH="$environment/bin:$PATH"
}

make_python_environment() {
  python3 -m venv "$1" && "$1/bin/pip" install --disable-pip-version-check "${python_packages[@]}"
}

# --- Another RabbitMQ: Debian 13's, with an Erlang and all else that it needs, in a folder.

readonly trixie_version=4.0.5 trixie_root="$build_folder/brokers/trixie"

# require_broker VERSION: makes it the first time (some 400 MB); sets broker_root, for deploy/broker.
require_broker() {
  [[ $1 == "$trixie_version" ]] || fail "only $trixie_version is known, beside this machine's"
  ((EUID == 0)) || fail 'another Debian needs root: chroot and its mounts'
  require_packages 'debootstrap:makes the other Debian'
  if [[ ! -d $trixie_root ]]; then
    step "Making a Debian 13 with RabbitMQ $trixie_version (the first time)"
    rm -rf "$trixie_root.new"
    mkdir -p "$(dirname "$trixie_root")"
    run_quietly debootstrap 'debootstrap failed' debootstrap --variant=minbase \
      --include=rabbitmq-server trixie "$trixie_root.new" http://deb.debian.org/debian
    mv "$trixie_root.new" "$trixie_root"
  fi
  [[ -d $trixie_root/usr/lib/rabbitmq/lib/rabbitmq_server-$trixie_version ]] ||
    fail "Debian 13 has another RabbitMQ by now than $trixie_version" "It is in $trixie_root."
  broker_root=$trixie_root
}

# --- Running things.

# run_quietly NAME SENTENCE COMMAND...: the output goes to .build/logs/NAME.log and is shown only
# when the command fails.
run_quietly() {
  local name=$1 sentence=$2 started=$SECONDS pid status=0
  shift 2
  local log="$build_folder/logs/$name.log"
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  while [[ $live == true ]] && kill -0 "$pid" 2>/dev/null; do
    show_live "$((SECONDS - started)) s  $(tail -n 1 "$log" | tr -d '\r' | cut -c 1-90)"
    sleep 0.5
  done
  wait "$pid" || status=$?
  clear_live
  ((status == 0)) && return
  tail -n 60 "$log" >&2
  fail "$sentence" "The whole output: $log"
}

# build PRODUCT: release, quietly; sets $program
build() {
  local started=$SECONDS
  step "Building $1 (the first time takes some minutes)"
  run_quietly "build-$1" 'the build failed' \
    swift build --package-path "$repository" -c release --product "$1"
  program="$(swift build --package-path "$repository" -c release --show-bin-path)/$1"
  note "$program, $((SECONDS - started)) s"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# True when GET http://127.0.0.1:PORT/PATH answers 200.
http_ok() {
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$2" >&3
    read -r -t 5 -u 3 _ code _ && [[ $code == 200 ]]
  ) 2>/dev/null
}

# --- Stopping things: only what was started here, by process id, the last first.

started_processes=()

# start_process NAME LOG COMMAND...: in the background, in a session of its own so that Ctrl-C
# reaches it only through stop_processes, which knows the order.
start_process() {
  local name=$1 log=$2
  shift 2
  setsid "$@" >>"$log" 2>&1 </dev/null &
  started_processes+=("$!:$name:$log")
}

processes_run() {
  local entry name
  for entry in "${started_processes[@]}"; do
    kill -0 "${entry%%:*}" 2>/dev/null && continue
    IFS=: read -r _ name log <<<"$entry"
    tail -n 20 "$log" >&2
    warn "$name ended by itself; its log: $log"
    return 1
  done
}

stop_process() {
  local pid=$1 limit=$((SECONDS + 30))
  kill -TERM "$pid" 2>/dev/null || return 0
  while kill -0 "$pid" 2>/dev/null && ! grep -qs '^State:[[:space:]]*Z' "/proc/$pid/status"; do
    if ((SECONDS >= limit)); then
      warn "process $pid did not stop within 30 s and is killed"
      kill -KILL "$pid" 2>/dev/null || true
      break
    fi
    sleep 0.1
  done
}

stop_processes() {
  local index
  for ((index = ${#started_processes[@]} - 1; index >= 0; index--)); do
    stop_process "${started_processes[index]%%:*}"
  done
  started_processes=()
}
