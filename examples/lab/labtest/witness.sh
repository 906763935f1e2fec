# A witness writes a chain of records to each of its disks, and reads each record back. A record has the digest of
# the record before it, so that a lost or a changed record shows. After a reboot the chain goes on. The head says how
# far the chain is. It is watched in Ceph: a console may stand still after a migration.
base=524288 # sectors of 512 bytes: 256 MiB, behind the system on the root disk
boot=$(cat /proc/sys/kernel/random/uuid)
faults=0

fault() {
  faults=$((faults + 1))
  echo "FAULT $*" & # nothing waits for the console
}

put() { # FILE DISK SECTOR
  dd if="$1" of="/dev/$2" bs=512 seek="$3" conv=notrunc,fsync 2>/run/err && return
  fault "$2 sector $3: $(tr '\n' ' ' </run/err)"
  return 1
}

get() { dd if="/dev/$1" bs=512 skip="$2" count=1 2>/dev/null; }

begin() { # DISK
  set -- "$1" $(get "$1" $((base - 1)) | tr -d '\000')
  if [ "$2" = HEAD ]; then eval "n_$1=$3 sum_$1=$4"; else eval "n_$1=0 sum_$1=none"; fi
}

tick() { # DISK
  eval "n=\$n_$1 sum=\$sum_$1"
  [ -n "$n" ] || { begin "$1"; eval "n=\$n_$1 sum=\$sum_$1"; }
  n=$((n + 1))
  read -r up _ </proc/uptime
  printf '%-511s\n' "REC $boot $n $up $sum" >/run/rec
  put /run/rec "$1" $((base + n)) || return
  sum=$(sha256sum </run/rec)
  sum=${sum%% *}
  printf '%-511s\n' "HEAD $n $sum $boot $faults" >/run/head
  put /run/head "$1" $((base - 1)) || return
  echo 1 >/proc/sys/vm/drop_caches
  back=$(get "$1" $((base + n)) | sha256sum)
  [ "${back%% *}" = "$sum" ] || fault "$1 record $n reads back otherwise"
  eval "n_$1=$n sum_$1=$sum"
}

while :; do
  for disk in vda vdb; do [ -b /dev/$disk ] && tick $disk; done
  sleep 1
done
