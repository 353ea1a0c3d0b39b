# shellcheck shell=bash disable=SC2154  # variables of fault-test
# More cases of Tests/Scripts/fault-test: damaged files, processes, readers. Sourced by cases.sh.

segment() { find "$mount/s/segments" -name '*.log' | sort | sed -n "${1}p"; }

flip_bytes() {
  local file offset frame size flips=0
  new_disk ext4 256 || return 1
  make_store || return 1
  file=$(segment 2)
  read -r frame size _ < <("$damage" frames "$file" | awk '$3 == 1 && $2 % 64' | head -n 1)
  # Segment header; frame header; payload: record header, id, body; padding.
  for offset in 0 9 20 33 45 70 84 90 2000 4093 \
    $((frame)) $((frame + 4)) $((frame + 5)) $((frame + 9)) $((frame + 13)) $((frame + 17)) \
    $((frame + 25)) $((frame + 33)) $((frame + 41)) $((frame + 49)) $((frame + 53)) \
    $((frame + 57)) $((frame + 61)) $((frame + 64)) $((frame + 68)) $((frame + 73)) \
    $((frame + 105)) $((frame + 108)) $((frame + 130)) $((frame + 150)) $((frame + size)); do
    "$damage" flip "$file" "$offset"
    refused "$(basename "$file")" || { detail="byte $offset: $detail"; return 1; }
    "$damage" flip "$file" "$offset"
    flips=$((flips + 1))
  done
  for file in MANIFEST STORE; do
    for offset in 0 9 20 40 60; do
      "$damage" flip "$mount/s/$file" "$offset"
      refused "$file" || { detail="byte $offset: $detail"; return 1; }
      "$damage" flip "$mount/s/$file" "$offset"
      flips=$((flips + 1))
    done
  done
  # A hint and free space: no answer depends on them.
  "$damage" flip "$mount/s/DURABLE" 30
  check 3000 || return 1
  detail="$flips flips refused, each naming its file"
}
run_case_17() { run 17 'a flipped bit in every kind of byte' flip_bytes; }

# The newest frame: found while its mark or its confirm frame is there.
flip_last() {
  local file frame answer
  new_disk ext4 256 || return 1
  # Killed while it idles, right after its first frame was acknowledged.
  start_writer "$bench" store-writer "$mount/s" --turn 2000 --pause 60000
  wait_for durable || return 1
  kill_writer
  file=$(segment 1)
  frame=$("$damage" frames "$file" | tail -n 1 | cut -d ' ' -f 1)
  "$damage" flip "$file" "$frame"
  refused "$(basename "$file")" || return 1
  # Without the mark it cannot be told from a cut frame: the documented window.
  rm "$mount/s/DURABLE"
  answer=$("$bench" store-check "$mount/s" 0 2>&1) || { detail=$answer; return 1; }
  detail="refused with its mark; without it: ${answer#ok: }"
}
run_case_18() { run 18 'a flipped bit in the newest frame' flip_last; }

# refused_after NAME WHAT COMMAND...: the command damages the store under $mount/s.
refused_after() {
  local file=$1 what=$2
  shift 2
  "$@" || { detail="$what: could not be made"; return 1; }
  refused "$file" || { detail="$what: $detail"; return 1; }
  back
  tried=$((tried + 1))
}

swap_files() { mv "$1" "$1.x" && mv "$2" "$1" && mv "$1.x" "$2"; }

wrong_files() {
  local second third name frame size next
  tried=0
  new_disk ext4 256 || return 1
  make_store || return 1
  "$bench" store-writer "$mount/other" --segment-bytes 65536 --records 3000 >/dev/null
  second=$(segment 2) third=$(segment 3)
  name=$(basename "$second")
  read -r frame size _ < <("$damage" frames "$second" | awk '$3 == 1' | head -n 1)
  next=$((frame + (size + 63) / 64 * 64))
  refused_after "$name" 'cut in a frame' truncate -s $((frame + 100)) "$second" || return 1
  refused_after "$name" 'cut between frames' truncate -s "$next" "$second" || return 1
  refused_after "$name" 'cut to nothing' truncate -s 0 "$second" || return 1
  refused_after "$name" '4 KiB of zeros' "$damage" zero "$second" 8192 4096 || return 1
  refused_after "$name" 'a block twice' "$damage" copy "$second" 8192 12288 4096 || return 1
  refused_after "$name" 'a frame of zeros' "$damage" zero "$second" "$frame" "$size" || return 1
  refused_after "$name" 'segments swapped' swap_files "$second" "$third" || return 1
  refused_after "$name" 'a segment twice' cp "$third" "$second" || return 1
  refused_after "$name" "another store's segment" \
    cp "$mount/other/segments/$name" "$second" || return 1
  refused_after MANIFEST "another store's manifest" \
    cp "$mount/other/MANIFEST" "$mount/s/MANIFEST" || return 1
  refused_after 00000000000000ff.log 'a segment that is not listed' \
    cp "$third" "$mount/s/segments/00000000000000ff.log" || return 1
  detail="$tried kinds refused"
}
run_case_19() { run 19 'truncated, zeroed, doubled, swapped, foreign' wrong_files; }

missing_files() {
  local name last
  tried=0
  new_disk ext4 256 || return 1
  make_store || return 1
  name=$(basename "$(segment 2)")
  last=$(basename "$(segment "$(find "$mount/s/segments" -name '*.log' | wc -l)")")
  refused_after "$name" 'a segment' rm "$mount/s/segments/$name" || return 1
  refused_after "$last" 'the last segment' rm "$mount/s/segments/$last" || return 1
  refused_after MANIFEST 'MANIFEST' rm "$mount/s/MANIFEST" || return 1
  refused_after STORE 'STORE' rm "$mount/s/STORE" || return 1
  rm -rf "$mount/s/DURABLE" "$mount/s/LOCK" "$mount/s/quarantine" "$mount/s/segments/spare.next"
  check 3000 || return 1
  detail="$tried refused; without DURABLE, LOCK, quarantine, spare: all there"
}
run_case_20() { run 20 'missing files' missing_files; }

two_writers() {
  local result
  new_disk ext4 256 || return 1
  start_writer "$bench" store-writer "$mount/s"
  wait_acked 2000 || return 1
  "$bench" store-writer "$mount/s" --records 10 >"$log"
  result=$?
  if [[ $result != 75 ]]; then
    detail="the second ended with $result"
    return 1
  fi
  wait_acked $(($(acked) + 500)) || return 1
  kill_writer
  # The lock died with its holder, and a copied directory is a store of its own.
  cp -a "$mount/s" "$mount/copy"
  check || return 1
  "$bench" store-check "$mount/copy" "$(acked)" >"$log" || { detail=$(cat "$log"); return 1; }
}
run_case_21() { run 21 'two writers, a lock left behind, a copied directory' two_writers; }

stopped_writer() {
  local stood
  new_disk ext4 256 || return 1
  start_writer "$bench" store-writer "$mount/s"
  wait_acked 2000 || return 1
  kill -STOP "$writer"
  sleep 0.5
  stood=$(acked)
  sleep 5
  [[ $(acked) == "$stood" ]] || { detail='wrote while stopped'; return 1; }
  "$bench" store-check "$mount/s" "$stood" --read-only >"$log" || { detail=$(cat "$log"); return 1; }
  kill -CONT "$writer"
  wait_acked $((stood + 2000)) || { detail='did not go on'; return 1; }
  kill_writer
  check
}
run_case_22() { run 22 'SIGSTOP for 5 s, read meanwhile, SIGCONT' stopped_writer; }

# A clock that is ten years off, in one run after the other, and one that leaps within a run.
wrong_clock() {
  local shift
  new_disk ext4 256 || return 1
  cat >"$work/clock.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
  static int (*real)(clockid_t, struct timespec *);
  static long calls;
  if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
  int answer = real(clock, time);
  const char *shift = getenv("CLOCK_SHIFT");
  if (clock != CLOCK_REALTIME || !shift) return answer;
  long seconds = atol(shift);
  if (getenv("CLOCK_LEAPS") && __sync_fetch_and_add(&calls, 1) % 7 == 3) seconds = -seconds;
  time->tv_sec += seconds;
  return answer;
}
END
  cc -shared -fPIC -o "$work/clock.so" "$work/clock.c" || { detail='no compiler'; return 1; }
  for shift in 315360000 -315360000 3600 -3600; do
    start_writer env LD_PRELOAD="$work/clock.so" CLOCK_SHIFT=$shift CLOCK_LEAPS=1 \
      "$bench" store-writer "$mount/s" --segment-bytes 262144
    wait_for open || { detail=$(tail -n 1 "$ledger"); return 1; }
    random_pause
    kill_writer
    check || { detail="$shift: $detail"; return 1; }
  done
}
run_case_23() { run 23 'clocks that leap by ten years and by an hour' wrong_clock; }

few_files() {
  local limit stops=0
  new_disk ext4 256 || return 1
  # With fewer the Swift runtime ends every program before its first line.
  for limit in 8 9 10 11 12 13 14 16; do
    rm -rf "$mount/s"
    start_writer bash -c "ulimit -n $limit; exec '$bench' store-writer '$mount/s' \
      --segment-bytes 65536 --records 3000"
    wait_writer
    if [[ $code != 0 && $code != 73 && $code != 74 ]]; then
      detail="with $limit files: exit $code: $(tail -n 1 "$ledger")"
      return 1
    fi
    [[ $code == 0 ]] || stops=$((stops + 1))
    check || { detail="with $limit files: $detail"; return 1; }
  done
  detail="$stops of 8 limits stopped it, nothing lost"
}
read_only() {
  local result
  new_disk ext4 256 || return 1
  make_store || return 1
  mount -o remount,ro "$mount"
  "$bench" store-writer "$mount/s" --records 10 >"$log" 2>&1
  result=$?
  [[ $result == 73 || $result == 74 ]] || { detail="exit $result: $(cat "$log")"; return 1; }
  # Reading needs no writing.
  check 3000 --read-only || return 1
  mount -o remount,rw "$mount"
  check 3000
}
out_of_memory() {
  local group=/sys/fs/cgroup/memory/meddela-faults
  new_disk ext4 256 || return 1
  mkdir "$group" 2>/dev/null || { detail='not run: no memory cgroup (v1)'; return 0; }
  echo $((14 << 20)) >"$group/memory.limit_in_bytes"
  start_writer bash -c "echo \$\$ >$group/cgroup.procs; exec '$bench' store-writer '$mount/s'"
  wait_for durable
  echo $((4 << 20)) >"$group/memory.limit_in_bytes" 2>/dev/null
  sleep 1
  kill -9 "$writer" 2>/dev/null
  wait_writer
  detail="exit $code"
  rmdir "$group"
  check
}
run_case_24() {
  run 24 'too few file descriptors' few_files
  run 24 'the file system becomes read-only' read_only
  run 24 'killed for its memory' out_of_memory
}

reader_storm() {
  local reader readers=() before answer=0
  new_disk ext4 400 || return 1
  start_writer "$bench" store-writer "$mount/s" --segment-bytes 262144 --pause 2
  wait_acked 2000 || return 1
  for reader in 1 2 3 4; do
    (
      for _ in 1 2 3 4 5 6; do
        before=$(acked)
        "$bench" store-check "$mount/s" "$before" --read-only >"$work/reader.$reader" 2>&1 ||
          exit 1
      done
    ) &
    readers+=("$!")
  done
  for reader in "${!readers[@]}"; do
    wait "${readers[$reader]}" || { answer=1 && detail=$(cat "$work/reader.$((reader + 1))"); }
  done
  kill -0 "$writer" || { detail="the writer ended: $(tail -n 1 "$ledger")"; return 1; }
  kill_writer
  ((answer == 0)) && check || return 1
  detail="24 whole reads beside the writer"
}
run_case_25() { run 25 'four readers without pause beside the writer' reader_storm; }
