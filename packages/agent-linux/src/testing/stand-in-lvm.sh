#!/bin/bash
# The volumes of one group, and its thin pool, as files behind loop devices: what Varve asks of LVM, in LVM's words.
set -eu
state=$VARVE_STAND_IN
group=$(cat "$state/group")
whole=$(cat "$state/size")
command=$1
shift

option() {
  local name=$1
  shift
  while [ $# -gt 1 ]; do
    if [ "$1" = "$name" ]; then
      echo "$2"
      return
    fi
    shift
  done
}

# What the file holds, in whole parts of a hundred of its size.
held() {
  sync "$1"
  local part=$(($(stat -c '%b * 51200 / %s' "$1")))
  echo "$((part > 100 ? 100 : part)).00"
}

# Name, size of it, kind, pool, origin.
row() {
  local uuid=${6:-p}
  echo "{\"vg_uuid\": \"g\", \"lv_name\": \"$1\", \"lv_uuid\": \"$uuid\", \"segtype\": \"$3\", \"lv_size\": \"$2\", \"pool_lv\": \"$4\", \"origin\": \"$5\", \"data_percent\": \"${7:-}\", \"metadata_percent\": \"${7:-}\", \"lv_metadata_size\": \"${8:-}\", \"chunk_size\": \"${9:-0}\", \"zero\": \"${10:-unknown}\", \"lv_path\": \"/dev/$group/$1\", \"lv_active\": \"active\", \"lv_device_open\": \"\", \"lv_permissions\": \"writeable\", \"lv_health_status\": \"\"}"
}

case $command in
vgs)
  echo "{\"report\": [{\"vg\": [{\"vg_name\": \"$group\", \"vg_uuid\": \"g\", \"vg_size\": \"$whole\", \"vg_free\": \"$((whole / 2))\", \"vg_extent_size\": \"4194304\", \"vg_missing_pv_count\": \"0\"}]}]}"
  ;;
pvs)
  echo '{"report": [{"pv": []}]}'
  ;;
lvs)
  rows=$(row pool "$whole" thin-pool '' '' p 10.00 4194304 65536 zero)
  for image in "$state"/*.img; do
    [ -e "$image" ] || continue
    name=$(basename "$image" .img)
    # One that is named is told alone.
    case ${*: -1} in "$group"/*) [ "${*: -1}" = "$group/$name" ] || continue ;; esac
    pool=$(cat "$state/$name.pool")
    one=$(row "$name" "$(stat -c %s "$image")" "$([ -n "$pool" ] && echo thin || echo linear)" "$pool" "$(cat "$state/$name.origin")" "$(cat "$state/$name.uuid")" "${pool:+$(held "$image")}")
    case ${*: -1} in "$group"/*) rows=$one ;; *) rows="$rows,$one" ;; esac
  done
  echo "{\"report\": [{\"lv\": [$rows]}]}"
  ;;
lvcreate)
  name=$(option --name "$@")
  [ ! -e "$state/$name.img" ] || exit 5
  size=$(option --size "$@")
  case " $* " in
  *' --snapshot '*)
    origin=${*: -1}
    origin=${origin#*/}
    [ -n "$(cat "$state/$origin.pool")" ] || exit 5
    sync
    # Zeros that were written stay written.
    cp --sparse=never "$state/$origin.img" "$state/$name.img"
    cp "$state/$origin.pool" "$state/$name.pool"
    echo "$origin" >"$state/$name.origin"
    ;;
  *' --thinpool '*)
    option --thinpool "$@" >"$state/$name.pool"
    size=$(option --virtualsize "$@")
    truncate -s "${size%b}" "$state/$name.img"
    : >"$state/$name.origin"
    ;;
  *)
    : >"$state/$name.pool"
    : >"$state/$name.origin"
    # What an earlier volume has left.
    (yes left || true) | head -c "${size%b}" >"$state/$name.img"
    ;;
  esac
  option --addtag "$@" >"$state/$name.tag"
  cat /proc/sys/kernel/random/uuid >"$state/$name.uuid"
  mkdir -p "/dev/$group"
  ln -s "$(losetup --find --show "$state/$name.img")" "/dev/$group/$name"
  ;;
lvextend | lvreduce)
  # As LVM before 2.03.17.
  [ -z "$(option --fs "$@")" ] || exit 3
  size=$(option --size "$@")
  size=${size%b}
  name=${*: -1}
  name=${name#*/}
  [ -e "$state/$name.img" ] || exit 5
  before=$(stat -c %s "$state/$name.img")
  if [ "$command" = lvextend ]; then [ "$size" -gt "$before" ] || exit 5; else [ "$size" -lt "$before" ] || exit 5; fi
  [ $((size % 4194304)) = 0 ] || exit 5
  truncate -s "$size" "$state/$name.img"
  losetup --set-capacity "$(readlink "/dev/$group/$name")"
  ;;
lvrename)
  from=${*: -2:1}
  to=${*: -1}
  [ -e "$state/$from.img" ] && [ ! -e "$state/$to.img" ] || exit 5
  for part in tag uuid pool origin img; do mv "$state/$from.$part" "$state/$to.$part"; done
  for origin in "$state"/*.origin; do
    [ "$(cat "$origin")" != "$from" ] || echo "$to" >"$origin"
  done
  mv -T "/dev/$group/$from" "/dev/$group/$to"
  ;;
lvremove)
  selected=$(option --select "$@")
  name=${selected#lv_name=}
  name=${name%% && *}
  [ -e "$state/$name.img" ] || exit 0
  case ${selected##* && } in
  "lv_tags={$(cat "$state/$name.tag")}" | "lv_uuid=$(cat "$state/$name.uuid")") ;;
  *) exit 0 ;;
  esac
  device=$(readlink "/dev/$group/$name")
  rm "/dev/$group/$name"
  losetup --detach "$device"
  rm "$state/$name".{img,tag,uuid,pool,origin}
  for origin in "$state"/*.origin; do
    [ ! -e "$origin" ] || [ "$(cat "$origin")" != "$name" ] || : >"$origin"
  done
  ;;
*)
  exit 3
  ;;
esac
