#!/bin/sh
# Installs the agent of Varve on this Mac and lets it join a fleet. Again: it mends and updates.
#
#   sh macos.sh https://CONTROLLER:7070 [--library NAME=FOLDER ...] [--nbd-host ADDRESS] [--name NAME] [--archive FILE]
#   sh macos.sh --remove
#
# The token stands in VARVE_JOIN_TOKEN, or is asked for. A controller puts in which release it serves; what each step
# proves is in docs/install.md.
# varve: the release
set -u
export LC_ALL=C PATH="$PATH:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

home=/opt/varve
data=/var/lib/varve/agent
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
# Removes the agent of Varve from this Mac. Images are left alone.
set -u
export LC_ALL=C PATH="$PATH:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
fail() {
  printf 'varve: %s\n  %s\n' "$1" "$2" >&2
  exit 1
}
[ "$(id -u)" = 0 ] || fail 'This needs root.' 'Put sudo before sh.'
[ -e /opt/varve/remove.sh ] || fail 'There is nothing here that macos.sh installed.' 'What was unpacked by hand is removed by hand: docs/install.md.'
[ ! -e /var/lib/varve/agent/service.json ] || /opt/varve/current/bin/varve-agent service remove </dev/null >/dev/null || {
  launchctl bootout system/varve.agent
  rm -f /Library/LaunchDaemons/varve.agent.plist
}
pid=$(ps -axww -o pid=,args= | awk '$2 ~ "^/opt/varve/.*/bin/node$" { print $1; exit }')
[ -z "$pid" ] || fail "A program of Varve still runs: process $pid." 'End it, then remove again.'
name=$(sed -n 's/.*"name":"\([a-z0-9-]*\)".*/\1/p' /var/lib/varve/agent/membership.json 2>/dev/null)
case $(readlink /usr/local/bin/varve) in
  /opt/varve/*) rm -f /usr/local/bin/varve ;;
esac
rm -rf /var/lib/varve/agent /opt/varve ||
  fail 'Not everything could be removed.' 'What rm said is above; then remove again.'
rmdir /var/lib/varve 2>/dev/null
printf 'varve: removed; images were left alone.\n'
[ -z "$name" ] ||
  printf '  %s is still in the list of its fleet. On the controller: varve agents revoke %s, then varve hosts --forget %s\n' "$name" "$name" "$name"
exit 0
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
        [ -z "$controller" ] || fail "There is one controller, and $1 is another." 'Write it as: sh macos.sh https://HOST:7070, then the options.'
        controller=${1%/}
        ;;
    esac
    shift
  done
}

# A line for each; what could end it is refused.
add_library() {
  case $1 in
    *[[:cntrl:]]*) fail "--library $1 has a character that cannot be seen." 'Name a folder without.' ;;
    [A-Za-z0-9_]*=/*) ;;
    *) fail "--library $1 is none." 'Write it as NAME=FOLDER, with the whole path of the folder.' ;;
  esac
  libraries="$libraries${libraries:+
}$1"
}

check_host() {
  [ "$(uname -s)" = Darwin ] || fail 'This installs Varve on macOS only.' 'Linux and Windows have lines of their own: varve agents token on the controller.'
  [ "$(id -u)" = 0 ] || fail 'This needs root.' 'Put sudo before sh.'
  case $controller in
    https://?*) ;;
    *) fail 'Which controller?' 'Write it as: sh macos.sh https://HOST:7070' ;;
  esac
  case $controller in
    *[!][A-Za-z0-9.:/_-]*) fail "$controller is no address of a controller." 'Write it as https://HOST:7070.' ;;
  esac
  case $nbd_host in
    *[!A-Za-z0-9.:_-]*) fail "--nbd-host $nbd_host is no address." 'Say a name or an address of this Mac: --nbd-host 192.0.2.7' ;;
  esac
  # A shell that is translated for Intel says x86_64 on Apple silicon too.
  if [ "$(uname -m)" = arm64 ] || [ "$(sysctl -n hw.optional.arm64 2>/dev/null)" = 1 ]; then
    cpu=arm64 release=${varve_arm64-}
  else
    cpu=x64 release=${varve_x64-}
  fi
  [ -n "$release" ] || fail "The controller has no release for macOS on $cpu." 'Put one into its folder of releases, and make a new line.'
  macos=$(sw_vers -productVersion)
  case $macos in
    ? | ?.* | 10.* | 11.* | 12.* | 13 | 13.[0-4] | 13.[0-4].*) fail "This is macOS $macos." 'Varve needs macOS 13.5 or later.' ;;
  esac
  if [ -L "$home" ] || { [ -e "$home" ] && [ ! -e "$home/remove.sh" ] && [ -n "$(ls -A "$home")" ]; }; then
    fail 'Varve was installed here by hand.' "Remove $home first; docs/install.md says how such an installation is updated."
  fi
  if [ -e "$data/membership.json" ] && ! grep -q "\"fleet\":\"${varve_fleet-}\"" "$data/membership.json"; then
    fail 'This Mac belongs to another fleet, or its membership is damaged.' "Take it out of that first: sudo sh $home/remove.sh"
  fi
}

choose_libraries() {
  [ -z "$libraries" ] || return 0
  if [ -e "$data/service.json" ] || [ -e "$home/start-agent" ]; then
    [ -z "$nbd_host" ] || fail '--nbd-host alone would lose the libraries.' 'Say them too: --library NAME=FOLDER'
    return 0
  fi
  ask 'Which folder has the images of this Mac? [/Users/Shared/Images]' ||
    fail 'Which folder has the images of this Mac?' 'Say it at the end of the line: --library images=/Users/Shared/Images'
  add_library "images=${answer:-/Users/Shared/Images}"
}

make_folders() {
  printf '%s\n' "$libraries" | while IFS= read -r library; do
    folder=${library#*=}
    [ -d "$folder" ] || mkdir -p "$folder" || fail "The folder $folder of images could not be made." 'Name another with --library NAME=FOLDER.'
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
  [ "$(shasum -a 256 <"$staged/archive")" = "$sum  -" ] ||
    fail 'The archive is not the one that this script is for: it was cut off, or changed on its way.' 'Run this again; if it stays so, make a new line on the controller.'
  tar -xzof "$staged/archive" -C "$staged" || fail 'The archive could not be unpacked; what tar said is above.' 'Make room, then run this again.'
  "$staged/${file%.tar.gz}/bin/varve" --version >/dev/null || fail 'The programs of Varve do not run on this Mac; what they said is above.' 'Then run this again.'
  rm -rf "${home:?}/$folder" && mv "$staged/${file%.tar.gz}" "$home/$folder" || fail "$home cannot be written to." 'Make room, then run this again.'
}

link_programs() {
  ln -sfn "$folder" "$home/current" || fail "$home cannot be written to." 'See that it can be, then run this again.'
  case $(readlink "$link") in
    /opt/varve/*) return 0 ;;
  esac
  [ -e "$link" ] || [ -L "$link" ] || { mkdir -p "${link%/*}" && ln -s "$home/current/bin/varve" "$link"; } || fail "$link could not be made." 'See that its folder can be written to, then run this again.'
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
    fail 'The Mac could not join; why is above. The program stays for the next try.' 'Run the line again, with a new token if this one was used: varve agents token on the controller.'
}

# How it can be reached by other agents: as the controller sees it.
own_address() {
  [ -n "$address" ] || address=$(curl -fsSk --connect-timeout 20 -o /dev/null -w '%{local_ip}' "$controller/api/health" 2>/dev/null)
  case $address in
    '' | 127.* | ::1) printf 127.0.0.1 ;;
    *) printf %s "$address" ;;
  esac
}

# The agent has launchd start it, with its settings; without new ones it keeps those of before.
start_service() {
  unset VARVE_JOIN_TOKEN
  if [ -z "$libraries" ] && [ -f "$home/start-agent" ]; then
    # Of a version that launchd did not start.
    sed '/^exec \/opt\//d' "$home/start-agent" >"$home/.settings" && . "$home/.settings"
    rm -f "$home/.settings"
  fi
  if [ -n "$libraries" ]; then
    [ -n "$nbd_host" ] || nbd_host=$(own_address)
    VARVE_LIBRARIES=$libraries VARVE_NBD_HOST=$nbd_host
    export VARVE_LIBRARIES VARVE_NBD_HOST
  fi
  "$home/current/bin/varve-agent" service install --data "$data" </dev/null >/dev/null ||
    fail 'launchd does not run the agent; why is above. The Mac is in its fleet.' 'Run the line again when that is mended.'
  rm -f "$home/start-agent"
}

# Versions of before that nothing runs from.
remove_older() {
  for old in "$home"/*-????????; do
    [ "$old" != "$home/$folder" ] && [ -d "$old" ] || continue
    ps -axww -o args= | grep -q "^$old/" || rm -rf "$old"
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
  link_programs
  join_fleet
  start_service
  remove_older
  name=$(sed -n 's/.*"name":"\([a-z0-9-]*\)".*/\1/p' "$data/membership.json")
  printf 'varve: installed and running, and %s is in the fleet of %s. launchd starts it with this Mac.\n' "$name" "$controller"
  exit 0
}

main "$@"
