# shellcheck shell=bash disable=SC2034,SC2154  # variables of fault-test, and for it
# The cases of Tests/Scripts/fault-test, numbered as in Faults.md. Sourced by it.

readonly all_cases=(1 2 3 4 5 6 7 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25)

# --- Kills and power cuts.

kill_rounds() {
  local round
  new_disk ext4 256 || return 1
  for ((round = 1; round <= rounds * 3; round++)); do
    start_writer "$bench" store-writer "$mount/s" --segment-bytes 262144
    wait_for open || { detail=$(tail -n 1 "$ledger"); return 1; }
    random_pause
    kill_writer
    check || return 1
    (($(acked) < 150000)) || rm -rf "$mount/s"
  done
  detail="$((rounds * 3)) kills, $torn torn tails"
}
run_case_1() { run 1 'kill -9 at random under load' kill_rounds; }

# Killed on entering the n-th call of each kind that changes something.
kill_at_calls() {
  local call n kills=0
  new_disk ext4 256 || return 1
  for call in fdatasync fsync rename renameat2 pwrite64 fallocate unlink; do
    for n in 1 2 3 4 5 7 9 12 17 25; do
      rm -rf "$mount/s"
      start_writer strace -f -qq -o /dev/null -e trace="$call" \
        -e inject="$call:signal=KILL:when=$n" \
        "$bench" store-writer "$mount/s" --segment-bytes 65536 --records 1500
      wait_writer
      ((code == 0)) || kills=$((kills + 1))
      check || { detail="$call $n: $detail"; return 1; }
    done
  done
  detail="$kills kills at named calls"
}
run_case_2() { run 2 'kill -9 at every kind of call' kill_at_calls; }

# power_cuts TYPE SEGMENT_BYTES [mount options]
power_cuts() {
  local round
  new_disk "$1" 400 "${3:-}" || { detail="no $1 here"; return 1; }
  for ((round = 1; round <= rounds; round++)); do
    start_writer "$bench" store-writer "$mount/s" --segment-bytes "$2"
    wait_for open || { detail=$(tail -n 1 "$ledger"); return 1; }
    random_pause
    cut_power "${3:-}" || { detail='not mounted again'; return 1; }
    check || return 1
    # Before the disk is full of what a fast one takes.
    ((round == rounds || $(acked) < 500000)) || rm -rf "$mount/s"
  done
  detail="$rounds cuts, $(acked) records acknowledged at last, $torn torn tails"
}
# The harness has teeth: a writer whose syncs do nothing must be seen to lose records.
lying_syncs() {
  local answer round
  for ((round = 1; round <= 5; round++)); do
    new_disk ext4 400 || return 1
    start_writer strace -f -qq -o /dev/null -e trace=fdatasync,fsync \
      -e inject=fdatasync,fsync:retval=0 "$bench" store-writer "$mount/s"
    wait_acked 5000 || { detail=$(tail -n 1 "$ledger"); return 1; }
    xfs_io -x -c shutdown "$mount" >"$log" 2>&1
    kill_writer
    umount "$mount"
    mount -o loop "$image" "$mount"
    answer=$("$bench" store-check "$mount/s" "$(acked)" 2>&1)
    case $? in
      65 | 70)
        detail="seen: ${answer:0:60}..."
        return
        ;;
    esac
  done
  detail="nothing was lost in $((round - 1)) cuts: $answer"
  return 1
}
run_case_3() {
  run 3 'power cut, ext4 data=ordered' power_cuts ext4 1048576 data=ordered
  run 3 'power cut, ext4 data=writeback' power_cuts ext4 1048576 data=writeback
  run 3 'power cut, syncs made to do nothing: loss is seen' lying_syncs
}
run_case_4() { run 4 'power cut, XFS' power_cuts xfs 1048576; }
run_case_6() {
  run 6 'power cut among rolls of 64 KiB segments, ext4' power_cuts ext4 65536
  run 6 'power cut among rolls of 64 KiB segments, XFS' power_cuts xfs 65536
}

# Exact images of the disk at an instant: its server is stopped, copied, and goes on.
crash_images() {
  local type=$1 round
  need_nbd || return 1
  truncate -s 300M "$image"
  make_filesystem "$type" "$image" || { detail="no $type here"; return 1; }
  serve_disk file "$image" || return 1
  start_writer "$bench" store-writer "$mount/s" --segment-bytes 262144 --pause 1
  wait_for open || { detail=$(tail -n 1 "$ledger"); return 1; }
  for ((round = 1; round <= rounds; round++)); do
    random_pause
    # What is acknowledged before the disk stands still must be on it.
    acked >"$work/acked.$round"
    kill -STOP "$server"
    cp --sparse=always "$image" "$work/crash.$round"
    kill -CONT "$server"
  done
  kill_writer
  unmount
  for ((round = 1; round <= rounds; round++)); do
    mount -o loop "$work/crash.$round" "$mount" || { detail='not mounted'; return 1; }
    check "$(cat "$work/acked.$round")" || return 1
    umount "$mount"
    rm "$work/crash.$round"
  done
  detail="$rounds images of a running disk, $torn torn tails"
}
run_case_5() {
  run 5 'crash images, ext4' crash_images ext4
  run 5 'crash images, btrfs' crash_images btrfs
}

# Recovery is killed at its n-th call, again and again, then left alone.
kill_recovery() {
  local call n kills=0
  new_disk ext4 256 || return 1
  make_store killed || { detail=$(tail -n 1 "$ledger"); return 1; }
  # A frame that was cut: the bytes behind the last one.
  local last tail
  last=$(find "$mount/s/segments" -name '*.log' | sort | tail -n 1)
  tail=$("$damage" tail "$last")
  printf 'EFRMcut' | dd of="$last" bs=1 seek="$tail" conv=notrunc status=none
  rm -rf "$mount/o" && cp -a "$mount/s" "$mount/o"
  for call in pwrite64 fsync rename renameat2 fdatasync unlink; do
    back
    for n in 1 1 2 2 3 4 5 6; do
      # In the background, so that the shell says nothing of its end.
      start_writer strace -f -qq -o /dev/null -e trace="$call" \
        -e inject="$call:signal=KILL:when=$n" "$bench" store-check "$mount/s" 0
      wait_writer
      ((code == 0)) || kills=$((kills + 1))
    done
    check 3000 || { detail="$call: $detail"; return 1; }
  done
  detail="$kills kills of recovery"
}
run_case_7() { run 7 'kill -9 of recovery, repeatedly' kill_recovery; }

# --- Disks that fail.

# error_at CALL ERRNO N: the writer must end with 74 (before the store is open: 73 to 75) and say
# nothing durable afterwards.
error_at() {
  rm -rf "$mount/s"
  start_writer strace -f -qq -o /dev/null -e trace="$1" -e inject="$1:error=$2:when=$3" \
    "$bench" store-writer "$mount/s" --segment-bytes 262144 --records 200000
  wait_writer
  if grep -q '^failed' "$ledger" && [[ $(tail -n 1 "$ledger") == durable* ]]; then
    detail="$1 $3: acknowledged after the failure"
    return 1
  fi
  # A call that does not exist, or one whose failure costs only space, changes nothing.
  if [[ $code != 74 && $code != 73 && $code != 0 ]]; then
    detail="$1 $3: exit $code: $(tail -n 1 "$ledger")"
    return 1
  fi
  [[ $code == 0 ]] || stops=$((stops + 1))
  check || { detail="$1 $3: $detail"; return 1; }
}

errors() {
  local call=$1 number=$2 n
  stops=0
  new_disk ext4 400 || return 1
  for n in 1 2 3 4 6 9 14 22 40 80; do error_at "$call" "$number" "$n" || return 1; done
  detail="$stops of 10 runs stopped with 73 or 74"
  ((stops > 0))
}
run_case_9() {
  run 9 'fdatasync fails once with EIO' errors fdatasync EIO
  run 9 'fsync fails once with EIO' errors fsync EIO
}

need_nbd() {
  command -v nbdkit >/dev/null && command -v nbdfuse >/dev/null && return
  detail='not run: needs nbdkit, libnbd-bin, fuse3'
  return 1
}

# serve_disk PLUGIN... : $mount on a loop device over a disk that nbdkit serves.
serve_disk() {
  local tries
  mkdir -p "$work/nbd" "$mount"
  rm -f "$work/nbd.sock"
  nbdkit -f -U "$work/nbd.sock" "$@" >>"$log" 2>&1 &
  server=$!
  disk_programs+=("$server")
  for ((tries = 0; tries < 500; tries++)); do
    [[ ! -S "$work/nbd.sock" ]] || break
    sleep 0.01
  done
  nbdfuse "$work/nbd" --unix "$work/nbd.sock" >>"$log" 2>&1 &
  disk_programs+=("$!")
  for ((tries = 0; tries < 500; tries++)); do
    [[ ! -e "$work/nbd/nbd" ]] || break
    sleep 0.01
  done
  # Writes through to the server, so that its image is what a disk would hold.
  mount "$(losetup --direct-io=on --show -f "$work/nbd/nbd" 2>>"$log" ||
    losetup --show -f "$work/nbd/nbd")" "$mount" || { detail='not mounted'; return 1; }
}

# Blocks really fail, and a second sync would lie.
failing_blocks() {
  need_nbd || return 1
  truncate -s 200M "$image"
  make_filesystem ext4 "$image"
  serve_disk --filter=error file "$image" error-pwrite-rate=100% \
    error-pwrite-file="$work/failing" || return 1
  start_writer "$bench" store-writer "$mount/s"
  wait_acked 2000 || { detail=$(tail -n 1 "$ledger"); return 1; }
  touch "$work/failing"
  wait_writer
  rm "$work/failing"
  if [[ $code != 74 ]]; then
    detail="exit $code: $(tail -n 1 "$ledger")"
    return 1
  fi
  # The page cache still shows what the disk never took; the journal stopped the file system.
  umount "$mount" 2>/dev/null
  unmount
  mount -o loop "$image" "$mount" && check || return 1
  detail="exit 74 after $(acked) records, all of them there"
}
run_case_10() { run 10 'blocks fail with EIO' failing_blocks; }

read_errors() {
  local answer result
  new_disk ext4 256 || return 1
  make_store || return 1
  answer=$(strace -f -qq -o /dev/null -e trace=pread64 -e inject=pread64:error=EIO:when=9 \
    "$bench" store-check "$mount/s" 0 --read-only 2>&1)
  result=$?
  if [[ $result != 74 || $answer != *.log* ]]; then
    detail="exit $result: $answer"
    return 1
  fi
  check 3000 --read-only
}
run_case_11() { run 11 'a block of a sealed segment cannot be read' read_errors; }

# --- Full disks.

# File system, its size and that of what fills it, in MiB.
full_disk() {
  local stood
  new_disk "$1" "$2" || return 1
  head -c "${3}M" /dev/urandom >"$mount/filler"
  start_writer "$bench" store-writer "$mount/s"
  wait_for full || { detail="never full: $(tail -n 1 "$ledger")"; return 1; }
  # What was prepared is written to its end; then nothing moves any more.
  local tries now
  stood=$(acked)
  for ((tries = 0; tries < 60; tries++)); do
    sleep 2
    now=$(acked)
    [[ $now != "$stood" ]] || break
    stood=$now
  done
  ((tries < 60)) || { detail='wrote on a full disk for two minutes'; return 1; }
  kill -0 "$writer" || { detail="ended: $(tail -n 1 "$ledger")"; return 1; }
  rm "$mount/filler"
  wait_for space || { detail="no space again: $(tail -n 1 "$ledger")"; return 1; }
  wait_acked $((stood + 5000)) || { detail="did not go on behind $stood"; return 1; }
  kill_writer
  check || return 1
  detail="stood still at $stood, went on to $(acked) by itself"
}
run_case_12() {
  run 12 'the disk is full, then has space again, ext4' full_disk ext4 64 40
  # Each block is written anew there, but those of segments.
  run 12 'the disk is full, then has space again, btrfs' full_disk btrfs 200 80
}
run_case_13() { run 13 'pwrite fails once with ENOSPC' errors pwrite64 ENOSPC; }

short_write() {
  new_disk ext4 256 || return 1
  start_writer "$bench" store-writer "$mount/s" --segment-bytes 16777216 --pause 1
  wait_acked 2000 || return 1
  # From here on a write that crosses the limit is cut short, the next one fails with EFBIG.
  prlimit --pid "$writer" --fsize=1000000
  wait_writer
  if [[ $code != 74 ]]; then
    detail="exit $code: $(tail -n 1 "$ledger")"
    return 1
  fi
  check || return 1
  detail="exit 74, $(acked) acknowledged and there"
}
run_case_14() { run 14 'short write, then EFBIG' short_write; }

# --- Slow disks, stopped processes, clocks.

frozen_disk() {
  local stood
  new_disk "$1" 400 || return 1
  start_writer "$bench" store-writer "$mount/s"
  wait_acked 2000 || return 1
  fsfreeze -f "$mount"
  sleep 1
  stood=$(acked)
  sleep 3
  if [[ $(acked) != "$stood" ]]; then
    detail='acknowledged on a frozen disk'
    return 1
  fi
  kill -0 "$writer" || { detail="ended: $(tail -n 1 "$ledger")"; return 1; }
  fsfreeze -u "$mount"
  wait_acked $((stood + 2000)) || { detail='did not go on'; return 1; }
  kill_writer
  check || return 1
  detail="frozen 4 s at $stood"
}
run_case_15() {
  run 15 'frozen file system, ext4' frozen_disk ext4
  run 15 'frozen file system, XFS' frozen_disk xfs
}

slow_disk() {
  local before after
  new_disk ext4 256 || return 1
  start_writer strace -f -qq -o /dev/null -e trace=fdatasync \
    -e inject=fdatasync:delay_enter=50000 "$bench" store-writer "$mount/s"
  wait_for durable || { detail=$(tail -n 1 "$ledger"); return 1; }
  before=$(grep -c '^durable' "$ledger")
  sleep 3
  after=$(grep -c '^durable' "$ledger")
  kill_writer
  if ((after - before > 62 || after - before < 5)); then
    detail="$((after - before)) frames in 3 s"
    return 1
  fi
  if ! grep '^durable' "$ledger" | cut -d ' ' -f 2 | sort -n -C; then
    detail='acknowledgements out of order'
    return 1
  fi
  check || return 1
  detail="$((after - before)) frames in 3 s of 50 ms each, in order"
}
run_case_16() { run 16 'every sync takes 50 ms' slow_disk; }

# shellcheck source-path=SCRIPTDIR source=cases-files.sh
source "$repository/Tests/Faults/cases-files.sh"
