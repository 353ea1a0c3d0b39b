#!/bin/sh
# backup.sh FOLDER KEPT [ARGUMENTS]: backs up the store into a new folder of FOLDER, named by the time
# (UTC), and removes all but the newest KEPT. The arguments are for `meddela store backup` (--config
# FILE), which reads its copy back and verifies it; when it fails, the older backups stay as they are.
# For one at a time: whoever starts it sees to that.
set -eu
umask 027
backups=${1:?the folder that holds the backups}
kept=${2:?how many to keep}
shift 2
case $kept in *[!0-9]* | 0*) echo "how many to keep is a number from 1, not $kept" >&2; exit 64 ;; esac

# Of one that was interrupted.
rm -rf "$backups"/.unfinished-*

name=$(date -u +%Y%m%dT%H%M%SZ)
meddela store backup "$backups/.unfinished-$name" "$@"
mv "$backups/.unfinished-$name" "$backups/$name"
sync

count=0
# By name is by time, the newest first.
# shellcheck disable=SC2045  # what other names there are is passed over
for folder in $(ls -r "$backups"); do
  case $folder in
    [0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z) ;;
    *) continue ;;
  esac
  count=$((count + 1))
  [ "$count" -le "$kept" ] || rm -rf "${backups:?}/$folder"
done
echo "backed up to $backups/$name"
