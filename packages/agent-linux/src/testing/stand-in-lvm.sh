#!/bin/bash
# The volumes of one group as files behind loop devices: what Varve asks of LVM, in LVM's words.
set -eu
state=$VARVE_STAND_IN
group=$(cat "$state/group")
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

case $command in
vgs)
  echo "{\"report\": [{\"vg\": [{\"vg_name\": \"$group\", \"vg_uuid\": \"g\", \"vg_size\": \"268435456\", \"vg_free\": \"134217728\", \"vg_extent_size\": \"4194304\", \"vg_missing_pv_count\": \"0\"}]}]}"
  ;;
pvs)
  echo '{"report": [{"pv": []}]}'
  ;;
lvs)
  rows=
  for image in "$state"/*.img; do
    [ -e "$image" ] || continue
    name=$(basename "$image" .img)
    rows="$rows${rows:+,}{\"vg_uuid\": \"g\", \"lv_name\": \"$name\", \"lv_uuid\": \"$(cat "$state/$name.uuid")\", \"segtype\": \"linear\", \"lv_size\": \"$(stat -c %s "$image")\", \"pool_lv\": \"\", \"origin\": \"\", \"data_percent\": \"\", \"metadata_percent\": \"\", \"lv_metadata_size\": \"\", \"chunk_size\": \"0\", \"zero\": \"unknown\", \"lv_path\": \"/dev/$group/$name\", \"lv_active\": \"active\", \"lv_device_open\": \"\", \"lv_permissions\": \"writeable\", \"lv_health_status\": \"\"}"
  done
  echo "{\"report\": [{\"lv\": [$rows]}]}"
  ;;
lvcreate)
  name=$(option --name "$@")
  size=$(option --size "$@")
  [ ! -e "$state/$name.img" ] || exit 5
  option --addtag "$@" >"$state/$name.tag"
  cat /proc/sys/kernel/random/uuid >"$state/$name.uuid"
  # What an earlier volume has left.
  (yes left || true) | head -c "${size%b}" >"$state/$name.img"
  mkdir -p "/dev/$group"
  ln -s "$(losetup --find --show "$state/$name.img")" "/dev/$group/$name"
  ;;
lvrename)
  from=${*: -2:1}
  to=${*: -1}
  [ -e "$state/$from.img" ] && [ ! -e "$state/$to.img" ] || exit 5
  for part in tag uuid img; do mv "$state/$from.$part" "$state/$to.$part"; done
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
  rm "$state/$name".{img,tag,uuid}
  ;;
*)
  exit 3
  ;;
esac
