#!/bin/sh
# Installs the agent of Varve on this host, lets it join a fleet, and starts it. Again: it mends and updates.
#
#   sh linux.sh https://CONTROLLER:7070 [--library NAME=FOLDER ...] [--nbd-host ADDRESS] [--name NAME] [--archive FILE]
#   sh linux.sh --remove
#
# The token stands in VARVE_JOIN_TOKEN, or is asked for. A controller puts in which release it serves; what each step
# proves is in docs/install.md.
# varve: the release
set -u
export LC_ALL=C PATH="$PATH:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

home=/opt/varve
data=/var/lib/varve/agent
unit=/etc/systemd/system/varve-agent.service
link=/usr/local/bin/varve

fail() {
  printf 'varve: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf '  %s\n' "$2" >&2
  exit 1
}

# What takes everything away again; it is kept beside the program.
removal() {
  cat <<'END'
#!/bin/sh
# Removes the agent of Varve from this host. Images are left alone.
set -u
export LC_ALL=C PATH="$PATH:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
fail() {
  printf 'varve: %s\n  %s\n' "$1" "$2" >&2
  exit 1
}
[ "$(id -u)" = 0 ] || fail 'This needs root.' 'Put sudo before sh, or run it as root.'
for note in /run/varve/attached/*.json; do
  [ ! -e "$note" ] || fail 'An image is attached on this host.' 'See varve attached, end it with varve detach, then remove again.'
done
[ -e /opt/varve/remove.sh ] || [ -e /etc/systemd/system/varve-agent.service.d/install.conf ] ||
  fail 'There is nothing here that linux.sh installed.' 'What a package installed is removed with: apt purge varve, or dnf remove varve'
name=$(sed -n 's/.*"name":"\([a-z0-9-]*\)".*/\1/p' /var/lib/varve/agent/membership.json 2>/dev/null)
if [ -d /run/systemd/system ] && [ -e /etc/systemd/system/varve-agent.service ]; then
  systemctl disable --now varve-agent.service 2>/dev/null ||
    fail 'The service varve-agent could not be stopped.' 'systemctl status varve-agent says why; then remove again.'
fi
for program in /proc/[0-9]*/exe; do
  case $(readlink "$program") in
    /opt/varve/*)
      pid=${program#/proc/}
      fail "The service is off, but a program of Varve still runs: process ${pid%/exe}." 'End it, then remove again; or start the service anew: systemctl enable --now varve-agent'
      ;;
  esac
done
rm -f /etc/systemd/system/varve-agent.service.d/install.conf /etc/systemd/system/varve-agent.service
rmdir /etc/systemd/system/varve-agent.service.d 2>/dev/null
[ ! -d /run/systemd/system ] || systemctl daemon-reload
case $(readlink /usr/local/bin/varve) in
  /opt/varve/*) rm -f /usr/local/bin/varve ;;
esac
rm -rf /var/lib/varve/agent /var/cache/varve/agent /opt/varve ||
  fail 'Not everything could be removed.' 'What rm said is above; then remove again.'
rmdir /var/lib/varve /var/cache/varve /run/varve/attached /run/varve 2>/dev/null
printf 'varve: removed; images were left alone.\n'
[ -z "$name" ] ||
  printf '  %s is still in the list of its fleet. On the controller: varve agents revoke %s, then varve hosts --forget %s\n' "$name" "$name" "$name"
exit 0
END
}

# What the service starts: the build that runs, or the one that is on trial, or the one before when that does not do.
starter() {
  cat <<'END'
#!/bin/sh
# Starts the agent of Varve. A build that an update has put on trial is started twice at most, and has 90 seconds: then the one
# before runs again. trial: the build before, the build on trial, how often it may still be started.
set -u
export LC_ALL=C PATH="$PATH:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
home=/opt/varve
trial=$home/trial
# When this process was started, by which it is told from another of its number; the agent that it becomes is the same one.
started() {
  stat=$(cat "/proc/$$/stat" 2>/dev/null) || return 1
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  printf %s "${20}"
}
if [ -e "$trial" ]; then
  read -r before build left <"$trial" || left=
  case $left in
    [1-9])
      now="$before $build $((left - 1))"
      printf '%s\n' "$now" >"$trial.new" && mv "$trial.new" "$trial"
      since=$(started)
      (
        trap '' HUP INT TERM
        seconds=0
        while [ $seconds -lt 90 ]; do
          sleep 1
          [ "$(cat "$trial" 2>/dev/null)" = "$now" ] || exit 0
          seconds=$((seconds + 1))
        done
        [ "$(started)" = "$since" ] || exit 0
        printf '%s\n%s\n%s\n' "$build" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" 'it hung: nothing was heard of it for 90 seconds' >"$home/rolled-back"
        printf '%s %s 0\n' "$before" "$build" >"$trial.new" && mv "$trial.new" "$trial"
        kill -9 $$
      ) >/dev/null 2>&1 </dev/null &
      ;;
    *)
      if [ -n "${before-}" ] && [ -x "$home/$before/bin/varve-agent" ]; then
        [ "$(head -n 1 "$home/rolled-back" 2>/dev/null)" = "$build" ] ||
          printf '%s\n%s\n%s\n' "$build" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" 'it ended by itself each time that it was started' >"$home/rolled-back"
        rm -f "$home/.current.new"
        ln -s "$before" "$home/.current.new" && mv -T "$home/.current.new" "$home/current"
      fi
      rm -f "$trial"
      ;;
  esac
fi
VARVE_INSTALLED=$home
VARVE_BUILD=$(readlink "$home/current")
export VARVE_INSTALLED VARVE_BUILD
exec "$home/current/bin/varve-agent" "$@"
END
}

# Asks the person at the terminal; nothing, where there is none.
ask() {
  answer=
  (: </dev/tty) 2>/dev/null || return 1
  printf '%s ' "$1" >/dev/tty
  IFS= read -r answer </dev/tty
}

take_options() {
  controller='' name='' nbd_host='' archive='' libraries='' task=install
  while [ $# -gt 0 ]; do
    case $1 in
      --remove) task=remove ;;
      --library | --nbd-host | --name | --archive)
        [ $# -gt 1 ] || fail "$1 needs a value." "Write it as $1 VALUE."
        case $1 in
          --library) add_library "$2" ;;
          --nbd-host) nbd_host=$2 ;;
          --name) name=$2 ;;
          --archive) archive=$2 ;;
        esac
        shift
        ;;
      -*) fail "There is no option $1." 'There are --library NAME=FOLDER, --nbd-host ADDRESS, --name NAME, --archive FILE and --remove.' ;;
      *)
        [ -z "$controller" ] || fail "There is one controller, and $1 is another." "Write it as: sh linux.sh https://HOST:7070, then the options."
        controller=${1%/}
        ;;
    esac
    shift
  done
}

# What could mean something else in a unit of systemd is refused.
add_library() {
  case $1 in
    *[!A-Za-z0-9_\ ./=:+@,-]*) fail "--library $1 has characters that the service cannot take." 'Letters, digits, spaces and _ . / : + @ , - can be; or write the drop-in by hand (docs/install.md).' ;;
    [A-Za-z0-9_]*=/* | [A-Za-z0-9_]*=lvm:?* | [A-Za-z0-9_]*=zfs:?*) ;;
    *) fail "--library $1 is none." 'Write it as NAME=FOLDER, with the whole path of the folder.' ;;
  esac
  libraries="$libraries${libraries:+
}$1"
}

check_host() {
  [ "$(uname -s)" = Linux ] || fail 'This installs Varve on Linux only.' 'Windows and macOS have lines of their own: varve agents token on the controller.'
  [ "$(id -u)" = 0 ] || fail 'This needs root.' 'Put sudo before sh, or run it as root.'
  case $controller in
    https://?*) ;;
    *) fail 'Which controller?' 'Write it as: sh linux.sh https://HOST:7070' ;;
  esac
  case $controller in
    *[!][A-Za-z0-9.:/_-]*) fail "$controller is no address of a controller." 'Write it as https://HOST:7070.' ;;
  esac
  case $nbd_host in
    *[!A-Za-z0-9.:_-]*) fail "--nbd-host $nbd_host is no address." "Say a name or an address of this host: --nbd-host 192.0.2.7" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) cpu=x64 release=${varve_x64-} ;;
    aarch64 | arm64) cpu=arm64 release=${varve_arm64-} ;;
    *) fail "There is no Varve for a processor of the kind $(uname -m)." 'It runs on x86_64 and aarch64.' ;;
  esac
  [ "$(getconf LONG_BIT 2>/dev/null)" != 32 ] || fail 'The programs of this host are of 32 bits.' 'Varve runs on a system of 64 bits.'
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || libc=
  case $libc in
    'glibc 2.'[0-9] | 'glibc 2.1'[0-9] | 'glibc 2.2'[0-7] | 'glibc 2.'[0-9].* | 'glibc 2.1'[0-9].* | 'glibc 2.2'[0-7].* | 'glibc 0'* | 'glibc 1'*)
      fail "This system has $libc." 'Varve needs glibc 2.28 or later, as of Debian 10.' ;;
    'glibc '*) ;;
    *) fail 'This system has no glibc, as Alpine has none.' 'Varve needs glibc 2.28 or later.' ;;
  esac
  [ -n "$release" ] || fail "The controller has no release for Linux on $cpu." 'Put one into its folder of releases, and make a new line.'
  for tool in tar gzip sha256sum df sed; do
    command -v "$tool" >/dev/null || fail "This host has no $tool." 'Install it, then run this again.'
  done
  [ -n "$archive" ] || command -v curl >/dev/null || fail 'This host has no curl.' 'Install it, or bring the archive: --archive FILE (docs/install.md).'
  [ ! -e /usr/lib/varve ] || fail 'Varve is installed here as a package.' 'Update that with apt or dnf, and join with: varve agent join URL TOKEN'
  if [ -L "$home" ] || { [ -e "$home" ] && [ ! -e "$home/remove.sh" ] && [ -n "$(ls -A "$home")" ]; } ||
    { [ -e "$unit" ] && [ ! -e "$unit.d/install.conf" ] && [ ! -e "$home/remove.sh" ]; }; then
    fail 'Varve was installed here by hand.' "Remove $home and $unit first; docs/install.md says how such an installation is updated."
  fi
  if [ -e "$data/membership.json" ] && ! grep -q "\"fleet\":\"${varve_fleet-}\"" "$data/membership.json"; then
    fail 'This host belongs to another fleet, or its membership is damaged.' "Take it out of that first: sh $home/remove.sh"
  fi
}

choose_libraries() {
  [ -z "$libraries" ] || return 0
  if [ -e "$unit.d/install.conf" ]; then
    [ -z "$nbd_host" ] || fail '--nbd-host alone would lose the libraries.' 'Say them too: --library NAME=FOLDER'
    return 0
  fi
  ask 'Which folder has the images of this host? [/srv/images]' ||
    fail 'Which folder has the images of this host?' 'Say it at the end of the line: --library images=/srv/images'
  add_library "images=${answer:-/srv/images}"
}

make_folders() {
  printf '%s\n' "$libraries" | while IFS= read -r library; do
    case $library in
      *=/*)
        folder=${library#*=}
        [ -d "$folder" ] || mkdir -p "$folder" || fail "The folder $folder of images could not be made." 'Name another with --library NAME=FOLDER.'
        ;;
    esac
  done
}

# The release into a folder that is named by what is in it; whole, or not there.
unpack_release() {
  read -r file sum bytes <<END
$release
END
  short=${sum%"${sum#????????}"}
  folder=${varve_version-}-$short
  address=
  mkdir -p "$home" && removal >"$home/remove.sh" || fail "$home cannot be written to." 'See that it can be, then run this again.'
  if command -v flock >/dev/null; then
    exec 9>"$home/.lock"
    flock -n 9 || fail 'Varve is being installed here already.' 'Wait for that to end.'
  fi
  staged=$home/.new
  rm -rf "$staged"
  "$home/$folder/bin/varve" --version >/dev/null 2>&1 && return 0
  trap 'rm -rf "$staged"' EXIT
  trap 'exit 1' HUP INT TERM
  mkdir -m 700 "$staged" || fail "$home cannot be written to." 'See that it can be, then run this again.'
  need=$((bytes / 1024 * 5))
  # shellcheck disable=SC2046
  set -- $(df -Pk "$home" | tail -n 1)
  [ "$4" -ge "$need" ] || fail "$home has room for $(($4 / 1024)) MiB, and $((need / 1024)) MiB are needed." 'Make room, then run this again.'
  if [ -n "$archive" ]; then
    cp "$archive" "$staged/archive" || fail "The archive $archive cannot be read." 'Say where it is: --archive FILE'
  else
    address=$(curl -fsSk --connect-timeout 20 -y 60 -Y 1000 -o "$staged/archive" -w '%{local_ip}' "$controller/install/files/$file") ||
      fail "The archive could not be fetched from $controller; what curl said is above." 'Run this again when the controller can be reached.'
  fi
  [ "$(sha256sum <"$staged/archive")" = "$sum  -" ] ||
    fail "The archive is not the one that this script is for: it was cut off, or changed on its way." 'Run this again; if it stays so, make a new line on the controller.'
  tar -xzof "$staged/archive" -C "$staged" || fail 'The archive could not be unpacked; what tar said is above.' 'Make room, then run this again.'
  "$staged/${file%.tar.gz}/bin/varve" --version >/dev/null || fail 'The programs of Varve do not run on this host; what they said is above.' 'Where programs may not run from /opt (noexec), mount that otherwise; then run this again.'
  rm -rf "${home:?}/$folder" && mv "$staged/${file%.tar.gz}" "$home/$folder" || fail "$home cannot be written to." 'Make room, then run this again.'
}

join_fleet() {
  [ ! -e "$data/membership.json" ] || return 0
  if [ -z "${VARVE_JOIN_TOKEN-}" ]; then
    ask 'The token (varve agents token on the controller):' ||
      fail 'There is no token.' 'Make one on the controller with varve agents token, and put it into VARVE_JOIN_TOKEN.'
    VARVE_JOIN_TOKEN=$answer
  fi
  mkdir -p "${data%/*}" || fail "${data%/*} cannot be written to." 'See that it can be, then run this again.'
  export VARVE_JOIN_TOKEN
  "$home/current/bin/varve-agent" join "$controller" ${name:+--name "$name"} --data "$data" </dev/null >/dev/null ||
    fail 'The host could not join; why is above. The program stays for the next try.' 'Run the line again, with a new token if this one was used: varve agents token on the controller.'
}

link_programs() {
  rm -f "$home/trial" "$home/rolled-back"
  printf -- '-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n' "${varve_key-}" >"$home/release.pub" &&
    starter >"$home/start.sh" || fail "$home cannot be written to." 'See that it can be, then run this again.'
  chmod 755 "$home/start.sh"
  ln -sfn "$folder" "$home/current" || fail "$home cannot be written to." 'See that it can be, then run this again.'
  case $(readlink "$link") in
    /opt/varve/*) return 0 ;;
  esac
  [ -e "$link" ] || [ -L "$link" ] || { mkdir -p "${link%/*}" && ln -s "$home/current/bin/varve" "$link"; } || fail "$link could not be made." 'See that its folder can be written to, then run this again.'
}

# How it can be reached by other agents: as the controller sees it.
own_address() {
  case $address in
    '' | 127.* | ::1) printf 127.0.0.1 ;;
    *) printf %s "$address" ;;
  esac
}

# Started again however it ended: a build on trial that ends with 0 or 2 is to be taken back too, which start.sh does.
write_settings() {
  [ -n "$libraries" ] || return 0
  if [ -z "$nbd_host" ]; then
    [ -n "$address" ] || address=$(curl -fsSk --connect-timeout 20 -o /dev/null -w '%{local_ip}' "$controller/api/health" 2>/dev/null)
    nbd_host=$(own_address)
  fi
  mkdir -p "$unit.d" && {
    printf '# Written by linux.sh; your own settings: systemctl edit varve-agent\n[Service]\nExecStart=\nExecStart=/bin/sh %s\nRestart=always\nRestartPreventExitStatus=\nReadWritePaths=%s\n' "$home/start.sh" "$home"
    printf 'Environment="VARVE_LIBRARIES='
    printf '%s\n' "$libraries" | sed -e '$!s/$/\\n/' | tr -d '\n'
    printf '"\nEnvironment=VARVE_NBD_HOST=%s\n' "$nbd_host"
    printf '%s\n' "$libraries" | sed -n 's/^[^=]*=\(\/.*\)$/ReadWritePaths="\1"/p'
    case "$libraries" in
      *=/home/* | *=/root/* | *=/home | *=/root) printf 'ProtectHome=no\n' ;;
    esac
  } >"$unit.d/.install.conf" && mv "$unit.d/.install.conf" "$unit.d/install.conf" || fail "$unit.d cannot be written to." 'See that it can be, then run this again.'
}

start_service() {
  cp "$home/current/lib/systemd/system/varve-agent.service" "$unit.new" && mv "$unit.new" "$unit" || fail "$unit cannot be written." 'See that it can be, then run this again.'
  systemctl daemon-reload && systemctl enable varve-agent.service 2>/dev/null && systemctl restart varve-agent.service 9>&- ||
    fail 'The service varve-agent could not be started.' 'systemctl status varve-agent says why; then run this again.'
  tries=0
  while [ $tries -lt 150 ]; do
    start=$(systemctl show -p InvocationID --value varve-agent.service)
    said=$(journalctl -q -o cat "_SYSTEMD_INVOCATION_ID=$start" 2>/dev/null | sed -n 's/^connected \([^ ]*\) to .*/\1/p' | tail -n 1)
    [ -z "$said" ] || return 0
    tries=$((tries + 1))
    sleep 0.2
  done
  journalctl -q -n 3 -o cat -u varve-agent.service >&2
  fail "The agent runs, and has not reached $controller within 30 seconds." 'journalctl -u varve-agent says more. A host that was put out of the fleet is let in by a new token, after: sh /opt/varve/remove.sh'
}

# Versions of before that nothing runs from.
remove_older() {
  for old in "$home"/*-????????; do
    [ "$old" != "$home/$folder" ] && [ -d "$old" ] || continue
    case $(readlink /proc/[0-9]*/exe 2>/dev/null) in
      *"$old/"*) ;;
      *) rm -rf "$old" ;;
    esac
  done
}

main() {
  umask 022
  take_options "$@"
  if [ "$task" = remove ]; then
    removal | sh
    exit $?
  fi
  check_host
  choose_libraries
  [ -z "$libraries" ] || make_folders || exit 1
  unpack_release
  # What the programs compile is kept where the service has its own.
  export NODE_COMPILE_CACHE=/var/cache/varve/agent
  link_programs
  join_fleet
  if [ ! -d /run/systemd/system ]; then
    printf 'varve: installed, and in the fleet; there is no systemd here. Start it as root with:\n'
    printf "  VARVE_LIBRARIES='%s' VARVE_NBD_HOST=%s %s --data %s\n" "$libraries" "${nbd_host:-$(own_address)}" "$home/current/bin/varve-agent" "$data"
    exit 0
  fi
  write_settings
  start_service
  remove_older
  printf 'varve: %s is connected to %s.\n' "$said" "$controller"
  exit 0
}

main "$@"
